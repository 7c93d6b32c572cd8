#include "ml/exchange/sql_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace sinan::ml {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += c;
    out += c;
  }
  return out + quote;
}

std::string identifier(std::string_view name) { return quoted(name, '"'); }
std::string literal(std::string_view text) { return quoted(text, '\''); }

// A double, and taken for one by every engine: a float becomes the double of the same value.
std::string number(double value) {
  if (std::isinf(value)) return fmt::format("CAST('{}Infinity' AS DOUBLE PRECISION)", value < 0 ? "-" : "");
  std::string text = shortest(value);
  if (text.find('e') == std::string::npos) text += "e0";
  return text.front() == '-' ? "(" + text + ")" : text;
}
std::string number(float value) { return number(static_cast<double>(value)); }

std::string column_of(const ExportFeature& feature) { return "input." + identifier(feature.column); }

// The column as float32, missing as NULL.
std::string number_expression(const ExportFeature& feature) {
  const std::string column = column_of(feature);
  using arrow::TypeId;
  switch (feature.type.id) {
    case TypeId::kBool:
      return fmt::format("CASE WHEN {0} THEN 1 WHEN NOT {0} THEN 0 END", column);
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
      return column;
    case TypeId::kFloat:
    case TypeId::kDouble:
      return fmt::format("NULLIF(CAST({} AS REAL), CAST('NaN' AS REAL))", column);
    case TypeId::kDecimal:
      return fmt::format("CAST(CAST({} AS DOUBLE PRECISION) AS REAL)", column);
    default:
      return fmt::format("CAST({} AS REAL)", column);
  }
}

std::string part_expression(const ExportFeature& feature) {
  std::string column = column_of(feature);
  if (feature.type.has_zone) column = fmt::format("({} AT TIME ZONE 'UTC')", column);
  switch (feature.part) {
    case Transform::Kind::kYear:
      return fmt::format("EXTRACT(YEAR FROM {})", column);
    case Transform::Kind::kMonth:
      return fmt::format("EXTRACT(MONTH FROM {})", column);
    case Transform::Kind::kDay:
      return fmt::format("EXTRACT(DAY FROM {})", column);
    case Transform::Kind::kWeekday:
      return fmt::format("EXTRACT(ISODOW FROM {})", column);
    case Transform::Kind::kHour:
      return fmt::format("EXTRACT(HOUR FROM {})", column);
    case Transform::Kind::kMinute:
      return fmt::format("EXTRACT(MINUTE FROM {})", column);
    default:
      break;
  }
  if (feature.type.id == arrow::TypeId::kDate) return fmt::format("CAST({} - DATE '1970-01-01' AS REAL)", column);
  const std::string seconds = fmt::format("CAST(EXTRACT(EPOCH FROM {}) AS DOUBLE PRECISION)", column);
  if (feature.type.id == arrow::TypeId::kTime) return fmt::format("CAST({} AS REAL)", seconds);
  return fmt::format("CAST({} / 86400e0 AS REAL)", seconds);
}

class Writer {
 public:
  explicit Writer(const ExportModel& model) : trees_(*model.trees), features_(model.features) {
    for (const ExportFeature& feature : features_) expressions_.push_back(expression_of(feature));
  }

  // The margin of one output: base and trees, added in pairs so that no engine's limit on nesting is met.
  std::string margin(size_t output) const {
    std::vector<std::string> terms = {number(trees_.base_margin[output])};
    for (const Tree& tree : trees_.trees) {
      if (tree.output == output) terms.push_back(node(tree.root));
    }
    return sum(terms);
  }

 private:
  static std::string expression_of(const ExportFeature& feature) {
    std::string text;
    switch (feature.kind) {
      case ExportFeature::Kind::kNumber:
        text = number_expression(feature);
        break;
      case ExportFeature::Kind::kPart:
        text = part_expression(feature);
        break;
      case ExportFeature::Kind::kCategory:
        return feature.type.id == arrow::TypeId::kDictionary ? fmt::format("CAST({} AS TEXT)", column_of(feature))
                                                             : column_of(feature);
    }
    // LightGBM takes numbers this close to zero for zero.
    return feature.zero_is_missing ? fmt::format("CASE WHEN ABS({0}) > 1e-35 THEN {0} END", text) : text;
  }

  static std::string sum(std::span<const std::string> terms) {
    if (terms.size() <= 4) {
      std::string out;
      for (const std::string& term : terms) out += (out.empty() ? "" : "\n      + ") + term;
      return out;
    }
    const size_t half = terms.size() / 2;
    return fmt::format("({})\n      + ({})", sum(terms.first(half)), sum(terms.subspan(half)));
  }

  std::string node(uint32_t index) const {
    const TreeNode& at = trees_.nodes[index];
    if (at.is_leaf()) return number(at.value);
    const std::string left = node(at.left);
    const std::string right = node(at.left + 1);
    if (at.categorical()) return category_split(at, left, right);
    // A comparison with NULL is neither true nor false and falls to ELSE: that is the way of missing values.
    const std::string& value = expressions_[at.feature()];
    if (at.default_left()) {
      return fmt::format("CASE WHEN {} >= {} THEN {} ELSE {} END", value, number(at.value), right, left);
    }
    return fmt::format("CASE WHEN {} < {} THEN {} ELSE {} END", value, number(at.value), left, right);
  }

  // Texts that go right, or that do not when the slot for unseen ones does.
  std::string category_split(const TreeNode& at, const std::string& left, const std::string& right) const {
    const ExportFeature& feature = features_[at.feature()];
    const auto size = static_cast<uint32_t>(feature.vocabulary.size());
    const bool unseen_right = feature.has_unseen_slot && trees_.in_set(at.set(), size);
    std::string list;
    for (uint32_t code = 0; code < size; ++code) {
      if (trees_.in_set(at.set(), code) == unseen_right) continue;
      list += (list.empty() ? "" : ", ") + literal(feature.vocabulary[code]);
    }
    const std::string& text = expressions_[at.feature()];
    const std::string inside = unseen_right ? left : right;  // where the listed go
    const std::string outside = unseen_right ? right : left;
    // A text that is neither listed nor known is missing where there is no slot for it.
    const std::string missing = at.default_left() ? left : right;
    if (feature.has_unseen_slot || missing == outside) {
      if (list.empty()) list = "NULL";
      if (missing == outside)
        return fmt::format("CASE WHEN {} IN ({}) THEN {} ELSE {} END", text, list, inside, outside);
      if (list == "NULL") return fmt::format("CASE WHEN {} IS NOT NULL THEN {} ELSE {} END", text, outside, inside);
      return fmt::format("CASE WHEN {} NOT IN ({}) THEN {} ELSE {} END", text, list, outside, inside);
    }
    // Missing goes with the listed: name the others.
    std::string others;
    for (uint32_t code = 0; code < size; ++code) {
      if (trees_.in_set(at.set(), code)) continue;
      others += (others.empty() ? "" : ", ") + literal(feature.vocabulary[code]);
    }
    if (others.empty()) others = "NULL";
    return fmt::format("CASE WHEN {} IN ({}) THEN {} ELSE {} END", text, others, left, right);
  }

  const TreeEnsemble& trees_;
  const std::vector<ExportFeature>& features_;
  std::vector<std::string> expressions_;
};

// A class as a value of the label's type.
std::string class_literal(const LabelMap& label, size_t index) {
  const std::string& text = label.classes[index];
  if (label.type.is_numeric()) return text.starts_with('-') ? "(" + text + ")" : text;
  if (label.type.id == arrow::TypeId::kBool) return equals_ignore_case(text, "true") ? "TRUE" : "FALSE";
  return literal(text);
}

std::string margin_name(const ExportModel& model, size_t output) {
  return model.outputs() == 1 ? "margin" : "margin_" + model.package->label.classes[output];
}

// The value after the link, of one output.
std::string linked(const ExportModel& model, const std::vector<std::string>& margins, size_t output) {
  const std::string& margin = margins[output];
  switch (model.trees->link) {
    case Link::kIdentity:
    case Link::kAscending:  // of one output
      return margin;
    case Link::kLogistic:
      return fmt::format("1e0 / (1e0 + EXP(LEAST(-({}), 88.7e0)))", margin);
    case Link::kExp:
      return fmt::format("EXP({})", margin);
    case Link::kStep:
      return fmt::format("CASE WHEN {} > 0 THEN 1e0 ELSE 0e0 END", margin);
    case Link::kSquare:
      return fmt::format("{0} * ABS({0})", margin);
    case Link::kSoftplus:
      return fmt::format("GREATEST({0}, 0e0) + LN(1e0 + EXP(-ABS({0})))", margin);
    case Link::kSoftmax: {
      std::string sum;
      for (const std::string& other : margins)
        sum += fmt::format("{}EXP(LEAST({} - {}, 700e0))", sum.empty() ? "" : " + ", other, margin);
      return fmt::format("1e0 / ({})", sum);
    }
  }
  return margin;
}

struct Answer {
  std::string expression;
  std::string name;
};

std::vector<Answer> answers_of(const ExportModel& model) {
  const LabelMap& label = model.package->label;
  std::vector<std::string> margins;
  for (size_t k = 0; k < model.outputs(); ++k) {
    std::string margin = "scored." + identifier(margin_name(model, k));
    if (model.trees->link_scale != 1) margin = fmt::format("({} * {})", margin, number(model.trees->link_scale));
    margins.push_back(std::move(margin));
  }
  if (!model.has_classes()) return {{linked(model, margins, 0), "prediction"}};
  std::vector<Answer> answers;
  if (model.outputs() == 1) {
    const std::string probability = linked(model, margins, 0);
    answers.push_back({probability, "probability"});
    answers.push_back({fmt::format("CASE WHEN {} > 0.5 THEN {} ELSE {} END", probability, class_literal(label, 1),
                                   class_literal(label, 0)),
                       "prediction"});
    return answers;
  }
  std::string choice = fmt::format("CASE GREATEST({})", join(margins, ", "));
  for (size_t k = 0; k < model.outputs(); ++k) {
    answers.push_back({linked(model, margins, k), "probability_" + label.classes[k]});
    choice += fmt::format(" WHEN {} THEN {}", margins[k], class_literal(label, k));
  }
  answers.push_back({choice + " END", "prediction"});
  return answers;
}

std::string table_name(std::string_view dotted) {
  std::string out;
  for (const std::string_view part : split_on(dotted, '.')) out += (out.empty() ? "" : ".") + identifier(part);
  return out;
}

// What a comment may hold: one line.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

}  // namespace

Result<std::vector<ExportedFile>> export_sql(const ExportModel& model, std::string_view table) {
  const Writer writer(model);
  std::string margins;
  for (size_t k = 0; k < model.outputs(); ++k)
    margins += fmt::format(",\n    {} AS {}", writer.margin(k), identifier(margin_name(model, k)));
  const std::vector<Answer> answers = answers_of(model);
  std::string select;
  Json outputs = Json::array();
  for (size_t k = 0; k < model.outputs(); ++k) outputs.push_back(margin_name(model, k));
  for (const Answer& answer : answers) {
    select += fmt::format(",\n  {} AS {}", answer.expression, identifier(answer.name));
    outputs.push_back(answer.name);
  }
  std::string text = fmt::format(
      "-- {} ({}, {}): one row of margins and predictions for each row of {}.\n"
      "-- NULL and NaN are missing values. Runs in DuckDB and PostgreSQL.\n"
      "SELECT scored.*{}\nFROM (\n  SELECT input.*{}\n  FROM {} AS input\n) AS scored\n",
      one_line(model.name), model.package->estimator, model.package->objective, one_line(std::string(table)), select,
      margins, table_name(table));
  Json inputs = Json::array();
  for (const arrow::Field& field : model.package->plan.inputs()) {
    Json input = type_to_json(field.type);
    input.set("name", field.name);
    inputs.push_back(std::move(input));
  }
  return std::vector<ExportedFile>{{"model.sql", std::move(text)},
                                   describe_export(model, "sql", std::move(inputs), std::move(outputs))};
}

}  // namespace sinan::ml

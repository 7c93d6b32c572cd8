#include "ml/statements/compare_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/model_object.h"
#include "ml/planned_model.h"
#include "ml/statements/model_step.h"

namespace sinan::ml {
namespace {

using catalog::ObjectVersion;

struct Pair final : flow::Parsed {
  sql::Name first;
  sql::Name second;
};

std::string text_of(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? std::string(value.string_view()) : value.dump();
}

std::string title_of(const ObjectVersion& object) { return fmt::format("{}:{}", object.ref.name, object.ref.version); }

std::string label_text(const Json& payload) {
  const Json& label = payload.at("label");
  return label.is_null() ? "" : fmt::format("{} ({})", text_of(label.at("column")), text_of(label.at("type")));
}

// property, one column a model, same.
class PropertyTable {
 public:
  PropertyTable(std::string first, std::string second)
      : rows_({{"property", arrow::string_type()},
               {std::move(first), arrow::string_type()},
               {std::move(second), arrow::string_type()},
               {"same", arrow::bool_type()}}) {}

  void add(std::string_view property, const std::string& first, const std::string& second) {
    rows_.column(0).append(property);
    append(1, first);
    append(2, second);
    rows_.column(3).append(first == second);
  }
  void add(std::string_view property, const Json& first, const Json& second) {
    add(property, text_of(first), text_of(second));
  }
  arrow::Batch finish() { return rows_.finish(); }

 private:
  void append(size_t column, const std::string& text) {
    if (text.empty()) {
      rows_.column(column).append_null();
    } else {
      rows_.column(column).append(std::string_view(text));
    }
  }
  arrow::BatchBuilder rows_;
};

flow::ResultTable property_table(const ObjectVersion& a, const ObjectVersion& b) {
  const Json& first = a.payload;
  const Json& second = b.payload;
  PropertyTable table(title_of(a), title_of(b));
  table.add("aliases", join(a.aliases, ", "), join(b.aliases, ", "));
  table.add("created", to_iso8601(a.created), to_iso8601(b.created));
  for (const std::string_view name : {"estimator", "library", "library_version", "task", "objective"})
    table.add(name, first.at(name), second.at(name));
  table.add("label", label_text(first), label_text(second));
  table.add("rows", first.at("rows"), second.at("rows"));
  table.add("validation rows", first.at("validation_rows"), second.at("validation_rows"));
  table.add("data", data_text(first), data_text(second));
  table.add("rounds", first.at("metrics").at("rounds"), second.at("metrics").at("rounds"));
  std::set<std::string> attributes;
  for (const Json* payload : {&first, &second}) {
    for (const auto& [name, value] : payload->at("attributes").members())
      if (name != "objective") attributes.insert(name);  // told above, as the trainer understood it
  }
  for (const std::string& name : attributes)
    table.add(name, first.at("attributes").at(name), second.at("attributes").at(name));
  table.add("statement", first.at("statement"), second.at("statement"));
  return {"", table.finish()};
}

const Json* feature_named(const Json& payload, std::string_view name) {
  const auto& features = payload.at("features").items();
  const auto found = std::ranges::find(features, name, [](const Json& f) { return f.at("name").string_view(); });
  return found == features.end() ? nullptr : &*found;
}

// "category of 16", "number"; empty when the model does not have the feature.
std::string kind_text(const Json* feature) {
  if (feature == nullptr) return "";
  const std::string_view kind = feature->at("kind").string_view();
  const auto categories = feature->at("categories").as_int();
  return categories ? fmt::format("{} of {}", kind, *categories) : std::string(kind);
}

flow::ResultTable feature_table(const ObjectVersion& a, const ObjectVersion& b) {
  arrow::BatchBuilder rows({{"feature", arrow::string_type()},
                            {title_of(a), arrow::string_type()},
                            {title_of(b), arrow::string_type()},
                            {"importance of " + title_of(a), arrow::double_type()},
                            {"importance of " + title_of(b), arrow::double_type()}});
  std::vector<std::string> names;
  for (const Json& feature : a.payload.at("features").items()) names.emplace_back(feature.at("name").string_view());
  for (const Json& feature : b.payload.at("features").items()) {
    if (feature_named(a.payload, feature.at("name").string_view()) == nullptr)
      names.emplace_back(feature.at("name").string_view());
  }
  for (const std::string& name : names) {
    rows.column(0).append(std::string_view(name));
    size_t column = 1;
    for (const ObjectVersion* object : {&a, &b}) {
      const Json* feature = feature_named(object->payload, name);
      const auto importance = feature == nullptr ? std::nullopt : std::optional(feature->at("importance").as_double());
      if (feature == nullptr) {
        rows.column(column).append_null();
      } else {
        rows.column(column).append(std::string_view(kind_text(feature)));
      }
      if (importance && importance->has_value()) {
        rows.column(column + 2).append(**importance);
      } else {
        rows.column(column + 2).append_null();
      }
      ++column;
    }
  }
  return {"Features", rows.finish()};
}

flow::ResultTable compared_metrics(const ObjectVersion& a, const ObjectVersion& b) {
  arrow::BatchBuilder rows({{"metric", arrow::string_type()},
                            {"rows", arrow::string_type()},
                            {title_of(a), arrow::double_type()},
                            {title_of(b), arrow::double_type()}});
  const Json& first = a.payload.at("metrics");
  const Json& second = b.payload.at("metrics");
  for (const std::string_view part : {"train", "validation"}) {
    std::vector<std::string> names;
    for (const Json* metrics : {&first, &second}) {
      for (const auto& [name, series] : metrics->at(part).members())
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    for (const std::string& name : names) {
      rows.column(0).append(std::string_view(name));
      rows.column(1).append(part);
      size_t column = 2;
      for (const Json* metrics : {&first, &second}) {
        if (const auto value = final_metric(*metrics, part, name)) {
          rows.column(column).append(*value);
        } else {
          rows.column(column).append_null();
        }
        ++column;
      }
    }
  }
  return {"Metrics", rows.finish()};
}

std::string data_message(const ObjectVersion& a, const ObjectVersion& b) {
  const std::string first = data_text(a.payload);
  const std::string second = data_text(b.payload);
  if (first.empty() || second.empty()) return "Whether they learnt from the same rows is not known.";
  return first == second ? "Both learnt from the same rows." : "They learnt from different rows.";
}

Result<flow::Outcome> compare(const Pair& names, flow::RunContext& context) {
  const ObjectVersion first = TRY(context.catalog().object(model_ref(names.first.text)));
  const ObjectVersion second = TRY(context.catalog().object(model_ref(names.second.text)));
  flow::Outcome outcome;
  outcome.messages.push_back(data_message(first, second));
  outcome.tables.push_back(property_table(first, second));
  outcome.tables.push_back(feature_table(first, second));
  outcome.tables.push_back(compared_metrics(first, second));
  if (auto chart = comparison_chart(title_of(first), first.payload.at("metrics"), title_of(second),
                                    second.payload.at("metrics"))) {
    outcome.artefacts.push_back({"comparison", *std::move(chart)});
  }
  return outcome;
}

}  // namespace

flow::Help CompareModels::help() const {
  return {.summary = "Two models, or two versions of one, side by side.",
          .synopsis = "COMPARE MODELS model WITH model",
          .details =
              "Properties, attributes, features with their importance, metrics, and whether both learnt from the "
              "same rows:\nthe data's hash does not depend on the order of rows or columns.",
          .example = "COMPARE MODELS flights.late:1 WITH flights.late:2"};
}

Result<std::unique_ptr<flow::Parsed>> CompareModels::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto pair = std::make_unique<Pair>();
  TRY(tokens.expect_phrase(phrase()));
  pair->first = TRY(tokens.expect_name_or_string("a model name"));
  TRY(tokens.expect_word("WITH"));
  pair->second = TRY(tokens.expect_name_or_string("a model name"));
  TRY(tokens.expect_end());
  return pair;
}

Result<std::unique_ptr<flow::Step>> CompareModels::check(const flow::Parsed& parsed,
                                                         flow::CheckContext& context) const {
  const auto& names = static_cast<const Pair&>(parsed);
  Access access{TRY(find_signature(names.first, context)).reads(), {}, {}};
  for (ObjectRef& read : TRY(find_signature(names.second, context)).reads()) access.reads.push_back(std::move(read));
  Pair copy;
  copy.first = names.first;
  copy.second = names.second;
  return std::make_unique<ModelStep>(std::move(access), [copy](flow::RunContext& run) { return compare(copy, run); });
}

}  // namespace sinan::ml

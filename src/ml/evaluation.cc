#include "ml/evaluation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/data_roles.h"

namespace sinan::ml {
namespace {

std::optional<double> class_number(const std::string& text) {
  if (text == "true") return 1;
  if (text == "false") return 0;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool has_numbers(const arrow::Type& type) { return type.is_numeric() || type.id == arrow::TypeId::kBool; }

double number_at(const arrow::ColumnView& column, size_t row) {
  return column.type().id == arrow::TypeId::kBool ? (column.as_bool(row) ? 1 : 0) : column.as_double(row);
}

std::string known_classes(const Model& model) {
  const std::vector<std::string>& all = model.package().label.classes;
  const std::vector<std::string> some(all.begin(), all.begin() + std::min<ptrdiff_t>(std::ssize(all), 10));
  return join(some, ", ") + (all.size() > some.size() ? ", ..." : "");
}

// Batches of (truth, predictions.., margins.., the column to slice by): truth is the class or the value.
class EvaluationMapper final : public BatchMapper {
 public:
  EvaluationMapper(const OpenModelQuery& query, size_t label, std::optional<size_t> by, std::optional<size_t> group,
                   std::optional<size_t> weight, const EvaluationRequest& request, const ClassIndex& classes,
                   std::shared_ptr<const arrow::Schema> schema)
      : model_(*query.model),
        encoder_(query.model->package().plan, query.binding),
        label_(label),
        by_(by),
        group_(group),
        weight_(weight),
        weight_name_(request.weight.value_or("")),
        label_name_(request.label),
        classes_(classes),
        with_margins_(request.with_margins),
        schema_(std::move(schema)) {}

  Result<arrow::Batch> map(const arrow::Batch& rows) override {
    const MatrixBlock block = TRY(encoder_.encode(rows));
    arrow::BatchBuilder out(schema_);
    TRY(append_truth(rows.column(label_), out.column(0)));
    size_t next = 1;
    TRY(append_scores(block, Output::kPrediction, model_.predictor().prediction_width(), out, next));
    if (with_margins_) TRY(append_scores(block, Output::kMargin, model_.predictor().outputs(), out, next));
    if (weight_) TRY(append_weight(rows.column(*weight_), out.column(next++)));
    if (group_) TRY(append_group(rows.column(*group_), out.column(next)));
    if (by_) return arrow::with_columns(rows, {*by_}, out.finish());
    return out.finish();
  }

 private:
  Status append_truth(const arrow::ColumnView& column, arrow::ColumnBuilder& out) const {
    const std::vector<double> truth = TRY(read_truth(column, model_, classes_, label_name_));
    if (is_classification(model_.package().task)) {
      const std::vector<int32_t> classes(truth.begin(), truth.end());
      out.append_values(std::span<const int32_t>(classes));
    } else {
      out.append_values(std::span<const double>(truth));
    }
    return {};
  }

  Status append_weight(const arrow::ColumnView& column, arrow::ColumnBuilder& out) const {
    for (size_t i = 0; i < column.size(); ++i) {
      const double weight = column.is_null(i) ? std::numeric_limits<double>::quiet_NaN() : number_at(column, i);
      if (!(std::isfinite(weight) && weight >= 0)) return bad_weight(weight_name_, weight);
      out.append(weight);
    }
    return {};
  }

  static Status append_group(const arrow::ColumnView& column, arrow::ColumnBuilder& out) {
    if (column.null_count() > 0) return fail(Code::kData, "the group is NULL in a row that is to be evaluated");
    for (size_t i = 0; i < column.size(); ++i) out.append(static_cast<int64_t>(group_key(column, i)));
    return {};
  }

  Status append_scores(const MatrixBlock& block, Output output, size_t width, arrow::BatchBuilder& out, size_t& next) {
    scores_.resize(block.rows * width);
    TRY(model_.predictor().predict(block, output, scores_));
    column_.resize(block.rows);
    for (size_t k = 0; k < width; ++k) {
      for (size_t i = 0; i < block.rows; ++i) column_[i] = scores_[i * width + k];
      out.column(next++).append_values(std::span<const float>(column_));
    }
    return {};
  }

  const Model& model_;
  FeatureEncoder encoder_;
  size_t label_;
  std::optional<size_t> by_, group_, weight_;
  std::string weight_name_;
  std::string label_name_;
  const ClassIndex& classes_;
  bool with_margins_;
  std::shared_ptr<const arrow::Schema> schema_;
  std::vector<float> scores_, column_;
};

// Columns [first, first + width) of the batch, row-major behind `out`.
void append_row_major(const arrow::Batch& batch, size_t first, size_t width, std::vector<float>& out) {
  const size_t begin = out.size();
  out.resize(begin + batch.rows() * width);
  for (size_t k = 0; k < width; ++k) {
    const arrow::ColumnView column = batch.column(first + k);
    const std::span<const float> values = *column.values<float>();
    for (size_t i = 0; i < values.size(); ++i) out[begin + i * width + k] = values[i];
  }
}

// Errors have no place, which the caller knows.
Result<size_t> column_of(const arrow::Schema& columns, std::string_view name, std::string_view role) {
  if (const auto found = columns.index_of(name)) return *found;
  return fail(Code::kProgram, fmt::format("the query has no column \"{}\", the {}", name, role),
              did_you_mean(name, columns.names()));
}

Status check_label(const Model& model, const arrow::Field& label) {
  const ModelPackage& package = model.package();
  if (!is_classification(package.task)) {
    if (has_numbers(label.type)) return {};
    return fail(Code::kProgram, fmt::format("the label of a regression must be a number: \"{}\" is {}", label.name,
                                            label.type.to_string()));
  }
  const size_t classes = package.task == Task::kBinary ? 2 : model.predictor().prediction_width();
  if (package.label.classes.size() == classes) return {};
  return fail(Code::kData, "the model is damaged: its classes and its trees differ in number");
}

// What a mapper adds to the column to slice by.
std::shared_ptr<const arrow::Schema> scored_schema(const Model& model, bool with_margins, bool with_weight,
                                                   bool with_group) {
  auto schema = std::make_shared<arrow::Schema>();
  const bool regression = !is_classification(model.package().task);
  schema->fields.push_back({"truth", regression ? arrow::double_type() : arrow::int32_type()});
  const size_t scores = model.predictor().prediction_width() + (with_margins ? model.predictor().outputs() : 0);
  for (size_t k = 0; k < scores; ++k) schema->fields.push_back({fmt::format("score_{}", k), arrow::float_type()});
  if (with_weight) schema->fields.push_back({"weight", arrow::double_type()});
  if (with_group) schema->fields.push_back({"group", arrow::int64_type()});
  return schema;
}

// Groups in the order in which they come.
class GroupNumbers {
 public:
  void append(std::span<const int64_t> keys, std::vector<int32_t>& out) {
    for (const int64_t key : keys)
      out.push_back(numbers_.try_emplace(key, static_cast<int32_t>(numbers_.size())).first->second);
  }

 private:
  std::unordered_map<int64_t, int32_t> numbers_;
};

// A mapper's batch behind `out`; its truth is column `first`.
void append_batch(const arrow::Batch& batch, size_t first, const Model& model, bool with_margins, Scored& out) {
  const size_t width = model.predictor().prediction_width();
  const arrow::ColumnView truth = batch.column(first);
  if (!is_classification(out.task)) {
    const std::span<const double> values = *truth.values<double>();
    out.actual_value.insert(out.actual_value.end(), values.begin(), values.end());
    const arrow::ColumnView predicted = batch.column(first + 1 + model.package().label.main_output());
    const std::span<const float> predictions = *predicted.values<float>();
    for (const float value : predictions) out.predicted_value.push_back(static_cast<double>(value));
  } else {
    const std::span<const int32_t> values = *truth.values<int32_t>();
    out.actual.insert(out.actual.end(), values.begin(), values.end());
    append_row_major(batch, first + 1, width, out.probability);
  }
  if (with_margins) append_row_major(batch, first + 1 + width, model.predictor().outputs(), out.margin);
}

}  // namespace

ClassIndex::ClassIndex(const LabelMap& label) : numeric_(has_numbers(label.type)) {
  for (size_t k = 0; k < label.classes.size(); ++k) {
    const auto code = static_cast<int32_t>(k);
    by_text_.emplace(label.classes[k], code);
    if (const auto number = class_number(label.classes[k])) by_number_.emplace(*number, code);
  }
}

Result<std::vector<double>> read_truth(const arrow::ColumnView& column, const Model& model, const ClassIndex& classes,
                                       std::string_view label) {
  if (const size_t nulls = column.null_count(); nulls > 0) {
    return fail(Code::kData, fmt::format("label has NULL in a row that is to be evaluated: \"{}\"", label),
                fmt::format("add WHERE {} IS NOT NULL", label));
  }
  const bool is_class = is_classification(model.package().task);
  std::vector<double> out(column.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (is_class) {
      const int32_t found = classes.find(column, i);
      if (found < 0) {
        return fail(Code::kData,
                    fmt::format("label has a class that the model was not trained on: \"{}\"", column.to_text(i)),
                    fmt::format("the model knows {}", known_classes(model)));
      }
      out[i] = found;
    } else {
      out[i] = number_at(column, i);
      if (!std::isfinite(out[i]))
        return fail(Code::kData, fmt::format("label has a value that is no number: \"{}\"", label));
    }
  }
  return out;
}

Result<size_t> find_label(const arrow::Schema& columns, std::string_view label, const Model& model) {
  const size_t at = TRY(column_of(columns, label, "label"));
  TRY(check_label(model, columns[at]));
  return at;
}

int32_t ClassIndex::find(const arrow::ColumnView& column, size_t row) const {
  if (numeric_ && has_numbers(column.type())) {
    const auto found = by_number_.find(number_at(column, row));
    return found == by_number_.end() ? -1 : found->second;
  }
  const auto found = by_text_.find(column.type().is_text() ? std::string(column.string(row)) : column.to_text(row));
  return found == by_text_.end() ? -1 : found->second;
}

Result<EvaluatedRows> score_for_evaluation(OpenModelQuery query, const EvaluationRequest& request,
                                           flow::RunContext& context) {
  const std::shared_ptr<const Model> model = query.model;
  const std::shared_ptr<const arrow::Schema> columns = query.columns;
  const size_t label = TRY(find_label(*columns, request.label, *model));
  std::optional<size_t> by;
  std::optional<size_t> group;
  if (request.group) {
    const auto found = column_of(*columns, *request.group, "one that tells groups apart");
    if (!found.has_value()) return fail(Error(found.error())).at(request.group_place);
    group = *found;
    if (auto good = check_group_type((*columns)[*group]); !good)
      return fail(std::move(good).error()).at(request.group_place);
  }
  if (request.by) {
    const auto found = column_of(*columns, *request.by, "one to slice by");
    if (!found.has_value()) return fail(Error(found.error())).at(request.by_place);
    by = *found;
  }
  std::optional<size_t> weight;
  if (request.weight) {
    const auto found = column_of(*columns, *request.weight, "one that rows are weighted by");
    if (!found.has_value()) return fail(Error(found.error())).at(request.weight_place);
    weight = *found;
    if (!has_numbers((*columns)[*weight].type)) {
      return fail(Code::kProgram, fmt::format("weights are numbers: \"{}\" is {}", *request.weight,
                                              (*columns)[*weight].type.to_string()))
          .at(request.weight_place);
    }
  }

  const std::shared_ptr<const arrow::Schema> schema =
      scored_schema(*model, request.with_margins, weight.has_value(), group.has_value());
  const ClassIndex classes(model->package().label);
  std::vector<std::unique_ptr<BatchMapper>> mappers;
  for (uint32_t i = 0; i < std::max(1u, context.threads()); ++i)
    mappers.push_back(std::make_unique<EvaluationMapper>(query, label, by, group, weight, request, classes, schema));
  context.progress().stage("scoring");
  const auto batches =
      map_batches(std::move(query.rows), schema, std::move(mappers), context.cancel(), &context.progress());

  EvaluatedRows out;
  out.scored.task = model->package().task;
  out.scored.threshold = request.threshold;
  if (is_classification(out.scored.task)) out.scored.classes = model->package().label.classes.size();
  std::optional<SliceIndex> slices;
  if (by) slices.emplace((*columns)[*by].type);
  GroupNumbers groups;
  while (true) {
    const std::optional<arrow::Batch> batch = TRY(batches->next());
    if (!batch) break;
    if (slices) {
      Status appended = slices->append(batch->column(0));
      if (!appended.has_value()) return fail(std::move(appended).error()).at(request.by_place);
    }
    append_batch(*batch, by ? 1 : 0, *model, request.with_margins, out.scored);
    if (weight) {
      const std::span<const double> values = *batch->column(batch->columns() - (group ? 2 : 1)).values<double>();
      out.scored.weight.insert(out.scored.weight.end(), values.begin(), values.end());
    }
    if (group) groups.append(*batch->column(batch->columns() - 1).values<int64_t>(), out.scored.group);
  }
  if (out.scored.rows() == 0)
    return fail(Code::kData, "there are no rows to evaluate", "check the query's WHERE clause");
  const std::vector<double>& weights = out.scored.weight;
  if (weight && std::ranges::all_of(weights, [](double w) { return w == 0; }))
    return fail(Code::kData, "the weights of all rows are 0", "a row with weight 0 is not counted")
        .at(request.weight_place);
  if (slices) out.slices = slices->finish();
  return out;
}

}  // namespace sinan::ml

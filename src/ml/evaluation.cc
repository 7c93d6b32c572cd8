#include "ml/evaluation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"

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

// Batches of (truth, predictions.., margins..): truth is the class or the value.
class EvaluationMapper final : public BatchMapper {
 public:
  EvaluationMapper(const OpenModelQuery& query, size_t label, std::string_view label_name, const ClassIndex& classes,
                   bool with_margins, std::shared_ptr<const arrow::Schema> schema)
      : model_(*query.model),
        encoder_(query.model->package().plan, query.binding),
        label_(label),
        label_name_(label_name),
        classes_(classes),
        with_margins_(with_margins),
        schema_(std::move(schema)) {}

  Result<arrow::Batch> map(const arrow::Batch& rows) override {
    const MatrixBlock block = TRY(encoder_.encode(rows));
    arrow::BatchBuilder out(schema_);
    TRY(append_truth(rows.column(label_), out.column(0)));
    size_t next = 1;
    TRY(append_scores(block, Output::kPrediction, model_.predictor().prediction_width(), out, next));
    if (with_margins_) TRY(append_scores(block, Output::kMargin, model_.predictor().outputs(), out, next));
    return out.finish();
  }

 private:
  Status append_truth(const arrow::ColumnView& column, arrow::ColumnBuilder& out) const {
    if (const size_t nulls = column.null_count(); nulls > 0) {
      return fail(Code::kData, fmt::format("label has NULL in a row that is to be evaluated: \"{}\"", label_name_),
                  fmt::format("add WHERE {} IS NOT NULL", label_name_));
    }
    const size_t rows = column.size();
    if (model_.package().task == Task::kRegression) {
      std::vector<double> values(rows);
      for (size_t i = 0; i < rows; ++i) {
        values[i] = number_at(column, i);
        if (!std::isfinite(values[i]))
          return fail(Code::kData, fmt::format("label has a value that is no number: \"{}\"", label_name_));
      }
      out.append_values(std::span<const double>(values));
      return {};
    }
    std::vector<int32_t> values(rows);
    for (size_t i = 0; i < rows; ++i) {
      values[i] = classes_.find(column, i);
      if (values[i] >= 0) continue;
      return fail(Code::kData,
                  fmt::format("label has a class that the model was not trained on: \"{}\"", column.to_text(i)),
                  fmt::format("the model knows {}", known_classes()));
    }
    out.append_values(std::span<const int32_t>(values));
    return {};
  }

  std::string known_classes() const {
    const std::vector<std::string>& all = model_.package().label.classes;
    const std::vector<std::string> some(all.begin(), all.begin() + std::min<ptrdiff_t>(std::ssize(all), 10));
    return join(some, ", ") + (all.size() > some.size() ? ", ..." : "");
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

}  // namespace

ClassIndex::ClassIndex(const LabelMap& label) : numeric_(has_numbers(label.type)) {
  for (size_t k = 0; k < label.classes.size(); ++k) {
    const auto code = static_cast<int32_t>(k);
    by_text_.emplace(label.classes[k], code);
    if (const auto number = class_number(label.classes[k])) by_number_.emplace(*number, code);
  }
}

int32_t ClassIndex::find(const arrow::ColumnView& column, size_t row) const {
  if (numeric_ && has_numbers(column.type())) {
    const auto found = by_number_.find(number_at(column, row));
    return found == by_number_.end() ? -1 : found->second;
  }
  const auto found = by_text_.find(column.type().is_text() ? std::string(column.string(row)) : column.to_text(row));
  return found == by_text_.end() ? -1 : found->second;
}

Result<Scored> score_for_evaluation(OpenModelQuery query, std::string_view label, double threshold, bool with_margins,
                                    flow::RunContext& context) {
  const ModelPackage& package = query.model->package();
  const auto label_column = query.columns->index_of(label);
  if (!label_column) {
    return fail(Code::kProgram, fmt::format("the query has no column \"{}\", the label", label),
                did_you_mean(label, query.columns->names()));
  }
  Scored out;
  out.task = package.task;
  out.threshold = threshold;
  const size_t width = query.model->predictor().prediction_width();
  const size_t outputs = query.model->predictor().outputs();
  if (package.task != Task::kRegression) {
    out.classes = package.label.classes.size();
    if (out.classes != (package.task == Task::kBinary ? 2 : width)) {
      return fail(Code::kData, "the model is damaged: its classes and its trees differ in number");
    }
  } else if (!has_numbers((*query.columns)[*label_column].type)) {
    return fail(Code::kProgram, fmt::format("the label of a regression must be a number: \"{}\" is {}", label,
                                            (*query.columns)[*label_column].type.to_string()));
  }

  auto schema = std::make_shared<arrow::Schema>();
  schema->fields.push_back({"truth", package.task == Task::kRegression ? arrow::double_type() : arrow::int32_type()});
  for (size_t k = 0; k < width + (with_margins ? outputs : 0); ++k)
    schema->fields.push_back({fmt::format("score_{}", k), arrow::float_type()});

  const ClassIndex classes(package.label);
  std::vector<std::unique_ptr<BatchMapper>> mappers;
  for (uint32_t i = 0; i < std::max(1u, context.threads()); ++i)
    mappers.push_back(std::make_unique<EvaluationMapper>(query, *label_column, label, classes, with_margins, schema));
  context.progress().stage("scoring");
  const auto scored =
      map_batches(std::move(query.rows), schema, std::move(mappers), context.cancel(), &context.progress());
  while (true) {
    const std::optional<arrow::Batch> batch = TRY(scored->next());
    if (!batch) break;
    if (package.task == Task::kRegression) {
      const arrow::ColumnView truth = batch->column(0);
      const std::span<const double> values = *truth.values<double>();
      out.actual_value.insert(out.actual_value.end(), values.begin(), values.end());
      const arrow::ColumnView predicted = batch->column(1);
      const std::span<const float> predictions = *predicted.values<float>();
      for (const float value : predictions) out.predicted_value.push_back(static_cast<double>(value));
    } else {
      const arrow::ColumnView truth = batch->column(0);
      const std::span<const int32_t> values = *truth.values<int32_t>();
      out.actual.insert(out.actual.end(), values.begin(), values.end());
      append_row_major(*batch, 1, width, out.probability);
    }
    if (with_margins) append_row_major(*batch, 1 + width, outputs, out.margin);
  }
  if (out.rows() == 0) return fail(Code::kData, "there are no rows to evaluate", "check the query's WHERE clause");
  return out;
}

}  // namespace sinan::ml

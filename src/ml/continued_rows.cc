#include "ml/continued_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "ml/data_roles.h"
#include "ml/evaluation.h"
#include "ml/folds.h"
#include "ml/query_columns.h"

namespace sinan::ml {
namespace {

template <class T>
void take(std::span<const T> values, std::optional<std::span<const uint32_t>> rows, std::vector<T>& out) {
  if (!rows) {
    out.insert(out.end(), values.begin(), values.end());
    return;
  }
  for (const uint32_t row : *rows) out.push_back(values[row]);
}

template <class T>
void reorder(std::span<const uint32_t> order, std::vector<T>& values) {
  if (values.empty()) return;
  std::vector<T> out(order.size());
  for (size_t i = 0; i < order.size(); ++i) out[i] = values[order[i]];
  values = std::move(out);
}

// One part of the rows; handed out as one block.
class Part final : public MatrixSource {
 public:
  explicit Part(const FeatureSchema& schema)
      : schema_(schema), values_(schema.size()), codes_(schema.size()), columns_(schema.size()) {}

  Status append(const MatrixBlock& block, std::optional<std::span<const uint32_t>> rows) {
    if (!block.sparse.empty()) {
      return fail(Code::kUnsupported, "a model with sparse features cannot be continued in this build",
                  "train it anew on all rows");
    }
    for (size_t f = 0; f < schema_.size(); ++f) {
      const FeatureColumn& column = block.features[f];
      if (schema_.features[f].kind == FeatureKind::kCategorical) {
        take(column.codes, rows, codes_[f]);
      } else {
        take(column.values, rows, values_[f]);
      }
    }
    return {};
  }
  void append_label(float value) { label_.push_back(value); }

  void finish(const RoleCollector& roles, size_t part) {
    if (const auto order = roles.order(part); !order.empty()) {
      for (auto& values : values_) reorder(order, values);
      for (auto& codes : codes_) reorder(order, codes);
      reorder(order, label_);
    }
    weight_ = roles.weight(part);
    group_ = roles.group(part);
    label_upper_ = roles.label_upper(part);
  }

  const FeatureSchema& schema() const override { return schema_; }
  size_t rows() const override { return label_.size(); }
  const std::vector<float>& label() const { return label_; }
  Status rewind() override {
    is_read_ = false;
    return {};
  }
  Result<std::optional<MatrixBlock>> next() override {
    if (std::exchange(is_read_, true) || label_.empty()) return std::nullopt;
    for (size_t f = 0; f < schema_.size(); ++f) columns_[f] = {values_[f], codes_[f]};
    MatrixBlock block;
    block.rows = label_.size();
    block.features = columns_;
    block.label = label_;
    block.weight = weight_;
    block.group = group_;
    block.label_upper = label_upper_;
    return block;
  }

 private:
  const FeatureSchema& schema_;
  std::vector<std::vector<float>> values_;
  std::vector<std::vector<int32_t>> codes_;
  std::vector<float> label_;
  std::span<const float> weight_, label_upper_;
  std::span<const int32_t> group_;
  std::vector<FeatureColumn> columns_;
  bool is_read_ = false;
};

}  // namespace

struct ContinuedRows::State {
  State(const Model& of, DataSpec with)
      : model(of),
        spec(std::move(with)),
        classes(of.package().label),
        parts{Part(of.package().plan.schema()), Part(of.package().plan.schema())} {}

  Status bind(const arrow::Schema& query) {
    encoder.emplace(model.package().plan, TRY(model.package().plan.bind(query)));
    label = TRY(find_column(query, spec.label, "label"));
    return {};
  }

  Status add(const arrow::Batch& batch, size_t part, std::optional<std::span<const uint32_t>> rows) {
    const arrow::ColumnView column = batch.column(label);
    const bool has_classes = model.package().label.kind == LabelMap::Kind::kClasses;
    const size_t count = rows ? rows->size() : batch.rows();
    for (size_t i = 0; i < count; ++i) {
      const size_t row = rows ? (*rows)[i] : i;
      if (column.is_null(row)) {
        return fail(Code::kData, fmt::format("label is NULL in a row: \"{}\"", spec.label),
                    fmt::format("add WHERE {} IS NOT NULL", spec.label));
      }
      const float value =
          has_classes ? static_cast<float>(classes.find(column, row)) : static_cast<float>(column.as_double(row));
      if (has_classes && value < 0) {
        return fail(Code::kData,
                    fmt::format("label has a class that the model to continue has not: \"{}\"", column.to_text(row)),
                    fmt::format("it has {}", join(model.package().label.classes, ", ")));
      }
      if (!std::isfinite(value))
        return fail(Code::kData, fmt::format("label has a value that is no number: \"{}\"", spec.label));
      parts[part].append_label(value);
    }
    TRY(roles->append(batch, part, rows));
    return parts[part].append(TRY(encoder->encode(batch)), rows);
  }

  const Model& model;
  const DataSpec spec;
  const ClassIndex classes;
  Part parts[kParts];
  std::optional<FeatureEncoder> encoder;
  std::optional<RoleCollector> roles;
  size_t label = 0;
  std::optional<size_t> validation_column;
  uint64_t rows_seen = 0;
};

ContinuedRows::ContinuedRows(std::unique_ptr<State> state) : state_(std::move(state)) {}
ContinuedRows::ContinuedRows(ContinuedRows&&) noexcept = default;
ContinuedRows& ContinuedRows::operator=(ContinuedRows&&) noexcept = default;
ContinuedRows::~ContinuedRows() = default;

Result<ContinuedRows> ContinuedRows::make(const Model& model, const DataSpec& spec, const arrow::Schema& query) {
  auto state = std::make_unique<State>(model, spec);
  TRY(state->bind(query));
  state->roles = TRY(RoleCollector::make(spec.roles, query));
  if (!spec.validation_column.empty())
    state->validation_column = TRY(find_column(query, spec.validation_column, "validation.column"));
  return ContinuedRows(std::move(state));
}

Status ContinuedRows::append(const arrow::Batch& batch) {
  State& state = *state_;
  if (!state.validation_column && state.spec.validation_fraction == 0)
    return state.add(batch, kTrainPart, std::nullopt);
  const auto chosen = deal_rows(batch, state.spec, state.validation_column, *state.roles, state.rows_seen);
  state.rows_seen += batch.rows();
  for (const size_t part : {kTrainPart, kValidationPart}) TRY(state.add(batch, part, chosen[part]));
  return {};
}

Status ContinuedRows::bind_validation(const arrow::Schema& query) {
  TRY(state_->roles->bind_validation(query));
  return state_->bind(query);
}

Status ContinuedRows::append_validation(const arrow::Batch& batch) {
  return state_->add(batch, kValidationPart, std::nullopt);
}

Status ContinuedRows::finish() {
  State& state = *state_;
  if (state.parts[kTrainPart].rows() == 0)
    return fail(Code::kData, "no rows to train on", "the query returned nothing: check its WHERE clause");
  const size_t rows[kParts] = {state.parts[kTrainPart].rows(), state.parts[kValidationPart].rows()};
  const auto read_labels = [&](size_t part, std::span<float> out) {
    std::ranges::copy(state.parts[part].label(), out.begin());
  };
  TRY(state.roles->finish(state.model.package().label, state.spec.class_weights, read_labels, rows));
  for (const size_t part : {kTrainPart, kValidationPart}) state.parts[part].finish(*state.roles, part);
  return {};
}

TrainingRows ContinuedRows::rows() {
  const ModelPackage& package = state_->model.package();
  Part& validation = state_->parts[kValidationPart];
  return {package.plan,
          package.label,
          package.task,
          package.label.classes.size(),
          state_->parts[kTrainPart],
          validation.rows() == 0 ? nullptr : &validation};
}

}  // namespace sinan::ml

#include "ml/permutation_importance.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/random.h"
#include "ml/held_out_score.h"

namespace sinan::ml {

PermutationImportance::PermutationImportance(const Model& model, const RowSample& sample, const MetricSpec& metric)
    : model_(&model), sample_(&sample), metric_(&metric) {
  const FeaturePlan& plan = sample.plan();
  for (size_t t = 0; t < plan.transforms().size(); ++t)
    parts_.push_back({plan.transforms()[t].feature, plan.first_feature(t), plan.transforms()[t].width()});
  // A model of groups: which group a row is of.
  const size_t known = parts_.empty() ? 0 : parts_.back().first + parts_.back().count;
  for (size_t j = known; j < plan.schema().size(); ++j) parts_.push_back({plan.schema().features[j].name, j, 1});
}

Result<PermutationImportance> PermutationImportance::make(const Model& model, const RowSample& sample,
                                                          const MetricSpec& metric) {
  PermutationImportance out(model, sample, metric);
  out.is_lower_better_ = TRY(HeldOutMetric::find(metric.name, model.package().task)).is_lower_better();
  out.baseline_ = TRY(out.measure(sample.columns()));
  return out;
}

Result<double> PermutationImportance::measure(std::span<const FeatureColumn> columns) const {
  const Predictor& predictor = model_->predictor();
  const LabelMap& label = model_->package().label;
  const size_t rows = sample_->rows();
  const size_t width = predictor.prediction_width();
  Scored scored{.task = model_->package().task};
  std::vector<float> predictions(rows * width);
  const MatrixBlock block{.rows = rows, .features = columns};
  TRY(predictor.predict(block, Output::kPrediction, predictions));
  if (is_classification(scored.task)) {
    scored.classes = label.classes.size();
    for (const double truth : sample_->truth()) scored.actual.push_back(static_cast<int32_t>(truth));
    scored.probability = std::move(predictions);
    if (metric_->needs_margin) {
      scored.margin.resize(rows * predictor.outputs());
      TRY(predictor.predict(block, Output::kMargin, scored.margin));
    }
  } else {
    scored.actual_value.assign(sample_->truth().begin(), sample_->truth().end());
    for (size_t i = label.main_output(); i < predictions.size(); i += width)
      scored.predicted_value.push_back(static_cast<double>(predictions[i]));
  }
  return compute_metric(*metric_, scored);
}

Result<double> PermutationImportance::without(size_t feature, uint64_t seed) const {
  const size_t rows = sample_->rows();
  std::vector<uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0U);
  Random random(seed);
  for (size_t i = rows; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);

  std::vector<FeatureColumn> columns = sample_->columns();
  const Part& part = parts_[feature];
  std::vector<std::vector<float>> values(part.count);
  std::vector<std::vector<int32_t>> codes(part.count);
  for (size_t p = 0; p < part.count; ++p) {
    FeatureColumn& column = columns[part.first + p];
    for (const uint32_t row : order) {
      if (column.codes.empty()) {
        values[p].push_back(column.values[row]);
      } else {
        codes[p].push_back(column.codes[row]);
      }
    }
    column = {.values = values[p], .codes = codes[p]};
  }
  const double shuffled = TRY(measure(columns));
  return is_lower_better_ ? shuffled - baseline_ : baseline_ - shuffled;
}

}  // namespace sinan::ml

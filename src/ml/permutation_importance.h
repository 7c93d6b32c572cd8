// Permutation importance (Breiman 2001; scikit-learn's permutation_importance): how much worse a model scores on rows whose truth
// is known when one feature's values are dealt among them at random. What a COLUMN function made of one column, a vector say, is
// shuffled as one.
//
//     PermutationImportance importance = TRY(PermutationImportance::make(model, sample, *metric));
//     double lost = TRY(importance.without(feature, seed));      // any number of threads
//
// Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "ml/metrics.h"
#include "ml/model.h"
#include "ml/row_sample.h"

namespace sinan::ml {

class PermutationImportance {
 public:
  // `sample` keeps its truth and has at least one row; model, sample and metric must outlive this. Errors: the predictor's, the
  // metric's.
  static Result<PermutationImportance> make(const Model& model, const RowSample& sample, const MetricSpec& metric);

  size_t features() const { return parts_.size(); }
  const std::string& name(size_t feature) const { return parts_[feature].name; }
  // The metric of the rows as they are.
  double baseline() const { return baseline_; }
  // By how much the metric gets worse (of losses: larger) with the feature's values shuffled.
  Result<double> without(size_t feature, uint64_t seed) const;

 private:
  struct Part {
    std::string name;
    size_t first = 0;
    size_t count = 0;  // of the plan's features
  };
  PermutationImportance(const Model& model, const RowSample& sample, const MetricSpec& metric);
  Result<double> measure(std::span<const FeatureColumn> columns) const;

  const Model* model_;
  const RowSample* sample_;
  const MetricSpec* metric_;
  std::vector<Part> parts_;
  bool is_lower_better_ = false;
  double baseline_ = 0;
};

}  // namespace sinan::ml

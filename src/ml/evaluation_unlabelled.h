// How good models are that learn without a label: how tight and how far apart clusters are, how many rows are unusual.
// Definitions are scikit-learn's, of the clusters that the rows are given.
//
//   inertia                   sum of the rows' squared distances to their cluster's centre in the model
//   silhouette_score          mean over rows of (b - a) / max(a, b): a = mean distance to the others of its cluster, b = the
//                             least mean distance to another cluster's; -1 to 1, more is better
//   calinski_harabasz_score   spread between clusters over spread within, by their degrees of freedom; more is better
//   davies_bouldin_score      mean over clusters of the worst (spread + spread) / distance to another; less is better
//   outlier_share, mean_score of the rows that a one-class model finds unusual; of all rows' scores
//
// The middle three are of a sample drawn with a seed where there are many rows. Plain functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/stream.h"
#include "base/cancel.h"
#include "base/error.h"
#include "ml/model.h"

namespace sinan::ml {

struct UnlabelledMetric {
  std::string_view name;
  Task task;
  std::string_view doc;
};
std::span<const UnlabelledMetric> unlabelled_metrics();
// Errors (kArgument): unknown (nearest), or not for the task.
Result<const UnlabelledMetric*> find_unlabelled_metric(std::string_view name, Task task);

struct UnlabelledScores {
  uint64_t rows = 0;
  uint64_t sampled = 0;         // rows that the sampled metrics are of
  double loss = 0;              // clusters: mean squared distance; one-class: mean amount by which scores are below 0
  std::vector<double> values;   // by unlabelled_metrics(); NaN = of the other task, or undefined
  std::vector<uint64_t> sizes;  // rows by cluster
};

// The same of blocks of a matrix.
Result<UnlabelledScores> score_unlabelled(const Model& model, MatrixSource& rows, uint64_t seed,
                                          const CancelToken& cancel);
// Reads all of `rows`, whose columns are bound to the model's plan by `binding`. Errors: kData when there are none.
Result<UnlabelledScores> score_unlabelled(const Model& model, const FeaturePlan::Binding& binding,
                                          arrow::BatchStream& rows, uint64_t seed, const CancelToken& cancel);

}  // namespace sinan::ml

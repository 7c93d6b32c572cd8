// Metrics of TO EVALUATE: scikit-learn's and Keras's names, computed from scores, never from hard labels where scores say
// more (AUC, average precision, log loss). Definitions are scikit-learn's unless a metric's `doc` says otherwise; for more than
// two classes precision, recall, F and the areas are macro averages (areas: one class against the rest).
//
//     const MetricSpec* auc = TRY(find_metric("roc_auc_score", Task::kBinary));
//     double value = TRY(compute_metric(*auc, scored));
//
// Weights are scikit-learn's sample_weight: a row of weight 2 counts as two of weight 1. Of a ranking, groups have the mean weight
// of their rows.
//
// Pure functions; thread-safe. All sums are in double.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ml/model.h"

namespace sinan::ml {

// What a model said about rows whose truth is known.
struct Scored {
  Task task = Task::kRegression;
  size_t classes = 0;      // 0 for regression
  double threshold = 0.5;  // two classes: the second one is predicted above it
  // Classification: the class of each row, and rows x (1 or classes) probabilities; with two classes that of the second.
  std::vector<int32_t> actual;
  std::vector<float> probability;
  std::vector<float> margin;  // rows x outputs, only for metrics that need it
  // Regression; of ranking relevances and scores.
  std::vector<double> actual_value;
  std::vector<double> predicted_value;
  std::vector<int32_t> group;  // ranking: rows of one number are ranked against each other
  std::vector<double> weight;  // how much each row counts, 0 or more; empty: all the same

  size_t rows() const { return is_classification(task) ? actual.size() : actual_value.size(); }
  double weight_of(size_t row) const { return weight.empty() ? 1 : weight[row]; }
  int32_t predicted_class(size_t row) const;
  float probability_of(size_t row, size_t which) const;
};
// `out` holds these rows of `from`, in this order; a row may come more than once. Reuses `out`'s memory.
void take_rows(const Scored& from, std::span<const size_t> rows, Scored& out);

struct MetricSpec {
  enum class For : uint8_t { kRegression, kTwoClasses, kClasses, kRanking };
  std::string_view name;  // as shown in the result's column, unless the user spelt it otherwise
  For use;
  std::string_view doc;
  bool needs_margin = false;
  double (*compute)(const Scored&);  // NaN = undefined on these rows
};

std::span<const MetricSpec> metric_specs();
// Names compare without case. Errors (kArgument): unknown (nearest); a metric that does not fit the task, when it is known.
Result<const MetricSpec*> find_metric(std::string_view name, std::optional<Task> task);
// Errors: kData when the rows rule it out (mean_squared_log_error of negative values).
Result<double> compute_metric(const MetricSpec& metric, const Scored& scored);
// What training with the task's usual objective minimises: log loss, the mean squared error, of ranking 1 - NDCG.
double loss(const Scored& scored);
// What is shown when nobody asked for anything: names of metric_specs().
std::vector<std::string_view> default_metrics(Task task);

}  // namespace sinan::ml

// Charts of evaluations and explanations, as data (plot/chart.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ml/metric_tables.h"
#include "ml/metrics.h"
#include "ml/row_sample.h"
#include "plot/chart.h"

namespace sinan::ml {

// More classes than this are no picture any more: the per-class table has them.
inline constexpr size_t kMostChartClasses = 20;

plot::Chart confusion_chart(const Confusion& confusion, std::span<const std::string> classes);
// Two classes: of the second one; more: a line a class.
plot::Chart roc_chart(const Scored& scored, std::span<const std::string> classes);
plot::Chart pr_chart(const Scored& scored, std::span<const std::string> classes);
plot::Chart calibration_chart(const Scored& scored, std::span<const std::string> classes);
// Regression: mean actual value by bands of the prediction, and how far off predictions are.
plot::Chart predicted_actual_chart(const Scored& scored);
plot::Chart residual_chart(const Scored& scored);

// SHAP values of a sample's rows for one output: `contributions` is rows x (features + 1), as Explainer writes them with
// `outputs` groups a row.
struct ShapView {
  const RowSample* sample = nullptr;
  std::span<const float> contributions;
  size_t outputs = 1;
  size_t output = 0;
};
// By feature.
std::vector<double> mean_absolute_shap(const ShapView& view);
// Features in the order in which they are shown: by mean |SHAP| (or as they are), at most `most`.
std::vector<size_t> shown_features(std::span<const double> importance, bool sorted, size_t most);
plot::Chart shap_dot_chart(const ShapView& view, std::span<const size_t> features, std::string title);
plot::Chart shap_bar_chart(const ShapView& view, std::span<const double> importance, std::span<const size_t> features,
                           std::string title);

}  // namespace sinan::ml

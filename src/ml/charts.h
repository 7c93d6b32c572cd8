// Charts of evaluations, as data (plot/chart.h). Those of explanations are in ml/shap_charts.h.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ml/metric_tables.h"
#include "ml/metrics.h"
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

}  // namespace sinan::ml

#include "ml/charts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "base/strings.h"

namespace sinan::ml {
namespace {

constexpr size_t kCurvePoints = 400;
constexpr size_t kMostLines = 8;
constexpr size_t kCalibrationBins = 10;
constexpr size_t kDots = 400;

plot::Line diagonal(std::string name, double low, double high) {
  return {.name = std::move(name), .x = {low, high}, .y = {low, high}, .dashed = true};
}

// One line for two classes, else one for each of the most frequent classes.
std::vector<size_t> classes_to_draw(const Scored& scored) {
  if (scored.task == Task::kBinary) return {1};
  std::vector<int64_t> rows(scored.classes);
  for (const int32_t actual : scored.actual) ++rows[static_cast<size_t>(actual)];
  std::vector<size_t> order(scored.classes);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return rows[a] != rows[b] ? rows[a] > rows[b] : a < b; });
  order.resize(std::min(order.size(), kMostLines));
  std::sort(order.begin(), order.end());
  return order;
}

std::string positive_note(const Scored& scored, std::span<const std::string> classes) {
  return scored.task == Task::kBinary ? fmt::format("of class {}", classes[1]) : "each class against the rest";
}

double quantile(std::span<const float> sorted, double at) {
  return static_cast<double>(sorted[static_cast<size_t>(at * static_cast<double>(sorted.size() - 1))]);
}

float contribution(const ShapView& view, size_t row, size_t feature) {
  const size_t group = view.sample->schema().size() + 1;
  return view.contributions[(row * view.outputs + view.output) * group + feature];
}

// A feature's values from 0 (low) to 1 (high) between their 5 % and 95 % quantiles; codes have no order: NaN.
std::vector<float> colors(const RowSample& sample, size_t feature) {
  const FeatureColumn column = sample.columns()[feature];
  std::vector<float> out(sample.rows(), std::numeric_limits<float>::quiet_NaN());
  if (!column.codes.empty()) return out;
  std::vector<float> sorted;
  for (const float value : column.values)
    if (!std::isnan(value)) sorted.push_back(value);
  if (sorted.empty()) return out;
  std::sort(sorted.begin(), sorted.end());
  const double low = quantile(sorted, 0.05);
  const double high = quantile(sorted, 0.95);
  for (size_t i = 0; i < out.size(); ++i) {
    if (std::isnan(column.values[i])) continue;
    const double at = high > low ? (static_cast<double>(column.values[i]) - low) / (high - low) : 0.5;
    out[i] = static_cast<float>(std::clamp(at, 0.0, 1.0));
  }
  return out;
}

std::string rows_note(const RowSample& sample) {
  if (sample.rows() == sample.seen()) return fmt::format("{} rows", human_count(sample.seen()));
  return fmt::format("a random sample of {} of {} rows", human_count(sample.rows()), human_count(sample.seen()));
}

}  // namespace

plot::Chart confusion_chart(const Confusion& confusion, std::span<const std::string> classes) {
  plot::Heatmap map{.row_title = "actual", .column_title = "predicted"};
  map.row_labels.assign(classes.begin(), classes.end());
  map.column_labels = map.row_labels;
  map.values.assign(confusion.counts.begin(), confusion.counts.end());
  return {.title = "Confusion matrix",
          .subtitle = "rows of each class, and what they were predicted to be",
          .body = std::move(map)};
}

plot::Chart roc_chart(const Scored& scored, std::span<const std::string> classes) {
  plot::LineChart chart{.x = {.label = "false positive rate", .min = 0, .max = 1},
                        .y = {.label = "true positive rate", .min = 0, .max = 1}};
  for (const size_t k : classes_to_draw(scored)) {
    Curve curve = thin(roc_curve(scored, k), kCurvePoints);
    chart.lines.push_back({.name = fmt::format("{}, area {:.4f}", classes[k], roc_auc(scored, k)),
                           .x = std::move(curve.x),
                           .y = std::move(curve.y)});
  }
  chart.lines.push_back(diagonal("chance", 0, 1));
  return {.title = "ROC", .subtitle = positive_note(scored, classes), .body = std::move(chart)};
}

plot::Chart pr_chart(const Scored& scored, std::span<const std::string> classes) {
  plot::LineChart chart{.x = {.label = "recall", .min = 0, .max = 1}, .y = {.label = "precision", .min = 0, .max = 1}};
  for (const size_t k : classes_to_draw(scored)) {
    Curve curve = thin(pr_curve(scored, k), kCurvePoints);
    chart.lines.push_back(
        {.name = fmt::format("{}, average precision {:.4f}", classes[k], average_precision(scored, k)),
         .x = std::move(curve.x),
         .y = std::move(curve.y)});
  }
  return {.title = "Precision and recall", .subtitle = positive_note(scored, classes), .body = std::move(chart)};
}

plot::Chart calibration_chart(const Scored& scored, std::span<const std::string> classes) {
  plot::LineChart chart{.x = {.label = "predicted probability", .min = 0, .max = 1},
                        .y = {.label = "observed share", .min = 0, .max = 1}};
  for (const size_t k : classes_to_draw(scored)) {
    plot::Line line{.name = classes[k]};
    for (const CalibrationBin& bin : calibration(scored, k, kCalibrationBins)) {
      line.x.push_back(bin.predicted);
      line.y.push_back(bin.observed);
    }
    chart.lines.push_back(std::move(line));
  }
  chart.lines.push_back(diagonal("perfect", 0, 1));
  return {.title = "Calibration", .subtitle = positive_note(scored, classes), .body = std::move(chart)};
}

plot::Chart predicted_actual_chart(const Scored& scored) {
  std::vector<size_t> order(scored.rows());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return scored.predicted_value[a] < scored.predicted_value[b]; });
  constexpr size_t kBands = 20;
  const size_t bands = std::min(kBands, order.size());
  plot::Line line{.name = "mean of a band of rows"};
  for (size_t b = 0; b < bands; ++b) {
    const size_t begin = b * order.size() / bands;
    const size_t end = (b + 1) * order.size() / bands;
    double predicted = 0;
    double actual = 0;
    for (size_t i = begin; i < end; ++i) {
      predicted += scored.predicted_value[order[i]];
      actual += scored.actual_value[order[i]];
    }
    line.x.push_back(predicted / static_cast<double>(end - begin));
    line.y.push_back(actual / static_cast<double>(end - begin));
  }
  plot::LineChart chart{.x = {.label = "predicted"}, .y = {.label = "actual"}};
  if (!line.x.empty()) chart.lines.push_back(diagonal("perfect", line.x.front(), line.x.back()));
  chart.lines.push_back(std::move(line));
  return {.title = "Predicted and actual",
          .subtitle = "rows in bands of equal size, by prediction",
          .body = std::move(chart)};
}

plot::Chart residual_chart(const Scored& scored) {
  std::vector<double> off(scored.rows());
  for (size_t i = 0; i < off.size(); ++i) off[i] = scored.actual_value[i] - scored.predicted_value[i];
  std::vector<double> sorted = off;
  std::sort(sorted.begin(), sorted.end());
  plot::Histogram chart{.x = {.label = "actual - predicted"}};
  constexpr size_t kBins = 30;
  if (!sorted.empty()) {
    // The middle 98 %: a few far outliers would leave one bar.
    const size_t cut = sorted.size() / 100;
    const double low = sorted[cut];
    const double high = std::max(sorted[sorted.size() - 1 - cut], low + 1e-9 * std::max(1.0, std::abs(low)));
    chart.counts.assign(kBins, 0);
    for (size_t b = 0; b <= kBins; ++b) chart.edges.push_back(low + (high - low) * static_cast<double>(b) / kBins);
    for (const double value : off) {
      if (value < low || value > high) continue;
      const auto bin = static_cast<size_t>((value - low) / (high - low) * kBins);
      ++chart.counts[std::min(bin, kBins - 1)];
    }
  }
  return {.title = "Residuals", .subtitle = "the middle 98 % of the rows", .body = std::move(chart)};
}

std::vector<double> mean_absolute_shap(const ShapView& view) {
  std::vector<double> out(view.sample->schema().size());
  for (size_t row = 0; row < view.sample->rows(); ++row)
    for (size_t j = 0; j < out.size(); ++j) out[j] += static_cast<double>(std::abs(contribution(view, row, j)));
  for (double& value : out) value /= static_cast<double>(std::max<size_t>(1, view.sample->rows()));
  return out;
}

std::vector<size_t> shown_features(std::span<const double> importance, bool sorted, size_t most) {
  std::vector<size_t> order(importance.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (sorted) {
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return importance[a] != importance[b] ? importance[a] > importance[b] : a < b;
    });
  }
  order.resize(std::min(order.size(), most));
  return order;
}

plot::Chart shap_dot_chart(const ShapView& view, std::span<const size_t> features, std::string title) {
  plot::Beeswarm chart{.value = {.label = "SHAP value (effect on the margin)"}};
  const RowSample& sample = *view.sample;
  const size_t dots = std::min(kDots, sample.rows());
  for (const size_t j : features) {
    const std::vector<float> shade = colors(sample, j);
    plot::Beeswarm::Row row{.label = sample.schema().features[j].name};
    for (size_t i = 0; i < dots; ++i) {
      const size_t at = i * sample.rows() / dots;
      row.x.push_back(static_cast<double>(contribution(view, at, j)));
      row.color.push_back(shade[at]);
    }
    chart.rows.push_back(std::move(row));
  }
  chart.low_label = "low";
  chart.high_label = "high";
  return {.title = std::move(title), .subtitle = rows_note(sample), .body = std::move(chart)};
}

plot::Chart shap_bar_chart(const ShapView& view, std::span<const double> importance, std::span<const size_t> features,
                           std::string title) {
  plot::BarChart chart{.value = {.label = "mean |SHAP value|"}};
  for (const size_t j : features) {
    chart.labels.push_back(view.sample->schema().features[j].name);
    chart.values.push_back(importance[j]);
  }
  return {.title = std::move(title), .subtitle = rows_note(*view.sample), .body = std::move(chart)};
}

}  // namespace sinan::ml

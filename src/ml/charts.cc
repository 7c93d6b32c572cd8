#include "ml/charts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace sinan::ml {
namespace {

constexpr size_t kCurvePoints = 400;
constexpr size_t kMostLines = 8;
constexpr size_t kCalibrationBins = 10;

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

}  // namespace sinan::ml

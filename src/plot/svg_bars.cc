#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plot/layout.h"
#include "plot/svg_charts.h"

namespace sinan::plot {

double draw(SvgCanvas& canvas, const BarChart& chart) {
  constexpr double kRow = 26, kBar = 16, kValueSpace = 56;
  const Scale scale = Scale::make(chart.value, value_range(chart), 6, false);
  double label_width = 0;
  for (const std::string& label : chart.labels) label_width = std::max(label_width, text_width(printable(label), 12));
  label_width = std::min(label_width, canvas.width() * 0.36);

  const bool negative = std::ranges::any_of(chart.values, [](double value) { return value < 0; });
  const double left = kChartMargin + label_width + 12 + (negative ? kValueSpace : 0);
  const double right = canvas.width() - kChartMargin - kValueSpace;
  const double top = canvas.top();
  const double bottom = top + kRow * static_cast<double>(std::max<size_t>(chart.values.size(), 1));
  canvas.x_axis(scale, left, right, top, bottom, chart.value.label);
  const double zero = left + scale.at(0) * (right - left);
  for (size_t i = 0; i < chart.values.size(); ++i) {
    const double y = top + kRow * static_cast<double>(i);
    const double value = chart.values[i];
    canvas.text(kChartMargin + label_width, y + kRow / 2 + 4, fitted(chart.labels[i], 12, label_width + 2), "label",
                Anchor::kEnd);
    if (std::isnan(value)) {
      canvas.text(zero + 6, y + kRow / 2 + 4, "–", "muted small");
      continue;
    }
    const double end = left + scale.at(value) * (right - left);
    canvas.rect(std::min(zero, end), y + (kRow - kBar) / 2, std::abs(end - zero), kBar, value < 0 ? "f1" : "f0",
                fmt::format("{}: {}", chart.labels[i], format_value(value)), "rx=\"2\"");
    const bool leftwards = value < 0;
    double outer = end;
    if (!chart.spread.empty() && std::isfinite(chart.spread[i])) {
      const double low = left + scale.at(value - chart.spread[i]) * (right - left);
      const double high = left + scale.at(value + chart.spread[i]) * (right - left);
      canvas.line(low, y + kRow / 2, high, y + kRow / 2, "axis");
      for (const double tip : {low, high}) canvas.line(tip, y + kRow / 2 - 4, tip, y + kRow / 2 + 4, "axis");
      outer = leftwards ? std::min(low, end) : std::max(high, end);
    }
    canvas.text(outer + (leftwards ? -6 : 6), y + kRow / 2 + 4, format_value(value), "muted small",
                leftwards ? Anchor::kEnd : Anchor::kStart);
  }
  if (chart.values.empty()) canvas.text((left + right) / 2, top + kRow / 2 + 4, "no data", "muted", Anchor::kMiddle);
  canvas.line(zero, top, zero, bottom, "axis");
  return bottom + (chart.value.label.empty() ? 0 : 20) + 16 + kChartMargin;
}

}  // namespace sinan::plot

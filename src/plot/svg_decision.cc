#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plot/layout.h"
#include "plot/svg_charts.h"
#include "plot/svg_shades.h"

namespace sinan::plot {

double draw(SvgCanvas& canvas, const Decision& chart) {
  constexpr double kRow = 26;
  const Scale scale = Scale::make(chart.value, value_range(chart), 6, true);
  double label_width = 0;
  for (const std::string& label : chart.labels) label_width = std::max(label_width, text_width(printable(label), 12));
  label_width = std::min(label_width, canvas.width() * 0.34);

  const auto steps = static_cast<double>(chart.labels.size());
  const double left = kChartMargin + label_width + 16, right = canvas.width() - kChartMargin - 8;
  const double top = canvas.top(), bottom = top + kRow * std::max(steps, 2.0);
  canvas.x_axis(scale, left, right, top, bottom, chart.value.label);
  for (size_t i = 0; i < chart.labels.size(); ++i) {
    const double y = top + kRow * (static_cast<double>(i) + 0.5);
    canvas.text(left - 16, y + 4, fitted(chart.labels[i], 12, label_width + 2), "label", Anchor::kEnd);
    canvas.line(left, y, right, y, "guide");
  }
  const double base = left + scale.at(chart.base) * (right - left);
  canvas.line(base, top, base, bottom, "axis");
  if (chart.paths.empty()) canvas.text((left + right) / 2, top + kRow, "no data", "muted", Anchor::kMiddle);
  for (const Decision::Path& path : chart.paths) {
    std::string data;
    for (size_t i = 0; i < path.x.size(); ++i) {
      if (!std::isfinite(path.x[i])) continue;
      // A step begins below its label and ends above it.
      const double y = top + kRow * (steps - static_cast<double>(i));
      data += fmt::format("{}{} {}", data.empty() ? "M" : "L", number(left + scale.at(path.x[i]) * (right - left)),
                          number(y));
    }
    if (!data.empty()) canvas.path(data, "way", fmt::format("stroke=\"{}\"", shade_color(shade_of(path.color))));
  }
  return bottom + (chart.value.label.empty() ? 0 : 20) + 16 + kChartMargin;
}

}  // namespace sinan::plot

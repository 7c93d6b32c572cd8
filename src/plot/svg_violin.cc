#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plot/layout.h"
#include "plot/svg_charts.h"
#include "plot/svg_shades.h"

namespace sinan::plot {
namespace {

// The shape is cut where the shade changes: neighbours overlap by half a pixel, so that no seam shows.
void draw_row(SvgCanvas& canvas, const Violin::Row& row, const Scale& scale, double left, double right, double middle,
              double half) {
  const auto height = [&](size_t i) {
    return std::isfinite(row.density[i]) ? std::clamp(row.density[i], 0.0, 1.0) * half : 0.0;
  };
  const auto position = [&](size_t i) { return left + scale.at(row.x[i]) * (right - left); };
  for (size_t begin = 0; begin + 1 < row.x.size();) {
    const int shade = shade_of(row.color[begin]);
    size_t end = begin + 1;
    while (end + 1 < row.x.size() && shade_of(row.color[end]) == shade) ++end;
    std::string there, back;
    for (size_t i = begin; i <= end; ++i) {
      if (!std::isfinite(row.x[i])) continue;
      const std::string x = number(position(i) + (i == end && end + 1 < row.x.size() ? 0.5 : 0));
      there += fmt::format("{}{} {}", there.empty() ? "M" : "L", x, number(middle - height(i)));
      back = fmt::format("L{} {}", x, number(middle + height(i))) + back;
    }
    if (!there.empty()) canvas.path(there + back + "Z", "bar", fmt::format("fill=\"{}\"", shade_color(shade)));
    begin = end;
  }
}

}  // namespace

double draw(SvgCanvas& canvas, const Violin& chart) {
  constexpr double kRow = 34;
  const Scale scale = Scale::make(chart.value, value_range(chart), 6, false);
  double label_width = 0;
  for (const Violin::Row& row : chart.rows) label_width = std::max(label_width, text_width(printable(row.label), 12));
  label_width = std::min(label_width, canvas.width() * 0.3);

  const double left = kChartMargin + label_width + 16, right = canvas.width() - kChartMargin - kColorBarSpace;
  const double top = canvas.top(), bottom = top + kRow * static_cast<double>(std::max<size_t>(chart.rows.size(), 2));
  canvas.x_axis(scale, left, right, top, bottom, chart.value.label);
  const double zero = left + scale.at(0) * (right - left);
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const double middle = top + kRow * (static_cast<double>(i) + 0.5);
    canvas.text(left - 16, middle + 4, fitted(chart.rows[i].label, 12, label_width + 2), "label", Anchor::kEnd);
    canvas.line(left, middle, right, middle, "guide");
    draw_row(canvas, chart.rows[i], scale, left, right, middle, kRow * 0.46);
  }
  canvas.line(zero, top, zero, bottom, "axis");
  if (chart.rows.empty()) canvas.text((left + right) / 2, top + kRow, "no data", "muted", Anchor::kMiddle);
  draw_color_bar(canvas, right + 20, top + 4, bottom - 4, chart.low_label, chart.high_label);
  return bottom + (chart.value.label.empty() ? 0 : 20) + 16 + kChartMargin;
}

}  // namespace sinan::plot

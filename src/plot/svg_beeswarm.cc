#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "plot/layout.h"
#include "plot/svg_charts.h"
#include "plot/svg_shades.h"

namespace sinan::plot {
namespace {

constexpr size_t kPointsPerRow = 800;
constexpr double kDot = 4;  // diameter, as in the style sheet

std::string dot_style(int shade, double opacity) {
  const std::string color = fmt::format("stroke=\"{}\"", shade_color(shade));
  if (!(opacity >= 0 && opacity < 1)) return color;
  return color + fmt::format(" style=\"stroke-opacity:{}\"", number(opacity));
}

void draw_row(SvgCanvas& canvas, const Beeswarm::Row& row, const Scale& scale, double left, double right, double middle,
              double half, double opacity) {
  const std::vector<size_t> points = sample_points(row, kPointsPerRow);
  std::vector<double> positions;
  positions.reserve(points.size());
  for (const size_t point : points) positions.push_back(left + scale.at(row.x[point]) * (right - left));
  const std::vector<int> layers = swarm_layers(positions, kDot * 0.75);
  int most = 1;
  for (const int layer : layers) most = std::max(most, std::abs(layer));
  const double spacing = std::min(kDot * 0.75, half / most);

  // Four passes over the colours rather than one, so that no colour as a whole lies on top of another.
  constexpr size_t kPasses = 4;
  for (size_t pass = 0; pass < kPasses; ++pass) {
    std::array<std::string, kGreyShade + 1> dots;
    for (size_t i = pass; i < points.size(); i += kPasses) {
      const double y = middle - layers[i] * spacing;
      dots[static_cast<size_t>(shade_of(row.color[points[i]]))] +=
          fmt::format("M{} {}h0", number(positions[i]), number(y));
    }
    for (int shade = 0; shade <= kGreyShade; ++shade) {
      const std::string& data = dots[static_cast<size_t>(shade)];
      if (!data.empty()) canvas.path(data, "dots", dot_style(shade, opacity));
    }
  }
}

}  // namespace

double draw(SvgCanvas& canvas, const Beeswarm& chart) {
  constexpr double kRow = 30;
  const Scale scale = Scale::make(chart.value, value_range(chart), 6, false);
  double label_width = 0;
  for (const Beeswarm::Row& row : chart.rows) label_width = std::max(label_width, text_width(printable(row.label), 12));
  label_width = std::min(label_width, canvas.width() * 0.3);

  const double left = kChartMargin + label_width + 16, right = canvas.width() - kChartMargin - kColorBarSpace;
  const double top = canvas.top(), bottom = top + kRow * static_cast<double>(std::max<size_t>(chart.rows.size(), 2));
  canvas.x_axis(scale, left, right, top, bottom, chart.value.label);
  const double zero = left + scale.at(0) * (right - left);
  canvas.line(zero, top, zero, bottom, "axis");
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const double middle = top + kRow * (static_cast<double>(i) + 0.5);
    canvas.text(left - 16, middle + 4, fitted(chart.rows[i].label, 12, label_width + 2), "label", Anchor::kEnd);
    draw_row(canvas, chart.rows[i], scale, left, right, middle, kRow * 0.42, chart.opacity);
  }
  if (chart.rows.empty()) canvas.text((left + right) / 2, top + kRow, "no data", "muted", Anchor::kMiddle);
  draw_color_bar(canvas, right + 20, top + 4, bottom - 4, chart.low_label, chart.high_label);
  return bottom + (chart.value.label.empty() ? 0 : 20) + 16 + kChartMargin;
}

}  // namespace sinan::plot

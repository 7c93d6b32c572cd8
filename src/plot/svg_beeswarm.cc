#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "plot/layout.h"
#include "plot/svg_charts.h"

namespace sinan::plot {
namespace {

constexpr size_t kPointsPerRow = 800;
constexpr int kShades = 16;
constexpr double kDot = 4;  // diameter, as in the style sheet
constexpr int kGrey = kShades;

// Blue to red over purple: told apart by lightness-neutral hue also with red-green blindness.
std::string shade(double part) {
  constexpr std::array<double, 3> kLow = {0x1e, 0x88, 0xe5}, kHigh = {0xff, 0x0d, 0x57};
  std::string text = "#";
  for (size_t i = 0; i < 3; ++i)
    text += fmt::format("{:02x}", static_cast<int>(std::lround(kLow[i] + (kHigh[i] - kLow[i]) * part)));
  return text;
}

std::string stroke(int bucket) {
  return fmt::format("stroke=\"{}\"", bucket == kGrey ? "#8c959f" : shade(static_cast<double>(bucket) / (kShades - 1)));
}

int bucket_of(float color) {
  if (!std::isfinite(color)) return kGrey;
  return std::clamp(static_cast<int>(std::lround(std::clamp(color, 0.0F, 1.0F) * (kShades - 1))), 0, kShades - 1);
}

void draw_row(SvgCanvas& canvas, const Beeswarm::Row& row, const Scale& scale, double left, double right, double middle,
              double half) {
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
    std::array<std::string, kShades + 1> dots;
    for (size_t i = pass; i < points.size(); i += kPasses) {
      const double y = middle - layers[i] * spacing;
      dots[static_cast<size_t>(bucket_of(row.color[points[i]]))] +=
          fmt::format("M{} {}h0", number(positions[i]), number(y));
    }
    for (int bucket = 0; bucket <= kShades; ++bucket) {
      const std::string& data = dots[static_cast<size_t>(bucket)];
      if (!data.empty()) canvas.path(data, "dots", stroke(bucket));
    }
  }
}

void draw_color_bar(SvgCanvas& canvas, const Beeswarm& chart, double x, double top, double bottom) {
  constexpr int kSteps = 32;
  const double height = std::min(bottom - top, 180.0);
  const double first = (top + bottom - height) / 2;
  for (int i = 0; i < kSteps; ++i) {
    canvas.rect(x, first + height * i / kSteps, 8, height / kSteps + 0.5, "bar", {},
                fmt::format("fill=\"{}\"", shade(1 - static_cast<double>(i) / (kSteps - 1))));
  }
  canvas.text(x + 14, first + 10, fitted(chart.high_label, 11, 68), "tick");
  canvas.text(x + 14, first + height, fitted(chart.low_label, 11, 68), "tick");
}

}  // namespace

double draw(SvgCanvas& canvas, const Beeswarm& chart) {
  constexpr double kRow = 30, kColorBar = 98;
  const Scale scale = Scale::make(chart.value, value_range(chart), 6, false);
  double label_width = 0;
  for (const Beeswarm::Row& row : chart.rows) label_width = std::max(label_width, text_width(printable(row.label), 12));
  label_width = std::min(label_width, canvas.width() * 0.3);

  const double left = kChartMargin + label_width + 16, right = canvas.width() - kChartMargin - kColorBar;
  const double top = canvas.top(), bottom = top + kRow * static_cast<double>(std::max<size_t>(chart.rows.size(), 2));
  canvas.x_axis(scale, left, right, top, bottom, chart.value.label);
  const double zero = left + scale.at(0) * (right - left);
  canvas.line(zero, top, zero, bottom, "axis");
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const double middle = top + kRow * (static_cast<double>(i) + 0.5);
    canvas.text(left - 16, middle + 4, fitted(chart.rows[i].label, 12, label_width + 2), "label", Anchor::kEnd);
    draw_row(canvas, chart.rows[i], scale, left, right, middle, kRow * 0.42);
  }
  if (chart.rows.empty()) canvas.text((left + right) / 2, top + kRow, "no data", "muted", Anchor::kMiddle);
  draw_color_bar(canvas, chart, right + 20, top + 4, bottom - 4);
  return bottom + (chart.value.label.empty() ? 0 : 20) + 16 + kChartMargin;
}

}  // namespace sinan::plot

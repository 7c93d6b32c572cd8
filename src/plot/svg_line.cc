#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plot/layout.h"
#include "plot/svg_charts.h"
#include "plot/svg_plane.h"

namespace sinan::plot {
namespace {

std::string stroke_class(const Line& line, size_t index) {
  if (line.dashed) return "curve dashed reference";
  if (line.faint) return "curve faint";
  return fmt::format("curve s{}", index % kSeriesColors);
}

// Names in rows above the plot; answers the y below them.
double draw_legend(SvgCanvas& canvas, const LineChart& chart) {
  const auto named = [](const auto& part) { return !part.name.empty(); };
  if (std::ranges::none_of(chart.lines, named) && std::ranges::none_of(chart.bands, named)) return canvas.top();
  double x = kChartMargin, y = canvas.top() + 10;
  const auto entry = [&](const std::string& full_name, const auto& draw_sign) {
    const std::string name = fitted(full_name, 12, canvas.width() / 2);
    const double width = 34 + text_width(name, 12) + 14;
    if (x > kChartMargin && x + width > canvas.width() - kChartMargin) {
      x = kChartMargin;
      y += 20;
    }
    draw_sign();
    canvas.text(x + 34, y, name);
    x += width;
  };
  for (size_t i = 0; i < chart.lines.size(); ++i) {
    if (!named(chart.lines[i])) continue;
    entry(chart.lines[i].name, [&] { canvas.line(x, y - 4, x + 26, y - 4, stroke_class(chart.lines[i], i)); });
  }
  for (const Band& band : chart.bands) {
    if (!named(band)) continue;
    entry(band.name, [&] { canvas.rect(x, y - 10, 26, 12, fmt::format("band f{}", band.line % kSeriesColors), ""); });
  }
  return y + 16;
}

// Points closer than half a pixel to the last drawn one are skipped; a point that cannot be shown interrupts the line.
void draw_line(SvgCanvas& canvas, const Line& line, size_t index, const SvgArea& area, const Scale& x_scale,
               const Scale& y_scale) {
  std::string data;
  bool pen_down = false;
  size_t in_piece = 0;
  double last_x = 0, last_y = 0;
  const auto end_piece = [&] {
    if (in_piece == 1) canvas.circle(last_x, last_y, 3, fmt::format("f{}", line.dashed ? 6 : index % kSeriesColors));
    in_piece = 0;
    pen_down = false;
  };
  for (size_t i = 0; i < line.x.size(); ++i) {
    if (!x_scale.shows(line.x[i]) || !y_scale.shows(line.y[i])) {
      end_piece();
      continue;
    }
    const double x = area.x(x_scale, line.x[i]), y = area.y(y_scale, line.y[i]);
    const bool last = i + 1 == line.x.size();
    if (pen_down && !last && std::abs(x - last_x) + std::abs(y - last_y) < 0.5) continue;
    data += fmt::format("{}{} {}", pen_down ? "L" : "M", number(x), number(y));
    pen_down = true;
    last_x = x;
    last_y = y;
    ++in_piece;
  }
  end_piece();
  if (!data.empty()) canvas.path(data, stroke_class(line, index));
}

// Along the upper line and back along the lower one; points that cannot be shown are left out, values beyond the axis lie on
// its end.
void draw_band(SvgCanvas& canvas, const Band& band, const SvgArea& area, const Scale& x_scale, const Scale& y_scale) {
  std::string there, back;
  for (size_t i = 0; i < band.x.size(); ++i) {
    if (!x_scale.shows(band.x[i]) || !std::isfinite(band.low[i]) || !std::isfinite(band.high[i])) continue;
    const std::string x = number(area.x(x_scale, band.x[i]));
    there += fmt::format("{}{} {}", there.empty() ? "M" : "L", x, number(area.y(y_scale, band.high[i])));
    back = fmt::format("L{} {}", x, number(area.y(y_scale, band.low[i]))) + back;
  }
  if (!there.empty()) canvas.path(there + back + "Z", fmt::format("band f{}", band.line % kSeriesColors));
}

}  // namespace

double draw(SvgCanvas& canvas, const LineChart& chart) {
  const Scale x_scale = Scale::make(chart.x, x_range(chart), 8, false);
  const Scale y_scale = Scale::make(chart.y, y_range(chart), 6, true);
  const double top = draw_legend(canvas, chart);
  const SvgArea area = area_below(canvas, top, y_scale, chart.y, canvas.width() * 0.5);
  canvas.y_axis(y_scale, area.left, area.right, area.top, area.bottom, chart.y.label);
  canvas.x_axis(x_scale, area.left, area.right, area.top, area.bottom, chart.x.label);
  if (x_range(chart).empty()) {
    canvas.text((area.left + area.right) / 2, (area.top + area.bottom) / 2, "no data", "muted", Anchor::kMiddle);
  }
  for (const Band& band : chart.bands) draw_band(canvas, band, area, x_scale, y_scale);
  for (const size_t i : drawing_order(chart)) draw_line(canvas, chart.lines[i], i, area, x_scale, y_scale);
  return below(area, chart.x);
}

double draw(SvgCanvas& canvas, const Histogram& chart) {
  Range counts = range_of(chart.counts);
  counts.add(0);
  const Axis count_axis{.label = "", .min = 0, .max = std::nullopt, .log = false};
  const Scale x_scale = Scale::make(chart.x, range_of(chart.edges), 8, false);
  const Scale y_scale = Scale::make(count_axis, counts, 5, true);
  const SvgArea area = area_below(canvas, canvas.top(), y_scale, count_axis, canvas.width() * 0.4);
  canvas.y_axis(y_scale, area.left, area.right, area.top, area.bottom, "");
  canvas.x_axis(x_scale, area.left, area.right, area.top, area.bottom, chart.x.label);
  if (chart.counts.empty()) {
    canvas.text((area.left + area.right) / 2, (area.top + area.bottom) / 2, "no data", "muted", Anchor::kMiddle);
  }
  for (size_t i = 0; i < chart.counts.size(); ++i) {
    if (!std::isfinite(chart.counts[i]) || !std::isfinite(chart.edges[i]) || !std::isfinite(chart.edges[i + 1]))
      continue;
    const double from = area.x(x_scale, chart.edges[i]), to = area.x(x_scale, chart.edges[i + 1]);
    const double y = area.y(y_scale, chart.counts[i]);
    const double gap = to - from > 4 ? 1 : 0;
    canvas.rect(from + gap / 2, y, std::max(to - from - gap, 0.5), area.bottom - y, "f0",
                fmt::format("{} to {}: {}", format_value(chart.edges[i]), format_value(chart.edges[i + 1]),
                            format_value(chart.counts[i])));
  }
  canvas.line(area.left, area.bottom, area.right, area.bottom, "axis");
  return below(area, chart.x);
}

}  // namespace sinan::plot

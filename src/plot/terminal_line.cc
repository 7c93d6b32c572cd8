#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "plot/layout.h"
#include "plot/terminal_charts.h"
#include "plot/terminal_plane.h"

namespace sinan::plot {
namespace {

char mark_of(size_t index) { return "*+xo#@%"[index % 7]; }
Ink ink_of(const Line& line, size_t index) { return line.dashed || line.faint ? kDim : series_ink(index); }

void draw_legend(TerminalGrid& grid, const LineChart& chart) {
  size_t column = 0, row = grid.next();
  for (size_t i = 0; i < chart.lines.size(); ++i) {
    const Line& line = chart.lines[i];
    if (line.name.empty()) continue;
    const std::string name = shortened(line.name, grid.width() / 2);
    const size_t needed = 3 + display_width(name);
    if (column > 0 && column + needed > grid.width()) {
      column = 0;
      ++row;
    }
    const char mark = line.dashed ? '.' : mark_of(i);
    grid.put(row, column, grid.glyph(line.dashed ? "┄┄" : "━━", std::string_view(&mark, 1)), ink_of(line, i));
    column = grid.put(row, column + 3, name) + 3;
  }
  for (const Band& band : chart.bands) {
    if (band.name.empty()) continue;
    const std::string name = shortened(band.name, grid.width() / 2);
    if (column > 0 && column + 3 + display_width(name) > grid.width()) {
      column = 0;
      ++row;
    }
    grid.put(row, column, grid.glyph("┄┄", "."), kDim);
    column = grid.put(row, column + 3, name) + 3;
  }
}

}  // namespace

void draw(TerminalGrid& grid, const LineChart& chart) {
  draw_legend(grid, chart);
  TerminalPlane plane(grid, chart.x, x_range(chart), chart.y, y_range(chart));
  const auto draw_points = [&](const std::vector<double>& xs, const std::vector<double>& ys, Ink ink, char mark,
                               int stride) {
    bool pen_down = false;
    int last_x = 0, last_y = 0;
    for (size_t point = 0; point < xs.size(); ++point) {
      const bool shown = plane.shows(xs[point], ys[point]);
      if (shown) {
        const int x = plane.x(xs[point]), y = plane.y(ys[point]);
        if (pen_down)
          plane.dots().line(last_x, last_y, x, y, ink, mark, stride);
        else
          plane.dots().set(x, y, ink, mark);
        last_x = x;
        last_y = y;
      }
      pen_down = shown;
    }
  };
  // A band is its two borders.
  for (const Band& band : chart.bands) {
    draw_points(band.x, band.low, kDim, '.', 3);
    draw_points(band.x, band.high, kDim, '.', 3);
  }
  for (const size_t i : drawing_order(chart)) {
    const Line& line = chart.lines[i];
    draw_points(line.x, line.y, ink_of(line, i), line.dashed || line.faint ? '.' : mark_of(i), line.dashed ? 3 : 1);
  }
  plane.finish(grid, x_range(chart).empty());
}

void draw(TerminalGrid& grid, const Scatter& chart) {
  TerminalPlane plane(grid, chart.x, range_of(chart.xs), chart.y, range_of(chart.ys));
  bool any = false;
  for (size_t i = 0; i < chart.xs.size(); ++i) {
    if (!plane.shows(chart.xs[i], chart.ys[i])) continue;
    any = true;
    const Ink ink = chart.color.empty()             ? series_ink(0)
                    : std::isfinite(chart.color[i]) ? shade_ink(static_cast<double>(chart.color[i]))
                                                    : kDim;
    plane.dots().set(plane.x(chart.xs[i]), plane.y(chart.ys[i]), ink, '*');
  }
  plane.finish(grid, !any);
  if (!chart.color.empty()) draw_shade_key(grid, plane.left(), chart.low_label, chart.high_label, chart.color_title);
}

}  // namespace sinan::plot

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/strings.h"
#include "plot/layout.h"
#include "plot/terminal_charts.h"

namespace sinan::plot {
namespace {

// Dots in cells of 2 × 4 (Braille), or one mark a cell where there is only ASCII.
class DotArea {
 public:
  DotArea(size_t columns, size_t lines, bool braille)
      : columns_(columns),
        lines_(lines),
        across_(braille ? 2 : 1),
        down_(braille ? 4 : 1),
        braille_(braille),
        cells_(columns * lines) {}

  int width() const { return static_cast<int>(columns_ * across_); }
  int height() const { return static_cast<int>(lines_ * down_); }

  void set(int x, int y, Ink ink, char mark) {
    // Dots of a Braille cell, by column and row, as bits of U+2800.
    constexpr uint8_t kBits[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};
    if (x < 0 || y < 0 || x >= width() || y >= height()) return;
    const auto column = static_cast<size_t>(x), row = static_cast<size_t>(y);
    Cell& cell = cells_[row / down_ * columns_ + column / across_];
    cell.bits = static_cast<uint8_t>(cell.bits | (braille_ ? kBits[column % 2][row % 4] : 1));
    cell.mark = mark;
    cell.ink = ink;
  }

  // Bresenham's; every `stride`-th dot.
  void line(int x1, int y1, int x2, int y2, Ink ink, char mark, int stride) {
    const int dx = std::abs(x2 - x1), dy = -std::abs(y2 - y1);
    const int step_x = x1 < x2 ? 1 : -1, step_y = y1 < y2 ? 1 : -1;
    int error = dx + dy;
    for (int i = 0;; ++i) {
      if (i % stride == 0) set(x1, y1, ink, mark);
      if (x1 == x2 && y1 == y2) return;
      const int doubled = 2 * error;
      if (doubled >= dy) {
        error += dy;
        x1 += step_x;
      }
      if (doubled <= dx) {
        error += dx;
        y1 += step_y;
      }
    }
  }

  void paint(TerminalGrid& grid, size_t line, size_t column) const {
    for (size_t i = 0; i < cells_.size(); ++i) {
      const Cell& cell = cells_[i];
      if (cell.bits == 0) continue;
      const char32_t point = 0x2800 + cell.bits;
      const char utf8[] = {static_cast<char>(0xe0 | (point >> 12)), static_cast<char>(0x80 | ((point >> 6) & 0x3f)),
                           static_cast<char>(0x80 | (point & 0x3f))};
      grid.put(line + i / columns_, column + i % columns_,
               braille_ ? std::string_view(utf8, 3) : std::string_view(&cell.mark, 1), cell.ink);
    }
  }

 private:
  struct Cell {
    uint8_t bits = 0;
    char mark = '*';
    Ink ink;
  };
  size_t columns_, lines_, across_, down_;
  bool braille_;
  std::vector<Cell> cells_;
};

char mark_of(size_t index) { return "*+xo#@%"[index % 7]; }
Ink ink_of(const Line& line, size_t index) { return line.dashed ? kDim : series_ink(index); }

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
  const auto lines = static_cast<size_t>(std::clamp(grid.options().height, 3, 200));
  const Scale y_scale = Scale::make(chart.y, y_range(chart), std::max(static_cast<int>(lines) / 4, 2), true);
  size_t label_columns = 0;
  for (const Tick& tick : y_scale.ticks()) label_columns = std::max(label_columns, display_width(tick.label));
  const size_t left = std::min(label_columns + 2, grid.width() - 1);
  const size_t columns = grid.width() - left;
  const Scale x_scale = Scale::make(chart.x, x_range(chart), std::max(static_cast<int>(columns) / 12, 2), false);

  size_t top = grid.next();
  if (!chart.y.label.empty()) grid.put_within(top++, 0, grid.width(), chart.y.label);
  for (size_t i = 0; i < lines; ++i) grid.put(top + i, left - 1, grid.glyph("│", "|"), kDim);
  for (const Tick& tick : y_scale.ticks()) {
    const auto from_top =
        static_cast<size_t>(std::lround((1 - y_scale.at(tick.value)) * static_cast<double>(lines - 1)));
    grid.put(top + from_top, left - 1, grid.glyph("┤", "+"), kDim);
    if (left >= 2) grid.put_right(top + from_top, left - 1, tick.label, kDim);
  }

  DotArea dots(columns, lines, grid.options().unicode);
  const auto to_x = [&](double value) { return static_cast<int>(std::lround(x_scale.at(value) * (dots.width() - 1))); };
  const auto to_y = [&](double value) {
    return static_cast<int>(std::lround((1 - y_scale.at(value)) * (dots.height() - 1)));
  };
  const auto draw_points = [&](const std::vector<double>& xs, const std::vector<double>& ys, Ink ink, char mark,
                               int stride) {
    bool pen_down = false;
    int last_x = 0, last_y = 0;
    for (size_t point = 0; point < xs.size(); ++point) {
      const bool shown = x_scale.shows(xs[point]) && y_scale.shows(ys[point]);
      if (shown) {
        const int x = to_x(xs[point]), y = to_y(ys[point]);
        if (pen_down)
          dots.line(last_x, last_y, x, y, ink, mark, stride);
        else
          dots.set(x, y, ink, mark);
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
  for (const bool dashed : {true, false}) {
    for (size_t i = 0; i < chart.lines.size(); ++i) {
      const Line& line = chart.lines[i];
      if (line.dashed == dashed)
        draw_points(line.x, line.y, ink_of(line, i), dashed ? '.' : mark_of(i), dashed ? 3 : 1);
    }
  }
  dots.paint(grid, top, left);
  if (x_range(chart).empty())
    grid.put(top + lines / 2, left + columns / 2 - std::min<size_t>(columns / 2, 4), "no data", kDim);
  grid.put(top + lines, left - 1, grid.glyph("└", "+"), kDim);
  grid.x_axis(top + lines, left, columns, x_scale, chart.x.label);
}

}  // namespace sinan::plot

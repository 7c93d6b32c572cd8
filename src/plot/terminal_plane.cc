#include "plot/terminal_plane.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/strings.h"
#include "plot/layout.h"

namespace sinan::plot {

DotArea::DotArea(size_t columns, size_t lines, bool braille)
    : columns_(columns),
      lines_(lines),
      across_(braille ? 2 : 1),
      down_(braille ? 4 : 1),
      braille_(braille),
      cells_(columns * lines) {}

void DotArea::set(int x, int y, Ink ink, char mark) {
  // Dots of a Braille cell, by column and row, as bits of U+2800.
  constexpr uint8_t kBits[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};
  if (x < 0 || y < 0 || x >= width() || y >= height()) return;
  const auto column = static_cast<size_t>(x), row = static_cast<size_t>(y);
  Cell& cell = cells_[row / down_ * columns_ + column / across_];
  cell.bits = static_cast<uint8_t>(cell.bits | (braille_ ? kBits[column % 2][row % 4] : 1));
  cell.mark = mark;
  cell.ink = ink;
}

void DotArea::line(int x1, int y1, int x2, int y2, Ink ink, char mark, int stride) {
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

void DotArea::paint(TerminalGrid& grid, size_t line, size_t column) const {
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

TerminalPlane::TerminalPlane(TerminalGrid& grid, const Axis& x, const Range& xs, const Axis& y, const Range& ys)
    : lines_(static_cast<size_t>(std::clamp(grid.options().height, 3, 200))),
      left_(0),
      columns_(0),
      top_(0),
      y_scale_(Scale::make(y, ys, std::max(static_cast<int>(lines_) / 4, 2), true)),
      x_label_(x.label),
      dots_(0, 0, grid.options().unicode) {
  size_t label_columns = 0;
  for (const Tick& tick : y_scale_.ticks()) label_columns = std::max(label_columns, display_width(tick.label));
  left_ = std::min(label_columns + 2, grid.width() - 1);
  columns_ = grid.width() - left_;
  x_scale_ = Scale::make(x, xs, std::max(static_cast<int>(columns_) / 12, 2), false);
  dots_ = DotArea(columns_, lines_, grid.options().unicode);

  top_ = grid.next();
  if (!y.label.empty()) grid.put_within(top_++, 0, grid.width(), y.label);
  for (size_t i = 0; i < lines_; ++i) grid.put(top_ + i, left_ - 1, grid.glyph("│", "|"), kDim);
  for (const Tick& tick : y_scale_.ticks()) {
    const auto from_top =
        static_cast<size_t>(std::lround((1 - y_scale_.at(tick.value)) * static_cast<double>(lines_ - 1)));
    grid.put(top_ + from_top, left_ - 1, grid.glyph("┤", "+"), kDim);
    if (left_ >= 2) grid.put_right(top_ + from_top, left_ - 1, shortened(tick.label, left_ - 1), kDim);
  }
}

int TerminalPlane::x(double value) const {
  return static_cast<int>(std::lround(x_scale_.at(value) * (dots_.width() - 1)));
}

int TerminalPlane::y(double value) const {
  return static_cast<int>(std::lround((1 - y_scale_.at(value)) * (dots_.height() - 1)));
}

void TerminalPlane::finish(TerminalGrid& grid, bool is_empty) const {
  dots_.paint(grid, top_, left_);
  if (is_empty) grid.put(top_ + lines_ / 2, left_ + columns_ / 2 - std::min<size_t>(columns_ / 2, 4), "no data", kDim);
  grid.put(top_ + lines_, left_ - 1, grid.glyph("└", "+"), kDim);
  grid.x_axis(top_ + lines_, left_, columns_, x_scale_, x_label_);
}

}  // namespace sinan::plot

// What lines and points are drawn on in the terminal: dots in cells, and a plotting area of them with two axes. Used by the
// terminal_*.cc files only.
#pragma once

#include <cstdint>
#include <vector>

#include "plot/scale.h"
#include "plot/terminal_grid.h"

namespace sinan::plot {

// Dots in cells of 2 × 4 (Braille), or one mark a cell where there is only ASCII.
class DotArea {
 public:
  DotArea(size_t columns, size_t lines, bool braille);

  int width() const { return static_cast<int>(columns_ * across_); }
  int height() const { return static_cast<int>(lines_ * down_); }

  void set(int x, int y, Ink ink, char mark);  // outside of the area: nothing
  // Bresenham's; every `stride`-th dot.
  void line(int x1, int y1, int x2, int y2, Ink ink, char mark, int stride);
  void paint(TerminalGrid& grid, size_t line, size_t column) const;

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

class TerminalPlane {
 public:
  // Draws the y axis from grid.next() on.
  TerminalPlane(TerminalGrid& grid, const Axis& x, const Range& xs, const Axis& y, const Range& ys);
  bool shows(double x, double y) const { return x_scale_.shows(x) && y_scale_.shows(y); }
  // Dots of the area.
  int x(double value) const;
  int y(double value) const;
  DotArea& dots() { return dots_; }
  size_t left() const { return left_; }
  // Paints the dots and the x axis.
  void finish(TerminalGrid& grid, bool is_empty) const;

 private:
  size_t lines_, left_, columns_, top_;
  Scale x_scale_, y_scale_;
  std::string x_label_;
  DotArea dots_;
};

}  // namespace sinan::plot

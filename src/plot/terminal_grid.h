// TerminalGrid: the lines of one chart while it is drawn: cells with a grapheme and an ink, as many lines as are
// written to, never wider than the terminal. Used by the terminal*.cc files only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plot/scale.h"
#include "plot/terminal.h"

namespace sinan::plot {

// Colours are of the 256-colour palette; -1 = the terminal's own.
struct Ink {
  int16_t foreground = -1;
  int16_t background = -1;
  bool bold = false;
  bool dim = false;
  friend bool operator==(const Ink&, const Ink&) = default;
};

inline constexpr Ink kDim{.dim = true};
inline constexpr Ink kBold{.bold = true};
Ink series_ink(size_t index);
Ink shade_ink(double part);  // low (0, blue) to high (1, red)

class TerminalGrid {
 public:
  explicit TerminalGrid(const TerminalOptions& options);

  size_t width() const { return width_; }
  const TerminalOptions& options() const { return options_; }
  // The first free line; put() writes to any.
  size_t next() const { return cells_.size(); }

  // Writes printable text, cut at the right edge, nothing beyond it; answers the column behind it.
  size_t put(size_t line, size_t column, std::string_view text, Ink ink = {});
  void put_right(size_t line, size_t end_column, std::string_view text, Ink ink = {});
  // At most `columns` wide, with "…" where it is cut.
  size_t put_within(size_t line, size_t column, size_t columns, std::string_view text, Ink ink = {});
  // One of two spellings of a glyph, as the terminal allows.
  std::string_view glyph(std::string_view unicode, std::string_view ascii) const {
    return options_.unicode ? unicode : ascii;
  }
  // A horizontal bar of `length` columns in eighths; answers the column behind it.
  size_t bar(size_t line, size_t column, double length, Ink ink);
  // Tick labels of a horizontal axis whose plotting area is [left, left + columns), without overlaps; two lines.
  void x_axis(size_t line, size_t left, size_t columns, const Scale& scale, std::string_view label);

  std::string text() const;  // all lines, each ended by '\n', without trailing blanks

 private:
  struct Cell {
    std::string glyph = " ";  // empty: the right half of a wide one
    Ink ink;
  };
  TerminalOptions options_;
  size_t width_;
  std::vector<std::vector<Cell>> cells_;
};

// "low ███████ high" on the next line, where there are colours: without them it would mean nothing.
void draw_shade_key(TerminalGrid& grid, size_t column, std::string_view low, std::string_view high,
                    std::string_view title = {});

}  // namespace sinan::plot

#include <algorithm>
#include <array>
#include <cmath>

#include "base/strings.h"
#include "plot/layout.h"
#include "plot/terminal_charts.h"

namespace sinan::plot {
namespace {

// Low (blue) to high (red) of the 256-colour palette.
constexpr std::array<int16_t, 7> kShades = {33, 69, 105, 134, 168, 198, 197};

Ink shade(double part) {
  const auto index = static_cast<size_t>(std::lround(std::clamp(part, 0.0, 1.0) * (kShades.size() - 1)));
  return {.foreground = kShades[index]};
}

}  // namespace

// A row is a strip: the height of a block says how many points are there, its colour their mean feature value.
void draw(TerminalGrid& grid, const Beeswarm& chart) {
  constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::array<std::string_view, 8> kAscii = {".", ".", ":", "-", "=", "+", "*", "#"};
  if (chart.rows.empty()) {
    grid.put(grid.next(), 0, "no data", kDim);
    return;
  }
  size_t label_columns = 0;
  for (const Beeswarm::Row& row : chart.rows)
    label_columns = std::max(label_columns, display_width(printable(row.label)));
  label_columns = std::min(label_columns, grid.width() / 3);
  const size_t left = std::min(label_columns + 2, grid.width() - 1), columns = grid.width() - left;
  const Scale scale = Scale::make(chart.value, value_range(chart), std::max(static_cast<int>(columns) / 12, 2), false);
  const auto column_of = [&](double value) {
    return static_cast<size_t>(std::lround(scale.at(value) * static_cast<double>(columns - 1)));
  };

  const size_t top = grid.next();
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const Beeswarm::Row& row = chart.rows[i];
    struct Pile {
      double points = 0, colored = 0, color = 0;
    };
    std::vector<Pile> piles(columns);
    double most = 1;
    for (size_t point = 0; point < row.x.size(); ++point) {
      if (!std::isfinite(row.x[point])) continue;
      Pile& pile = piles[column_of(row.x[point])];
      most = std::max(most, ++pile.points);
      if (std::isfinite(row.color[point])) {
        pile.colored += 1;
        pile.color += row.color[point];
      }
    }
    grid.put_right(top + i, label_columns, shortened(row.label, label_columns));
    grid.put(top + i, left + column_of(0), grid.glyph("│", "|"), kDim);
    for (size_t column = 0; column < columns; ++column) {
      const Pile& pile = piles[column];
      if (pile.points == 0) continue;
      const auto level = static_cast<size_t>(std::lround(std::sqrt(pile.points / most) * 7));
      grid.put(top + i, left + column, grid.glyph(kBlocks[level], kAscii[level]),
               pile.colored > 0 ? shade(pile.color / pile.colored) : kDim);
    }
  }
  const size_t axis = top + chart.rows.size();
  grid.x_axis(axis, left, columns, scale, chart.value.label);
  size_t column = left;
  const size_t key = grid.next();
  if (!grid.options().color) return;  // without colours the key means nothing
  column = grid.put_within(key, column, 16, chart.low_label, kDim) + 1;
  for (const int16_t color : kShades) column = grid.put(key, column, grid.glyph("█", "#"), {.foreground = color});
  grid.put_within(key, column + 1, 16, chart.high_label, kDim);
}

}  // namespace sinan::plot

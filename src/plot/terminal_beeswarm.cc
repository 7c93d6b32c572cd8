#include <algorithm>
#include <array>
#include <cmath>

#include "base/strings.h"
#include "plot/layout.h"
#include "plot/terminal_charts.h"

namespace sinan::plot {
namespace {

constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kAscii = {".", ".", ":", "-", "=", "+", "*", "#"};

// What a chart of strips, one a feature, has in common.
struct Strips {
  size_t label_columns = 0, left = 0, columns = 0;
  Scale scale;

  Strips(const TerminalGrid& grid, const std::vector<std::string>& labels, const Axis& value, const Range& range) {
    for (const std::string& label : labels) label_columns = std::max(label_columns, display_width(printable(label)));
    label_columns = std::min(label_columns, grid.width() / 3);
    left = std::min(label_columns + 2, grid.width() - 1);
    columns = grid.width() - left;
    scale = Scale::make(value, range, std::max(static_cast<int>(columns) / 12, 2), false);
  }
  size_t column_of(double value) const {
    return static_cast<size_t>(std::lround(scale.at(value) * static_cast<double>(columns - 1)));
  }
  void draw_label(TerminalGrid& grid, size_t line, std::string_view label) const {
    grid.put_right(line, label_columns, shortened(label, label_columns));
    grid.put(line, left + column_of(0), grid.glyph("│", "|"), kDim);
  }
  // `level`: 0..1.
  void draw_block(TerminalGrid& grid, size_t line, size_t column, double level, double color) const {
    const auto block = static_cast<size_t>(std::lround(std::clamp(level, 0.0, 1.0) * 7));
    grid.put(line, left + column, grid.glyph(kBlocks[block], kAscii[block]),
             std::isfinite(color) ? shade_ink(color) : kDim);
  }
};

}  // namespace

// A row is a strip: the height of a block says how many points are there, its colour their mean feature value.
void draw(TerminalGrid& grid, const Beeswarm& chart) {
  if (chart.rows.empty()) {
    grid.put(grid.next(), 0, "no data", kDim);
    return;
  }
  std::vector<std::string> labels;
  for (const Beeswarm::Row& row : chart.rows) labels.push_back(row.label);
  const Strips strips(grid, labels, chart.value, value_range(chart));

  const size_t top = grid.next();
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const Beeswarm::Row& row = chart.rows[i];
    struct Pile {
      double points = 0, colored = 0, color = 0;
    };
    std::vector<Pile> piles(strips.columns);
    double most = 1;
    for (size_t point = 0; point < row.x.size(); ++point) {
      if (!std::isfinite(row.x[point])) continue;
      Pile& pile = piles[strips.column_of(row.x[point])];
      most = std::max(most, ++pile.points);
      if (std::isfinite(row.color[point])) {
        pile.colored += 1;
        pile.color += row.color[point];
      }
    }
    strips.draw_label(grid, top + i, row.label);
    for (size_t column = 0; column < strips.columns; ++column) {
      const Pile& pile = piles[column];
      if (pile.points == 0) continue;
      strips.draw_block(grid, top + i, column, std::sqrt(pile.points / most),
                        pile.colored > 0 ? pile.color / pile.colored : std::nan(""));
    }
  }
  grid.x_axis(top + chart.rows.size(), strips.left, strips.columns, strips.scale, chart.value.label);
  draw_shade_key(grid, strips.left, chart.low_label, chart.high_label);
}

// A strip again: the height of a block is the shape's, its colour the mean feature value there.
void draw(TerminalGrid& grid, const Violin& chart) {
  if (chart.rows.empty()) {
    grid.put(grid.next(), 0, "no data", kDim);
    return;
  }
  std::vector<std::string> labels;
  for (const Violin::Row& row : chart.rows) labels.push_back(row.label);
  const Strips strips(grid, labels, chart.value, value_range(chart));
  const size_t top = grid.next();
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const Violin::Row& row = chart.rows[i];
    strips.draw_label(grid, top + i, row.label);
    // A column shows the highest of the points in it; columns between two points show the first of them.
    std::vector<size_t> point(strips.columns, row.x.size());
    size_t last = 0;
    for (size_t at = 0; at < row.x.size(); ++at) {
      if (!std::isfinite(row.x[at]) || !(row.density[at] > 0)) continue;
      const size_t column = strips.column_of(row.x[at]);
      for (size_t between = last; at > 0 && between < column; ++between)
        if (point[between] == row.x.size() && between > strips.column_of(row.x[at - 1])) point[between] = at - 1;
      if (point[column] == row.x.size() || row.density[at] > row.density[point[column]]) point[column] = at;
      last = column;
    }
    for (size_t column = 0; column < strips.columns; ++column) {
      if (point[column] == row.x.size() || !(row.density[point[column]] >= 0.01)) continue;
      strips.draw_block(grid, top + i, column, row.density[point[column]],
                        static_cast<double>(row.color[point[column]]));
    }
  }
  grid.x_axis(top + chart.rows.size(), strips.left, strips.columns, strips.scale, chart.value.label);
  draw_shade_key(grid, strips.left, chart.low_label, chart.high_label);
}

}  // namespace sinan::plot

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "plot/layout.h"
#include "plot/terminal_charts.h"
#include "plot/terminal_plane.h"

namespace sinan::plot {

// A line of text a feature; the ways run through the lines from the bottom up.
void draw(TerminalGrid& grid, const Decision& chart) {
  if (chart.labels.empty() || chart.paths.empty()) {
    grid.put(grid.next(), 0, "no data", kDim);
    return;
  }
  size_t label_columns = 0;
  for (const std::string& label : chart.labels)
    label_columns = std::max(label_columns, display_width(printable(label)));
  label_columns = std::min(label_columns, grid.width() * 2 / 5);
  const size_t left = std::min(label_columns + 2, grid.width() - 1), columns = grid.width() - left;
  const size_t lines = chart.labels.size(), top = grid.next();
  const Scale scale = Scale::make(chart.value, value_range(chart), std::max(static_cast<int>(columns) / 12, 2), true);

  DotArea dots(columns, lines, grid.options().unicode);
  const auto to_x = [&](double value) { return static_cast<int>(std::lround(scale.at(value) * (dots.width() - 1))); };
  const auto to_y = [&](size_t step) {
    const double part = 1 - static_cast<double>(step) / static_cast<double>(lines);
    return static_cast<int>(std::lround(part * (dots.height() - 1)));
  };
  const int base = to_x(chart.base);
  dots.line(base, 0, base, dots.height() - 1, kDim, '.', 2);
  for (const Decision::Path& path : chart.paths) {
    const Ink ink = std::isfinite(path.color) ? shade_ink(static_cast<double>(path.color)) : kDim;
    for (size_t i = 0; i + 1 < path.x.size(); ++i) {
      if (!std::isfinite(path.x[i]) || !std::isfinite(path.x[i + 1])) continue;
      dots.line(to_x(path.x[i]), to_y(i), to_x(path.x[i + 1]), to_y(i + 1), ink, '*', 1);
    }
  }
  for (size_t i = 0; i < lines; ++i) grid.put_right(top + i, label_columns, shortened(chart.labels[i], label_columns));
  dots.paint(grid, top, left);
  grid.x_axis(top + lines, left, columns, scale, chart.value.label);
}

void draw(TerminalGrid& grid, const Force& chart) {
  if (chart.parts.empty()) {
    grid.put(grid.next(), 0, "no data", kDim);
    return;
  }
  const Scale scale =
      Scale::make(chart.value, value_range(chart), std::max(static_cast<int>(grid.width()) / 12, 2), false);
  const auto column_of = [&](double value) {
    return static_cast<size_t>(std::lround(scale.at(value) * static_cast<double>(grid.width() - 1)));
  };
  const Ink up = shade_ink(1), down = shade_ink(0);
  const size_t marks = grid.next();
  const auto mark = [&](double value, const std::string& text, Ink ink) {
    const size_t width = std::min(display_width(text), grid.width());
    const size_t at = column_of(value), begin = std::min(at - std::min(at, width / 2), grid.width() - width);
    grid.put(marks, begin, text, ink);
  };
  mark(chart.base, "base " + format_value(chart.base), kDim);
  mark(chart.output, "f(x) = " + format_value(chart.output), kBold);
  const auto spans = force_spans(chart);
  for (size_t i = 0; i < spans.size(); ++i) {
    if (spans[i].first == spans[i].second) continue;
    const bool is_up = chart.parts[i].amount > 0;
    const size_t from = column_of(spans[i].first), to = column_of(spans[i].second);
    for (size_t column = from; column < to; ++column)
      grid.put(marks + 1, column, is_up ? grid.glyph("█", ">") : grid.glyph("▓", "<"), is_up ? up : down);
    // Where a part ends: a thin gap would be a whole column.
    if (to > from + 1 && grid.options().unicode)
      grid.put(marks + 1, is_up ? from : to - 1, is_up ? "▐" : "▌", is_up ? up : down);
  }
  grid.x_axis(marks + 2, 0, grid.width(), scale, chart.value.label);
  for (const Force::Part& part : chart.parts) {
    const bool is_up = part.amount > 0;
    const std::string amount = (is_up ? "+" : "") + format_value(part.amount);
    const size_t line = grid.next();
    grid.put_right(line, 10, amount, is_up ? up : down);
    grid.put_within(line, 12, grid.width() - std::min<size_t>(12, grid.width()), part.label);
  }
}

}  // namespace sinan::plot

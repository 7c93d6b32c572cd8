#include <algorithm>
#include <array>
#include <cmath>

#include "base/strings.h"
#include "plot/layout.h"
#include "plot/terminal_charts.h"

namespace sinan::plot {

void draw(TerminalGrid& grid, const BarChart& chart) {
  if (chart.values.empty()) {
    grid.put(grid.next(), 0, "no data", kDim);
    return;
  }
  const Scale scale = Scale::make(chart.value, value_range(chart), 4, false);
  const auto text_of = [&](size_t i) {
    std::string text = format_value(chart.values[i]);
    return chart.spread.empty() ? text : text + " ± " + format_value(chart.spread[i]);
  };
  size_t label_columns = 0, value_columns = 0;
  bool negative = false;
  for (size_t i = 0; i < chart.values.size(); ++i) {
    label_columns = std::max(label_columns, display_width(printable(chart.labels[i])));
    value_columns = std::max(value_columns, display_width(text_of(i)));
    negative = negative || chart.values[i] < 0;
  }
  label_columns = std::min(label_columns, grid.width() * 2 / 5);
  const size_t left = label_columns + 1 + (negative ? value_columns + 1 : 0);
  const size_t needed = left + value_columns + 1;
  const auto columns = static_cast<double>(grid.width() > needed ? grid.width() - needed : 0);
  const double zero = scale.at(0) * columns;

  const size_t first = grid.next();
  for (size_t i = 0; i < chart.values.size(); ++i) {
    const double value = chart.values[i];
    const size_t line = first + i;
    grid.put_right(line, label_columns, shortened(chart.labels[i], label_columns));
    if (std::isnan(value)) {
      grid.put(line, left + static_cast<size_t>(zero), "–", kDim);
      continue;
    }
    const double end = scale.at(value) * columns;
    if (value < 0) {  // eighths grow rightwards only: bars to the left are whole columns
      const auto from = static_cast<size_t>(std::lround(end)), to = static_cast<size_t>(std::lround(zero));
      for (size_t column = from; column < to; ++column)
        grid.put(line, left + column, grid.glyph("█", "#"), series_ink(1));
      grid.put_right(line, left + from > 0 ? left + from - 1 : 0, text_of(i), kDim);
    } else {
      const auto from = static_cast<size_t>(std::lround(zero));
      const size_t behind = grid.bar(line, left + from, end - static_cast<double>(from), series_ink(0));
      grid.put(line, behind + 1, text_of(i), kDim);
    }
  }
  if (!chart.value.label.empty())
    grid.put_within(grid.next(), left, grid.width() - std::min(left, grid.width()), chart.value.label, kDim);
}

void draw(TerminalGrid& grid, const Histogram& chart) {
  constexpr std::array<std::string_view, 9> kEighths = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (chart.counts.empty()) {
    grid.put(grid.next(), 0, "no data", kDim);
    return;
  }
  const auto lines = static_cast<size_t>(std::clamp(grid.options().height / 2, 3, 100));
  Range counts = range_of(chart.counts);
  counts.add(0);
  const Scale y_scale = Scale::make(Axis{.label = "", .min = 0, .max = std::nullopt, .log = false}, counts, 3, true);
  const Scale x_scale =
      Scale::make(chart.x, range_of(chart.edges), std::max(static_cast<int>(grid.width()) / 14, 2), false);
  size_t label_columns = 0;
  for (const Tick& tick : y_scale.ticks()) label_columns = std::max(label_columns, display_width(tick.label));
  const size_t left = std::min(label_columns + 2, grid.width() - 1), columns = grid.width() - left, top = grid.next();
  for (size_t i = 0; i < lines; ++i) grid.put(top + i, left - 1, grid.glyph("│", "|"), kDim);
  for (const Tick& tick : y_scale.ticks()) {
    const auto from_top =
        static_cast<size_t>(std::lround((1 - y_scale.at(tick.value)) * static_cast<double>(lines - 1)));
    if (left >= 2) grid.put_right(top + from_top, left - 1, tick.label, kDim);
  }
  // A column shows the tallest of the bins whose range covers it.
  std::vector<double> heights(columns, 0);
  for (size_t i = 0; i < chart.counts.size(); ++i) {
    if (!std::isfinite(chart.counts[i]) || !std::isfinite(chart.edges[i]) || !std::isfinite(chart.edges[i + 1]))
      continue;
    const auto from = static_cast<size_t>(std::lround(x_scale.at(chart.edges[i]) * static_cast<double>(columns)));
    const auto to = static_cast<size_t>(std::lround(x_scale.at(chart.edges[i + 1]) * static_cast<double>(columns)));
    for (size_t column = std::min(from, columns - 1); column < std::min(std::max(to, from + 1), columns); ++column) {
      heights[column] = std::max(heights[column], y_scale.at(chart.counts[i]));
    }
  }
  for (size_t column = 0; column < columns; ++column) {
    auto eighths = static_cast<size_t>(std::lround(heights[column] * static_cast<double>(lines * 8)));
    if (eighths == 0 && heights[column] > 0) eighths = 1;
    for (size_t line = lines; line-- > 0 && eighths > 0;) {
      const size_t here = std::min<size_t>(eighths, 8);
      eighths -= here;
      grid.put(top + line, left + column, grid.glyph(kEighths[here], here >= 4 ? "#" : "."), series_ink(0));
    }
  }
  grid.put(top + lines, left - 1, grid.glyph("└", "+"), kDim);
  grid.x_axis(top + lines, left, columns, x_scale, chart.x.label);
}

}  // namespace sinan::plot

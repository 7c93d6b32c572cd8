#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/strings.h"
#include "plot/layout.h"
#include "plot/terminal_charts.h"

namespace sinan::plot {

void draw(TerminalGrid& grid, const Heatmap& chart) {
  // Dark to bright blues, all of them legible under white.
  constexpr std::array<int16_t, 6> kShades = {234, 17, 18, 19, 25, 32};
  constexpr size_t kMostRows = 40, kLeastCell = 6, kMostCell = 16;
  const size_t all_columns = chart.column_labels.size();
  if (chart.row_labels.empty() || all_columns == 0) {
    grid.put(grid.next(), 0, "no data", kDim);
    return;
  }
  size_t label_columns = display_width(printable(chart.row_title)), cell = kLeastCell;
  for (const std::string& label : chart.row_labels)
    label_columns = std::max(label_columns, display_width(printable(label)));
  for (const std::string& label : chart.column_labels) cell = std::max(cell, display_width(printable(label)) + 2);
  for (const double value : chart.values) cell = std::max(cell, heatmap_text(chart, value).size() + 2);
  label_columns = std::min(label_columns, grid.width() / 4);
  const size_t left = label_columns + 1, room = grid.width() > left ? grid.width() - left : 0;
  cell = std::min(cell, kMostCell);
  if (cell * all_columns > room) cell = std::max(kLeastCell, room / all_columns);
  const size_t columns = std::min(all_columns, room / cell), rows = std::min(chart.row_labels.size(), kMostRows);

  const auto centered = [&](size_t line, size_t column, size_t width, std::string_view text, Ink ink) {
    const std::string fit = shortened(text, width);
    grid.put(line, column + (width - display_width(fit)) / 2, fit, ink);
  };
  size_t line = grid.next();
  if (!chart.column_title.empty()) centered(line++, left, columns * cell, chart.column_title, kBold);
  grid.put_right(line, label_columns, shortened(chart.row_title, label_columns), kBold);
  for (size_t i = 0; i < columns; ++i) centered(line, left + i * cell, cell - 1, chart.column_labels[i], {});
  ++line;
  const std::vector<double> shares = heatmap_shares(chart);
  for (size_t row = 0; row < rows; ++row, line += 2) {
    grid.put_right(line, label_columns, shortened(chart.row_labels[row], label_columns));
    for (size_t column = 0; column < columns; ++column) {
      const double share = shares[row * all_columns + column];
      const auto level = static_cast<size_t>(std::lround(share * (kShades.size() - 1)));
      const Ink ink{.foreground = 255, .background = kShades[level], .bold = true};
      const Ink quiet{.foreground = 252, .background = kShades[level]};
      const size_t at = left + column * cell, width = cell - 1;
      if (grid.options().color) {
        grid.put(line, at, std::string(width, ' '), ink);
        grid.put(line + 1, at, std::string(width, ' '), quiet);
      }
      const double value = chart.values[row * all_columns + column];
      centered(line, at, width, heatmap_text(chart, value), ink);
      centered(line + 1, at, width,
               share < 0.9995 || share == 1 ? fmt::format("{:.{}f}%", share * 100, share == 1 ? 0 : 1) : ">99.9%",
               quiet);
    }
  }
  if (rows < chart.row_labels.size() || columns < all_columns) {
    grid.put_within(
        line, 0, grid.width(),
        fmt::format("the first {} × {} of {} × {} cells", rows, columns, chart.row_labels.size(), all_columns), kDim);
  }
}

}  // namespace sinan::plot

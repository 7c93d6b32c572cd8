#include "plot/terminal.h"

#include "plot/layout.h"
#include "plot/terminal_charts.h"

namespace sinan::plot {

std::string to_terminal(const Chart& chart, const TerminalOptions& options) {
  check_lengths(chart);
  TerminalGrid grid(options);
  if (!chart.title.empty()) grid.put_within(grid.next(), 0, grid.width(), chart.title, kBold);
  if (!chart.subtitle.empty()) grid.put_within(grid.next(), 0, grid.width(), chart.subtitle, kDim);
  std::visit([&](const auto& body) { draw(grid, body); }, chart.body);
  return grid.text();
}

}  // namespace sinan::plot

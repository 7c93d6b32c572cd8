// One function a kind of chart: draws it from grid.next() on.
#pragma once

#include "plot/chart.h"
#include "plot/terminal_grid.h"

namespace sinan::plot {

void draw(TerminalGrid& grid, const LineChart& chart);  // terminal_line.cc
void draw(TerminalGrid& grid, const Histogram& chart);  // terminal_bars.cc
void draw(TerminalGrid& grid, const BarChart& chart);
void draw(TerminalGrid& grid, const Beeswarm& chart);  // terminal_beeswarm.cc
void draw(TerminalGrid& grid, const Violin& chart);
void draw(TerminalGrid& grid, const Scatter& chart);   // terminal_line.cc
void draw(TerminalGrid& grid, const Decision& chart);  // terminal_decision.cc
void draw(TerminalGrid& grid, const Force& chart);
void draw(TerminalGrid& grid, const Heatmap& chart);   // terminal_heatmap.cc
void draw(TerminalGrid& grid, const Timeline& chart);  // terminal_timeline.cc

}  // namespace sinan::plot

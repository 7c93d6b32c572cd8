// A chart for the terminal: Unicode blocks and Braille dots, ANSI colours when wanted, plain ASCII where it must be.
#pragma once

#include <string>

#include "plot/chart.h"

namespace sinan::plot {

struct TerminalOptions {
  int width = 80;   // columns
  int height = 20;  // rows of the plotting area, where the chart does not decide it itself
  bool color = false;
  bool unicode = true;
};
// Lines ending in '\n', none wider than `width`.
std::string to_terminal(const Chart& chart, const TerminalOptions& options = {});

}  // namespace sinan::plot

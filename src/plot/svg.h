// SVG 1.1 of a chart: self-contained (no script, no external font or style sheet), readable on light and dark pages,
// every text escaped. Deterministic: the same chart gives the same bytes.
#pragma once

#include <string>

#include "plot/chart.h"

namespace sinan::plot {

struct SvgOptions {
  int width = 720;  // pixels; the height follows from the content
};
std::string to_svg(const Chart& chart, const SvgOptions& options = {});

}  // namespace sinan::plot

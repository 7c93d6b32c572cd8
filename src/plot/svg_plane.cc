#include "plot/svg_plane.h"

#include <algorithm>

#include "plot/svg_charts.h"

namespace sinan::plot {

SvgArea area_below(const SvgCanvas& canvas, double top, const Scale& y_scale, const Axis& y, double height,
                   double right_space) {
  double tick_width = 0;
  for (const Tick& tick : y_scale.ticks()) tick_width = std::max(tick_width, text_width(tick.label, 11));
  const double left = kChartMargin + tick_width + 12 + (y.label.empty() ? 0 : 22);
  return {left, canvas.width() - kChartMargin - 8 - right_space, top, top + height};
}

double below(const SvgArea& area, const Axis& x) {
  return area.bottom + (x.label.empty() ? 0 : 20) + 16 + kChartMargin;
}

}  // namespace sinan::plot

#include "plot/svg.h"

#include "plot/layout.h"
#include "plot/svg_canvas.h"
#include "plot/svg_charts.h"

namespace sinan::plot {

std::string to_svg(const Chart& chart, const SvgOptions& options) {
  check_lengths(chart);
  SvgCanvas canvas(chart, options.width);
  const double bottom = std::visit([&](const auto& body) { return draw(canvas, body); }, chart.body);
  return canvas.finish(bottom);
}

}  // namespace sinan::plot

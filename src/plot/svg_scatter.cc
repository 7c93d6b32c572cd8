#include <fmt/format.h>

#include <array>
#include <cmath>

#include "plot/layout.h"
#include "plot/svg_charts.h"
#include "plot/svg_plane.h"
#include "plot/svg_shades.h"

namespace sinan::plot {

double draw(SvgCanvas& canvas, const Scatter& chart) {
  const Scale x_scale = Scale::make(chart.x, range_of(chart.xs), 8, false);
  const Scale y_scale = Scale::make(chart.y, range_of(chart.ys), 6, true);
  const bool is_colored = !chart.color.empty();
  const SvgArea area =
      area_below(canvas, canvas.top(), y_scale, chart.y, canvas.width() * 0.5, is_colored ? kColorBarSpace - 24 : 0);
  canvas.y_axis(y_scale, area.left, area.right, area.top, area.bottom, chart.y.label);
  canvas.x_axis(x_scale, area.left, area.right, area.top, area.bottom, chart.x.label);

  std::array<std::string, kGreyShade + 1> dots;
  bool any = false;
  for (size_t i = 0; i < chart.xs.size(); ++i) {
    if (!x_scale.shows(chart.xs[i]) || !y_scale.shows(chart.ys[i])) continue;
    any = true;
    dots[static_cast<size_t>(is_colored ? shade_of(chart.color[i]) : 0)] +=
        fmt::format("M{} {}h0", number(area.x(x_scale, chart.xs[i])), number(area.y(y_scale, chart.ys[i])));
  }
  if (!any) {
    canvas.text((area.left + area.right) / 2, (area.top + area.bottom) / 2, "no data", "muted", Anchor::kMiddle);
  }
  for (int shade = 0; shade <= kGreyShade; ++shade) {
    const std::string& data = dots[static_cast<size_t>(shade)];
    if (data.empty()) continue;
    std::string style = is_colored ? fmt::format("stroke=\"{}\"", shade_color(shade)) : "";
    if (chart.opacity >= 0 && chart.opacity < 1)
      style += fmt::format("{}style=\"stroke-opacity:{}\"", style.empty() ? "" : " ", number(chart.opacity));
    canvas.path(data, is_colored ? "dots" : "dots s0", style);
  }
  if (is_colored)
    draw_color_bar(canvas, area.right + 20, area.top + 4, area.bottom - 4, chart.low_label, chart.high_label,
                   chart.color_title);
  return below(area, chart.x);
}

}  // namespace sinan::plot

// The colours of values from low to high, in SVG: what beeswarms, violins, decision plots and scatter plots share.
#pragma once

#include <string>
#include <string_view>

#include "plot/svg_canvas.h"

namespace sinan::plot {

// Shades are told apart by bucket, so that shapes of one colour can be one path; the last bucket is grey, for NaN.
inline constexpr int kShades = 16;
inline constexpr int kGreyShade = kShades;
inline constexpr double kColorBarSpace = 98;  // right of a chart

int shade_of(float color);  // 0..1
// "#1e88e5": attribute values.
std::string shade_color(int shade);

// A key at the right of the plotting area, which ends at `x` - 20. `title` may be empty; it reads upwards.
void draw_color_bar(SvgCanvas& canvas, double x, double top, double bottom, std::string_view low, std::string_view high,
                    std::string_view title = {});

}  // namespace sinan::plot

// A plotting area with two axes, in SVG: what line charts, histograms and scatter plots are drawn on.
#pragma once

#include "plot/scale.h"
#include "plot/svg_canvas.h"

namespace sinan::plot {

struct SvgArea {
  double left, right, top, bottom;
  double x(const Scale& scale, double value) const { return left + scale.at(value) * (right - left); }
  double y(const Scale& scale, double value) const { return bottom - scale.at(value) * (bottom - top); }
};

// From `top` down, as wide as the canvas less the labels of the y axis and `right_space`.
SvgArea area_below(const SvgCanvas& canvas, double top, const Scale& y_scale, const Axis& y, double height,
                   double right_space = 0);
// The height of a picture that ends with the area's x axis.
double below(const SvgArea& area, const Axis& x);

}  // namespace sinan::plot

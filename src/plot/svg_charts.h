// One function a kind of chart: draws it below canvas.top() and answers the height of the whole picture.
#pragma once

#include "plot/chart.h"
#include "plot/svg_canvas.h"

namespace sinan::plot {

double draw(SvgCanvas& canvas, const LineChart& chart);  // svg_line.cc
double draw(SvgCanvas& canvas, const Histogram& chart);
double draw(SvgCanvas& canvas, const BarChart& chart);  // svg_bars.cc
double draw(SvgCanvas& canvas, const Beeswarm& chart);  // svg_beeswarm.cc
double draw(SvgCanvas& canvas, const Violin& chart);    // svg_violin.cc
double draw(SvgCanvas& canvas, const Decision& chart);  // svg_decision.cc
double draw(SvgCanvas& canvas, const Scatter& chart);   // svg_scatter.cc
double draw(SvgCanvas& canvas, const Force& chart);     // svg_force.cc
double draw(SvgCanvas& canvas, const Heatmap& chart);   // svg_heatmap.cc
double draw(SvgCanvas& canvas, const Timeline& chart);  // svg_timeline.cc

inline constexpr double kChartMargin = 24;

}  // namespace sinan::plot

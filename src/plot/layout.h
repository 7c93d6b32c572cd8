// Layout: what both renderers decide about a chart before anything is drawn: texts made fit to print, ranges over all
// of a chart's points, the sideways spread of a beeswarm's dots. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plot/chart.h"
#include "plot/scale.h"

namespace sinan::plot {

// One printable line of valid UTF-8: control characters become blanks, stray bytes U+FFFD.
std::string printable(std::string_view text);
// At most `columns` terminal columns of it, with "…" in place of what is cut.
std::string shortened(std::string_view text, size_t columns);

Range range_of(std::span<const double> values);
Range x_range(const LineChart& chart);
Range y_range(const LineChart& chart);
// Lines as they are to be drawn: those that others may cover first.
std::vector<size_t> drawing_order(const LineChart& chart);
// Includes zero, from which bars and contributions are measured.
Range value_range(const BarChart& chart);
Range value_range(const Beeswarm& chart);
Range value_range(const Violin& chart);
Range value_range(const Decision& chart);  // includes the base value
Range value_range(const Force& chart);

// At most `limit` indices of points that can be shown, evenly spread over the row's order.
std::vector<size_t> sample_points(const Beeswarm::Row& row, size_t limit);
// For points at `positions` (pixels): how many dots above (+) or below (-) the middle line each lies, so that dots in
// one bin of `bin` pixels do not cover one another.
std::vector<int> swarm_layers(std::span<const double> positions, double bin);

// Where a force plot's parts lie: those that push up end at `output`, those that push down begin there, the largest at the
// meeting point. By part: from and to, from < to; parts of no finite or no amount have from == to.
std::vector<std::pair<double, double>> force_spans(const Force& chart);

// What shades each cell of a heatmap: the share of its row, or of the largest value; 0..1, row-major.
std::vector<double> heatmap_shares(const Heatmap& chart);
// "1,234" of an integer heatmap, else format_value().
std::string heatmap_text(const Heatmap& chart, double value);

// Steps of a timeline that has not run (all "planned", no times) are placed by their depth in the DAG, one second each.
Timeline with_times(Timeline chart);
// "12.3 s" of a step that ran, else its status: "cached", "planned".
std::string timeline_note(const Timeline::Item& item);

// CHECKs that vectors that belong together have equal lengths.
void check_lengths(const Chart& chart);

}  // namespace sinan::plot

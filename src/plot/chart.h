// Charts as data: a capability says what is to be seen, the renderers decide how (plot/svg.h, plot/terminal.h).
//
// Plain values. Vectors that belong together have equal lengths (CHECKed by the renderers). NaN points are left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sinan::plot {

struct Axis {
  std::string label;
  std::optional<double> min;  // otherwise from the data
  std::optional<double> max;
  bool log = false;
  bool is_date = false;  // values are seconds since 1970-01-01; ticks are dates and times
};

struct Line {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  bool dashed = false;  // a reference line (chance, perfect calibration)
};
// What lies between two lines: an interval around a forecast. Drawn in the colour of the line it belongs to, under all lines.
struct Band {
  std::string name;
  std::vector<double> x;
  std::vector<double> low;
  std::vector<double> high;
  size_t line = 0;
};
struct LineChart {
  Axis x;
  Axis y;
  std::vector<Line> lines;
  std::vector<Band> bands = {};
};

struct BarChart {  // horizontal bars, first at the top
  Axis value;
  std::vector<std::string> labels;
  std::vector<double> values;
};

// SHAP "dot" summary: per feature one point a row, x = contribution, colour = feature value from low (0) to high (1).
struct Beeswarm {
  Axis value;
  struct Row {
    std::string label;
    std::vector<double> x;
    std::vector<float> color;  // 0..1, NaN = grey (missing or not ordered)
  };
  std::vector<Row> rows;  // most important first
  std::string low_label = "low";
  std::string high_label = "high";
};

struct Heatmap {  // confusion matrix: rows actual, columns predicted
  std::string row_title;
  std::string column_title;
  std::vector<std::string> row_labels;
  std::vector<std::string> column_labels;
  std::vector<double> values;  // row-major
  bool integers = true;        // print as counts
  bool shade_by_row = true;    // colour = share of the row
};

struct Histogram {
  Axis x;
  std::vector<double> edges;   // n + 1, ascending
  std::vector<double> counts;  // n
};

// The step DAG of a run on a time axis: one bar a step, arrows by dependency.
struct Timeline {
  struct Item {
    std::string label;
    double start_seconds = 0;
    double duration_seconds = 0;
    std::string status;                // "done", "cached", "failed", "skipped", "cancelled", "planned"
    std::vector<uint32_t> depends_on;  // indices of earlier items
  };
  std::vector<Item> items;
};

struct Chart {
  std::string title;
  std::string subtitle;
  std::variant<LineChart, BarChart, Beeswarm, Heatmap, Histogram, Timeline> body;
};

}  // namespace sinan::plot

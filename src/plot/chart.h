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
  // What the values 0, 1, 2, ... are called, each with room of its own.
  std::vector<std::string> categories = {};
};

struct Line {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  bool dashed = false;  // a reference line (chance, perfect calibration)
  bool faint = false;   // one of many: thin and pale, under all others
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
  std::vector<double> spread = {};  // how far each may be off, to both sides; empty: not known
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
  double opacity = 1;  // of a dot
};

// SHAP "violin" summary: per feature a shape that is as high as contributions are frequent, coloured as above by the mean
// value of the feature there.
struct Violin {
  Axis value;
  struct Row {
    std::string label;
    std::vector<double> x;        // ascending
    std::vector<double> density;  // 0..1, the height
    std::vector<float> color;     // 0..1, NaN = grey
  };
  std::vector<Row> rows;  // most important first
  std::string low_label = "low";
  std::string high_label = "high";
};

// SHAP decision plot: each row's way from the base value, at the bottom, to its prediction, feature by feature.
struct Decision {
  Axis value;
  double base = 0;
  std::vector<std::string> labels;  // the last step at the top first
  struct Path {
    std::vector<double> x;  // one more than labels: from the bottom to the top
    float color = 0;        // 0..1, by the prediction
  };
  std::vector<Path> paths;
};

// Points, coloured from low (0) to high (1) when `color_title` says by what.
struct Scatter {
  Axis x;
  Axis y;
  std::vector<double> xs;
  std::vector<double> ys;
  std::vector<float> color = {};  // 0..1, NaN = grey; empty: one colour
  std::string color_title = {};
  std::string low_label = "low";
  std::string high_label = "high";
  double opacity = 1;
};

// SHAP force plot of one row: what pushes the value up, from the left, and down, from the right, meets at `output`.
// output = base + the sum of the amounts.
struct Force {
  Axis value;
  double base = 0;
  double output = 0;
  struct Part {
    std::string label;
    double amount = 0;
  };
  std::vector<Part> parts;  // the largest first
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
  std::variant<LineChart, BarChart, Beeswarm, Violin, Decision, Scatter, Force, Heatmap, Histogram, Timeline> body;
};

}  // namespace sinan::plot

#include "plot/layout.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::plot {
namespace {

bool is_control(unsigned char byte) { return byte < 0x20 || byte == 0x7f; }

// U+0080..U+009F: C1 controls, which terminals obey.
bool is_c1(std::string_view text, size_t at) {
  return text[at] == '\xc2' && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string valid;
  while (const auto bad = find_invalid_utf8(text)) {
    valid.append(text.substr(0, *bad)).append("\xef\xbf\xbd");
    text.remove_prefix(*bad + 1);
  }
  valid.append(text);
  std::string result;
  for (size_t i = 0; i < valid.size(); ++i) {
    if (is_c1(valid, i)) {
      result += ' ';
      ++i;
    } else {
      result += is_control(static_cast<unsigned char>(valid[i])) ? ' ' : valid[i];
    }
  }
  return result;
}

std::string shortened(std::string_view text, size_t columns) {
  std::string line = printable(text);
  if (display_width(line) <= columns) return line;
  if (columns == 0) return {};
  line.resize(display_prefix(line, columns - 1).size());
  return line + "…";
}

Range range_of(std::span<const double> values) {
  Range range;
  for (const double value : values) range.add(value);
  return range;
}

namespace {
// Of the points that can be drawn: both coordinates must be.
Range range_of_lines(const LineChart& chart, bool of_x) {
  const auto drawable = [](double value, const Axis& axis) { return std::isfinite(value) && (!axis.log || value > 0); };
  Range range;
  for (const Line& line : chart.lines) {
    for (size_t i = 0; i < line.x.size(); ++i) {
      if (drawable(line.x[i], chart.x) && drawable(line.y[i], chart.y)) range.add(of_x ? line.x[i] : line.y[i]);
    }
  }
  for (const Band& band : chart.bands) {
    for (size_t i = 0; i < band.x.size(); ++i) {
      for (const double y : {band.low[i], band.high[i]}) {
        if (drawable(band.x[i], chart.x) && drawable(y, chart.y)) range.add(of_x ? band.x[i] : y);
      }
    }
  }
  return range;
}
}  // namespace

Range x_range(const LineChart& chart) { return range_of_lines(chart, true); }
Range y_range(const LineChart& chart) { return range_of_lines(chart, false); }

std::vector<size_t> drawing_order(const LineChart& chart) {
  const auto rank = [&](size_t i) { return chart.lines[i].faint ? 0 : chart.lines[i].dashed ? 1 : 2; };
  std::vector<size_t> order(chart.lines.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, rank);
  return order;
}

Range value_range(const BarChart& chart) {
  Range range = range_of(chart.values);
  for (size_t i = 0; i < chart.spread.size(); ++i) {
    range.add(chart.values[i] - chart.spread[i]);
    range.add(chart.values[i] + chart.spread[i]);
  }
  range.add(0);
  return range;
}

Range value_range(const Beeswarm& chart) {
  Range range;
  for (const Beeswarm::Row& row : chart.rows) {
    for (const double value : row.x) range.add(value);
  }
  range.add(0);
  return range;
}

Range value_range(const Violin& chart) {
  Range range;
  for (const Violin::Row& row : chart.rows) {
    for (const double value : row.x) range.add(value);
  }
  range.add(0);
  return range;
}

Range value_range(const Decision& chart) {
  Range range;
  for (const Decision::Path& path : chart.paths) {
    for (const double value : path.x) range.add(value);
  }
  range.add(chart.base);
  return range;
}

Range value_range(const Force& chart) {
  Range range;
  for (const auto& [from, to] : force_spans(chart)) {
    range.add(from);
    range.add(to);
  }
  range.add(chart.base);
  range.add(chart.output);
  return range;
}

std::vector<std::pair<double, double>> force_spans(const Force& chart) {
  double up = chart.output, down = chart.output;
  std::vector<std::pair<double, double>> spans;
  spans.reserve(chart.parts.size());
  for (const Force::Part& part : chart.parts) {
    double& end = part.amount > 0 ? up : down;
    const double next = end - part.amount;
    if (!std::isfinite(next) || part.amount == 0) {
      spans.emplace_back(end, end);
    } else {
      spans.emplace_back(std::min(end, next), std::max(end, next));
      end = next;
    }
  }
  return spans;
}

std::vector<size_t> sample_points(const Beeswarm::Row& row, size_t limit) {
  std::vector<size_t> points;
  for (size_t i = 0; i < row.x.size(); ++i) {
    if (std::isfinite(row.x[i])) points.push_back(i);
  }
  if (points.size() <= limit) return points;
  std::vector<size_t> sample(limit);
  for (size_t i = 0; i < limit; ++i) sample[i] = points[i * points.size() / limit];
  return sample;
}

std::vector<int> swarm_layers(std::span<const double> positions, double bin) {
  std::map<long long, int> filled;
  std::vector<int> layers;
  layers.reserve(positions.size());
  for (const double position : positions) {
    const int nth = filled[std::llround(position / bin)]++;
    layers.push_back(nth % 2 == 1 ? (nth + 1) / 2 : -(nth / 2));
  }
  return layers;
}

std::vector<double> heatmap_shares(const Heatmap& chart) {
  const size_t columns = chart.column_labels.size();
  const auto amount = [](double value) { return std::isfinite(value) && value > 0 ? value : 0.0; };
  double largest = 0;
  for (const double value : chart.values) largest = std::max(largest, amount(value));
  std::vector<double> shares(chart.values.size());
  if (largest == 0) return shares;
  for (size_t row = 0; row < chart.row_labels.size(); ++row) {
    double whole = 1;
    if (chart.shade_by_row) {
      whole = 0;
      for (size_t i = 0; i < columns; ++i) whole += amount(chart.values[row * columns + i]) / largest;
    }
    if (whole == 0) continue;
    for (size_t i = 0; i < columns; ++i) {
      shares[row * columns + i] = std::clamp(amount(chart.values[row * columns + i]) / largest / whole, 0.0, 1.0);
    }
  }
  return shares;
}

std::string heatmap_text(const Heatmap& chart, double value) {
  if (chart.integers && std::isfinite(value) && value >= 0 && value < 1e15) {
    return human_count(static_cast<uint64_t>(std::llround(value)));
  }
  return format_value(value);
}

Timeline with_times(Timeline chart) {
  const bool has_run = std::ranges::any_of(chart.items, [](const Timeline::Item& item) {
    return item.status != "planned" && (item.duration_seconds > 0 || item.start_seconds > 0);
  });
  if (has_run) return chart;
  for (size_t i = 0; i < chart.items.size(); ++i) {
    Timeline::Item& item = chart.items[i];
    item.start_seconds = 0;
    item.duration_seconds = 1;
    for (const uint32_t on : item.depends_on) {
      if (on < i) item.start_seconds = std::max(item.start_seconds, chart.items[on].start_seconds + 1);
    }
  }
  return chart;
}

std::string timeline_note(const Timeline::Item& item) {
  if (item.status == "done" || item.status.empty()) return format_seconds(item.duration_seconds);
  if (item.status == "failed" || item.status == "cancelled") {
    return format_seconds(item.duration_seconds) + " " + printable(item.status);
  }
  return printable(item.status);
}

void check_lengths(const Chart& chart) {
  if (const auto* lines = std::get_if<LineChart>(&chart.body)) {
    for (const Line& line : lines->lines) CHECK(line.x.size() == line.y.size());
    for (const Band& band : lines->bands) CHECK(band.x.size() == band.low.size() && band.x.size() == band.high.size());
  } else if (const auto* bars = std::get_if<BarChart>(&chart.body)) {
    CHECK(bars->labels.size() == bars->values.size());
    CHECK(bars->spread.empty() || bars->spread.size() == bars->values.size());
  } else if (const auto* swarm = std::get_if<Beeswarm>(&chart.body)) {
    for (const Beeswarm::Row& row : swarm->rows) CHECK(row.x.size() == row.color.size());
  } else if (const auto* violin = std::get_if<Violin>(&chart.body)) {
    for (const Violin::Row& row : violin->rows)
      CHECK(row.x.size() == row.density.size() && row.x.size() == row.color.size());
  } else if (const auto* decision = std::get_if<Decision>(&chart.body)) {
    for (const Decision::Path& path : decision->paths) CHECK(path.x.size() == decision->labels.size() + 1);
  } else if (const auto* scatter = std::get_if<Scatter>(&chart.body)) {
    CHECK(scatter->xs.size() == scatter->ys.size());
    CHECK(scatter->color.empty() || scatter->color.size() == scatter->xs.size());
  } else if (const auto* heat = std::get_if<Heatmap>(&chart.body)) {
    CHECK(heat->values.size() == heat->row_labels.size() * heat->column_labels.size());
  } else if (const auto* histogram = std::get_if<Histogram>(&chart.body)) {
    CHECK(histogram->edges.size() == histogram->counts.size() + 1 || histogram->counts.empty());
  }
}

}  // namespace sinan::plot

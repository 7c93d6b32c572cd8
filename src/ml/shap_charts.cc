#include "ml/shap_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/strings.h"
#include "ml/feature_categories.h"

namespace sinan::ml {
namespace {

constexpr size_t kDots = 400;
constexpr size_t kScatterDots = 2000;
constexpr size_t kWays = 100;
constexpr size_t kViolinRows = 2000;
constexpr size_t kViolinPoints = 100;

double quantile(std::span<const float> sorted, double at) {
  return static_cast<double>(sorted[static_cast<size_t>(at * static_cast<double>(sorted.size() - 1))]);
}

// A feature's values from 0 (low) to 1 (high) between their 5 % and 95 % quantiles; codes have no order: NaN.
std::vector<float> colors(const RowSample& sample, size_t feature) {
  const FeatureColumn column = sample.columns()[feature];
  std::vector<float> out(sample.rows(), std::numeric_limits<float>::quiet_NaN());
  if (!column.codes.empty()) return out;
  std::vector<float> sorted;
  for (const float value : column.values)
    if (!std::isnan(value)) sorted.push_back(value);
  if (sorted.empty()) return out;
  std::sort(sorted.begin(), sorted.end());
  const double low = quantile(sorted, 0.05);
  const double high = quantile(sorted, 0.95);
  for (size_t i = 0; i < out.size(); ++i) {
    if (std::isnan(column.values[i])) continue;
    const double at = high > low ? (static_cast<double>(column.values[i]) - low) / (high - low) : 0.5;
    out[i] = static_cast<float>(std::clamp(at, 0.0, 1.0));
  }
  return out;
}

// As colors(); the codes of a category by their number.
std::vector<float> ordered_colors(const RowSample& sample, size_t feature) {
  const FeatureColumn column = sample.columns()[feature];
  if (column.codes.empty()) return colors(sample, feature);
  std::vector<float> out;
  const auto last = static_cast<float>(std::max<size_t>(category_names(sample.plan(), feature).size(), 2) - 1);
  for (const int32_t code : column.codes)
    out.push_back(code < 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(code) / last);
  return out;
}

std::string rows_note(const RowSample& sample) {
  if (sample.rows() == sample.seen())
    return fmt::format("{} row{}", human_count(sample.seen()), sample.seen() == 1 ? "" : "s");
  return fmt::format("a random sample of {} of {} rows", human_count(sample.rows()), human_count(sample.seen()));
}

// At most `most` of the sample's rows, evenly spread.
std::vector<size_t> spread_rows(const RowSample& sample, size_t most) {
  const size_t count = std::min(most, sample.rows());
  std::vector<size_t> out(count);
  for (size_t i = 0; i < count; ++i) out[i] = i * sample.rows() / count;
  return out;
}

double margin_of(const ShapView& view, size_t row) {
  double sum = 0;
  for (size_t j = 0; j <= view.sample->schema().size(); ++j) sum += static_cast<double>(view.at(row, j));
  return sum;
}

std::string named_value(const RowSample& sample, size_t feature, size_t row) {
  return fmt::format("{} = {}", sample.schema().features[feature].name,
                     value_text(sample.plan(), feature, sample.columns()[feature], row));
}

// A dot of a category somewhere around its middle, so that dots do not hide each other.
double beside(int32_t code, size_t number) {
  const double part = static_cast<double>(number) * std::numbers::phi;
  return static_cast<double>(code) + 0.5 * (part - std::floor(part) - 0.5);
}

// The density of one feature's contributions, and the mean colour there.
plot::Violin::Row violin_row(const ShapView& view, size_t feature, std::span<const size_t> rows, double least_width) {
  std::vector<double> values;
  for (const size_t row : rows) values.push_back(static_cast<double>(view.at(row, feature)));
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double width = std::max(std::sqrt(squares / count) * std::pow(count, -0.2), least_width);
  const auto [low, high] = std::ranges::minmax(values);
  const std::vector<float> shade = colors(*view.sample, feature);

  plot::Violin::Row out{.label = view.sample->schema().features[feature].name, .x = {}, .density = {}, .color = {}};
  double most = 0;
  for (size_t p = 0; p < kViolinPoints; ++p) {
    const double at =
        low - 2 * width + (high - low + 4 * width) * static_cast<double>(p) / static_cast<double>(kViolinPoints - 1);
    double density = 0;
    double colored = 0;
    double color = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const double far = (values[i] - at) / width;
      const double weight = std::exp(-0.5 * far * far);
      density += weight;
      if (std::isnan(shade[rows[i]])) continue;
      colored += weight;
      color += weight * static_cast<double>(shade[rows[i]]);
    }
    most = std::max(most, density);
    out.x.push_back(at);
    out.density.push_back(density);
    out.color.push_back(colored > 0 ? static_cast<float>(color / colored) : std::numeric_limits<float>::quiet_NaN());
  }
  for (double& density : out.density) density /= most;
  return out;
}

}  // namespace

std::vector<double> mean_absolute_shap(const ShapView& view) {
  std::vector<double> out(view.sample->schema().size());
  for (size_t row = 0; row < view.sample->rows(); ++row)
    for (size_t j = 0; j < out.size(); ++j) out[j] += static_cast<double>(std::abs(view.at(row, j)));
  for (double& value : out) value /= static_cast<double>(std::max<size_t>(1, view.sample->rows()));
  return out;
}

std::vector<size_t> shown_features(std::span<const double> importance, bool sorted, size_t most) {
  std::vector<size_t> order(importance.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (sorted) {
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return importance[a] != importance[b] ? importance[a] > importance[b] : a < b;
    });
  }
  order.resize(std::min(order.size(), most));
  return order;
}

plot::Chart shap_dot_chart(const ShapView& view, const SummaryStyle& style, std::string title) {
  plot::Beeswarm chart{.value = {.label = "SHAP value (effect on the margin)"}};
  chart.opacity = style.opacity;
  const RowSample& sample = *view.sample;
  const std::vector<size_t> rows = spread_rows(sample, kDots);
  for (const size_t j : style.features) {
    const std::vector<float> shade = colors(sample, j);
    plot::Beeswarm::Row row{.label = sample.schema().features[j].name};
    for (const size_t at : rows) {
      row.x.push_back(static_cast<double>(view.at(at, j)));
      row.color.push_back(shade[at]);
    }
    chart.rows.push_back(std::move(row));
  }
  chart.low_label = "low";
  chart.high_label = "high";
  return {.title = std::move(title), .subtitle = rows_note(sample), .body = std::move(chart)};
}

plot::Chart shap_bar_chart(const ShapView& view, std::span<const double> importance, std::span<const size_t> features,
                           std::string title) {
  plot::BarChart chart{.value = {.label = "mean |SHAP value|"}};
  for (const size_t j : features) {
    chart.labels.push_back(view.sample->schema().features[j].name);
    chart.values.push_back(importance[j]);
  }
  return {.title = std::move(title), .subtitle = rows_note(*view.sample), .body = std::move(chart)};
}

plot::Chart shap_violin_chart(const ShapView& view, std::span<const size_t> features, std::string title) {
  plot::Violin chart{.value = {.label = "SHAP value (effect on the margin)"}};
  const std::vector<size_t> rows = spread_rows(*view.sample, kViolinRows);
  double low = 0;
  double high = 0;
  for (const size_t j : features) {
    for (const size_t row : rows) {
      low = std::min(low, static_cast<double>(view.at(row, j)));
      high = std::max(high, static_cast<double>(view.at(row, j)));
    }
  }
  // Narrower shapes would be lines.
  const double least_width = std::max((high - low) / 200, 1e-12);
  for (const size_t j : features) chart.rows.push_back(violin_row(view, j, rows, least_width));
  return {.title = std::move(title), .subtitle = rows_note(*view.sample), .body = std::move(chart)};
}

plot::Chart shap_decision_chart(const ShapView& view, std::span<const size_t> features, std::string title) {
  const RowSample& sample = *view.sample;
  plot::Decision chart{.value = {.label = "margin"}, .base = view.bias()};
  const bool one_row = sample.rows() == 1;
  for (const size_t j : features)
    chart.labels.push_back(one_row ? named_value(sample, j, 0) : sample.schema().features[j].name);
  const size_t hidden = sample.schema().size() - features.size();
  if (hidden > 0) chart.labels.push_back(fmt::format("{} other features", hidden));

  const std::vector<size_t> rows = spread_rows(sample, kWays);
  std::vector<double> margins;
  for (const size_t row : rows) margins.push_back(margin_of(view, row));
  const auto [low, high] = std::ranges::minmax(margins);
  for (size_t i = 0; i < rows.size(); ++i) {
    plot::Decision::Path path{.x = {chart.base}};
    if (hidden > 0) {
      double shown = 0;
      for (const size_t j : features) shown += static_cast<double>(view.at(rows[i], j));
      path.x.push_back(margins[i] - shown);
    }
    for (size_t f = features.size(); f-- > 0;)
      path.x.push_back(path.x.back() + static_cast<double>(view.at(rows[i], features[f])));
    path.color = high > low ? static_cast<float>((margins[i] - low) / (high - low)) : 0.5F;
    chart.paths.push_back(std::move(path));
  }
  std::string note = rows_note(sample);
  if (rows.size() < sample.rows()) note = fmt::format("{} rows of {}", rows.size(), note);
  return {.title = std::move(title), .subtitle = std::move(note), .body = std::move(chart)};
}

plot::Chart shap_dependence_chart(const ShapView& view, size_t feature, std::optional<size_t> color, double opacity,
                                  std::string title) {
  const RowSample& sample = *view.sample;
  const Feature& of = sample.schema().features[feature];
  const FeatureColumn column = sample.columns()[feature];
  plot::Scatter chart{.x = {.label = of.name}, .y = {.label = fmt::format("SHAP value of {}", of.name)}};
  chart.opacity = opacity;
  if (!column.codes.empty()) chart.x.categories = category_names(sample.plan(), feature);
  std::vector<float> shade;
  if (color) {
    shade = ordered_colors(sample, *color);
    chart.color_title = sample.schema().features[*color].name;
    if (!sample.columns()[*color].codes.empty()) {
      const std::vector<std::string> names = category_names(sample.plan(), *color);
      chart.low_label = names.front();
      chart.high_label = names.back();
    }
  }
  size_t missing = 0;
  for (const size_t row : spread_rows(sample, kScatterDots)) {
    const bool is_missing = column.codes.empty() ? std::isnan(column.values[row]) : column.codes[row] < 0;
    missing += is_missing ? 1 : 0;
    if (is_missing) continue;
    chart.xs.push_back(column.codes.empty() ? static_cast<double>(column.values[row])
                                            : beside(column.codes[row], chart.xs.size()));
    chart.ys.push_back(static_cast<double>(view.at(row, feature)));
    if (color) chart.color.push_back(shade[row]);
  }
  std::string note = rows_note(sample);
  if (missing > 0) note += fmt::format("; those where it is missing are left out");
  return {.title = std::move(title), .subtitle = std::move(note), .body = std::move(chart)};
}

plot::Chart shap_force_chart(const ShapView& view, std::span<const size_t> features, std::string title) {
  const RowSample& sample = *view.sample;
  plot::Force chart{.value = {.label = "margin"}, .base = view.bias(), .output = margin_of(view, 0)};
  double rest = chart.output - chart.base;
  for (const size_t j : features) {
    const auto amount = static_cast<double>(view.at(0, j));
    if (amount == 0) continue;
    chart.parts.push_back({named_value(sample, j, 0), amount});
    rest -= amount;
  }
  const size_t hidden = sample.schema().size() - features.size();
  if (hidden > 0) chart.parts.push_back({fmt::format("{} other features", hidden), rest});
  return {
      .title = std::move(title), .subtitle = "what moves one row's margin from the average", .body = std::move(chart)};
}

std::vector<double> mean_absolute_interactions(std::span<const float> interactions, size_t rows, size_t outputs,
                                               size_t features) {
  const size_t width = features + 1;
  std::vector<double> out(features * features);
  for (size_t group = 0; group < rows * outputs; ++group) {
    for (size_t i = 0; i < features; ++i) {
      for (size_t j = 0; j < features; ++j)
        out[i * features + j] += static_cast<double>(std::abs(interactions[(group * width + i) * width + j]));
    }
  }
  for (double& value : out) value /= static_cast<double>(std::max<size_t>(1, rows));
  return out;
}

plot::Chart interaction_chart(const RowSample& sample, std::span<const double> mean_absolute,
                              std::span<const size_t> features, std::string title) {
  const size_t width = sample.schema().size();
  plot::Heatmap chart{.row_title = "feature", .column_title = "with"};
  chart.integers = false;
  chart.shade_by_row = false;
  for (const size_t i : features) {
    chart.row_labels.push_back(sample.schema().features[i].name);
    for (const size_t j : features) chart.values.push_back(mean_absolute[i * width + j]);
  }
  chart.column_labels = chart.row_labels;
  return {.title = std::move(title),
          .subtitle = "mean |SHAP interaction value|; on the diagonal what a feature does alone; " + rows_note(sample),
          .body = std::move(chart)};
}

}  // namespace sinan::ml

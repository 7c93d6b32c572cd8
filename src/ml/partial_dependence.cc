#include "ml/partial_dependence.h"

#include <algorithm>
#include <cmath>

namespace sinan::ml {
namespace {

// scipy.stats.mstats.mquantiles with its usual plotting positions.
double empirical_quantile(std::span<const float> sorted, double at) {
  const auto n = static_cast<double>(sorted.size());
  if (sorted.size() == 1) return static_cast<double>(sorted.front());
  const double place = n * at + 0.4 + 0.2 * at;
  const double whole = std::floor(std::clamp(place, 1.0, n - 1));
  const double part = std::clamp(place - whole, 0.0, 1.0);
  const auto k = static_cast<size_t>(whole);
  return (1 - part) * static_cast<double>(sorted[k - 1]) + part * static_cast<double>(sorted[k]);
}

Output output_of(const Model& model) { return has_label(model.package().task) ? Output::kPrediction : Output::kMargin; }

}  // namespace

std::vector<double> dependence_grid(const FeatureColumn& column, size_t categories, const GridOptions& options) {
  std::vector<double> out;
  if (!column.codes.empty()) {
    for (size_t code = 0; code < categories; ++code) out.push_back(static_cast<double>(code));
    return out;
  }
  std::vector<float> sorted;
  for (const float value : column.values)
    if (std::isfinite(value)) sorted.push_back(value);
  if (sorted.empty()) return out;
  std::ranges::sort(sorted);
  std::vector<float> different;
  std::ranges::unique_copy(sorted, std::back_inserter(different));
  if (different.size() < options.resolution) return {different.begin(), different.end()};
  const double low = empirical_quantile(sorted, options.low);
  const double high = empirical_quantile(sorted, options.high);
  // Nearly all rows have one value.
  if (!(high > low)) return {static_cast<double>(sorted.front()), low, static_cast<double>(sorted.back())};
  for (size_t i = 0; i < options.resolution; ++i)
    out.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(options.resolution - 1));
  return out;
}

size_t dependence_width(const Model& model) {
  return output_of(model) == Output::kPrediction ? model.predictor().prediction_width() : model.predictor().outputs();
}

Result<Dependence> partial_dependence(const Model& model, const RowSample& sample, size_t feature,
                                      std::span<const double> grid) {
  const size_t rows = sample.rows();
  Dependence out{.width = dependence_width(model), .individual = {}, .average = {}};
  out.individual.resize(rows * grid.size() * out.width);
  out.average.resize(grid.size() * out.width);
  std::vector<FeatureColumn> columns = sample.columns();
  const bool is_category = !columns[feature].codes.empty();
  std::vector<float> values(rows);
  std::vector<int32_t> codes(rows);
  std::vector<float> predictions(rows * out.width);
  for (size_t g = 0; g < grid.size(); ++g) {
    if (is_category) {
      std::ranges::fill(codes, static_cast<int32_t>(grid[g]));
      columns[feature].codes = codes;
    } else {
      std::ranges::fill(values, static_cast<float>(grid[g]));
      columns[feature].values = values;
    }
    TRY(model.predictor().predict({.rows = rows, .features = columns}, output_of(model), predictions));
    for (size_t i = 0; i < rows; ++i) {
      for (size_t k = 0; k < out.width; ++k) {
        const float prediction = predictions[i * out.width + k];
        out.individual[(i * grid.size() + g) * out.width + k] = prediction;
        out.average[g * out.width + k] += static_cast<double>(prediction) / static_cast<double>(rows);
      }
    }
  }
  return out;
}

}  // namespace sinan::ml

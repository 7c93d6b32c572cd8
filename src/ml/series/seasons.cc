#include "ml/series/seasons.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "ml/series/least_squares.h"
#include "ml/series/stl.h"

namespace sinan::ml::series {
namespace {

constexpr size_t kMostCycleValues = 5000;  // the periodogram is computed term by term
constexpr double kStrongCycle = 0.3;       // share of the variance

// Less a parabola, which no season of three or more turns is taken for.
std::vector<double> detrended(std::span<const double> values) {
  std::vector<double> y = interpolated(values);
  std::vector<std::vector<double>> columns(3, std::vector<double>(y.size(), 1.0));
  for (size_t t = 0; t < y.size(); ++t) {
    const double x = 2 * static_cast<double>(t) / static_cast<double>(y.size()) - 1;
    columns[1][t] = x;
    columns[2][t] = x * x;
  }
  least_squares(columns, y);
  return y;
}

bool repeats(std::span<const double> values, uint32_t period) {
  if (values.size() < 3 * size_t{period}) return false;
  const std::vector<double> r = autocorrelations(values, period);
  const double squares = std::inner_product(r.begin(), r.end() - 1, r.begin(), 0.0);
  return r.back() > 1.645 * std::sqrt((1 + 2 * squares) / static_cast<double>(values.size()));
}

// The period of the frequency that carries most of the variance, when that is much; 0 otherwise.
uint32_t strongest_cycle(std::span<const double> values) {
  const std::span<const double> y = values.last(std::min(values.size(), kMostCycleValues));
  const size_t n = y.size();
  double all = 0;
  for (const double value : y) all += value * value;
  double most = 0;
  size_t at = 0;
  for (size_t k = 3; k <= n / 2; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
    double real = 0, imaginary = 0;
    for (size_t t = 0; t < n; ++t) {
      real += y[t] * std::cos(angle * static_cast<double>(t));
      imaginary += y[t] * std::sin(angle * static_cast<double>(t));
    }
    const double power = 2 * (real * real + imaginary * imaginary) / static_cast<double>(n);
    if (power > most) {
      most = power;
      at = k;
    }
  }
  if (at == 0 || most < kStrongCycle * all) return 0;
  const auto period = static_cast<uint32_t>(std::lround(static_cast<double>(n) / static_cast<double>(at)));
  return period >= 2 ? period : 0;
}

void take_out(std::vector<double>& values, uint32_t period) {
  const auto season = stl(values, {.period = period, .seasonal_window = 11});
  if (!season) return;
  for (size_t t = 0; t < values.size(); ++t) values[t] -= season->seasonal[t];
}

}  // namespace

std::vector<double> autocorrelations(std::span<const double> values, size_t most) {
  const size_t n = values.size();
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  double variance = 0;
  for (const double value : values) variance += (value - mean) * (value - mean);
  std::vector<double> out(most, 0.0);
  if (!(variance > 1e-20 * mean * mean * static_cast<double>(n))) return out;
  for (size_t lag = 1; lag <= most && lag < n; ++lag) {
    double sum = 0;
    for (size_t t = lag; t < n; ++t) sum += (values[t] - mean) * (values[t - lag] - mean);
    out[lag - 1] = sum / variance;
  }
  return out;
}

std::vector<uint32_t> find_periods(std::span<const double> values, std::span<const uint32_t> candidates) {
  std::vector<uint32_t> found;
  if (values.size() < 6) return found;
  std::vector<double> rest = detrended(values);
  for (const uint32_t period : candidates) {
    if (!repeats(rest, period)) continue;
    found.push_back(period);
    take_out(rest, period);
  }
  if (!candidates.empty()) return found;
  const uint32_t cycle = strongest_cycle(rest);
  if (cycle > 0 && repeats(rest, cycle)) found.push_back(cycle);
  return found;
}

}  // namespace sinan::ml::series

#include "ml/series/arima_start.h"

#include <algorithm>
#include <cmath>

#include "ml/series/least_squares.h"

namespace sinan::ml::series {
namespace {

// Coefficients of an autoregression of `order` by Levinson-Durbin on the autocovariances (Yule-Walker).
std::vector<double> autoregression(std::span<const double> w, size_t order) {
  std::vector<double> covariance(order + 1, 0.0);
  for (size_t lag = 0; lag <= order; ++lag) {
    for (size_t t = lag; t < w.size(); ++t) covariance[lag] += w[t] * w[t - lag];
  }
  std::vector<double> now, next;
  double variance = covariance[0];
  for (size_t k = 0; k < order && variance > 0; ++k) {
    double partial = covariance[k + 1];
    for (size_t i = 0; i < k; ++i) partial -= now[i] * covariance[k - i];
    partial /= variance;
    next.resize(k + 1);
    for (size_t i = 0; i < k; ++i) next[i] = now[i] - partial * now[k - 1 - i];
    next[k] = partial;
    now = next;
    variance *= 1 - partial * partial;
  }
  now.resize(order, 0.0);
  return now;
}

// The nearest by shrinking the roots, as unconstrained numbers.
std::vector<double> made_stationary(std::vector<double> coefficients, double sign) {
  for (double& value : coefficients) value = std::isfinite(value) ? value * sign : 0;
  // Leaves the border some room, so that the search can turn either way.
  for (int i = 0; i < 200; ++i) {
    std::vector<double> wider = coefficients;
    double power = 1;
    for (double& value : wider) value *= power *= 1.02;
    if (is_stationary(wider)) break;
    power = 1;
    for (double& value : coefficients) value *= power *= 0.95;
  }
  if (!is_stationary(coefficients)) std::ranges::fill(coefficients, 0.0);
  return from_stationary(coefficients);
}

}  // namespace

std::vector<std::vector<double>> arima_starts(std::span<const double> w, const ArimaOrder& order) {
  const size_t period = order.period;
  std::vector<size_t> ar_lags, ma_lags;
  for (size_t i = 1; i <= order.p; ++i) ar_lags.push_back(i);
  for (size_t i = 1; i <= order.seasonal_p; ++i) ar_lags.push_back(i * period);
  for (size_t i = 1; i <= order.q; ++i) ma_lags.push_back(i);
  for (size_t i = 1; i <= order.seasonal_q; ++i) ma_lags.push_back(i * period);
  const size_t total = ar_lags.size() + ma_lags.size();
  std::vector<std::vector<double>> starts = {std::vector<double>(total, 0.0)};

  size_t farthest = 1;
  for (const size_t lag : ar_lags) farthest = std::max(farthest, lag);
  for (const size_t lag : ma_lags) farthest = std::max(farthest, lag);
  size_t long_order = 0;
  if (!ma_lags.empty()) {
    long_order = std::max(static_cast<size_t>(10 * std::log10(static_cast<double>(std::max<size_t>(w.size(), 10)))),
                          farthest + 2);
    long_order = std::min(long_order, w.size() / 3);
  }
  const size_t first = long_order + farthest;
  if (w.size() < first + total + 3) return starts;

  std::vector<double> errors(w.size(), 0.0);
  if (long_order > 0) {
    const std::vector<double> ar = autoregression(w, long_order);
    for (size_t t = long_order; t < w.size(); ++t) {
      errors[t] = w[t];
      for (size_t i = 0; i < long_order; ++i) errors[t] -= ar[i] * w[t - 1 - i];
    }
  }
  std::vector<std::vector<double>> columns;
  const auto add = [&](std::span<const double> from, size_t lag) {
    columns.emplace_back(from.begin() + static_cast<std::ptrdiff_t>(first - lag),
                         from.end() - static_cast<std::ptrdiff_t>(lag));
  };
  for (const size_t lag : ar_lags) add(w, lag);
  for (const size_t lag : ma_lags) add(errors, lag);
  std::vector<double> target(w.begin() + static_cast<std::ptrdiff_t>(first), w.end());
  const std::vector<double> found = least_squares(columns, target).coefficients;

  // From lags in the order ar, seasonal_ar, ma, seasonal_ma to ar, ma, seasonal_ar, seasonal_ma.
  std::vector<double> start;
  const auto take = [&](size_t from, size_t count, double sign) {
    const auto begin = found.begin() + static_cast<std::ptrdiff_t>(from);
    for (const double x : made_stationary({begin, begin + static_cast<std::ptrdiff_t>(count)}, sign))
      start.push_back(x);
  };
  take(0, order.p, 1);
  take(ar_lags.size(), order.q, -1);
  take(order.p, order.seasonal_p, 1);
  take(ar_lags.size() + order.q, order.seasonal_q, -1);
  starts.push_back(std::move(start));
  return starts;
}

}  // namespace sinan::ml::series

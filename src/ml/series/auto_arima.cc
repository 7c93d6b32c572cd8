#include "ml/series/auto_arima.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "ml/series/least_squares.h"
#include "ml/series/stl.h"

namespace sinan::ml::series {
namespace {

constexpr double kKpssFivePercent = 0.463;
constexpr size_t kMostModels = 94;

std::vector<double> difference(std::span<const double> values) {
  std::vector<double> out;
  for (size_t t = 1; t < values.size(); ++t) out.push_back(values[t] - values[t - 1]);
  return out;
}

// What regressors and a level leave of a series without gaps.
std::vector<double> unexplained(std::span<const double> values, const Regressors& regressors) {
  std::vector<double> y = interpolated(values);
  if (regressors.empty()) return y;
  Regressors columns = {std::vector<double>(y.size(), 1.0)};
  for (const std::vector<double>& column : regressors) {
    columns.emplace_back(column.begin(), column.begin() + static_cast<std::ptrdiff_t>(y.size()));
  }
  least_squares(columns, y);
  return y;
}

// A root that near the unit circle is a difference, or over-differencing, in disguise.
bool near_border(std::span<const double> coefficients, double sign) {
  std::vector<double> wider(coefficients.begin(), coefficients.end());
  double power = 1;
  for (double& value : wider) value *= sign * (power *= 1.01);
  return !is_stationary(wider);
}

class Search {
 public:
  Search(std::span<const double> values, const Regressors& regressors, uint32_t d, const OrderSearch& limits,
         const CancelToken& cancel)
      : values_(values), regressors_(regressors), d_(d), limits_(limits), cancel_(cancel) {}

  Result<ArimaSpec> run() {
    const bool constant = d_ <= 1;
    TRY(consider(2, 2, constant));
    TRY(consider(0, 0, constant));
    TRY(consider(1, 0, constant));
    TRY(consider(0, 1, constant));
    if (constant) TRY(consider(0, 0, false));
    while (seen_.size() < kMostModels && TRY(improve())) {
    }
    return spec(best_p_, best_q_, best_constant_);
  }

 private:
  ArimaSpec spec(int p, int q, bool constant) const {
    return {.order = {.p = static_cast<uint32_t>(p), .d = d_, .q = static_cast<uint32_t>(q)}, .constant = constant};
  }

  // Takes the first neighbour that is better.
  Result<bool> improve() {
    static constexpr std::pair<int, int> kSteps[] = {{-1, 0},  {0, -1}, {1, 0},  {0, 1},
                                                     {-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
    const int p = best_p_, q = best_q_;
    const bool constant = best_constant_;
    for (const auto& [more_p, more_q] : kSteps) {
      if (TRY(consider(p + more_p, q + more_q, constant))) return true;
    }
    return d_ <= 1 && TRY(consider(p, q, !constant));
  }

  // Whether it is the best one now. A model that cannot be fitted is not.
  Result<bool> consider(int p, int q, bool constant) {
    if (p < 0 || q < 0 || p > static_cast<int>(limits_.most_p) || q > static_cast<int>(limits_.most_q)) return false;
    if (seen_.size() >= kMostModels || !seen_.emplace(p, q, constant).second) return false;
    TRY(cancel_.check());
    ArimaSpec candidate = spec(p, q, constant);
    candidate.thorough = false;
    const Result<Arima> fitted = fit_arima(values_, regressors_, candidate, cancel_);
    if (!fitted || near_border(fitted->ar, 1) || near_border(fitted->ma, -1)) return false;
    const double aicc = fitted->aicc();
    if (!(aicc < best_)) return false;
    best_ = aicc;
    std::tie(best_p_, best_q_, best_constant_) = std::tie(p, q, constant);
    return true;
  }

  std::span<const double> values_;
  const Regressors& regressors_;
  uint32_t d_;
  const OrderSearch& limits_;
  const CancelToken& cancel_;
  std::set<std::tuple<int, int, bool>> seen_;
  double best_ = std::numeric_limits<double>::infinity();
  int best_p_ = 0, best_q_ = 0;
  bool best_constant_ = false;
};

}  // namespace

double kpss_statistic(std::span<const double> values, uint32_t lags) {
  const size_t n = values.size();
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  double partial = 0, squares = 0, variance = 0;
  for (const double value : values) {
    partial += value - mean;
    squares += partial * partial;
    variance += (value - mean) * (value - mean);
  }
  for (size_t lag = 1; lag <= lags && lag < n; ++lag) {
    double covariance = 0;
    for (size_t t = lag; t < n; ++t) covariance += (values[t] - mean) * (values[t - lag] - mean);
    variance += 2 * (1 - static_cast<double>(lag) / (lags + 1.0)) * covariance;
  }
  if (!(variance > 1e-20 * mean * mean * static_cast<double>(n))) return 0;
  return squares / (static_cast<double>(n) * variance);
}

uint32_t differences_needed(std::span<const double> values) {
  std::vector<double> w = interpolated(values);
  uint32_t d = 0;
  while (d < 2 && w.size() > 10) {
    const auto lags = static_cast<uint32_t>(3 * std::sqrt(static_cast<double>(w.size())) / 13);
    if (kpss_statistic(w, lags) <= kKpssFivePercent) break;
    w = difference(w);
    ++d;
  }
  return d;
}

Result<Arima> auto_arima(std::span<const double> values, const Regressors& regressors, const OrderSearch& limits,
                         const CancelToken& cancel) {
  const uint32_t d = differences_needed(unexplained(values, regressors));
  const ArimaSpec spec = TRY(Search(values, regressors, d, limits, cancel).run());
  return fit_arima(values, regressors, spec, cancel);
}

}  // namespace sinan::ml::series

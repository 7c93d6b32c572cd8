#include "ml/series/stl.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace sinan::ml::series {
namespace {

using Values = std::span<const double>;

// Linear loess on the points 0 .. size - 1 of a series at equal distances.
class Loess {
 public:
  // `robustness` may be empty: all weights 1.
  Loess(Values y, Values robustness, size_t window)
      : y_(y), robustness_(robustness), window_(window), weights_(std::min(window, y.size())) {}

  // The fit at `x`, which may lie outside, from the points first .. last (included). Nothing when their weights are all 0.
  std::optional<double> at(double x, size_t first, size_t last) {
    double reach = std::max(x - static_cast<double>(first), static_cast<double>(last) - x);
    if (window_ > y_.size()) reach += static_cast<double>((window_ - y_.size()) / 2);
    const double far = 0.999 * reach, near = 0.001 * reach;
    double sum = 0, mean = 0;
    const size_t count = last - first + 1;
    for (size_t i = 0; i < count; ++i) {
      const double point = static_cast<double>(first + i);
      const double distance = std::abs(point - x);
      double weight = 0;
      if (distance <= far) {
        const double u = distance / reach;
        const double tricube = 1 - u * u * u;
        weight = distance <= near ? 1 : tricube * tricube * tricube;
        if (!robustness_.empty()) weight *= robustness_[first + i];
      }
      weights_[i] = weight;
      sum += weight;
      mean += weight * point;
    }
    if (sum <= 0) return std::nullopt;
    mean /= sum;
    double variance = 0;
    for (size_t i = 0; i < count; ++i) {
      const double from_mean = static_cast<double>(first + i) - mean;
      variance += weights_[i] / sum * from_mean * from_mean;
    }
    // A slope only where the points are apart enough to tell one.
    const bool sloped = reach > 0 && std::sqrt(variance) > 0.001 * (static_cast<double>(y_.size()) - 1);
    const double slope = sloped ? (x - mean) / variance : 0;
    double fit = 0;
    for (size_t i = 0; i < count; ++i) {
      const double from_mean = static_cast<double>(first + i) - mean;
      fit += weights_[i] / sum * (slope * from_mean + 1) * y_[first + i];
    }
    return fit;
  }

  // The fit at every point, each from the `window` points around it.
  void smooth(std::span<double> out) {
    const size_t n = y_.size();
    if (n < 2) {
      std::ranges::copy(y_, out.begin());
      return;
    }
    const size_t count = std::min(window_, n), half = (count + 1) / 2;
    size_t first = 0;
    for (size_t i = 0; i < n; ++i) {
      if (window_ < n && i >= half && first + count < n) ++first;
      out[i] = at(static_cast<double>(i), first, first + count - 1).value_or(y_[i]);
    }
  }

 private:
  Values y_;
  Values robustness_;
  size_t window_;
  std::vector<double> weights_;
};

// Mean of each `length` values in a row; out is shorter by length - 1.
std::vector<double> moving_average(Values values, size_t length) {
  std::vector<double> out;
  out.reserve(values.size() - length + 1);
  double sum = 0;
  for (size_t i = 0; i < length; ++i) sum += values[i];
  out.push_back(sum / static_cast<double>(length));
  for (size_t i = length; i < values.size(); ++i) {
    sum += values[i] - values[i - length];
    out.push_back(sum / static_cast<double>(length));
  }
  return out;
}

class Stl {
 public:
  Stl(Values values, const StlOptions& options)
      : y_(values),
        period_(options.period),
        seasonal_window_(options.seasonal_window),
        trend_window_(options.trend_window),
        low_pass_window_(options.period % 2 == 0 ? options.period + 1 : options.period + 2),
        trend_(values.size(), 0.0),
        seasonal_(values.size(), 0.0) {}

  StlDecomposition run(bool robust) {
    // Two inner rounds suffice where the outer ones repeat them.
    const int inner = robust ? 2 : 5, outer = robust ? 15 : 0;
    for (int round = 0;; ++round) {
      for (int i = 0; i < inner; ++i) improve();
      if (round == outer) break;
      reweight();
    }
    if (weights_.empty()) weights_.assign(y_.size(), 1.0);
    return {std::move(seasonal_), std::move(trend_), std::move(weights_)};
  }

 private:
  // One inner round: section 2.2 of the paper, steps 1 to 6.
  void improve() {
    const size_t n = y_.size();
    std::vector<double> work(n);
    for (size_t i = 0; i < n; ++i) work[i] = y_[i] - trend_[i];
    const std::vector<double> cycles = smooth_cycles(work);
    const std::vector<double> averaged = moving_average(moving_average(moving_average(cycles, period_), period_), 3);
    std::vector<double> low(n);
    Loess(averaged, {}, low_pass_window_).smooth(low);
    for (size_t i = 0; i < n; ++i) {
      seasonal_[i] = cycles[period_ + i] - low[i];
      work[i] = y_[i] - seasonal_[i];
    }
    Loess(work, weights_, trend_window_).smooth(trend_);
  }

  // Each place of the season (all Mondays) smoothed over the seasons and continued by one season on both sides: n + 2
  // periods long.
  std::vector<double> smooth_cycles(const std::vector<double>& detrended) {
    const size_t n = detrended.size();
    std::vector<double> out(n + 2 * period_), cycle, weights, smoothed;
    for (size_t place = 0; place < period_; ++place) {
      const size_t count = (n - place - 1) / period_ + 1;
      cycle.resize(count);
      for (size_t i = 0; i < count; ++i) cycle[i] = detrended[place + i * period_];
      weights.resize(weights_.empty() ? 0 : count);
      for (size_t i = 0; i < weights.size(); ++i) weights[i] = weights_[place + i * period_];
      smoothed.resize(count + 2);
      Loess loess(cycle, weights, seasonal_window_);
      loess.smooth(std::span(smoothed).subspan(1, count));
      const size_t window = std::min<size_t>(seasonal_window_, count);
      smoothed[0] = loess.at(-1, 0, window - 1).value_or(smoothed[1]);
      smoothed[count + 1] = loess.at(static_cast<double>(count), count - window, count - 1).value_or(smoothed[count]);
      for (size_t i = 0; i < count + 2; ++i) out[place + i * period_] = smoothed[i];
    }
    return out;
  }

  // Bisquare weights of the remainders, section 2.3.
  void reweight() {
    const size_t n = y_.size();
    std::vector<double> sizes(n);
    for (size_t i = 0; i < n; ++i) sizes[i] = std::abs(y_[i] - trend_[i] - seasonal_[i]);
    std::vector<double> sorted = sizes;
    std::ranges::sort(sorted);
    const double limit = 3 * (sorted[(n - 1) / 2] + sorted[n / 2]);
    weights_.resize(n);
    for (size_t i = 0; i < n; ++i) {
      const double u = sizes[i] / limit;
      weights_[i] = sizes[i] <= 0.001 * limit ? 1 : sizes[i] <= 0.999 * limit ? (1 - u * u) * (1 - u * u) : 0;
    }
  }

  Values y_;
  size_t period_;
  size_t seasonal_window_;
  size_t trend_window_;
  size_t low_pass_window_;  // the smallest odd above the period
  std::vector<double> trend_;
  std::vector<double> seasonal_;
  std::vector<double> weights_;
};

uint32_t default_trend_window(uint32_t period, uint32_t seasonal_window) {
  const auto window = static_cast<uint32_t>(std::ceil(1.5 * period / (1 - 1.5 / seasonal_window)));
  return window % 2 == 0 ? window + 1 : window;
}

double variance(Values values) {
  double mean = 0, sum = 0;
  for (const double value : values) mean += value;
  mean /= static_cast<double>(values.size());
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size());
}

}  // namespace

Result<StlDecomposition> stl(std::span<const double> values, const StlOptions& given) {
  StlOptions options = given;
  if (options.period < 2)
    return fail(Code::kArgument, fmt::format("a season needs two points at least: {}", options.period));
  if (options.seasonal_window < 3 || options.seasonal_window % 2 == 0) {
    return fail(Code::kArgument,
                fmt::format("the seasonal window must be odd and at least 3: {}", options.seasonal_window));
  }
  if (values.size() < 2 * size_t{options.period}) {
    return fail(Code::kData, fmt::format("a period of {} needs two seasons at least, {} points: there are {}",
                                         options.period, 2 * size_t{options.period}, values.size()));
  }
  if (options.trend_window == 0) options.trend_window = default_trend_window(options.period, options.seasonal_window);
  if (options.trend_window % 2 == 0 || options.trend_window <= options.period) {
    return fail(Code::kArgument,
                fmt::format("the trend window must be odd and more than the period: {}", options.trend_window));
  }
  if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) {
    return fail(Code::kData, "a series to decompose has values that are not finite");
  }
  return Stl(values, options).run(options.robust);
}

Result<Decomposition> mstl(std::span<const double> values, const MstlOptions& options) {
  Decomposition out;
  std::vector<double> rest(values.begin(), values.end());
  out.seasonal.assign(options.periods.size(), std::vector<double>(values.size(), 0.0));
  const int rounds = options.periods.size() > 1 ? 2 : 1;
  for (int round = 0; round < rounds; ++round) {
    for (size_t p = 0; p < options.periods.size(); ++p) {
      std::vector<double>& seasonal = out.seasonal[p];
      for (size_t i = 0; i < rest.size(); ++i) rest[i] += seasonal[i];
      const uint32_t window =
          options.seasonal_windows.empty() ? static_cast<uint32_t>(11 + 4 * p) : options.seasonal_windows[p];
      StlDecomposition one = TRY(
          stl(rest,
              {.period = options.periods[p], .seasonal_window = window, .trend_window = 0, .robust = options.robust}));
      seasonal = std::move(one.seasonal);
      out.trend = std::move(one.trend);
      for (size_t i = 0; i < rest.size(); ++i) rest[i] -= seasonal[i];
    }
  }
  out.remainder.resize(values.size());
  for (size_t i = 0; i < rest.size(); ++i) out.remainder[i] = rest[i] - out.trend[i];
  return out;
}

// By the smoother itself: its answer to a 1 at each place is how much that place counts.
SeasonalNoise seasonal_noise(size_t turns, uint32_t window) {
  SeasonalNoise out;
  if (turns < 2) return out;
  const size_t middle = turns / 2;
  double squares = 0, own = 0;
  std::vector<double> one(turns, 0.0), smoothed(turns);
  for (size_t i = 0; i < turns; ++i) {
    one[i] = 1;
    Loess(one, {}, window).smooth(smoothed);
    one[i] = 0;
    squares += smoothed[middle] * smoothed[middle];
    out.last_turn += smoothed[turns - 1] * smoothed[turns - 1];
    if (i == middle) own = smoothed[middle];
  }
  out.remainder = 1 - 2 * own + squares;
  return out;
}

double seasonal_strength(std::span<const double> seasonal, std::span<const double> remainder) {
  if (seasonal.empty()) return 0;
  std::vector<double> both(seasonal.begin(), seasonal.end());
  for (size_t i = 0; i < both.size(); ++i) both[i] += remainder[i];
  const double all = variance(both);
  return all <= 0 ? 0 : std::max(0.0, 1 - variance(remainder) / all);
}

std::vector<double> interpolated(std::span<const double> values) {
  std::vector<double> out(values.begin(), values.end());
  size_t known = out.size();  // the last one
  for (size_t i = 0; i < out.size(); ++i) {
    if (std::isnan(out[i])) continue;
    const size_t first_missing = known == out.size() ? 0 : known + 1;
    for (size_t j = first_missing; j < i; ++j) {
      const double share = known == out.size() ? 1 : static_cast<double>(j - known) / static_cast<double>(i - known);
      out[j] = known == out.size() ? out[i] : out[known] + share * (out[i] - out[known]);
    }
    known = i;
  }
  if (known < out.size()) std::fill(out.begin() + static_cast<std::ptrdiff_t>(known) + 1, out.end(), out[known]);
  return out;
}

}  // namespace sinan::ml::series

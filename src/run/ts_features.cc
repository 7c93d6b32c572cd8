#include "run/ts_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace sinan::run {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

size_t size_of(const Window& w) { return w.values.size(); }

template <class Test>
double count_if(const Window& w, Test test) {
  return static_cast<double>(std::ranges::count_if(w.values, test));
}

double quantile(const Window& w, double share) {
  const double place = share * (w.count - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, size_of(w) - 1);
  return w.sorted[below] + (w.sorted[above] - w.sorted[below]) * (place - static_cast<double>(below));
}

double absolute_maximum(const Window& w, double) {
  return std::max(std::abs(w.sorted.front()), std::abs(w.sorted.back()));
}
double energy(const Window& w, double) {
  return std::inner_product(w.values.begin(), w.values.end(), w.values.begin(), 0.0);
}

double sum_of_steps(const Window& w, double (*of)(double)) {
  double sum = 0;
  for (size_t i = 1; i < size_of(w); ++i) sum += of(w.values[i] - w.values[i - 1]);
  return sum;
}
double absolute(double x) { return std::abs(x); }
double square(double x) { return x * x; }

double absolute_sum_of_changes(const Window& w, double) { return sum_of_steps(w, absolute); }
double mean_abs_change(const Window& w, double) {
  return w.count > 1 ? sum_of_steps(w, absolute) / (w.count - 1) : kNone;
}
double mean_change(const Window& w, double) {
  return w.count > 1 ? (w.values.back() - w.values.front()) / (w.count - 1) : kNone;
}
double mean_second_derivative(const Window& w, double) {
  const size_t n = size_of(w);
  if (n <= 2) return kNone;
  return (w.values[n - 1] - w.values[n - 2] - w.values[1] + w.values[0]) / (2 * (w.count - 2));
}

double sum_of_powers(const Window& w, int power) {
  double sum = 0;
  for (const double value : w.values) sum += std::pow(value - w.mean, power);
  return sum;
}
double skewness(const Window& w, double) {
  const double n = w.count;
  if (n < 3) return kNone;
  if (w.variance == 0) return kNone;
  return std::sqrt(n * (n - 1)) / (n - 2) * (sum_of_powers(w, 3) / n) / std::pow(w.variance, 1.5);
}
double kurtosis(const Window& w, double) {
  const double n = w.count;
  if (n < 4) return kNone;
  if (w.variance == 0) return kNone;
  const double squares = w.variance * n;
  return n * (n + 1) * (n - 1) * sum_of_powers(w, 4) / ((n - 2) * (n - 3) * squares * squares) -
         3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3));
}
double variation(const Window& w, double) { return w.mean != 0 ? w.deviation / w.mean : kNone; }

double above_mean(const Window& w, double) {
  return count_if(w, [&](double value) { return value > w.mean; });
}
double below_mean(const Window& w, double) {
  return count_if(w, [&](double value) { return value < w.mean; });
}
template <class Test>
double longest_run(const Window& w, Test test) {
  size_t longest = 0;
  size_t now = 0;
  for (const double value : w.values) longest = std::max(longest, now = test(value) ? now + 1 : 0);
  return static_cast<double>(longest);
}
double longest_above(const Window& w, double) {
  return longest_run(w, [&](double value) { return value > w.mean; });
}
double longest_below(const Window& w, double) {
  return longest_run(w, [&](double value) { return value < w.mean; });
}

double first_place(const Window& w, double value) {
  return static_cast<double>(std::ranges::find(w.values, value) - w.values.begin()) / w.count;
}
double last_place(const Window& w, double value) {
  const auto found = std::find(w.values.rbegin(), w.values.rend(), value);
  return 1 - static_cast<double>(found - w.values.rbegin()) / w.count;
}
double first_of_maximum(const Window& w, double) { return first_place(w, w.sorted.back()); }
double first_of_minimum(const Window& w, double) { return first_place(w, w.sorted.front()); }
double last_of_maximum(const Window& w, double) { return last_place(w, w.sorted.back()); }
double last_of_minimum(const Window& w, double) { return last_place(w, w.sorted.front()); }

double has_duplicate(const Window& w, double) { return std::ranges::adjacent_find(w.sorted) != w.sorted.end() ? 1 : 0; }
double duplicate_max(const Window& w, double) {
  const size_t n = size_of(w);
  return n > 1 && w.sorted[n - 2] == w.sorted[n - 1] ? 1 : 0;
}
double duplicate_min(const Window& w, double) { return size_of(w) > 1 && w.sorted[0] == w.sorted[1] ? 1 : 0; }
double share_distinct(const Window& w, double) {
  double distinct = 1;
  for (size_t i = 1; i < size_of(w); ++i) distinct += w.sorted[i] != w.sorted[i - 1] ? 1 : 0;
  return distinct / w.count;
}

double autocorrelation(const Window& w, double parameter) {
  const auto lag = static_cast<size_t>(parameter);
  if (size_of(w) <= lag || w.variance == 0) return kNone;
  double sum = 0;
  for (size_t i = lag; i < size_of(w); ++i) sum += (w.values[i - lag] - w.mean) * (w.values[i] - w.mean);
  return sum / ((w.count - parameter) * w.variance);
}
// The mean over all triples of values that are `lag` apart; 0 when there are none.
template <class Of>
double mean_of_triples(const Window& w, double parameter, Of of) {
  const auto lag = static_cast<size_t>(parameter);
  const size_t n = size_of(w);
  if (2 * lag >= n) return 0;
  double sum = 0;
  for (size_t i = 0; i + 2 * lag < n; ++i) sum += of(w.values[i], w.values[i + lag], w.values[i + 2 * lag]);
  return sum / static_cast<double>(n - 2 * lag);
}
double c3(const Window& w, double lag) {
  return mean_of_triples(w, lag, [](double a, double b, double c) { return a * b * c; });
}
double time_reversal(const Window& w, double lag) {
  return mean_of_triples(w, lag, [](double a, double b, double c) { return c * c * b - b * a * a; });
}
double complexity(const Window& w, double normalize) {
  const double length = std::sqrt(sum_of_steps(w, square));
  if (normalize == 0) return length;
  return w.deviation != 0 ? length / w.deviation : 0;
}
double crossings(const Window& w, double level) {
  size_t count = 0;
  for (size_t i = 1; i < size_of(w); ++i) count += (w.values[i] > level) != (w.values[i - 1] > level) ? 1 : 0;
  return static_cast<double>(count);
}
double peaks(const Window& w, double parameter) {
  const auto support = static_cast<size_t>(parameter);
  size_t count = 0;
  for (size_t i = support; i + support < size_of(w); ++i) {
    bool higher = true;
    for (size_t k = 1; k <= support; ++k)
      higher = higher && w.values[i] > w.values[i - k] && w.values[i] > w.values[i + k];
    count += higher ? 1 : 0;
  }
  return static_cast<double>(count);
}
double beyond_sigma(const Window& w, double sigmas) {
  return count_if(w, [&](double value) { return std::abs(value - w.mean) > sigmas * w.deviation; }) / w.count;
}
double binned_entropy(const Window& w, double parameter) {
  const auto bins = static_cast<size_t>(parameter);
  const double least = w.sorted.front();
  const double width = w.sorted.back() - least;
  if (width == 0) return 0;
  std::vector<double> counts(bins, 0);
  for (const double value : w.values)
    ++counts[std::min(bins - 1, static_cast<size_t>((value - least) / width * parameter))];
  double entropy = 0;
  for (const double count : counts)
    if (count > 0) entropy -= count / w.count * std::log(count / w.count);
  return entropy;
}

// Least squares of the values on 0, 1, 2, ...: sums of products of what is off the means.
struct Trend {
  double middle;
  double of_places;
  double of_both;
};
Trend trend_of(const Window& w) {
  Trend trend{(w.count - 1) / 2, w.count * (w.count * w.count - 1) / 12, 0};
  for (size_t i = 0; i < size_of(w); ++i)
    trend.of_both += (static_cast<double>(i) - trend.middle) * (w.values[i] - w.mean);
  return trend;
}
double trend_slope(const Window& w, double) {
  const Trend trend = trend_of(w);
  return w.count > 1 ? trend.of_both / trend.of_places : kNone;
}
double trend_intercept(const Window& w, double) {
  const Trend trend = trend_of(w);
  return w.count > 1 ? w.mean - trend.middle * trend.of_both / trend.of_places : kNone;
}
double trend_correlation(const Window& w, double) {
  const Trend trend = trend_of(w);
  if (w.count < 2) return kNone;
  return w.variance == 0 ? kNone : trend.of_both / std::sqrt(trend.of_places * w.variance * w.count);
}

// How many pairs of patterns of `length` values, each with itself included, are nowhere further apart than `tolerance`.
template <class Each>
void for_matches(const Window& w, size_t length, double tolerance, Each each) {
  const size_t n = size_of(w) - length + 1;
  for (size_t i = 0; i < n; ++i) {
    size_t matches = 0;
    for (size_t k = 0; k < n; ++k) {
      bool near = true;
      for (size_t at = 0; near && at < length; ++at) near = std::abs(w.values[i + at] - w.values[k + at]) <= tolerance;
      matches += near ? 1 : 0;
    }
    each(static_cast<double>(matches), static_cast<double>(n));
  }
}
double sample_entropy(const Window& w, double) {
  constexpr size_t kLength = 2;
  if (size_of(w) <= kLength) return kNone;
  const auto pairs = [&](size_t length) {
    double sum = 0;
    for_matches(w, length, 0.2 * w.deviation, [&](double matches, double) { sum += matches - 1; });
    return sum;
  };
  const double longer = pairs(kLength + 1);
  const double entropy = -std::log(longer / pairs(kLength));
  return std::isfinite(entropy) ? entropy : kNone;
}
double approximate_entropy(const Window& w, double share) {
  constexpr size_t kLength = 2;
  if (size_of(w) <= kLength + 1) return 0;
  const auto phi = [&](size_t length) {
    double sum = 0;
    double count = 0;
    for_matches(w, length, share * w.deviation, [&](double matches, double n) {
      sum += std::log(matches / n);
      count = n;
    });
    return sum / count;
  };
  return std::abs(phi(kLength) - phi(kLength + 1));
}
double fourier(const Window& w, double number) {
  if (number > std::floor(w.count / 2)) return kNone;
  double real = 0;
  double imaginary = 0;
  for (size_t i = 0; i < size_of(w); ++i) {
    const double angle = -2 * std::numbers::pi * number * static_cast<double>(i) / w.count;
    real += w.values[i] * std::cos(angle);
    imaginary += w.values[i] * std::sin(angle);
  }
  return std::hypot(real, imaginary);
}

void add_minimal(std::vector<Feature>& out) {
  out.push_back({"sum_values", [](const Window& w, double) { return w.sum; }});
  out.push_back({"median", quantile, 0.5});
  out.push_back({"mean", [](const Window& w, double) { return w.mean; }});
  out.push_back({"length", [](const Window& w, double) { return w.count; }});
  out.push_back({"standard_deviation", [](const Window& w, double) { return w.deviation; }});
  out.push_back({"variance", [](const Window& w, double) { return w.variance; }});
  out.push_back(
      {"root_mean_square", [](const Window& w, double none) { return std::sqrt(energy(w, none) / w.count); }});
  out.push_back({"maximum", [](const Window& w, double) { return w.sorted.back(); }});
  out.push_back({"absolute_maximum", absolute_maximum});
  out.push_back({"minimum", [](const Window& w, double) { return w.sorted.front(); }});
}

void add_efficient(std::vector<Feature>& out) {
  out.push_back({"abs_energy", energy});
  out.push_back({"absolute_sum_of_changes", absolute_sum_of_changes});
  out.push_back({"mean_abs_change", mean_abs_change});
  out.push_back({"mean_change", mean_change});
  out.push_back({"mean_second_derivative_central", mean_second_derivative});
  out.push_back({"skewness", skewness});
  out.push_back({"kurtosis", kurtosis});
  out.push_back({"variation_coefficient", variation});
  out.push_back({"count_above_mean", above_mean});
  out.push_back({"count_below_mean", below_mean});
  out.push_back({"longest_strike_above_mean", longest_above});
  out.push_back({"longest_strike_below_mean", longest_below});
  out.push_back({"first_location_of_maximum", first_of_maximum});
  out.push_back({"last_location_of_maximum", last_of_maximum});
  out.push_back({"first_location_of_minimum", first_of_minimum});
  out.push_back({"last_location_of_minimum", last_of_minimum});
  out.push_back({"has_duplicate", has_duplicate});
  out.push_back({"has_duplicate_max", duplicate_max});
  out.push_back({"has_duplicate_min", duplicate_min});
  out.push_back({"ratio_value_number_to_time_series_length", share_distinct});
  for (const int lag : {1, 2, 3})
    out.push_back({fmt::format("autocorrelation__lag_{}", lag), autocorrelation, double(lag)});
  for (const int lag : {1, 2, 3}) out.push_back({fmt::format("c3__lag_{}", lag), c3, double(lag)});
  for (const int lag : {1, 2, 3})
    out.push_back({fmt::format("time_reversal_asymmetry_statistic__lag_{}", lag), time_reversal, double(lag)});
  out.push_back({"cid_ce__normalize_false", complexity, 0});
  out.push_back({"cid_ce__normalize_true", complexity, 1});
  out.push_back({"number_crossing_m__m_0", crossings, 0});
  for (const int support : {1, 3}) out.push_back({fmt::format("number_peaks__n_{}", support), peaks, double(support)});
  for (const int r : {1, 2}) out.push_back({fmt::format("ratio_beyond_r_sigma__r_{}", r), beyond_sigma, double(r)});
  for (const double q : {0.1, 0.25, 0.75, 0.9}) out.push_back({fmt::format("quantile__q_{}", q), quantile, q});
  out.push_back({"binned_entropy__max_bins_10", binned_entropy, 10});
  out.push_back({"linear_trend__slope", trend_slope});
  out.push_back({"linear_trend__intercept", trend_intercept});
  out.push_back({"linear_trend__rvalue", trend_correlation});
}

void add_comprehensive(std::vector<Feature>& out) {
  out.push_back({"sample_entropy", sample_entropy});
  out.push_back({"approximate_entropy__m_2__r_0.2", approximate_entropy, 0.2});
  for (const int k : {0, 1, 2, 3, 4})
    out.push_back({fmt::format("fft_coefficient__abs__coeff_{}", k), fourier, double(k)});
}

}  // namespace

void Window::set(std::span<const double> window) {
  values = window;
  sorted.assign(window.begin(), window.end());
  std::ranges::sort(sorted);
  count = static_cast<double>(window.size());
  sum = std::accumulate(window.begin(), window.end(), 0.0);
  // Exactly the value, and no deviation, where there is but one.
  mean = sorted.front() == sorted.back() ? sorted.front() : sum / count;
  double squares = 0;
  for (const double value : window) squares += (value - mean) * (value - mean);
  variance = squares / count;
  deviation = std::sqrt(variance);
}

std::vector<Feature> features_of(FeatureSet set) {
  std::vector<Feature> out;
  add_minimal(out);
  if (set >= FeatureSet::kEfficient) add_efficient(out);
  if (set >= FeatureSet::kComprehensive) add_comprehensive(out);
  return out;
}

}  // namespace sinan::run

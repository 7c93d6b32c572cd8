#include "ml/series/arima.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "ml/series/arima_start.h"
#include "ml/series/least_squares.h"
#include "ml/series/minimize.h"

namespace sinan::ml::series {
namespace {

constexpr uint32_t kMostOrder = 50;   // p, q
constexpr size_t kMostStates = 1000;  // p + s P and the like: the covariance is a matrix of this size
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// (1 - a(B)) (1 - b(B^s)) as 1 - c(B); with sign = -1 for moving averages: (1 + a) (1 + b) = 1 + c.
std::vector<double> product(std::span<const double> a, std::span<const double> b, size_t period, double sign) {
  std::vector<double> out(a.size() + b.size() * period, 0.0);
  for (size_t i = 0; i < a.size(); ++i) out[i] += a[i];
  for (size_t j = 0; j < b.size(); ++j) {
    const size_t at = (j + 1) * period;
    out[at - 1] += b[j];
    for (size_t i = 0; i < a.size(); ++i) out[at + i] -= sign * a[i] * b[j];
  }
  return out;
}

// (1-B)^d (1-B^s)^D as 1 - c(B).
std::vector<double> differences_of(const ArimaOrder& order) {
  std::vector<double> out;
  const double one[] = {1.0};
  for (uint32_t i = 0; i < order.d; ++i) out = product(out, one, 1, 1);
  for (uint32_t i = 0; i < order.seasonal_d; ++i) out = product(out, one, order.period, 1);
  return out;
}

std::vector<double> differenced(std::span<const double> values, std::span<const double> differences) {
  std::vector<double> out;
  out.reserve(values.size());
  for (size_t t = differences.size(); t < values.size(); ++t) {
    double w = values[t];
    for (size_t i = 0; i < differences.size(); ++i) {
      if (differences[i] != 0) w -= differences[i] * values[t - 1 - i];
    }
    out.push_back(w);
  }
  return out;
}

// Where the filter can begin: the first moment with `lost` known values right before it.
std::optional<size_t> first_moment(std::span<const double> values, size_t lost) {
  size_t known = 0;
  for (size_t t = 0; t < values.size(); ++t) {
    if (known >= lost && !std::isnan(values[t])) return t;
    known = std::isnan(values[t]) ? 0 : known + 1;
  }
  return std::nullopt;
}

std::vector<double> latest_first(std::span<const double> values, size_t end, size_t count) {
  std::vector<double> out(count);
  for (size_t i = 0; i < count; ++i) out[i] = values[end - 1 - i];
  return out;
}

// The column of the constant: 1, or a slope that one difference turns into 1 (or into the period).
std::vector<double> constant_column(const ArimaOrder& order, size_t length) {
  std::vector<double> out(length, 1.0);
  if (order.d + order.seasonal_d > 0) {
    for (size_t t = 0; t < length; ++t) out[t] = static_cast<double>(t + 1);
  }
  return out;
}

// The series and its regressors, ready to be filtered again and again: from the first moment on, and differenced before
// unless values are missing.
class Likelihood {
 public:
  static Result<Likelihood> make(std::span<const double> values, const Regressors& regressors, const ArimaSpec& spec) {
    Likelihood out;
    out.spec_ = spec;
    const std::vector<double> differences = differences_of(spec.order);
    const auto first = first_moment(values, differences.size());
    if (!first) {
      return fail(Code::kData, "the gaps leave no place to difference the series from",
                  "fill the gaps in the query, or lower d");
    }
    out.columns_.emplace_back(values.begin(), values.end());
    if (spec.constant) out.columns_.push_back(constant_column(spec.order, values.size()));
    for (const std::vector<double>& column : regressors) {
      out.columns_.emplace_back(column.begin(), column.begin() + static_cast<std::ptrdiff_t>(values.size()));
    }
    const auto from = static_cast<std::ptrdiff_t>(*first);
    const bool gaps = std::ranges::any_of(values.subspan(*first), [](double value) { return std::isnan(value); });
    for (std::vector<double>& column : out.columns_) {
      if (gaps) {
        out.start_.push_back(latest_first(column, *first, differences.size()));
        column.erase(column.begin(), column.begin() + from);
      } else {
        column.erase(column.begin(), column.begin() + from - static_cast<std::ptrdiff_t>(differences.size()));
        column = differenced(column, differences);
      }
    }
    if (gaps) out.differences_ = differences;
    out.observed_ =
        static_cast<size_t>(std::ranges::count_if(out.columns_[0], [](double v) { return !std::isnan(v); }));
    double squares = 0;
    for (const double value : out.columns_[0]) squares += std::isnan(value) ? 0 : value * value;
    out.smallest_ = std::max(squares * 1e-26, 1e-300);
    return out;
  }

  size_t observed() const { return observed_; }
  size_t columns() const { return columns_.size() - 1; }

  struct Value {
    double log_likelihood = -kInfinity;
    double sigma2 = 0;
    std::vector<double> regression;
    bool dependent = false;
  };

  // With the best sigma2 and regression for these coefficients.
  Value at(const Arima& model) const {
    Polynomials polynomials = model.polynomials();
    polynomials.differences = differences_;
    const size_t k = columns_.size();
    ArmaFilter filter(polynomials, k, start_);
    std::vector<std::vector<double>> innovations(k);
    for (std::vector<double>& column : innovations) column.reserve(observed_);
    std::vector<double> values(k);
    double log_variances = 0;
    for (size_t t = 0; t < columns_[0].size(); ++t) {
      if (std::isnan(columns_[0][t])) {
        filter.skip();
        continue;
      }
      const double variance = filter.variance(), scale = variance == 1 ? 1 : 1 / std::sqrt(variance);
      if (variance != 1) log_variances += std::log(variance);
      for (size_t c = 0; c < k; ++c) {
        values[c] = columns_[c][t];
        innovations[c].push_back((values[c] - filter.expected()[c]) * scale);
      }
      filter.observe(values);
    }
    Value out;
    LeastSquares fit = least_squares(std::span(innovations).subspan(1), innovations[0]);
    const auto n = static_cast<double>(observed_);
    out.sigma2 = std::max(fit.residual_squares, smallest_) / n;
    out.regression = std::move(fit.coefficients);
    out.dependent = fit.dependent;
    out.log_likelihood = -0.5 * (n * (std::log(2 * std::numbers::pi * out.sigma2) + 1) + log_variances);
    return out;
  }

  // What to start the search from: the series less what its regressors tell, differenced, without gaps.
  std::vector<double> plain() const {
    std::vector<std::vector<double>> columns = columns_;
    std::vector<double> known;
    for (size_t c = 1; c < columns.size(); ++c) {
      if (!differences_.empty()) columns[c] = differenced(columns[c], differences_);
    }
    std::vector<double> w = filled(columns_[0]);
    if (!differences_.empty()) w = differenced(w, differences_);
    least_squares(std::span(columns).subspan(1), w);
    return w;
  }

 private:
  static std::vector<double> filled(std::span<const double> values) {
    std::vector<double> out(values.begin(), values.end());
    for (size_t i = 1; i < out.size(); ++i) out[i] = std::isnan(out[i]) ? out[i - 1] : out[i];
    return out;
  }

  ArimaSpec spec_;
  std::vector<double> differences_;
  std::vector<std::vector<double>> columns_;  // the series, then the regressors
  std::vector<std::vector<double>> start_;
  size_t observed_ = 0;
  double smallest_ = 0;  // sum of squares that counts as none
};

size_t coefficients(const ArimaOrder& order) { return size_t{order.p} + order.q + order.seasonal_p + order.seasonal_q; }

// x = the unconstrained numbers of ar, ma, seasonal_ar, seasonal_ma.
void set_coefficients(Arima& model, std::span<const double> x) {
  const ArimaOrder& o = model.order;
  const auto next = [&](size_t count, double sign) {
    std::vector<double> out = to_stationary(x.first(count));
    x = x.subspan(count);
    for (double& value : out) value *= sign;
    return out;
  };
  model.ar = next(o.p, 1);
  model.ma = next(o.q, -1);
  model.seasonal_ar = next(o.seasonal_p, 1);
  model.seasonal_ma = next(o.seasonal_q, -1);
}

Status check_order(const ArimaSpec& spec) {
  const ArimaOrder& o = spec.order;
  if (std::max({o.p, o.q, o.seasonal_p, o.seasonal_q}) > kMostOrder || o.d > 2 || o.seasonal_d > 1) {
    return fail(Code::kArgument, fmt::format("an order of ARIMA is out of range: {}", to_string(o)),
                fmt::format("p and q are at most {}, d at most 2, seasonal d at most 1", kMostOrder));
  }
  const bool seasonal = o.seasonal_p + o.seasonal_d + o.seasonal_q > 0;
  if (seasonal && o.period < 2) {
    return fail(Code::kArgument, fmt::format("a seasonal order needs a period of 2 at least: {}", to_string(o)));
  }
  const size_t states = std::max(o.p + size_t{o.seasonal_p} * o.period, o.q + size_t{o.seasonal_q} * o.period + 1) +
                        lost_to_differences(o);
  if (states > kMostStates) {
    return fail(Code::kArgument, fmt::format("an order of ARIMA is out of range: {}", to_string(o)),
                fmt::format("it looks back {} values, {} are the most", states, kMostStates));
  }
  if (spec.constant && o.d + o.seasonal_d > 1) {
    return fail(Code::kArgument, fmt::format("a constant is for at most one difference: {}", to_string(o)));
  }
  return {};
}

}  // namespace

std::string to_string(const ArimaOrder& order) {
  std::string out = fmt::format("({},{},{})", order.p, order.d, order.q);
  if (order.period > 1) {
    out += fmt::format("({},{},{})[{}]", order.seasonal_p, order.seasonal_d, order.seasonal_q, order.period);
  }
  return out;
}

size_t lost_to_differences(const ArimaOrder& order) { return order.d + size_t{order.seasonal_d} * order.period; }

std::vector<double> to_stationary(std::span<const double> x) {
  std::vector<double> now, next;
  for (size_t k = 0; k < x.size(); ++k) {
    const double partial = x[k] / std::sqrt(1 + x[k] * x[k]);
    next.resize(k + 1);
    for (size_t i = 0; i < k; ++i) next[i] = now[i] - partial * now[k - 1 - i];
    next[k] = partial;
    now = next;
  }
  return now;
}

std::vector<double> from_stationary(std::span<const double> coefficients) {
  std::vector<double> now(coefficients.begin(), coefficients.end()), out(now.size()), next(now.size());
  for (size_t k = now.size(); k > 0; --k) {
    const double partial = now[k - 1];
    out[k - 1] = partial / std::sqrt(1 - partial * partial);
    for (size_t i = 0; i + 1 < k; ++i) next[i] = (now[i] + partial * now[k - 2 - i]) / (1 - partial * partial);
    now.swap(next);
  }
  return out;
}

size_t Arima::parameters() const { return coefficients(order) + regression.size() + 1; }

double Arima::aic() const { return -2 * log_likelihood + 2 * static_cast<double>(parameters()); }

double Arima::aicc() const {
  const auto k = static_cast<double>(parameters()), n = static_cast<double>(observations);
  return n > k + 1 ? aic() + 2 * k * (k + 1) / (n - k - 1) : kInfinity;
}

double Arima::bic() const {
  return -2 * log_likelihood + std::log(static_cast<double>(observations)) * static_cast<double>(parameters());
}

Polynomials Arima::polynomials() const {
  const size_t period = std::max(1u, order.period);
  return {.ar = product(ar, seasonal_ar, period, 1),
          .ma = product(ma, seasonal_ma, period, -1),
          .differences = differences_of(order)};
}

Result<Arima> fit_arima(std::span<const double> values, const Regressors& regressors, const ArimaSpec& spec,
                        const CancelToken& cancel) {
  TRY(check_order(spec));
  const Likelihood likelihood = TRY(Likelihood::make(values, regressors, spec));
  Arima model;
  model.order = spec.order;
  model.constant = spec.constant;
  model.observations = likelihood.observed();
  const size_t needed = coefficients(spec.order) + likelihood.columns() + 2;
  if (likelihood.observed() < needed) {
    return fail(Code::kData,
                fmt::format("too few values for ARIMA{}: {} without gaps and differences, {} are needed",
                            to_string(spec.order), likelihood.observed(), needed),
                "give more history or a lower order");
  }
  const auto n = static_cast<double>(likelihood.observed());
  const auto objective = [&](std::span<const double> x) {
    if (cancel.cancelled() || std::ranges::any_of(x, [](double v) { return !(std::abs(v) < 1e4); })) return kInfinity;
    Arima candidate = model;
    set_coefficients(candidate, x);
    return -likelihood.at(candidate).log_likelihood / n;
  };
  std::vector<double> best(coefficients(spec.order), 0.0);
  if (!best.empty()) {
    std::vector<std::vector<double>> starts = arima_starts(likelihood.plain(), spec.order);
    if (!spec.thorough) {
      const auto at = std::ranges::min_element(starts, {}, objective);
      starts = {*at};
    }
    double least = kInfinity;
    for (std::vector<double>& start : starts) {
      TRY(cancel.check());
      if (!std::isfinite(objective(start))) continue;
      Minimum found = minimize(objective, std::move(start));
      if (!(found.value < least)) continue;
      least = found.value;
      best = std::move(found.x);
    }
    TRY(cancel.check());
  }
  set_coefficients(model, best);
  Likelihood::Value value = likelihood.at(model);
  if (value.dependent) {
    return fail(Code::kData, "regressors of a time series make up each other, or are constant",
                "leave out one of them; the constant is a regressor too");
  }
  model.regression = std::move(value.regression);
  model.sigma2 = value.sigma2;
  model.log_likelihood = value.log_likelihood;
  return model;
}

ArimaForecast forecast_arima(const Arima& model, std::span<const double> values, const Regressors& regressors,
                             size_t ahead) {
  const size_t n = values.size();
  std::vector<double> explained(n + ahead, 0.0);
  const auto add = [&](std::span<const double> column, double coefficient) {
    for (size_t t = 0; t < explained.size(); ++t) explained[t] += coefficient * column[t];
  };
  if (model.constant) add(constant_column(model.order, n + ahead), model.regression[0]);
  for (size_t i = 0; i < regressors.size(); ++i) add(regressors[i], model.regression[i + (model.constant ? 1 : 0)]);

  std::vector<double> noise(values.begin(), values.end());
  for (size_t t = 0; t < n; ++t) noise[t] -= explained[t];
  ArimaForecast out;
  out.fitted.assign(n, std::numeric_limits<double>::quiet_NaN());
  const Polynomials polynomials = model.polynomials();
  const auto first = first_moment(noise, polynomials.differences.size());
  if (!first) {
    out.mean.assign(ahead, std::numeric_limits<double>::quiet_NaN());
    out.variance = out.mean;
    return out;
  }
  const std::vector<double> start[] = {latest_first(noise, *first, polynomials.differences.size())};
  ArmaFilter filter(polynomials, 1, start);
  for (size_t t = *first; t < n; ++t) {
    out.fitted[t] = filter.expected()[0] + explained[t];
    if (std::isnan(noise[t]))
      filter.skip();
    else
      filter.observe(std::span(&noise[t], 1));
  }
  for (size_t h = 0; h < ahead; ++h) {
    out.mean.push_back(filter.expected()[0] + explained[n + h]);
    out.variance.push_back(filter.variance() * model.sigma2);
    filter.skip();
  }
  return out;
}

}  // namespace sinan::ml::series

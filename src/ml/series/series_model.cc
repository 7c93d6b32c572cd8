#include "ml/series/series_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ml/series/auto_arima.h"
#include "ml/series/seasons.h"

namespace sinan::ml::series {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double variance_of(std::span<const double> values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return values.empty() ? 0 : squares / static_cast<double>(values.size());
}

// Asked for, or found; those that the history has twice.
Result<std::vector<uint32_t>> choose_periods(const SeriesModel& model, std::span<const double> filled,
                                             const SeriesOptions& options, std::vector<std::string>& notes) {
  if (!options.periods) return find_periods(filled, natural_periods(model.axis));
  std::vector<uint32_t> periods;
  std::vector<std::string> left_out;
  for (const uint32_t period : *options.periods) {
    if (filled.size() >= 2 * size_t{period})
      periods.push_back(period);
    else
      left_out.push_back(fmt::format("{}", period));
  }
  if (left_out.empty()) return periods;
  if (periods.empty()) {
    return fail(Code::kData,
                fmt::format("a season needs two turns in the history: there are {} steps, the period is {}",
                            filled.size(), fmt::join(left_out, ", ")),
                "give more history, a shorter model.period, or model.period=[] for none");
  }
  notes.push_back(fmt::format("left out the period {}: the history of {} steps has no two of it",
                              fmt::join(left_out, ", "), filled.size()));
  return periods;
}

}  // namespace

Result<SeriesModel> fit_series(TimeAxis axis, std::vector<double> values, Regressors regressors,
                               const SeriesOptions& options, const CancelToken& cancel) {
  SeriesModel model;
  model.axis = axis;
  model.values = std::move(values);
  model.regressors = std::move(regressors);
  const std::vector<double> filled = interpolated(model.values);
  model.periods = TRY(choose_periods(model, filled, options, model.notes));
  TRY(cancel.check());
  std::vector<double> rest = model.values;
  if (!model.periods.empty()) {
    std::vector<uint32_t> windows;
    for (size_t i = 0; i < model.periods.size() && i < options.seasonal_windows.size(); ++i)
      windows.push_back(options.seasonal_windows[i]);
    // As MSTL has them.
    while (windows.size() < model.periods.size()) windows.push_back(static_cast<uint32_t>(11 + 4 * windows.size()));
    model.seasonal_windows = windows;
    model.parts = TRY(mstl(filled, {.periods = model.periods, .seasonal_windows = windows, .robust = options.robust}));
    set_remainder(model);
    for (const std::vector<double>& seasonal : model.parts.seasonal) {
      for (size_t t = 0; t < rest.size(); ++t) rest[t] -= seasonal[t];
    }
  }
  if (!options.order) {
    model.arima = TRY(auto_arima(rest, model.regressors, {}, cancel));
    return model;
  }
  const bool constant = options.order->d + options.order->seasonal_d == 0;
  model.arima = TRY(fit_arima(rest, model.regressors, {.order = *options.order, .constant = constant}, cancel));
  return model;
}

void set_remainder(SeriesModel& model) {
  Decomposition& parts = model.parts;
  parts.remainder = interpolated(model.values);
  parts.remainder.resize(parts.trend.size());
  for (size_t t = 0; t < parts.remainder.size(); ++t) {
    parts.remainder[t] -= parts.trend[t];
    for (const std::vector<double>& seasonal : parts.seasonal) parts.remainder[t] -= seasonal[t];
  }
}

SeriesForecast forecast_series(const SeriesModel& model, const Regressors& future, size_t ahead) {
  const size_t n = model.values.size();
  std::vector<double> rest = model.values, seasons(n + ahead, 0.0);
  for (size_t p = 0; p < model.periods.size(); ++p) {
    const std::vector<double>& seasonal = model.parts.seasonal[p];
    for (size_t t = 0; t < n; ++t) seasons[t] += seasonal[t];
    for (size_t h = 0; h < ahead; ++h) seasons[n + h] += seasonal[n - model.periods[p] + h % model.periods[p]];
  }
  for (size_t t = 0; t < n; ++t) rest[t] -= seasons[t];
  Regressors regressors = model.regressors;
  for (size_t i = 0; i < regressors.size() && ahead > 0; ++i) {
    regressors[i].insert(regressors[i].end(), future[i].begin(),
                         future[i].begin() + static_cast<std::ptrdiff_t>(ahead));
  }
  ArimaForecast arima = forecast_arima(model.arima, rest, regressors, ahead);
  SeriesForecast out;
  // STL follows noise too: it leaves less of it to the ARIMA model than there is, and the last turn of each season is uncertain.
  double widened = 1, uncertain = 0;
  for (size_t p = 0; p < model.periods.size() && ahead > 0; ++p) {
    const SeasonalNoise noise = seasonal_noise(n / model.periods[p], model.seasonal_windows[p]);
    widened /= std::max(noise.remainder, 0.1);
    uncertain += noise.last_turn;
  }
  uncertain *= variance_of(model.parts.remainder);
  out.fitted = std::move(arima.fitted);
  out.mean = std::move(arima.mean);
  for (size_t t = 0; t < n; ++t) out.fitted[t] += seasons[t];
  for (size_t h = 0; h < ahead; ++h) {
    out.mean[h] += seasons[n + h];
    out.deviation.push_back(std::sqrt(widened * (arima.variance[h] + uncertain)));
  }
  return out;
}

// By halving the interval: erfc() is as exact as doubles are.
double normal_quantile(double p) {
  const double tail = std::min(p, 1 - p);
  double low = 0, high = 40;
  while (high - low > 1e-14 * (1 + high)) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(middle / std::numbers::sqrt2) > tail ? low : high) = middle;
  }
  return p < 0.5 ? -low : low;
}

ForecastErrors forecast_errors(std::span<const double> actual, std::span<const double> forecast, double scale) {
  ForecastErrors out;
  double squares = 0, relative = 0;
  uint64_t with_actual = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(actual[i]) || std::isnan(forecast[i])) continue;
    const double error = std::abs(actual[i] - forecast[i]), size = std::abs(actual[i]) + std::abs(forecast[i]);
    ++out.count;
    out.mae += error;
    squares += error * error;
    if (size > 0) out.smape += 2 * error / size;
    if (actual[i] != 0) {
      relative += error / std::abs(actual[i]);
      ++with_actual;
    }
  }
  const auto n = static_cast<double>(out.count);
  out.mape = with_actual > 0 ? relative / static_cast<double>(with_actual) : kNaN;
  out.mae = out.count > 0 ? out.mae / n : kNaN;
  out.smape = out.count > 0 ? out.smape / n : kNaN;
  out.rmse = out.count > 0 ? std::sqrt(squares / n) : kNaN;
  out.mase = scale > 0 ? out.mae / scale : kNaN;
  return out;
}

double naive_error(std::span<const double> values, uint32_t season) {
  const size_t lag = std::max(1u, season);
  double sum = 0;
  uint64_t count = 0;
  for (size_t t = lag; t < values.size(); ++t) {
    if (std::isnan(values[t]) || std::isnan(values[t - lag])) continue;
    sum += std::abs(values[t] - values[t - lag]);
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

}  // namespace sinan::ml::series

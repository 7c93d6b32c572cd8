// SeriesModel: one time series as seasons + ARIMA, fitted and forecast. A SQL model (ml/series/forecaster.h) holds one a
// series. Values; functions are pure and may run on many threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "ml/series/arima.h"
#include "ml/series/stl.h"
#include "ml/series/time_axis.h"

namespace sinan::ml::series {

struct SeriesOptions {
  std::optional<ArimaOrder> order;               // absent: searched
  std::optional<std::vector<uint32_t>> periods;  // absent: found; ascending
  std::vector<uint32_t> seasonal_windows;        // as MstlOptions
  bool robust = false;
};

struct SeriesModel {
  std::string key;  // the series' name, its group's value; empty when there is one series
  TimeAxis axis;
  std::vector<double> values;  // at axis.at(0), ...; NaN = missing
  std::vector<uint32_t> periods;
  std::vector<uint32_t> seasonal_windows;  // one a period
  Decomposition parts;                     // of the interpolated values; trend is empty without seasons
  Regressors regressors;                   // of the history
  Arima arima;                             // of the values less the seasons
  std::vector<std::string> notes;          // what was told: periods left out, gaps
};

// Errors (kData): too few values for the seasons or the order. Periods with fewer than two seasons in the data are left out
// with a note, when they were not all.
Result<SeriesModel> fit_series(TimeAxis axis, std::vector<double> values, Regressors regressors,
                               const SeriesOptions& options, const CancelToken& cancel = {});

// What the trend and the seasons leave of the (interpolated) values; nothing without seasons.
void set_remainder(SeriesModel& model);

struct SeriesForecast {
  std::vector<double> fitted;     // one step ahead, as long as the history; NaN where the past is too short
  std::vector<double> mean;       // ahead of the history
  std::vector<double> deviation;  // standard deviation of the error, ahead
};

// Deviations are the ARIMA model's, widened by what the seasons' smoothing does to noise (seasonal_noise()). `future`: the regressors' values ahead, a column each; may be empty when `ahead` is 0. The last full season of each period goes on.
SeriesForecast forecast_series(const SeriesModel& model, const Regressors& future, size_t ahead);

// The value that a standard normal variable stays below with probability `p` in (0, 1).
double normal_quantile(double p);

// Errors of forecasts against what came true; NaN on either side is left out.
struct ForecastErrors {
  uint64_t count = 0;
  double mae = 0, rmse = 0;
  double mape = 0;   // mean of |error / actual|, without actuals of 0; NaN when all are
  double smape = 0;  // mean of 2 |error| / (|actual| + |forecast|)
  double mase = 0;   // mae over `scale`; NaN when that is 0
};
ForecastErrors forecast_errors(std::span<const double> actual, std::span<const double> forecast, double scale);

// Mean absolute difference to the value a season before (a step before without seasons): the scale of MASE (Hyndman and
// Koehler, 2006).
double naive_error(std::span<const double> values, uint32_t season);

}  // namespace sinan::ml::series

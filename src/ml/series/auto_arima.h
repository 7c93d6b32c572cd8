// The order of an ARIMA model found from the series: differences by the KPSS test, then p, q and the constant by a stepwise
// search for the least AICc (Hyndman and Khandakar, "Automatic time series forecasting: the forecast package for R", 2008).
// Pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "ml/series/arima.h"

namespace sinan::ml::series {

// The test statistic of Kwiatkowski, Phillips, Schmidt and Shin (1992) for "stationary around a level", with Bartlett's
// weights on `lags` autocovariances; above 0.463 it is unlikely (5 %). Needs two values; 0 for a constant series.
double kpss_statistic(std::span<const double> values, uint32_t lags);

// 0 to 2: how often to difference until the test has nothing against it. NaN are interpolated.
uint32_t differences_needed(std::span<const double> values);

struct OrderSearch {
  uint32_t most_p = 5;
  uint32_t most_q = 5;
};

// Errors: as fit_arima(), of the simplest model.
Result<Arima> auto_arima(std::span<const double> values, const Regressors& regressors, const OrderSearch& search = {},
                         const CancelToken& cancel = {});

}  // namespace sinan::ml::series

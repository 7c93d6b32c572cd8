// Where the search for the maximum likelihood of an ARIMA model begins: regressions in place of the likelihood (Hannan and
// Rissanen, "Recursive estimation of mixed autoregressive-moving average order", 1982). Pure.
#pragma once

#include <span>
#include <vector>

#include "ml/series/arima.h"

namespace sinan::ml::series {

// `w`: the differenced series without gaps and regressors. Each start holds the unconstrained numbers of ar, ma, seasonal_ar,
// seasonal_ma, in this order; there is at least one.
std::vector<std::vector<double>> arima_starts(std::span<const double> w, const ArimaOrder& order);

}  // namespace sinan::ml::series

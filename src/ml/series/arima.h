// ARIMA: autoregressive integrated moving average models with seasonal factors, regressors and missing values, fitted by
// exact Gaussian maximum likelihood (Harvey 1989; Brockwell and Davis, "Time Series: Theory and Methods"). Parameters and
// likelihoods are those of statsmodels' ARIMA. Pure functions; values.
//
//   (1 - ar(B)) (1 - seasonal_ar(B^s)) (1-B)^d (1-B^s)^D (y[t] - regression . x[t]) = (1 + ma(B)) (1 + seasonal_ma(B^s)) e[t]
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "ml/series/arma_filter.h"

namespace sinan::ml::series {

struct ArimaOrder {
  uint32_t p = 0, d = 0, q = 0;
  uint32_t seasonal_p = 0, seasonal_d = 0, seasonal_q = 0;
  uint32_t period = 0;  // 0: no seasonal factor
  friend bool operator==(const ArimaOrder&, const ArimaOrder&) = default;
};

std::string to_string(const ArimaOrder& order);  // "(7,0,2)", "(1,1,1)(0,1,1)[12]"

// How many values of the past the differences take: d + D s.
size_t lost_to_differences(const ArimaOrder& order);

// Regressors, a column each, as long as the series (and its forecast); no NaN.
using Regressors = std::vector<std::vector<double>>;

struct ArimaSpec {
  ArimaOrder order;
  // A mean without differences, a drift (a slope) with one; with more it does not exist.
  bool constant = false;
  // Tries more than one start: for the final fit, where the likelihood may have several maxima.
  bool thorough = true;
};

struct Arima {
  ArimaOrder order;
  bool constant = false;
  std::vector<double> ar, ma, seasonal_ar, seasonal_ma;
  std::vector<double> regression;  // the constant first, then one a regressor
  double sigma2 = 0;               // variance of e, maximum likelihood
  double log_likelihood = 0;
  uint64_t observations = 0;  // that the likelihood counts: without missing ones and those lost to differences

  size_t parameters() const;  // with sigma2
  double aic() const;
  double aicc() const;  // infinity when there are not more observations than parameters + 1
  double bic() const;
  Polynomials polynomials() const;
};

// NaN in `values` = missing. Errors: kData for too few values, for gaps that leave no place to start differences from, and
// for regressors that make up each other; kArgument for orders beyond the limits; kCancelled.
Result<Arima> fit_arima(std::span<const double> values, const Regressors& regressors, const ArimaSpec& spec,
                        const CancelToken& cancel = {});

// One step ahead within the series, then `ahead` steps behind its end. Variances are of the forecast's error.
struct ArimaForecast {
  std::vector<double> fitted;  // as long as the series; NaN where the past is too short
  std::vector<double> mean;    // ahead
  std::vector<double> variance;
};

// `regressors` are values.size() + ahead long.
ArimaForecast forecast_arima(const Arima& model, std::span<const double> values, const Regressors& regressors,
                             size_t ahead);

// Unconstrained numbers to coefficients of a stationary process and back (Monahan, 1984; Barndorff-Nielsen and Schou,
// 1973): partial autocorrelations x / sqrt(1 + x^2), then Levinson-Durbin.
std::vector<double> to_stationary(std::span<const double> x);
std::vector<double> from_stationary(std::span<const double> coefficients);

}  // namespace sinan::ml::series

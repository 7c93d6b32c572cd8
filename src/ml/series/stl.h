// STL: a series as trend + seasonal + remainder, by locally weighted regression (Cleveland, Cleveland, McRae and Terpenning,
// "STL: A Seasonal-Trend Decomposition Procedure Based on Loess", 1990), and MSTL: several seasons, one after another, in
// rounds (Bandara, Hyndman and Bergmeir, 2021). The numbers are those of statsmodels' STL and MSTL. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"

namespace sinan::ml::series {

struct StlOptions {
  uint32_t period = 0;           // points a season, at least 2
  uint32_t seasonal_window = 7;  // odd, at least 3: how many seasons the seasonal pattern is averaged over
  uint32_t trend_window =
      0;                // odd, more than the period; 0: the smallest odd above 1.5 period / (1 - 1.5 / seasonal_window)
  bool robust = false;  // outliers do not bend trend and season: 15 rounds of weights
};

struct StlDecomposition {
  std::vector<double> seasonal;
  std::vector<double> trend;
  std::vector<double> weights;  // of robustness; all 1 when not robust
};

// Errors: kArgument for a period below 2 or windows that are even or too small, kData for fewer than two seasons or values
// that are not finite. About n * (seasonal + trend + period) steps a round.
Result<StlDecomposition> stl(std::span<const double> values, const StlOptions& options);

struct MstlOptions {
  std::vector<uint32_t> periods;           // ascending, each at most half the length
  std::vector<uint32_t> seasonal_windows;  // one a period; empty: 11, 15, 19, ... as MSTL has them
  bool robust = false;
};

// values = trend + all seasonal + remainder.
struct Decomposition {
  std::vector<std::vector<double>> seasonal;  // one a period
  std::vector<double> trend;
  std::vector<double> remainder;
};

Result<Decomposition> mstl(std::span<const double> values, const MstlOptions& options);

// What smoothing over `window` of `turns` turns makes of noise of variance 1: what is left of it in the remainder amid the
// series, and how uncertain the pattern of the last turn is, which forecasts go on with.
struct SeasonalNoise {
  double remainder = 1;
  double last_turn = 0;
};
SeasonalNoise seasonal_noise(size_t turns, uint32_t window);

// How much of what the trend leaves a season explains, 0 to 1: 1 - Var(remainder) / Var(seasonal + remainder), not below 0
// (Wang, Smith and Hyndman, 2006).
double seasonal_strength(std::span<const double> seasonal, std::span<const double> remainder);

// Values for NaN: linear between the neighbours, the nearest value at both ends. All NaN stays so.
std::vector<double> interpolated(std::span<const double> values);

}  // namespace sinan::ml::series

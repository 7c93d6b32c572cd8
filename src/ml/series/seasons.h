// Which seasons a series has, told from its values. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sinan::ml::series {

// Autocorrelations at lags 1 to `most`.
std::vector<double> autocorrelations(std::span<const double> values, size_t most);

// Those of the candidates (points a season) that the series repeats itself at, ascending: three seasons are there and the
// autocorrelation at the period of the detrended series is positive at the 5 % level (the test of the M4 competition). A
// longer one must show in what the shorter ones leave. Without candidates, the strongest cycle of the periodogram is tried.
std::vector<uint32_t> find_periods(std::span<const double> values, std::span<const uint32_t> candidates);

}  // namespace sinan::ml::series

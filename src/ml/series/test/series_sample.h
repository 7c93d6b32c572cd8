// Series that tests share; statsmodels_numbers.py makes the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sinan::ml::series {

// About standard normal: the sum of twelve uniform numbers of a congruential generator, less six.
std::vector<double> noise(size_t n, uint64_t seed);

// Trend, a week and an ARMA(1,1).
std::vector<double> sample(size_t n);

// The flow of the Nile at Aswan, 10^8 m^3 a year, 1871 to 1970 (Cobb, 1978; in R and statsmodels as "nile").
const std::vector<double>& nile();

}  // namespace sinan::ml::series

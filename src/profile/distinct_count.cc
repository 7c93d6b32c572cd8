#include "profile/distinct_count.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sinan::profile {

void DistinctCount::add(uint64_t hash) {
  const uint64_t rest = (hash << kIndexBits) | (uint64_t{1} << (kIndexBits - 1));
  uint8_t& entry = registers_[hash >> (64 - kIndexBits)];
  entry = std::max(entry, static_cast<uint8_t>(std::countl_zero(rest) + 1));
}

uint64_t DistinctCount::estimate() const {
  const auto m = static_cast<double>(registers_.size());
  double sum = 0;
  for (const uint8_t entry : registers_) sum += std::ldexp(1.0, -entry);
  const auto empty = static_cast<double>(std::ranges::count(registers_, uint8_t{0}));
  const double raw = 0.7213 / (1 + 1.079 / m) * m * m / sum;
  const bool few = raw <= 2.5 * m && empty > 0;
  return static_cast<uint64_t>(std::llround(few ? m * std::log(m / empty) : raw));
}

}  // namespace sinan::profile

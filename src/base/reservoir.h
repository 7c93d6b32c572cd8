// Reservoir: which rows of a stream make a uniform sample of it, without knowing how many will come (Li's Algorithm L,
// 1994). It deals in row numbers only; whoever uses it keeps the rows. The same seed and stream give the same sample.
// Not thread-safe.
//
//     Reservoir reservoir(1000, seed);
//     if (reservoir.wants(batch.rows())) decode(batch);
//     reservoir.offer(batch.rows(), [&](size_t row, size_t slot) { kept[slot] = value(row); });
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/random.h"

namespace sinan {

class Reservoir {
 public:
  Reservoir(size_t slots, uint64_t seed) : slots_(slots), random_(seed) {}

  size_t filled() const { return filled_; }
  uint64_t seen() const { return seen_; }
  // Whether offer() would take one of the next rows.
  bool wants(size_t rows) const { return filled_ < slots_ || next_ < seen_ + rows; }

  // Calls take(row, slot) for each of the next rows that enters the sample, in their order: slots are filled from 0 on, one
  // after another, and overwritten once all are.
  template <class Take>
  void offer(size_t rows, Take&& take) {
    const uint64_t begin = seen_;
    seen_ += rows;
    for (size_t row = 0; row < rows && filled_ < slots_; ++row) {
      take(row, filled_++);
      if (filled_ < slots_) continue;
      next_ = begin + row;
      skip_ahead();
    }
    while (filled_ == slots_ && slots_ > 0 && next_ < seen_) {
      take(static_cast<size_t>(next_ - begin), static_cast<size_t>(random_.below(slots_)));
      skip_ahead();
    }
  }

 private:
  void skip_ahead() {
    const auto uniform = [&] { return 1 - random_.uniform(); };  // (0, 1]
    weight_ *= std::exp(std::log(uniform()) / static_cast<double>(slots_));
    const double gap = std::floor(std::log(uniform()) / std::log1p(-weight_));
    // Beyond 2^62 rows nothing will ever be taken again.
    next_ += 1 + (gap < 0x1p62 ? static_cast<uint64_t>(gap) : uint64_t{1} << 62);
  }

  size_t slots_;
  Random random_;
  size_t filled_ = 0;
  uint64_t seen_ = 0;
  uint64_t next_ = 0;  // the next row to take, once all slots are filled
  double weight_ = 1;
};

}  // namespace sinan

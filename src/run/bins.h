// Numbers cut into bins: boundaries, which bin a number falls into, shares, and a column's statistics.
//
// A bin reaches from its lower boundary (left out) to its upper one (included); the first has its lower one too. What lies outside of
// all goes into the first or the last bin, so that shares always add up to 1. NaN stands for a missing value and counts nowhere.
// Values and pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"

namespace sinan::run {

class Bins {
 public:
  // Equal widths from `min` to `max`. Where these are equal, both are moved away from each other by a thousandth.
  static Bins even(double min, double max, size_t count);
  // Equal widths of the logarithm; 0 < min.
  static Bins even_log(double min, double max, size_t count);
  // As given: at least two, finite, ascending (CHECK).
  static Bins at(std::vector<double> boundaries);

  size_t count() const { return boundaries_.size() - 1; }
  const std::vector<double>& boundaries() const { return boundaries_; }
  size_t of(double value) const;  // not NaN
  // How many values are in each bin.
  std::vector<uint64_t> counts(std::span<const double> values) const;

 private:
  explicit Bins(std::vector<double> boundaries) : boundaries_(std::move(boundaries)) {}
  std::vector<uint64_t> counts_of_few(std::span<const double> values) const;
  std::vector<double> boundaries_;
  double per_width_ = 0;  // bins per unit where they are equal, else 0
};

// Of the values that are not missing.
struct Summary {
  size_t count = 0;
  double min = 0;
  double max = 0;
  double mean = 0;
  double median = 0;
  double std = 0;  // of a sample: divided by n - 1; NaN for one value
};

// All but the median; min and max are 0 when there are no values.
Summary summarise(std::span<const double> values);
// Of the values that are not missing; NaN when there are none.
double median(std::span<const double> values);

// Each divided by their sum, which is not 0.
std::vector<double> shares(std::span<const uint64_t> counts);
// Running sums from the first, or from the last.
std::vector<double> running_sums(std::span<const double> values, bool reverse);

// "0.1,0.25": the shortest text that is read back as the same number.
std::string to_list(std::span<const double> values);
// Errors: kData for what is no finite number; an empty text has none.
Result<std::vector<double>> read_list(std::string_view text);

// Appends a column's numbers, NaN for NULL. Answers false when one is infinite.
bool append_numbers(const arrow::ColumnView& column, std::vector<double>& out);

}  // namespace sinan::run

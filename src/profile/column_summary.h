// ColumnSummary: what one pass over a column tells, in little memory: how many values are missing, about how many are
// different, the least and the greatest, mean and standard deviation. Not thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "arrow/batch.h"
#include "profile/distinct_count.h"

namespace sinan::profile {

enum class ValueKind : uint8_t {
  kNumber,   // integers, floats, decimals
  kBoolean,  // false and true are 0 and 1
  kMoment,   // dates, times, timestamps: their integer
  kText,     // strings and ENUM
  kOther,    // lists, structs, ...: only counted
};
ValueKind kind_of(const arrow::Type& type);

// A moment as a person reads it; `moment` in the unit of its type.
std::string moment_text(const arrow::Type& type, int64_t moment);
// A value of read_values() as a person reads it: "2013-01-01", "true", "3.25".
std::string value_text(const arrow::Type& type, double value);

class ColumnSummary {
 public:
  explicit ColumnSummary(arrow::Type type);

  void append(const arrow::ColumnView& column);

  const arrow::Type& type() const { return type_; }
  ValueKind kind() const { return kind_; }
  uint64_t rows() const { return rows_; }
  uint64_t missing() const { return missing_; }  // NULL
  uint64_t nan() const { return nan_; }          // not a number; counts nowhere else
  uint64_t infinite() const { return infinite_; }
  // About: see DistinctCount; never more than there are values. 0 for kOther.
  uint64_t distinct() const;
  bool is_constant() const;

  // As a person reads them; nothing when there is no value, or the kind has no order.
  std::optional<std::string> least() const;
  std::optional<std::string> greatest() const;
  // Of finite numbers and booleans; the deviation is a sample's (divided by n - 1).
  std::optional<double> mean() const;
  std::optional<double> deviation() const;

 private:
  template <class T>
  struct Range {
    T low = std::numeric_limits<T>::max();
    T high = std::numeric_limits<T>::lowest();
    void add(T value) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  };

  void add_integers(const arrow::ColumnView& column);
  void add_doubles(const arrow::ColumnView& column);
  void add_texts(const arrow::ColumnView& column);
  void add_to_moments(double value);
  uint64_t values() const { return rows_ - missing_ - nan_; }

  arrow::Type type_;
  ValueKind kind_;
  bool exact_;  // kept as 64-bit integers
  uint64_t rows_ = 0;
  uint64_t missing_ = 0;
  uint64_t nan_ = 0;
  uint64_t infinite_ = 0;
  DistinctCount distinct_;
  Range<int64_t> integers_;
  Range<double> doubles_;
  std::optional<std::string> low_text_, high_text_;
  // Sums of what the finite values are above the first of them, which keeps large means from eating small deviations.
  uint64_t finite_ = 0;
  double origin_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

}  // namespace sinan::profile

// SliceIndex: which rows of a stream hold which value of one column, read batch by batch. TO EVALUATE measures each of them
// by itself.
//
//     SliceIndex index(column.type());
//     TRY(index.append(batch.column(by)));       // in the order of the rows
//     for (const Slice& slice : index.finish())  // by value, NULL last
//       take_rows(scored, slice.rows, part);
//
// Linear in the rows; texts and numbers are looked up without an allocation a row. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "ml/feature_plan_vocabulary.h"

namespace sinan::ml {

// More values are no slices any more: each would be a handful of rows.
inline constexpr size_t kMostSlices = 1000;

struct Slice {
  std::optional<std::string> value;  // as a person reads it; absent = NULL
  std::vector<size_t> rows;          // ascending, counted from the first row appended
};

class SliceIndex {
 public:
  explicit SliceIndex(const arrow::Type& type);

  // Errors (kData): more than kMostSlices values.
  Status append(const arrow::ColumnView& column);
  // Numbers, dates and times ascend, everything else by its text. Called once, at the end.
  std::vector<Slice> finish();

 private:
  enum class Key : uint8_t { kInteger, kFloating, kText, kPrinted };
  int32_t code_of(const arrow::ColumnView& column, size_t row);
  int32_t number_code(int64_t key, const arrow::ColumnView& column, size_t row);

  Key key_;
  std::unordered_map<int64_t, int32_t> number_codes_;  // by the integer, or by a float's bits
  StringCodes text_codes_;
  std::vector<std::string> texts_;  // of number codes
  std::vector<double> order_;       // of number codes
  std::vector<int32_t> codes_;      // by row; -1 = NULL
};

}  // namespace sinan::ml

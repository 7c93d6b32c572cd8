// ColumnValues: a query column's rows as feature functions read them, whether they come from a batch (scoring) or from the
// training data in memory. ValueReader makes them of Arrow columns.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "arrow/batch.h"
#include "ml/feature_plan_input.h"

namespace sinan::ml {

// Borrowed. Exactly one of numbers, integers and codes is set: of rows, or of the items of lists.
struct ColumnValues {
  size_t rows = 0;
  std::span<const float> numbers;           // NaN: missing
  std::span<const int64_t> integers;        // whole numbers, or moments; kMissingMoment: missing
  std::span<const int32_t> codes;           // of texts; negative: missing
  std::span<const std::string_view> texts;  // by code
  bool are_same_texts = false;              // as in the last block of this column: what they are made into may be kept

  InputKind moment = InputKind::kDate;  // what the integers are, when they are moments

  bool is_list = false;
  std::span<const uint64_t> begins;     // rows + 1: row i has the items [begins[i], begins[i + 1])
  std::span<const uint8_t> is_missing;  // by row: NULL instead of a list
  std::span<const float> weights;       // by item: a map's values; empty: no map
};

// What a column's type is to feature functions; nothing for types that they cannot read.
enum class ValueKind : uint8_t { kIntegers, kNumbers, kTexts, kMoments };
struct ValueType {
  ValueKind kind = ValueKind::kNumbers;  // of a list: its items
  bool is_list = false;
  bool is_map = false;                  // a list whose items have weights
  InputKind moment = InputKind::kDate;  // of kMoments
};
// "whole numbers", "lists of texts", ...
std::string_view describe(const ValueType& type);
std::optional<ValueType> value_type(const arrow::Type& type);
// Whether values of the one type can stand for those of the other: numbers of any kind, texts and ENUMs.
bool is_alike(const ValueType& a, const ValueType& b);

// Reuses its buffers. Not thread-safe.
class ValueReader {
 public:
  // `type`: what the column was in training; whole numbers are read as such only if they were then.
  explicit ValueReader(ValueType type) : type_(type) {}
  // Borrows from the column and the reader, until the next call.
  const ColumnValues& read(const arrow::ColumnView& column);

 private:
  void read_plain(const arrow::ColumnView& column);
  void read_lists(const arrow::ColumnView& column);

  ValueType type_;
  ColumnValues values_;
  std::vector<float> numbers_;
  std::vector<int64_t> integers_;
  std::vector<std::string_view> texts_;
  std::vector<int32_t> codes_;
  std::vector<uint64_t> begins_;
  std::vector<uint8_t> is_missing_;
  std::vector<float> weights_;
};

}  // namespace sinan::ml

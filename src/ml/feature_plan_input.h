// Inputs: what a query column can be to a model, and the kernels that read Arrow columns as such. Fitting (ml/data_set.h)
// and encoding (FeatureEncoder) share them, so that a value means the same in training and in scoring.
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "arrow/batch.h"
#include "ml/feature_plan.h"

namespace sinan::ml {

enum class InputKind : uint8_t {
  kNumber,     // integers, floats, decimals, booleans; a column of nothing but NULL
  kText,       // strings and ENUM
  kDate,       // read as days since 1970-01-01
  kTime,       // read as microseconds since midnight
  kTimestamp,  // read as microseconds since 1970-01-01 UTC
};
// Nothing for types that are no features (lists, structs, binary, intervals, ...).
std::optional<InputKind> input_kind(const arrow::Type& type);
// "a number", "a text", "a date", ...
std::string_view describe(InputKind kind);

// Stands for NULL in moments.
inline constexpr int64_t kMissingMoment = std::numeric_limits<int64_t>::min();

// A kNumber column as float32, NULL as NaN. `out` has the column's size.
void read_numbers(const arrow::ColumnView& column, std::span<float> out);
// The column's own memory, when it is float32 without NULL.
std::optional<std::span<const float>> borrow_numbers(const arrow::ColumnView& column);
// A kDate, kTime or kTimestamp column in the units above.
void read_moments(const arrow::ColumnView& column, std::span<int64_t> out);

// The parts of a moment that become features, in order, and their name endings ("year").
std::span<const Transform::Kind> moment_parts(InputKind kind);
std::string_view part_name(Transform::Kind kind);
// One part of each moment: year; month 1..12; day 1..31; weekday 1 (Monday) .. 7; hour, minute; epoch: days since 1970
// (with their fraction for timestamps), seconds since midnight for times. NaN for kMissingMoment.
void moment_part(InputKind kind, Transform::Kind part, std::span<const int64_t> moments, std::span<float> out);

// One part of each moment, as DATE_PART has it: those above, and quarter 1..4; week 1..53 (ISO 8601); yearday 1..366; second
// 0..59. NaN for kMissingMoment, and for parts that the kind has not.
void date_parts(InputKind kind, DatePart part, std::span<const int64_t> moments, std::span<double> out);

}  // namespace sinan::ml

#include "profile/column_summary.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/hash.h"

namespace sinan::profile {

using arrow::TypeId;

ValueKind kind_of(const arrow::Type& type) {
  if (type.is_numeric()) return ValueKind::kNumber;
  if (type.id == TypeId::kBool) return ValueKind::kBoolean;
  if (type.is_temporal()) return ValueKind::kMoment;
  if (type.is_text()) return ValueKind::kText;
  return ValueKind::kOther;
}

std::string moment_text(const arrow::Type& type, int64_t moment) {
  arrow::BatchBuilder one({{"moment", type}});
  one.column(0).append(moment);
  return one.finish().column(0).to_text(0);
}

std::string value_text(const arrow::Type& type, double value) {
  switch (kind_of(type)) {
    case ValueKind::kBoolean:
      return value != 0 ? "true" : "false";
    case ValueKind::kMoment:
      return moment_text(type, static_cast<int64_t>(std::floor(value)));
    default:
      return fmt::format("{:.6g}", value);
  }
}

ColumnSummary::ColumnSummary(arrow::Type type)
    : type_(std::move(type)),
      kind_(kind_of(type_)),
      // Above 2^63 an unsigned value is no int64.
      exact_(kind_ == ValueKind::kMoment || (type_.is_integer() && type_.id != TypeId::kUInt64)) {}

void ColumnSummary::append(const arrow::ColumnView& column) {
  rows_ += column.size();
  missing_ += column.null_count();
  if (kind_ == ValueKind::kOther) return;
  if (kind_ == ValueKind::kText) return add_texts(column);
  exact_ ? add_integers(column) : add_doubles(column);
}

void ColumnSummary::add_to_moments(double value) {
  if (finite_++ == 0) origin_ = value;
  const double above = value - origin_;
  sum_ += above;
  squares_ += above * above;
}

void ColumnSummary::add_integers(const arrow::ColumnView& column) {
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.is_null(i)) continue;
    const int64_t value = column.as_int(i);
    integers_.add(value);
    distinct_.add(mix_bits(static_cast<uint64_t>(value)));
    if (kind_ == ValueKind::kNumber) add_to_moments(static_cast<double>(value));
  }
}

void ColumnSummary::add_doubles(const arrow::ColumnView& column) {
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.is_null(i)) continue;
    const double value = kind_ == ValueKind::kBoolean ? (column.as_bool(i) ? 1.0 : 0.0) : column.as_double(i);
    if (std::isnan(value)) {
      ++nan_;
      continue;
    }
    doubles_.add(value);
    distinct_.add(mix_bits(std::bit_cast<uint64_t>(value == 0 ? 0.0 : value)));  // 0.0 and -0.0 are one value
    if (std::isfinite(value)) {
      add_to_moments(value);
    } else {
      ++infinite_;
    }
  }
}

void ColumnSummary::add_texts(const arrow::ColumnView& column) {
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.is_null(i)) continue;
    const std::string_view value = column.string(i);
    distinct_.add(hash64(value));
    if (!low_text_ || value < *low_text_) low_text_ = value;
    if (!high_text_ || value > *high_text_) high_text_ = value;
  }
}

uint64_t ColumnSummary::distinct() const { return std::min(distinct_.estimate(), values()); }

bool ColumnSummary::is_constant() const {
  if (kind_ == ValueKind::kOther || values() == 0) return false;
  if (kind_ == ValueKind::kText) return low_text_ == high_text_;
  return exact_ ? integers_.low == integers_.high : doubles_.low == doubles_.high;
}

std::optional<std::string> ColumnSummary::least() const {
  if (values() == 0) return std::nullopt;
  if (kind_ == ValueKind::kMoment) return moment_text(type_, integers_.low);
  if (kind_ == ValueKind::kNumber && exact_) return fmt::format("{}", integers_.low);
  if (kind_ == ValueKind::kOther) return std::nullopt;
  return kind_ == ValueKind::kText ? low_text_ : value_text(type_, doubles_.low);
}

std::optional<std::string> ColumnSummary::greatest() const {
  if (values() == 0) return std::nullopt;
  if (kind_ == ValueKind::kMoment) return moment_text(type_, integers_.high);
  if (kind_ == ValueKind::kNumber && exact_) return fmt::format("{}", integers_.high);
  if (kind_ == ValueKind::kOther) return std::nullopt;
  return kind_ == ValueKind::kText ? high_text_ : value_text(type_, doubles_.high);
}

std::optional<double> ColumnSummary::mean() const {
  if (finite_ == 0) return std::nullopt;
  return origin_ + sum_ / static_cast<double>(finite_);
}

std::optional<double> ColumnSummary::deviation() const {
  if (finite_ < 2) return std::nullopt;
  const auto n = static_cast<double>(finite_);
  return std::sqrt(std::max(0.0, squares_ - sum_ * sum_ / n) / (n - 1));
}

}  // namespace sinan::profile

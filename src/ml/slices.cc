#include "ml/slices.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace sinan::ml {
namespace {

// NaN is one value, and so are the two zeros.
int64_t float_key(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<int64_t>(value + 0.0);
}

}  // namespace

SliceIndex::SliceIndex(const arrow::Type& type)
    : key_(type.is_integer() || type.is_temporal() || type.id == arrow::TypeId::kBool ? Key::kInteger
           : type.is_floating()                                                       ? Key::kFloating
           : type.is_text()                                                           ? Key::kText
                                                                                      : Key::kPrinted) {}

int32_t SliceIndex::number_code(int64_t key, const arrow::ColumnView& column, size_t row) {
  const auto [found, added] = number_codes_.try_emplace(key, static_cast<int32_t>(texts_.size()));
  if (added) {
    texts_.push_back(column.to_text(row));
    order_.push_back(key_ == Key::kFloating ? column.as_double(row) : static_cast<double>(key));
  }
  return found->second;
}

int32_t SliceIndex::code_of(const arrow::ColumnView& column, size_t row) {
  switch (key_) {
    case Key::kInteger:
      return number_code(column.type().id == arrow::TypeId::kBool ? int64_t{column.as_bool(row)} : column.as_int(row),
                         column, row);
    case Key::kFloating:
      return number_code(float_key(column.as_double(row)), column, row);
    case Key::kText:
      return text_codes_.intern(column.string(row));
    case Key::kPrinted:
      return text_codes_.intern(column.to_text(row));
  }
  return -1;
}

Status SliceIndex::append(const arrow::ColumnView& column) {
  const size_t rows = column.size();
  codes_.reserve(codes_.size() + rows);
  for (size_t i = 0; i < rows; ++i) {
    codes_.push_back(column.is_null(i) ? -1 : code_of(column, i));
    if (codes_.back() < static_cast<int32_t>(kMostSlices)) continue;
    return fail(Code::kData, fmt::format("too many values to slice by: more than {}", kMostSlices),
                "cut the column into ranges in the query: width_bucket, date_trunc, CASE");
  }
  return {};
}

std::vector<Slice> SliceIndex::finish() {
  const bool printed = key_ == Key::kText || key_ == Key::kPrinted;
  const size_t values = printed ? text_codes_.size() : texts_.size();
  std::vector<Slice> out(values + 1);  // the last one: NULL
  for (size_t k = 0; k < values; ++k) out[k].value = printed ? std::string(text_codes_.text(k)) : texts_[k];
  std::vector<size_t> sizes(values + 1);
  const auto slot = [&](int32_t code) { return code < 0 ? values : static_cast<size_t>(code); };
  for (const int32_t code : codes_) ++sizes[slot(code)];
  for (size_t k = 0; k <= values; ++k) out[k].rows.reserve(sizes[k]);
  for (size_t i = 0; i < codes_.size(); ++i) out[slot(codes_[i])].rows.push_back(i);

  std::vector<size_t> order(values);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (printed) return *out[a].value < *out[b].value;
    if (std::isnan(order_[a]) || std::isnan(order_[b])) return !std::isnan(order_[a]) && std::isnan(order_[b]);
    return order_[a] < order_[b];
  });
  std::vector<Slice> sorted;
  for (const size_t k : order) sorted.push_back(std::move(out[k]));
  if (!out[values].rows.empty()) sorted.push_back(std::move(out[values]));
  return sorted;
}

}  // namespace sinan::ml

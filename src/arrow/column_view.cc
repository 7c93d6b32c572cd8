#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstring>
#include <limits>

#include "arrow/batch.h"
#include "arrow/text.h"
#include "base/check.h"

namespace sinan::arrow {
namespace {

__extension__ using Int128 = __int128;

bool bit_at(const void* bits, size_t i) { return (static_cast<const uint8_t*>(bits)[i / 8] >> (i % 8)) & 1; }

size_t count_set(const uint8_t* bits, size_t begin, size_t count) {
  size_t set = 0;
  size_t i = begin;
  const size_t end = begin + count;
  for (; i < end && i % 8 != 0; ++i) set += bit_at(bits, i);
  for (; i + 64 <= end; i += 64) {
    uint64_t word;
    std::memcpy(&word, bits + i / 8, sizeof(word));
    set += static_cast<size_t>(std::popcount(word));
  }
  for (; i < end; ++i) set += bit_at(bits, i);
  return set;
}

template <class T>
T value_at(const ArrowArray& array, size_t i) {
  return static_cast<const T*>(array.buffers[1])[i];
}

// Calls `use` with the integer or floating value of slot i; false for types that have none.
template <class Use>
bool with_number(const Type& type, const ArrowArray& array, size_t i, Use use) {
  switch (type.id) {
    case TypeId::kBool:
      use(int64_t{bit_at(array.buffers[1], i)});
      return true;
    case TypeId::kInt8:
      use(int64_t{value_at<int8_t>(array, i)});
      return true;
    case TypeId::kInt16:
      use(int64_t{value_at<int16_t>(array, i)});
      return true;
    case TypeId::kInt32:
    case TypeId::kDate:
      use(int64_t{value_at<int32_t>(array, i)});
      return true;
    case TypeId::kInt64:
    case TypeId::kTimestamp:
      use(value_at<int64_t>(array, i));
      return true;
    case TypeId::kTime:
      if (type.unit <= TimeUnit::kMilli)
        use(int64_t{value_at<int32_t>(array, i)});
      else
        use(value_at<int64_t>(array, i));
      return true;
    case TypeId::kUInt8:
      use(int64_t{value_at<uint8_t>(array, i)});
      return true;
    case TypeId::kUInt16:
      use(int64_t{value_at<uint16_t>(array, i)});
      return true;
    case TypeId::kUInt32:
      use(int64_t{value_at<uint32_t>(array, i)});
      return true;
    case TypeId::kUInt64:
      use(value_at<uint64_t>(array, i));
      return true;
    case TypeId::kFloat:
      use(double{value_at<float>(array, i)});
      return true;
    case TypeId::kDouble:
      use(value_at<double>(array, i));
      return true;
    default:
      return false;
  }
}

Int128 decimal_at(const ArrowArray& array, size_t i) {
  Int128 value;
  std::memcpy(&value, static_cast<const char*>(array.buffers[1]) + sizeof(value) * i, sizeof(value));
  return value;
}

// Exact operands give the nearest quotient; other values take the way through their decimal text.
double decimal_to_double(Int128 value, int8_t scale) {
  constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr Int128 kExact = Int128{1} << 53;
  if (value >= -kExact && value <= kExact && scale >= 0 && scale < static_cast<int>(std::size(kPowers))) {
    return static_cast<double>(value) / kPowers[scale];
  }
  const std::string text = decimal_text(&value, sizeof(value), scale);
  double result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

int64_t clamp_to_int(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (value < -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

int64_t clamp_to_int(uint64_t value) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(value < kMax ? value : kMax);
}

// The binary view layout: 12 bytes inline, or a prefix and a place in one of the data buffers.
std::string_view view_at(const ArrowArray& array, size_t i) {
  const char* view = static_cast<const char*>(array.buffers[1]) + 16 * i;
  int32_t length, buffer, offset;
  std::memcpy(&length, view, sizeof(length));
  if (length <= 12) return {view + 4, static_cast<size_t>(length)};
  std::memcpy(&buffer, view + 8, sizeof(buffer));
  std::memcpy(&offset, view + 12, sizeof(offset));
  return {static_cast<const char*>(array.buffers[2 + buffer]) + offset, static_cast<size_t>(length)};
}

template <class Offset>
std::string_view text_at(const ArrowArray& array, size_t i) {
  const Offset* offsets = static_cast<const Offset*>(array.buffers[1]);
  const char* data = static_cast<const char*>(array.buffers[2]);
  return {data + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i])};
}

template <class T>
bool is_physical(const Type& type) {
  using enum TypeId;
  const bool wide_time = type.id == kTime && type.unit > TimeUnit::kMilli;
  if constexpr (std::same_as<T, int8_t>) return type.id == kInt8;
  if constexpr (std::same_as<T, int16_t>) return type.id == kInt16;
  if constexpr (std::same_as<T, int32_t>)
    return type.id == kInt32 || type.id == kDate || (type.id == kTime && !wide_time);
  if constexpr (std::same_as<T, int64_t>) return type.id == kInt64 || type.id == kTimestamp || wide_time;
  if constexpr (std::same_as<T, uint8_t>) return type.id == kUInt8;
  if constexpr (std::same_as<T, uint16_t>) return type.id == kUInt16;
  if constexpr (std::same_as<T, uint32_t>) return type.id == kUInt32;
  if constexpr (std::same_as<T, uint64_t>) return type.id == kUInt64;
  if constexpr (std::same_as<T, float>) return type.id == kFloat;
  if constexpr (std::same_as<T, double>) return type.id == kDouble;
}

size_t size_of(int64_t value) { return static_cast<size_t>(value); }

}  // namespace

ColumnView::ColumnView(const Type& type, const ArrowArray& array, size_t offset, size_t length)
    : type_(&type),
      array_(&array),
      validity_(array.n_buffers > 0 && array.null_count != 0 && type.id != TypeId::kNull
                    ? static_cast<const uint8_t*>(array.buffers[0])
                    : nullptr),
      offset_(offset),
      length_(length) {}

bool ColumnView::is_null(size_t i) const {
  if (validity_) return !bit_at(validity_, offset_ + i);
  return type_->id == TypeId::kNull;
}

size_t ColumnView::null_count() const {
  if (type_->id == TypeId::kNull) return length_;
  return validity_ ? length_ - count_set(validity_, offset_, length_) : 0;
}

bool ColumnView::has_nulls() const { return null_count() > 0; }

template <class T>
std::optional<std::span<const T>> ColumnView::values() const {
  if (!is_physical<T>(*type_)) return std::nullopt;
  return std::span<const T>(static_cast<const T*>(array_->buffers[1]) + offset_, length_);
}
template std::optional<std::span<const int8_t>> ColumnView::values() const;
template std::optional<std::span<const int16_t>> ColumnView::values() const;
template std::optional<std::span<const int32_t>> ColumnView::values() const;
template std::optional<std::span<const int64_t>> ColumnView::values() const;
template std::optional<std::span<const uint8_t>> ColumnView::values() const;
template std::optional<std::span<const uint16_t>> ColumnView::values() const;
template std::optional<std::span<const uint32_t>> ColumnView::values() const;
template std::optional<std::span<const uint64_t>> ColumnView::values() const;
template std::optional<std::span<const float>> ColumnView::values() const;
template std::optional<std::span<const double>> ColumnView::values() const;

double ColumnView::as_double(size_t i) const {
  double result = std::numeric_limits<double>::quiet_NaN();
  if (is_null(i)) return result;
  const size_t slot = offset_ + i;
  if (with_number(*type_, *array_, slot, [&](auto value) { result = static_cast<double>(value); })) return result;
  if (type_->id == TypeId::kDecimal) return decimal_to_double(decimal_at(*array_, slot), type_->scale);
  if (type_->id == TypeId::kDictionary) return dictionary().as_double(size_of(dictionary_index(i)));
  return result;
}

int64_t ColumnView::as_int(size_t i) const {
  int64_t result = 0;
  if (is_null(i)) return result;
  const auto take = [&](auto value) {
    if constexpr (std::same_as<decltype(value), int64_t>)
      result = value;
    else
      result = clamp_to_int(value);
  };
  if (with_number(*type_, *array_, offset_ + i, take)) return result;
  if (type_->id == TypeId::kDictionary) return dictionary().as_int(size_of(dictionary_index(i)));
  if (type_->id != TypeId::kDecimal) return result;
  Int128 value = decimal_at(*array_, offset_ + i);
  for (int scale = type_->scale; scale > 0; --scale) value /= 10;
  for (int scale = type_->scale; scale < 0 && value < (Int128{1} << 64) && value > -(Int128{1} << 64); ++scale)
    value *= 10;
  if (value > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  if (value < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

bool ColumnView::as_bool(size_t i) const {
  if (is_null(i)) return false;
  if (type_->id == TypeId::kBool) return bit_at(array_->buffers[1], offset_ + i);
  const double value = as_double(i);
  return value != 0 && !std::isnan(value);
}

std::string_view ColumnView::string(size_t i) const {
  if (is_null(i)) return {};
  if (type_->id == TypeId::kDictionary) return dictionary().string(size_of(dictionary_index(i)));
  if (type_->id != TypeId::kString && type_->id != TypeId::kBinary) return {};
  const size_t slot = offset_ + i;
  switch (type_->layout) {
    case Layout::kPlain:
      return text_at<int32_t>(*array_, slot);
    case Layout::kLarge:
      return text_at<int64_t>(*array_, slot);
    case Layout::kView:
      return view_at(*array_, slot);
    case Layout::kFixed:
      return {static_cast<const char*>(array_->buffers[1]) + slot * type_->width, type_->width};
  }
  return {};
}

int64_t ColumnView::dictionary_index(size_t i) const {
  CHECK(type_->id == TypeId::kDictionary);
  if (is_null(i)) return -1;
  int64_t index = -1;
  with_number(Type(type_->index), *array_, offset_ + i, [&](auto value) { index = static_cast<int64_t>(value); });
  return index;
}

ColumnView ColumnView::dictionary() const {
  CHECK(type_->id == TypeId::kDictionary);
  const ArrowArray& values = *array_->dictionary;
  return ColumnView(type_->children[0].type, values, size_of(values.offset), size_of(values.length));
}

std::pair<size_t, size_t> ColumnView::list_range(size_t i) const {
  CHECK(type_->id == TypeId::kList || type_->id == TypeId::kMap);
  const size_t slot = offset_ + i;
  if (type_->layout == Layout::kFixed) return {slot * type_->width, (slot + 1) * type_->width};
  if (is_null(i)) return {0, 0};
  if (type_->layout == Layout::kLarge) {
    return {size_of(value_at<int64_t>(*array_, slot)), size_of(value_at<int64_t>(*array_, slot + 1))};
  }
  return {size_of(value_at<int32_t>(*array_, slot)), size_of(value_at<int32_t>(*array_, slot + 1))};
}

ColumnView ColumnView::list_values() const {
  CHECK(type_->id == TypeId::kList);
  const ArrowArray& values = *array_->children[0];
  return ColumnView(type_->children[0].type, values, size_of(values.offset), size_of(values.length));
}

ColumnView ColumnView::child(size_t i) const {
  CHECK((type_->id == TypeId::kStruct || type_->id == TypeId::kMap) && i < type_->children.size());
  const Type& type = type_->children[i].type;
  if (type_->id == TypeId::kStruct) {
    const ArrowArray& member = *array_->children[i];
    return ColumnView(type, member, size_of(member.offset) + offset_, length_);
  }
  const ArrowArray& entries = *array_->children[0];
  const ArrowArray& member = *entries.children[i];
  return ColumnView(type, member, size_of(member.offset + entries.offset), size_of(entries.length));
}

std::string ColumnView::to_text(size_t i) const {
  std::string out;
  append_text(out, *this, i);
  return out;
}

const void* ColumnView::slot(size_t i, size_t bytes) const {
  return static_cast<const char*>(array_->buffers[1]) + (offset_ + i) * bytes;
}

}  // namespace sinan::arrow

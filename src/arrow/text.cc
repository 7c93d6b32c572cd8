#include "arrow/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>

#include "base/strings.h"

namespace sinan::arrow {
namespace {

template <class... Values>
void append(std::string& out, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Values>(values)...);
}

template <class T>
T load(const ColumnView& column, size_t i) {
  T value;
  std::memcpy(&value, column.slot(i, sizeof(T)), sizeof(T));
  return value;
}

struct Units {
  int64_t per_second;
  int digits;
};

Units units_of(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond:
      return {1, 0};
    case TimeUnit::kMilli:
      return {1000, 3};
    case TimeUnit::kMicro:
      return {1'000'000, 6};
    case TimeUnit::kNano:
      return {1'000'000'000, 9};
  }
  return {1, 0};
}

template <class T>
void append_floating(std::string& out, T value) {
  const size_t start = out.size();
  append(out, "{}", value);
  if (std::isfinite(value) && out.find_first_of(".e", start) == std::string::npos) out += ".0";
}

// Proleptic Gregorian date of a day count from 1970-01-01. Years are counted from March, so that the leap day ends one;
// eras of 400 years have 146,097 days.
void append_date(std::string& out, int64_t days) {
  const int64_t since_era_start = days + 719'468;  // from 0000-03-01
  const int64_t era = (since_era_start >= 0 ? since_era_start : since_era_start - 146'096) / 146'097;
  const int64_t day_of_era = since_era_start - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  append(out, "{:04}-{:02}-{:02}", year, month, day);
}

// "05:07:09.25": no digits of a fraction that is zero.
void append_time(std::string& out, int64_t value, Units units) {
  const int64_t seconds = value / units.per_second;
  append(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  const int64_t fraction = value % units.per_second;
  if (fraction == 0) return;
  append(out, ".{:0{}}", fraction, units.digits);
  while (out.back() == '0') out.pop_back();
}

void append_timestamp(std::string& out, int64_t value, const Type& type) {
  const Units units = units_of(type.unit);
  const int64_t per_day = 86'400 * units.per_second;
  const int64_t days = value / per_day - (value % per_day < 0 ? 1 : 0);
  append_date(out, days);
  out += ' ';
  append_time(out, value - days * per_day, units);
  if (type.has_zone) out += "+00";
}

// DuckDB's infinite dates and timestamps are the ends of the range.
template <class T>
bool append_infinity(std::string& out, T value) {
  constexpr T kMax = std::numeric_limits<T>::max();
  if (value != kMax && value != -kMax) return false;
  out += value > 0 ? "infinity" : "-infinity";
  return true;
}

void append_interval(std::string& out, int32_t months, int32_t days, int64_t nanoseconds) {
  const size_t start = out.size();
  const auto part = [&](int64_t count, std::string_view unit) {
    if (count != 0)
      append(out, "{}{} {}{}", out.size() > start ? " " : "", count, unit, std::abs(count) == 1 ? "" : "s");
  };
  part(months / 12, "year");
  part(months % 12, "month");
  part(days, "day");
  if (nanoseconds == 0 && out.size() > start) return;
  if (out.size() > start) out += ' ';
  if (nanoseconds < 0) out += '-';
  append_time(out, std::abs(nanoseconds), units_of(TimeUnit::kNano));
}

void append_binary(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    if (c >= 0x20 && c < 0x7f && c != '\\')
      out += c;
    else
      append(out, "\\x{:02X}", static_cast<unsigned char>(c));
  }
}

double half_to_double(uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const double fraction = half & 1023;
  double value;
  if (exponent == 31)
    value = fraction == 0 ? std::numeric_limits<double>::infinity() : std::nan("");
  else if (exponent == 0)
    value = std::ldexp(fraction, -24);
  else
    value = std::ldexp(1024 + fraction, exponent - 25);
  return half & 0x8000 ? -value : value;
}

void append_other_decimal(std::string& out, const ColumnView& column, size_t i) {
  const std::string_view format = column.type().other_format;  // "d:precision,scale,bits", checked when it was imported
  const auto parts = split_on(format.substr(2), ',');
  int scale = 0;
  size_t bits = 0;
  std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), scale);
  std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), bits);
  out += decimal_text(column.slot(i, bits / 8), bits / 8, scale);
}

void append_other(std::string& out, const ColumnView& column, size_t i) {
  const std::string_view format = column.type().other_format;
  if (format.starts_with("d:"))
    append_other_decimal(out, column, i);
  else if (format == "e")
    append_floating(out, half_to_double(load<uint16_t>(column, i)));
  else if (format == "tiM")
    append_interval(out, load<int32_t>(column, i), 0, 0);
  else if (format == "tiD")
    append_interval(out, 0, load<int32_t>(column, 2 * i), int64_t{1'000'000} * load<int32_t>(column, 2 * i + 1));
  else if (format == "tDs")
    append(out, "{} s", load<int64_t>(column, i));
  else if (format == "tDm")
    append(out, "{} ms", load<int64_t>(column, i));
  else if (format == "tDu")
    append(out, "{} us", load<int64_t>(column, i));
  else
    append(out, "{} ns", load<int64_t>(column, i));
}

void append_list(std::string& out, const ColumnView& column, size_t i) {
  const auto [begin, end] = column.list_range(i);
  const ColumnView values = column.list_values();
  out += '[';
  for (size_t k = begin; k < end; ++k) {
    if (k > begin) out += ", ";
    append_text(out, values, k);
  }
  out += ']';
}

void append_map(std::string& out, const ColumnView& column, size_t i) {
  const auto [begin, end] = column.list_range(i);
  const ColumnView keys = column.child(0);
  const ColumnView values = column.child(1);
  out += '{';
  for (size_t k = begin; k < end; ++k) {
    if (k > begin) out += ", ";
    append_text(out, keys, k);
    out += '=';
    append_text(out, values, k);
  }
  out += '}';
}

void append_struct(std::string& out, const ColumnView& column, size_t i) {
  const std::vector<Field>& members = column.type().children;
  out += '{';
  for (size_t k = 0; k < members.size(); ++k) {
    if (k > 0) out += ", ";
    out += members[k].name;
    out += ": ";
    append_text(out, column.child(k), i);
  }
  out += '}';
}

struct Interval {
  int32_t months;
  int32_t days;
  int64_t nanoseconds;
};

}  // namespace

void append_text(std::string& out, const ColumnView& column, size_t i) {
  if (column.is_null(i)) {
    out += "NULL";
    return;
  }
  const Type& type = column.type();
  switch (type.id) {
    case TypeId::kNull:
      out += "NULL";
      return;
    case TypeId::kBool:
      out += column.as_bool(i) ? "true" : "false";
      return;
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
      append(out, "{}", column.as_int(i));
      return;
    case TypeId::kUInt64:
      append(out, "{}", load<uint64_t>(column, i));
      return;
    case TypeId::kFloat:
      append_floating(out, load<float>(column, i));
      return;
    case TypeId::kDouble:
      append_floating(out, load<double>(column, i));
      return;
    case TypeId::kDecimal:
      out += decimal_text(column.slot(i, 16), 16, type.scale);
      return;
    case TypeId::kString:
      out += column.string(i);
      return;
    case TypeId::kBinary:
      append_binary(out, column.string(i));
      return;
    case TypeId::kDate:
      if (const auto days = load<int32_t>(column, i); !append_infinity(out, days)) append_date(out, days);
      return;
    case TypeId::kTime:
      append_time(out, column.as_int(i), units_of(type.unit));
      return;
    case TypeId::kTimestamp:
      if (const auto value = load<int64_t>(column, i); !append_infinity(out, value)) append_timestamp(out, value, type);
      return;
    case TypeId::kInterval: {
      const auto interval = load<Interval>(column, i);
      append_interval(out, interval.months, interval.days, interval.nanoseconds);
      return;
    }
    case TypeId::kList:
      append_list(out, column, i);
      return;
    case TypeId::kMap:
      append_map(out, column, i);
      return;
    case TypeId::kStruct:
      append_struct(out, column, i);
      return;
    case TypeId::kDictionary:
      append_text(out, column.dictionary(), static_cast<size_t>(column.dictionary_index(i)));
      return;
    case TypeId::kOther:
      append_other(out, column, i);
      return;
  }
}

std::string decimal_text(const void* value, size_t bytes, int scale) {
  std::array<uint32_t, 8> words{};  // least significant first
  std::memcpy(words.data(), value, bytes);
  const size_t count = bytes / 4;
  const bool negative = words[count - 1] >> 31;
  if (negative) {
    uint64_t carry = 1;
    for (size_t i = 0; i < count; ++i) {
      carry += static_cast<uint32_t>(~words[i]);
      words[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  std::string digits;  // reversed
  while (std::ranges::any_of(words, [](uint32_t word) { return word != 0; })) {
    uint64_t remainder = 0;
    for (size_t i = count; i-- > 0;) {
      remainder = (remainder << 32) | words[i];
      words[i] = static_cast<uint32_t>(remainder / 10);
      remainder %= 10;
    }
    digits += static_cast<char>('0' + remainder);
  }
  if (scale < 0 && !digits.empty()) digits.insert(0, static_cast<size_t>(-scale), '0');
  const size_t places = scale > 0 ? static_cast<size_t>(scale) : 0;
  while (digits.size() <= places) digits += '0';
  std::ranges::reverse(digits);
  if (places > 0) digits.insert(digits.size() - places, 1, '.');
  return negative ? "-" + digits : digits;
}

}  // namespace sinan::arrow

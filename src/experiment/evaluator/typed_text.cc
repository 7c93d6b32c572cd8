#include "experiment/evaluator/typed_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace sinan::experiment {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The text up to `separator`, which is cut off `rest` with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return taken;
}

bool is_number(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

bool read_component(std::string_view text, uint32_t& out) {
  if (!is_number(text) || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool are_identifiers(std::string_view text) {
  const auto fits = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
  };
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  return std::ranges::all_of(text, fits) && text.find("..") == std::string_view::npos;
}

// Identifiers of digits only may be longer than any integer: they compare by length, then as text.
std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  const bool a_number = is_number(a);
  const bool b_number = is_number(b);
  if (a_number != b_number) return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
  if (a_number) {
    a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
    b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
    if (a.size() != b.size()) return a.size() <=> b.size();
  }
  return a <=> b;
}

// Exactly `digits` digits at `at`, which moves behind them.
bool read_fixed(std::string_view text, size_t& at, size_t digits, int& out) {
  if (at + digits > text.size()) return false;
  out = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[at + i])) return false;
    out = out * 10 + (text[at + i] - '0');
  }
  at += digits;
  return true;
}

bool read_char(std::string_view text, size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  ++at;
  return true;
}

// Days since 1970-01-01 of the proleptic Gregorian calendar (Hinnant's days_from_civil).
int64_t days_from_civil(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year;
  const int era = y / 400;
  const int year_of_era = y - era * 400;
  const int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return int64_t{era} * 146'097 + day_of_era - 719'468;
}

int days_in_month(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<size_t>(month - 1)];
}

std::optional<int64_t> read_offset(std::string_view text, size_t& at) {
  if (read_char(text, at, 'Z') || read_char(text, at, 'z')) return 0;
  const bool west = at < text.size() && text[at] == '-';
  if (!west && (at >= text.size() || text[at] != '+')) return std::nullopt;
  ++at;
  int hours = 0;
  int minutes = 0;
  if (!read_fixed(text, at, 2, hours) || !read_char(text, at, ':') || !read_fixed(text, at, 2, minutes))
    return std::nullopt;
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (west ? -1 : 1) * (int64_t{hours} * 60 + minutes) * 60;
}

bool parse_ipv4(std::string_view text, uint32_t& out) {
  out = 0;
  for (int i = 0; i < 4; ++i) {
    if (i != 0 && text.empty()) return false;
    const bool last = text.find('.') == std::string_view::npos;
    if (last != (i == 3)) return false;
    uint32_t part = 0;
    if (!read_component(take_until(text, '.'), part) || part > 255) return false;
    out = out << 8 | part;
  }
  return true;
}

// The 16-bit groups of one side of "::"; false when malformed or more than eight.
bool read_groups(std::string_view text, std::array<uint16_t, 8>& groups, size_t& count) {
  count = 0;
  if (text.empty()) return true;
  if (text.back() == ':') return false;
  while (!text.empty()) {
    const bool last = text.find(':') == std::string_view::npos;
    const std::string_view part = take_until(text, ':');
    if (last && part.find('.') != std::string_view::npos) {
      uint32_t ipv4 = 0;
      if (count > 6 || !parse_ipv4(part, ipv4)) return false;
      groups[count++] = static_cast<uint16_t>(ipv4 >> 16);
      groups[count++] = static_cast<uint16_t>(ipv4 & 0xFFFF);
      continue;
    }
    if (part.empty() || part.size() > 4 || count > 7) return false;
    uint16_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, 16);
    if (error != std::errc() || end != part.data() + part.size()) return false;
    groups[count++] = value;
  }
  return true;
}

}  // namespace

std::optional<Semver> parse_semver(std::string_view text) {
  Semver version;
  const size_t plus = text.find('+');
  if (plus != std::string_view::npos) {
    if (!are_identifiers(text.substr(plus + 1))) return std::nullopt;
    text = text.substr(0, plus);
  }
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    version.prerelease = text.substr(dash + 1);
    if (!are_identifiers(version.prerelease)) return std::nullopt;
    text = text.substr(0, dash);
  }
  if (text.empty() || text.back() == '.') return std::nullopt;
  if (!read_component(take_until(text, '.'), version.major)) return std::nullopt;
  if (!text.empty() && !read_component(take_until(text, '.'), version.minor)) return std::nullopt;
  if (!text.empty() && !read_component(text, version.patch)) return std::nullopt;
  return version;
}

std::strong_ordering compare(const Semver& a, const Semver& b) {
  if (const auto order = a.major <=> b.major; order != 0) return order;
  if (const auto order = a.minor <=> b.minor; order != 0) return order;
  if (const auto order = a.patch <=> b.patch; order != 0) return order;
  if (a.prerelease.empty() || b.prerelease.empty()) return b.prerelease.size() <=> a.prerelease.size();
  std::string_view left = a.prerelease;
  std::string_view right = b.prerelease;
  while (!left.empty() && !right.empty()) {
    if (const auto order = compare_identifiers(take_until(left, '.'), take_until(right, '.')); order != 0) return order;
  }
  return left.size() <=> right.size();
}

std::optional<int64_t> parse_timestamp(std::string_view text) {
  size_t at = 0;
  int year = 0;
  int month = 0;
  int day = 0;
  if (!read_fixed(text, at, 4, year) || !read_char(text, at, '-') || !read_fixed(text, at, 2, month) ||
      !read_char(text, at, '-') || !read_fixed(text, at, 2, day)) {
    return std::nullopt;
  }
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return std::nullopt;
  const int64_t days = days_from_civil(year, month, day);
  constexpr int64_t kMicros = 1'000'000;
  if (at == text.size()) return days * 86'400 * kMicros;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!read_char(text, at, 'T') && !read_char(text, at, 't') && !read_char(text, at, ' ')) return std::nullopt;
  if (!read_fixed(text, at, 2, hour) || !read_char(text, at, ':') || !read_fixed(text, at, 2, minute) ||
      !read_char(text, at, ':') || !read_fixed(text, at, 2, second)) {
    return std::nullopt;
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  int64_t micros = 0;
  if (read_char(text, at, '.')) {
    const size_t begin = at;
    int64_t unit = kMicros;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      unit /= 10;
      micros += unit * (text[at] - '0');
    }
    if (at == begin) return std::nullopt;
  }
  const auto offset = read_offset(text, at);
  if (!offset || at != text.size()) return std::nullopt;
  return (days * 86'400 + hour * 3600 + minute * 60 + second - *offset) * kMicros + micros;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    uint32_t ipv4 = 0;
    if (!parse_ipv4(text, ipv4)) return std::nullopt;
    return IpAddress{0, 0xFFFF'0000'0000U | ipv4};
  }
  std::array<uint16_t, 8> groups{};
  std::array<uint16_t, 8> tail{};
  size_t count = 0;
  size_t tail_count = 0;
  const size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    if (!read_groups(text, groups, count) || count != 8) return std::nullopt;
  } else {
    const std::string_view behind = text.substr(gap + 2);
    if (behind.find("::") != std::string_view::npos || !read_groups(text.substr(0, gap), groups, count) ||
        !read_groups(behind, tail, tail_count) || count + tail_count > 7) {
      return std::nullopt;
    }
    std::copy_n(tail.begin(), tail_count, groups.begin() + static_cast<ptrdiff_t>(8 - tail_count));
  }
  IpAddress address;
  for (size_t i = 0; i < 4; ++i) {
    address.high = address.high << 16 | groups[i];
    address.low = address.low << 16 | groups[i + 4];
  }
  return address;
}

std::optional<int64_t> ordered_key(double value) {
  if (std::isnan(value)) return std::nullopt;
  if (value == 0) return 0;
  const auto bits = std::bit_cast<int64_t>(value);
  return bits >= 0 ? bits : std::numeric_limits<int64_t>::min() - bits;
}

double from_ordered_key(int64_t key) {
  return std::bit_cast<double>(key >= 0 ? key : std::numeric_limits<int64_t>::min() - key);
}

}  // namespace sinan::experiment

#include "base/strings.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace sinan {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// Bytes of the valid sequence that starts `text`, 0 when it is not one (The Unicode Standard, table 3-7).
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  size_t length = 0;
  unsigned char least = 0x80, most = 0xbf;  // of the second byte
  if (first >= 0xc2 && first <= 0xdf)
    length = 2;
  else if (first >= 0xe0 && first <= 0xef)
    length = 3;
  else if (first >= 0xf0 && first <= 0xf4)
    length = 4;
  if (length == 0 || text.size() < length) return 0;
  if (first == 0xe0)
    least = 0xa0;
  else if (first == 0xed)
    most = 0x9f;
  else if (first == 0xf0)
    least = 0x90;
  else if (first == 0xf4)
    most = 0x8f;
  if (byte(1) < least || byte(1) > most) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (!is_continuation(byte(i))) return 0;
  }
  return length;
}

struct CodePoint {
  int32_t value;
  size_t bytes;
};

// A stray byte counts as one replacement character.
CodePoint decode(std::string_view text) {
  const size_t length = sequence_length(text);
  if (length == 0) return {0xfffd, 1};
  if (length == 1) return {static_cast<unsigned char>(text[0]), 1};
  utf8proc_int32_t value = 0;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(length),
                   &value);
  return {value, length};
}

struct Cluster {
  size_t bytes;
  size_t columns;
};

// The grapheme cluster at the front of a text that is not empty: as wide as its widest code point, or two columns when
// it is a flag or asks for emoji presentation.
Cluster next_cluster(std::string_view text) {
  constexpr int32_t kEmojiPresentation = 0xfe0f;
  const auto is_regional_indicator = [](int32_t value) { return value >= 0x1f1e6 && value <= 0x1f1ff; };
  CodePoint point = decode(text);
  Cluster cluster{.bytes = point.bytes, .columns = static_cast<size_t>(utf8proc_charwidth(point.value))};
  utf8proc_int32_t state = 0;
  int32_t previous = point.value;
  while (cluster.bytes < text.size()) {
    point = decode(text.substr(cluster.bytes));
    if (utf8proc_grapheme_break_stateful(previous, point.value, &state)) break;
    cluster.bytes += point.bytes;
    cluster.columns = std::max(cluster.columns, static_cast<size_t>(utf8proc_charwidth(point.value)));
    if (point.value == kEmojiPresentation || is_regional_indicator(point.value)) cluster.columns = 2;
    previous = point.value;
  }
  return cluster;
}

bool is_printable_ascii(char c) { return c >= 0x20 && c < 0x7f; }
bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_printable_ascii(c); });
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split_on(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts.begin(), parts.end(), separator));
}

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    uint64_t eight = 0;
    if (text.size() - i >= sizeof(eight)) {
      std::memcpy(&eight, text.data() + i, sizeof(eight));
      if ((eight & 0x8080808080808080) == 0) {
        i += sizeof(eight);
        continue;
      }
    }
    const size_t length = sequence_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

size_t display_width(std::string_view utf8) {
  if (is_printable_ascii(utf8)) return utf8.size();
  size_t columns = 0;
  while (!utf8.empty()) {
    const Cluster cluster = next_cluster(utf8);
    columns += cluster.columns;
    utf8.remove_prefix(cluster.bytes);
  }
  return columns;
}

std::string_view display_prefix(std::string_view utf8, size_t columns) {
  if (is_printable_ascii(utf8)) return utf8.substr(0, columns);
  size_t bytes = 0;
  while (bytes < utf8.size()) {
    const Cluster cluster = next_cluster(utf8.substr(bytes));
    if (cluster.columns > columns) break;
    columns -= cluster.columns;
    bytes += cluster.bytes;
  }
  return utf8.substr(0, bytes);
}

size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit) return limit + 1;
  std::vector<size_t> before(a.size() + 1), above(a.size() + 1), row(a.size() + 1);
  for (size_t j = 0; j <= a.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= b.size(); ++i) {
    row[0] = i;
    size_t least = i;
    for (size_t j = 1; j <= a.size(); ++j) {
      const char x = lower(a[j - 1]), y = lower(b[i - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (x == y ? 0 : 1)});
      if (i > 1 && j > 1 && x == lower(b[i - 2]) && y == lower(a[j - 2])) row[j] = std::min(row[j], before[j - 2] + 1);
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
    std::swap(before, above);
    std::swap(above, row);
  }
  return std::min(above[a.size()], limit + 1);
}

std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates) {
  if (name.empty()) return std::nullopt;
  // One or two letters are near to almost anything: there only the case may differ.
  const size_t limit = name.size() < 3 ? 0 : name.size() / 3;
  const std::string* best = nullptr;
  size_t best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate, limit);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best) return *best;
  const auto is_prefix = [](std::string_view prefix, std::string_view text) {
    return prefix.size() >= 3 && prefix.size() < text.size() &&
           equals_ignore_case(prefix, text.substr(0, prefix.size()));
  };
  for (const std::string& candidate : candidates) {
    if (!is_prefix(name, candidate) && !is_prefix(candidate, name)) continue;
    if (!best || candidate.size() < best->size()) best = &candidate;
  }
  return best ? std::optional(*best) : std::nullopt;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const auto candidate = nearest(name, candidates);
  return candidate ? fmt::format("did you mean \"{}\"?", *candidate) : std::string();
}

std::string human_bytes(uint64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_count(uint64_t count) {
  std::string digits = fmt::format("{}", count);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string human_duration(std::chrono::nanoseconds duration) {
  if (duration < std::chrono::nanoseconds::zero()) return "-" + human_duration(-duration);
  const auto count = static_cast<double>(duration.count());
  // The limits are where rounding to one digit would reach the next unit.
  if (duration.count() < 1000) return fmt::format("{} ns", duration.count());
  if (count < 999.95e3) return fmt::format("{:.1f} µs", count / 1e3);
  if (count < 999.95e6) return fmt::format("{:.1f} ms", count / 1e6);
  if (count < 59.95e9) return fmt::format("{:.1f} s", count / 1e9);
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  if (seconds < 3600) return fmt::format("{} m {:02} s", seconds / 60, seconds % 60);
  const auto minutes = (seconds + 30) / 60;
  return fmt::format("{} h {:02} m", minutes / 60, minutes % 60);
}

std::optional<uint64_t> parse_bytes(std::string_view text) {
  struct Unit {
    std::string_view name;
    uint64_t bytes;
  };
  constexpr uint64_t kKi = 1024;
  constexpr std::array kUnits = {Unit{"", 1},
                                 Unit{"B", 1},
                                 Unit{"kB", 1000},
                                 Unit{"MB", 1'000'000},
                                 Unit{"GB", 1'000'000'000},
                                 Unit{"TB", 1'000'000'000'000},
                                 Unit{"KiB", kKi},
                                 Unit{"MiB", kKi * kKi},
                                 Unit{"GiB", kKi * kKi * kKi},
                                 Unit{"TiB", kKi * kKi * kKi * kKi}};
  text = trim(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !(number >= 0)) return std::nullopt;
  const std::string_view suffix = trim(text.substr(static_cast<size_t>(end - text.data())));
  for (const Unit& unit : kUnits) {
    if (!equals_ignore_case(suffix, unit.name)) continue;
    const double bytes = number * static_cast<double>(unit.bytes);
    if (bytes >= 0x1p63) return std::nullopt;
    return static_cast<uint64_t>(bytes);
  }
  return std::nullopt;
}

LineColumn line_column(std::string_view text, size_t byte_offset) {
  const std::string_view before = text.substr(0, byte_offset);
  const size_t newline = before.rfind('\n');
  const std::string_view line = newline == std::string_view::npos ? before : before.substr(newline + 1);
  const auto starts =
      std::ranges::count_if(line, [](char c) { return !is_continuation(static_cast<unsigned char>(c)); });
  return {.line = static_cast<uint32_t>(std::ranges::count(before, '\n')) + 1,
          .column = static_cast<uint32_t>(starts) + 1};
}

}  // namespace sinan

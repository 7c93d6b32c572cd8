#include "base/strings.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

namespace sinan {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// The definition of the restricted Damerau-Levenshtein distance, by recursion.
size_t naive_distance(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const auto last = [](std::string_view text, size_t n) { return to_lower(text)[text.size() - n]; };
  const std::string_view shorter_a = a.substr(0, a.size() - 1), shorter_b = b.substr(0, b.size() - 1);
  size_t best = std::min(naive_distance(shorter_a, b), naive_distance(a, shorter_b)) + 1;
  best = std::min(best, naive_distance(shorter_a, shorter_b) + (last(a, 1) == last(b, 1) ? 0 : 1));
  if (a.size() > 1 && b.size() > 1 && last(a, 1) == last(b, 2) && last(a, 2) == last(b, 1)) {
    best = std::min(best, naive_distance(a.substr(0, a.size() - 2), b.substr(0, b.size() - 2)) + 1);
  }
  return best;
}

RC_GTEST_PROP(EditDistance, EqualsItsDefinition, ()) {
  const auto letters = rc::gen::element('a', 'b', 'B', 'c');
  const auto word = [&] { return *rc::gen::container<std::string>(*rc::gen::inRange<size_t>(0, 7), letters); };
  const std::string a = word(), b = word();
  const size_t limit = *rc::gen::inRange<size_t>(0, 8);
  RC_ASSERT(edit_distance(a, b, limit) == std::min(naive_distance(a, b), limit + 1));
}

// Decodes to a number and encodes it again: valid UTF-8 is exactly what comes back the same.
std::optional<size_t> naive_invalid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t k) { return static_cast<uint32_t>(static_cast<unsigned char>(text[k])); };
    const size_t length = byte(i) < 0x80       ? 1
                          : byte(i) >> 5 == 6  ? 2
                          : byte(i) >> 4 == 14 ? 3
                          : byte(i) >> 3 == 30 ? 4
                                               : 0;
    if (length == 0 || i + length > text.size()) return i;
    uint32_t value = length == 1 ? byte(i) : byte(i) & (0xffU >> (length + 1));
    for (size_t k = 1; k < length; ++k) {
      if (byte(i + k) >> 6 != 2) return i;
      value = value << 6 | (byte(i + k) & 63);
    }
    const size_t needed = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    if (needed != length || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return i;
    i += length;
  }
  return std::nullopt;
}

RC_GTEST_PROP(Utf8, ValidatorEqualsANaiveOne, ()) {
  // Mostly the bytes at the edges of the table of valid sequences.
  const auto edge =
      rc::gen::element('\x00', 'a', '\x7f', '\x80', '\x8f', '\x90', '\x9f', '\xa0', '\xbf', '\xc0', '\xc1', '\xc2',
                       '\xdf', '\xe0', '\xe1', '\xed', '\xef', '\xf0', '\xf1', '\xf4', '\xf5', '\xff');
  const auto text = *rc::gen::container<std::string>(edge);
  RC_ASSERT(find_invalid_utf8(text) == naive_invalid_utf8(text));
}

TEST(Utf8, EveryTwoBytesBehindAnAsciiRun) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      std::string text = "0123456";
      text += static_cast<char>(first);
      text += static_cast<char>(second);
      text += "\x80\x80 tail";
      ASSERT_EQ(find_invalid_utf8(text), naive_invalid_utf8(text)) << first << " " << second;
    }
  }
}

TEST(Width, OfTerminalText) {
  EXPECT_EQ(display_width("flights"), 7U);
  EXPECT_EQ(display_width("日本語"), 6U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("👨‍👩‍👧"), 2U);
  EXPECT_EQ(display_width("🇩🇪"), 2U);
  EXPECT_EQ(display_width("❤️"), 2U);
  EXPECT_EQ(display_width("\xff"), 1U) << "shown as a replacement character";
  EXPECT_EQ(display_width(""), 0U);
}

TEST(Width, PrefixNeverCutsAGrapheme) {
  EXPECT_EQ(display_prefix("日本語", 5), "日本");
  EXPECT_EQ(display_prefix("ae\u0301b", 2), "ae\u0301");
  EXPECT_EQ(display_prefix("👨‍👩‍👧x", 1), "");
  EXPECT_EQ(display_prefix("abc", 2), "ab");
  EXPECT_EQ(display_prefix("abc", 9), "abc");
}

RC_GTEST_PROP(Width, PrefixFitsAndIsAPrefix, (const std::string& text)) {
  const auto columns = *rc::gen::inRange<size_t>(0, 20);
  const std::string_view prefix = display_prefix(text, columns);
  RC_ASSERT(text.starts_with(prefix));
  RC_ASSERT(display_width(prefix) <= columns);
}

TEST(Nearest, NamesWhatWasMeant) {
  const std::vector<std::string> known = {"max_depth", "eta", "num_class", "objective", "min_child_weight"};
  EXPECT_EQ(nearest("max_deph", known), "max_depth");
  EXPECT_EQ(nearest("MAX_DEPTH", known), "max_depth");
  EXPECT_EQ(nearest("obejctive", known), "objective");
  EXPECT_EQ(nearest("min_child", known), "min_child_weight");
  EXPECT_EQ(nearest("eat", known), "eta");
  EXPECT_EQ(nearest("x", known), std::nullopt);
  EXPECT_EQ(nearest("", known), std::nullopt);
  EXPECT_EQ(nearest("learning", known), std::nullopt);
  EXPECT_EQ(nearest("max_depth", {}), std::nullopt);
  EXPECT_EQ(did_you_mean("max_deph", known), "did you mean \"max_depth\"?");
  EXPECT_EQ(did_you_mean("zzz", known), "");
}

TEST(Human, Bytes) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes((1ULL << 20) - 1), "1.0 MiB");
  EXPECT_EQ(human_bytes(1ULL << 40), "1.0 TiB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "16.0 EiB");
}

TEST(Human, ParsedBytes) {
  EXPECT_EQ(parse_bytes("4GiB"), 4ULL << 30);
  EXPECT_EQ(parse_bytes(" 500 mb "), 500'000'000U);
  EXPECT_EQ(parse_bytes("1.5kB"), 1500U);
  EXPECT_EQ(parse_bytes("4096"), 4096U);
  for (const char* text : {"", "GiB", "-1", "4 XB", "1e3", "99999999TiB", "nan", "4 Gi B"}) {
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
  }
}

TEST(Human, CountsAndDurations) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(336776), "336,776");
  EXPECT_EQ(human_count(1'000'000), "1,000,000");
  EXPECT_EQ(human_duration(nanoseconds(850)), "850 ns");
  EXPECT_EQ(human_duration(nanoseconds(12'340)), "12.3 µs");
  EXPECT_EQ(human_duration(nanoseconds(999'960)), "1.0 ms");
  EXPECT_EQ(human_duration(milliseconds(12)), "12.0 ms");
  EXPECT_EQ(human_duration(milliseconds(59'990)), "1 m 00 s");
  EXPECT_EQ(human_duration(seconds(62)), "1 m 02 s");
  EXPECT_EQ(human_duration(seconds(7500)), "2 h 05 m");
  EXPECT_EQ(human_duration(milliseconds(-5)), "-5.0 ms");
}

TEST(LineColumn, CountsCodePoints) {
  const std::string text = "a\nbé日x\n";
  EXPECT_EQ(line_column(text, 0).line, 1U);
  const LineColumn at_x = line_column(text, text.find('x'));
  EXPECT_EQ(at_x.line, 2U);
  EXPECT_EQ(at_x.column, 4U);
  EXPECT_EQ(line_column(text, text.size()).line, 3U);
  EXPECT_EQ(line_column(text, text.size() + 100).line, 3U);
}

TEST(Text, SmallTools) {
  EXPECT_EQ(to_lower("TO TRAIN É"), "to train É");
  EXPECT_TRUE(equals_ignore_case("Select", "SELECT"));
  EXPECT_FALSE(equals_ignore_case("a", "ab"));
  EXPECT_EQ(trim(" \t\nx y\r "), "x y");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(split_on("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split_on("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(join(std::vector<std::string>{"a", "b"}, ", "), "a, b");
}

}  // namespace
}  // namespace sinan

// Text: case folding, UTF-8, "did you mean", and the few formats shown to people. All functions are pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinan {

// ASCII only: SQL keywords and attribute names.
std::string to_lower(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split_on(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

// Byte offset of the first byte that is not part of valid UTF-8 (no surrogates, no overlong forms).
std::optional<size_t> find_invalid_utf8(std::string_view text);
// Columns a terminal uses (wide CJK and emoji 2, combining marks 0).
size_t display_width(std::string_view utf8);
// The longest prefix of at most `columns` columns; never cuts a grapheme in half.
std::string_view display_prefix(std::string_view utf8, size_t columns);

// Restricted Damerau-Levenshtein distance, ignoring ASCII case; gives up above `limit` and answers limit + 1.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit = 3);
// The candidate a person most likely meant: distance at most a third of the length, prefix matches next; none
// otherwise.
std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates);
// "did you mean \"max_depth\"?" or "" .
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

// "4GiB", "500 MB", "1.5kB", "4096": letter case does not matter; nothing when it is not a size below 2^63.
std::optional<uint64_t> parse_bytes(std::string_view text);
std::string human_bytes(uint64_t bytes);                        // "1.4 GiB"
std::string human_count(uint64_t count);                        // "336,776"
std::string human_duration(std::chrono::nanoseconds duration);  // "12.3 ms", "1 m 02 s"

struct LineColumn {
  uint32_t line = 1;    // from 1
  uint32_t column = 1;  // from 1, in code points
};
LineColumn line_column(std::string_view text, size_t byte_offset);

}  // namespace sinan

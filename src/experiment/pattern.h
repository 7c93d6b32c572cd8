// String patterns as deterministic automata over bytes: LIKE, prefix, suffix, substring, regular expressions and the order of
// strings are all one thing, which is matched in one pass and whose intersections can be decided exactly.
//
// Regular expressions: literals, `.`, classes `[a-z]` `[^0-9]`, `\d \w \s` and their capitals, groups, `|`, `* + ?`,
// `{m}` `{m,}` `{m,n}`, `^` at the beginning and `$` at the end of an alternative. Characters are code points of UTF-8. No
// back-references, no look-around: they are not regular. A pattern matches when it is found anywhere, unless anchored.
//
// Errors: kProgram for a malformed or unsupported pattern, kExhausted when its automaton would have more than kMaxStates.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan::experiment {

inline constexpr size_t kMaxPatternBytes = 1000;
inline constexpr size_t kMaxStates = 2000;

// State 0 is the start. Immutable once made; shared by the conditions that use it.
struct Dfa {
  std::array<uint8_t, 256> class_of{};  // bytes that no state tells apart share a class
  uint16_t classes = 0;
  std::vector<uint16_t> next;  // [state * classes + class]
  std::vector<uint8_t> accepting;

  size_t states() const { return accepting.size(); }
  uint16_t step(uint16_t state, uint8_t byte) const { return next[size_t{state} * classes + class_of[byte]]; }
  bool matches(std::string_view text) const;
  friend bool operator==(const Dfa&, const Dfa&) = default;
};
using DfaRef = std::shared_ptr<const Dfa>;  // shared: compiled once, in many sets

Result<DfaRef> regex_dfa(std::string_view pattern);
// `%` is any bytes, `_` one character, `\` takes the next one as it is.
Result<DfaRef> like_dfa(std::string_view pattern);
Result<DfaRef> prefix_dfa(std::string_view text);
Result<DfaRef> suffix_dfa(std::string_view text);
Result<DfaRef> substring_dfa(std::string_view text);
// Strings below `text` in byte order; with `or_equal` also `text` itself.
Result<DfaRef> less_dfa(std::string_view text, bool or_equal);

Result<DfaRef> finite_dfa(std::span<const std::string> strings);

// One automaton that has to accept or to reject.
struct DfaConstraint {
  DfaRef dfa;
  bool accept = true;
  friend bool operator==(const DfaConstraint&, const DfaConstraint&) = default;
};

// What the strings that satisfy all constraints are like: the first `limit` of them, shortest first, printable bytes
// preferred; `exhausted` when the search stopped at `budget` product states before it knew.
struct Members {
  std::vector<std::string> strings;
  bool exhausted = false;
};
Members find_members(const std::vector<DfaConstraint>& constraints, size_t limit, size_t budget);

}  // namespace sinan::experiment

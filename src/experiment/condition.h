// The language of conditions: what a branch, a rule or a segment asks of a context.
//
//     city = 'San Francisco' AND app_version >= '3.2.0' AND traffic_slice = 'A' AND NOT IN SEGMENT employees
//
// Primaries: comparisons `= <> < <= > >=`, `[NOT] IN (..)`, `[NOT] BETWEEN a AND b`, `IS [NOT] NULL` (or MISSING), `[NOT] LIKE`,
// `[NOT] STARTS WITH | ENDS WITH | CONTAINS '..'`, `[NOT] MATCHES 'regular expression'`, `[NOT] IN SEGMENT name`, a boolean name
// alone, TRUE, FALSE. A subject is an attribute or a parameter. AND binds more than OR; NOT more than both. Logic is SQL's, of
// three values: a comparison with a missing value, or one of another type, is unknown, and only true matches
// (docs/experiments.md has the table).
//
// Reads with sql::Tokens and stops at the first token that does not go on, so that a statement can hold a condition.
// Errors: kProgram with the place; limits of depth, size and lists.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace sinan::sql {
class Tokens;
}

namespace sinan::experiment {

inline constexpr size_t kMaxConditionBytes = 1U << 20;
inline constexpr size_t kMaxConditionDepth = 60;
inline constexpr size_t kMaxConditionNodes = 5'000;
inline constexpr size_t kMaxListItems = 20'000;

struct Literal {
  std::variant<bool, int64_t, double, std::string> value;
  friend bool operator==(const Literal&, const Literal&) = default;
};

struct Condition {
  enum class Kind : uint8_t {
    kTrue,
    kFalse,
    kAnd,  // of children
    kOr,
    kNot,
    kHolds,  // a boolean subject alone
    kEqual,  // subject and literals[0]
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kBetween,  // literals[0] and literals[1], both included
    kIn,       // any of the literals
    kIsNull,
    kLike,
    kStartsWith,
    kEndsWith,
    kContains,
    kMatches,
    kSegment,  // subject is the segment's name
  };

  Kind kind = Kind::kTrue;
  std::string subject;
  std::vector<Literal> literals;
  std::vector<Condition> children;
  Span span;  // of the text it was parsed from

  // Places do not count.
  friend bool operator==(const Condition& a, const Condition& b) {
    return a.kind == b.kind && a.subject == b.subject && a.literals == b.literals && a.children == b.children;
  }
};

Result<Condition> parse_condition(sql::Tokens& tokens);
// The whole text is one condition.
Result<Condition> parse_condition(std::string_view text);

// Canonical text: parses back to an equal condition.
std::string to_text(const Condition& condition);
std::string to_text(const Literal& literal);

}  // namespace sinan::experiment

#include "experiment/condition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "sql/tokens.h"

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;

std::string canonical(std::string_view text) {
  const auto parsed = parse_condition(text);
  return parsed ? to_text(*parsed) : "error: " + parsed.error().message;
}

TEST(Condition, PrintsWhatItReads) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"city='San Francisco' and app_version>=\"3.2.0\"", "city = 'San Francisco' AND app_version >= '3.2.0'"},
      {"a = 1 or b <> 2.0 and not c", "a = 1 OR b <> 2.0 AND NOT c"},
      {"(a = 1 OR b = 2) AND (c = 3 AND d = 4)", "(a = 1 OR b = 2) AND (c = 3 AND d = 4)"},
      {"NOT (a = 1 OR b)", "NOT (a = 1 OR b)"},
      {"x is missing and y is not null", "x IS NULL AND y IS NOT NULL"},
      {"x NOT IN ('a', 'it''s') or x in (-1, 1_000)", "x NOT IN ('a', 'it''s') OR x IN (-1, 1000)"},
      {"v not between 1 and 2 and w between -1.5 and 1e3", "v NOT BETWEEN 1 AND 2 AND w BETWEEN -1.5 AND 1000.0"},
      {"s starts with 'a' and s not ends with 'b' and s contains 'c' and s matches '^a+$'",
       "s STARTS WITH 'a' AND s NOT ENDS WITH 'b' AND s CONTAINS 'c' AND s MATCHES '^a+$'"},
      {"in segment staff and not in segment beta.users", "IN SEGMENT staff AND NOT IN SEGMENT beta.users"},
      {"checkout.button_color = 'green' AND true", "checkout.button_color = 'green' AND TRUE"},
      {"NOT NOT a", "NOT NOT a"},
      {"x = 'back\\\\slash'", "x = 'back\\\\slash'"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(canonical(text), expected);
    EXPECT_EQ(canonical(expected), expected);
  }
}

TEST(Condition, ErrorsNameTheirPlace) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "expected an attribute or parameter"},
      {"city =", "expected a value"},
      {"city = NULL", "nothing equals NULL"},
      {"city IN ()", "expected a value"},
      {"city = 'a' AND", "expected an attribute or parameter"},
      {"(city = 'a'", "expected"},
      {"city = 'a' b", ""},
      {"x = 1e999", "number is out of range"},
      {"x LIKE 3", "expected a string"},
      {"x BETWEEN 1 2", "expected"},
  };
  for (const auto& [text, message] : cases) {
    const auto parsed = parse_condition(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, Code::kProgram) << text;
    EXPECT_NE(parsed.error().message.find(message), std::string::npos) << text << ": " << parsed.error().message;
    ASSERT_TRUE(parsed.error().span.has_value()) << text;
    EXPECT_LE(parsed.error().span->end, text.size()) << text;
  }
}

TEST(Condition, StopsBeforeTheRestOfAStatement) {
  auto tokens = sql::Tokens::make("city = 'SF' AND x > 1 SET color = 'green'");
  ASSERT_TRUE(tokens.has_value());
  const auto condition = parse_condition(*tokens);
  ASSERT_TRUE(condition.has_value());
  EXPECT_EQ(to_text(*condition), "city = 'SF' AND x > 1");
  EXPECT_TRUE(tokens->at_word("SET"));
  EXPECT_EQ(condition->span, (Span{0, 21}));
}

TEST(Condition, LimitsHold) {
  EXPECT_FALSE(parse_condition(std::string(100'000, '(')).has_value());
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "NOT ";
  EXPECT_FALSE(parse_condition(nots + "a").has_value());
  std::string many = "a";
  for (size_t i = 0; i < kMaxConditionNodes; ++i) many += " OR a";
  EXPECT_FALSE(parse_condition(many).has_value());
}

void add_random_literal(std::vector<Literal>& literals) {
  Literal& literal = literals.emplace_back();
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      literal.value = *rc::gen::arbitrary<bool>();
      break;
    case 1:
      literal.value = *rc::gen::arbitrary<int64_t>();
      break;
    case 2: {
      const double value = *rc::gen::arbitrary<double>();
      literal.value = std::isfinite(value) ? value : 1.5;
      break;
    }
    default:
      literal.value = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
  }
}

Condition random_condition(int depth) {
  Condition result;
  const int kind = *rc::gen::inRange(0, depth > 0 ? static_cast<int>(Kind::kSegment) + 1 : 2);
  result.kind = static_cast<Kind>(kind);
  switch (result.kind) {
    case Kind::kTrue:
    case Kind::kFalse:
      return result;
    case Kind::kAnd:
    case Kind::kOr:
      for (int i = *rc::gen::inRange(2, 4); i > 0; --i) result.children.push_back(random_condition(depth - 1));
      return result;
    case Kind::kNot:
      result.children.push_back(random_condition(depth - 1));
      return result;
    default:
      break;
  }
  result.subject = *rc::gen::elementOf(std::vector<std::string>{"city", "app.version", "x-1"});
  if (result.kind >= Kind::kLike && result.kind <= Kind::kMatches) {
    result.literals.emplace_back().value = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
  } else if (result.kind != Kind::kHolds && result.kind != Kind::kIsNull && result.kind != Kind::kSegment) {
    const int count = result.kind == Kind::kBetween ? 2 : result.kind == Kind::kIn ? 3 : 1;
    for (int i = 0; i < count; ++i) add_random_literal(result.literals);
  }
  return result;
}

RC_GTEST_PROP(Condition, TextReadsBackEqual, ()) {
  const Condition condition = random_condition(4);
  const auto again = parse_condition(to_text(condition));
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == condition);
}

}  // namespace
}  // namespace sinan::experiment

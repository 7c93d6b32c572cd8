#include "experiment/pattern.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <regex>

namespace sinan::experiment {
namespace {

bool matches(const Result<DfaRef>& dfa, std::string_view text) {
  EXPECT_TRUE(dfa.has_value()) << (dfa ? "" : dfa.error().message);
  return dfa.has_value() && (*dfa)->matches(text);
}

// Short strings over few letters, so that matches are common.
std::string short_text(int letters = 3, int longest = 7) {
  std::string text;
  for (int i = *rc::gen::inRange(0, longest + 1); i > 0; --i)
    text.push_back(static_cast<char>('a' + *rc::gen::inRange(0, letters)));
  return text;
}

// ECMAScript regular expressions of the standard library agree with ours on this subset.
std::string random_regex(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 10 : 3)) {
    case 0:
      return "a";
    case 1:
      return ".";
    case 2:
      return *rc::gen::elementOf(std::vector<std::string>{"[ab]", "[^a]", "[b-c]", "b", "\\w", "\\D"});
    case 3:
      return "(" + random_regex(depth - 1) + ")*";
    case 4:
      return "(?:" + random_regex(depth - 1) + "|" + random_regex(depth - 1) + ")";
    case 5:
      return "(" + random_regex(depth - 1) + "){1,2}";
    case 6:
      return "(" + random_regex(depth - 1) + ")?";
    case 7:
      return "(" + random_regex(depth - 1) + ")+";
    default:
      return random_regex(depth - 1) + random_regex(depth - 1);
  }
}

RC_GTEST_PROP(Pattern, RegexIsThatOfTheStandardLibrary, ()) {
  std::string pattern = random_regex(3);
  if (*rc::gen::arbitrary<bool>()) pattern = "^" + pattern;
  if (*rc::gen::arbitrary<bool>()) pattern += "$";
  const auto dfa = regex_dfa(pattern);
  RC_PRE(dfa.has_value());
  const std::regex reference(pattern);
  for (int i = 0; i < 20; ++i) {
    const std::string text = short_text();
    RC_LOG() << pattern << " on " << text << "\n";
    RC_ASSERT((*dfa)->matches(text) == std::regex_search(text, reference));
  }
}

bool like_by_recursion(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (like_by_recursion(text.substr(i), pattern.substr(1))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  return (pattern[0] == '_' || pattern[0] == text[0]) && like_by_recursion(text.substr(1), pattern.substr(1));
}

RC_GTEST_PROP(Pattern, LikeIsItsDefinition, ()) {
  std::string pattern;
  for (int i = *rc::gen::inRange(0, 7); i > 0; --i) pattern.push_back(*rc::gen::elementOf(std::string("ab%_")));
  const auto dfa = like_dfa(pattern);
  RC_ASSERT(dfa.has_value());
  for (int i = 0; i < 20; ++i) {
    const std::string text = short_text(2);
    RC_ASSERT((*dfa)->matches(text) == like_by_recursion(text, pattern));
  }
}

RC_GTEST_PROP(Pattern, PartsAndOrder, ()) {
  const std::string part = short_text(2, 4);
  const std::string text = short_text(2);
  RC_ASSERT(matches(prefix_dfa(part), text) == text.starts_with(part));
  RC_ASSERT(matches(suffix_dfa(part), text) == text.ends_with(part));
  RC_ASSERT(matches(substring_dfa(part), text) == text.contains(part));
  RC_ASSERT(matches(less_dfa(part, false), text) == (text < part));
  RC_ASSERT(matches(less_dfa(part, true), text) == (text <= part));
  RC_ASSERT(matches(finite_dfa(std::vector{part, short_text(2, 1)}), part));
}

TEST(Pattern, CharactersAreCodePoints) {
  EXPECT_TRUE(matches(like_dfa("Z_rich"), "Zürich"));
  EXPECT_FALSE(matches(like_dfa("Z_rich"), "Z\xC3rich"));
  EXPECT_TRUE(matches(regex_dfa("^.$"), "€"));
  EXPECT_TRUE(matches(regex_dfa("^[α-ω]+$"), "λογος"));
  EXPECT_FALSE(matches(regex_dfa("^[^€]$"), "€"));
  EXPECT_TRUE(matches(regex_dfa("^[^€]$"), "😀"));
  EXPECT_TRUE(matches(regex_dfa("\\$\\.[\\]\\-x]{2}$"), "5$.]-"));
  EXPECT_TRUE(matches(like_dfa("100\\%"), "100%"));
  EXPECT_FALSE(matches(like_dfa("100\\%"), "1000"));
}

TEST(Pattern, WhatCannotBeReadIsAnError) {
  for (const char* pattern :
       {"(", ")", "[", "a{2,1}", "*a", "a**", "\\1", "\\b", "a^b", "(?=a)", "[z-a]", "a{999}", "[]", "\\"}) {
    const auto dfa = regex_dfa(pattern);
    ASSERT_FALSE(dfa.has_value()) << pattern;
    EXPECT_EQ(dfa.error().code, Code::kProgram) << pattern;
  }
  EXPECT_EQ(regex_dfa("(a|b)*a(a|b){12}$").error().code, Code::kExhausted);  // 2^13 states
  EXPECT_FALSE(regex_dfa("(((((a{200}){200}){200}){200}){200})").has_value());
  EXPECT_FALSE(like_dfa("a\\").has_value());
}

TEST(Pattern, MembersAreFoundWhenThereAreAny) {
  const auto like = *like_dfa("ab%");
  const auto digits = *regex_dfa("^[a-z]{2}[0-9]+$");
  const Members members = find_members({{like, true}, {digits, true}}, 3, 100'000);
  ASSERT_EQ(members.strings.size(), 3);
  for (const std::string& text : members.strings) EXPECT_TRUE(like->matches(text) && digits->matches(text)) << text;
  const Members none = find_members({{like, true}, {*prefix_dfa("b"), true}}, 1, 100'000);
  EXPECT_TRUE(none.strings.empty());
  EXPECT_FALSE(none.exhausted);
  EXPECT_TRUE(find_members({{like, true}, {digits, true}}, 3, 2).exhausted);
}

}  // namespace
}  // namespace sinan::experiment

#include "app/error_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

Error error_at(uint32_t begin, uint32_t end) {
  return {.code = Code::kNotFound,
          .message = "unknown table \"fligts\"",
          .hint = "did you mean \"flights\"?",
          .span = Span{begin, end},
          .context = {}};
}

TEST(ErrorText, MarksThePlace) {
  EXPECT_EQ(error_text(error_at(18, 24), "late.sql", "SELECT 1;\n  FROM  fligts;\n"),
            "error[not_found]: unknown table \"fligts\"\n"
            "  --> late.sql:2:9\n"
            "   |\n"
            " 2 |   FROM  fligts;\n"
            "   |         ^^^^^^\n"
            "   hint: did you mean \"flights\"?\n");
}

TEST(ErrorText, WithoutAPlace) {
  Error error{
      .code = Code::kBusy, .message = "in use", .hint = "wait", .span = std::nullopt, .context = {"while opening"}};
  EXPECT_EQ(error_text(error, "", ""), "error[busy]: in use\n  hint: wait\n  while opening\n");
}

TEST(ErrorText, TabsAndWideCharactersKeepTheMarksInPlace) {
  // A tab is four columns from the start of the line, each of the two characters is two.
  const std::string text = error_text(error_at(7, 8), "p", "\t中文x");
  EXPECT_NE(text.find(" 1 |     中文x\n   |         ^\n"), std::string::npos) << text;
}

TEST(ErrorText, AtTheEndOfTheProgramOneMarkStandsBehindIt) {
  const std::string text = error_text(error_at(6, 6), "p", "SELECT");
  EXPECT_NE(text.find(" 1 | SELECT\n   |       ^\n"), std::string::npos) << text;
}

TEST(ErrorText, ASpanOfSeveralLinesIsMarkedOnItsFirst) {
  const std::string text = error_text(error_at(0, 10), "p", "SELECT\n12, 3");
  EXPECT_NE(text.find("   | ^^^^^^…\n"), std::string::npos) << text;
}

TEST(ErrorText, LongLinesAreCutAroundThePlace) {
  const std::string program = std::string(500, 'a') + " fligts " + std::string(500, 'b');
  const std::string text = error_text(error_at(501, 507), "p", program, false, {.width = 80});
  size_t source = 0, marks = 0;
  for (const std::string_view line : split_on(text, '\n')) {
    EXPECT_LE(display_width(line), 80U);
    if (line.find("fligts") != std::string_view::npos && line.starts_with(" 1"))
      source = line.find("fligts") - 2;  // "…" is three bytes, one column
    if (line.find("^^^^^^") != std::string_view::npos) marks = line.find("^^^^^^");
  }
  EXPECT_EQ(source, marks) << text;
  EXPECT_NE(marks, 0U);
}

TEST(ErrorText, AnySpanOfAnyBytesIsSafe) {
  Random random(11);
  const std::string_view pieces[] = {
      "a", " ", "\t", "\n", "中", "é", "e\xcc\x81", "\x1b[31m", "\xff", "\xc2\x85", "👩‍👩‍👧", "\r\n"};
  for (int i = 0; i < 3000; ++i) {
    std::string program;
    for (uint64_t n = random.below(60); n > 0; --n) program += pieces[random.below(std::size(pieces))];
    const auto begin = static_cast<uint32_t>(random.below(program.size() + 2));
    const auto end = begin + static_cast<uint32_t>(random.below(40));
    const std::string text =
        error_text(error_at(begin, end), "p", program, false, {.width = static_cast<int>(random.below(120))});
    ASSERT_EQ(text.find('\x1b'), std::string::npos);
    ASSERT_FALSE(find_invalid_utf8(text)) << i;
    ASSERT_TRUE(program.empty() || text.find('^') != std::string::npos) << i;
  }
}

TEST(ErrorJson, IsOneObjectALine) {
  const std::string text = error_json(error_at(18, 24), "late.sql", "SELECT 1;\n  FROM  fligts;\n");
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
  const auto json = Json::parse(text);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->at("code").string_view(), "not_found");
  EXPECT_EQ(json->at("severity").string_view(), "error");
  EXPECT_EQ(json->at("message").string_view(), "unknown table \"fligts\"");
  EXPECT_EQ(json->at("hint").string_view(), "did you mean \"flights\"?");
  EXPECT_EQ(json->at("line").as_int().value(), 2);
  EXPECT_EQ(json->at("column").as_int().value(), 9);
  EXPECT_EQ(json->at("offset").as_int().value(), 18);
  EXPECT_EQ(json->at("length").as_int().value(), 6);
}

}  // namespace
}  // namespace sinan::app

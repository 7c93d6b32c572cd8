#include "sql/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sinan::sql {
namespace {

std::vector<std::string> texts(std::string_view program, Lexing lexing = Lexing::kStandard) {
  auto tokens = lex(program, {0, static_cast<uint32_t>(program.size())}, lexing);
  if (!tokens) return {"error: " + tokens.error().message};
  std::vector<std::string> out;
  for (const Token& token : *tokens) {
    if (token.kind != TokenKind::kEnd) out.emplace_back(text_of(program, token.span));
  }
  return out;
}

Token only(std::string_view program, Lexing lexing = Lexing::kStandard) {
  auto tokens = lex(program, {0, static_cast<uint32_t>(program.size())}, lexing);
  EXPECT_TRUE(tokens) << program;
  EXPECT_EQ(tokens->size(), 2U) << program;
  return tokens->front();
}

std::string value(std::string_view program, Lexing lexing = Lexing::kStandard) {
  return value_of(program, only(program, lexing), lexing);
}

Error error_of(std::string_view program, Lexing lexing = Lexing::kStandard) {
  auto tokens = lex(program, {0, static_cast<uint32_t>(program.size())}, lexing);
  EXPECT_FALSE(tokens) << program;
  return tokens ? Error{} : tokens.error();
}

using Texts = std::vector<std::string>;

TEST(Lexer, ReadsEveryQuotingStyle) {
  EXPECT_EQ(value("'it''s'"), "it's");
  EXPECT_EQ(value("''"), "");
  EXPECT_EQ(value(R"('a\')"), "a\\");
  EXPECT_EQ(value(R"(E'a\'b\n\t\\')"), "a'b\n\t\\");
  EXPECT_EQ(value(R"(e'\x41\u00e9')"), "A\u00e9");
  EXPECT_EQ(value("U&'\\0041\\+01F600'"), "A\U0001F600");
  EXPECT_EQ(value("x'0aFF'"), "0aFF");
  EXPECT_EQ(value("$$a'b\"c$$"), "a'b\"c");
  EXPECT_EQ(value("$tag$ $$ $other$ $tag$"), " $$ $other$ ");
  EXPECT_EQ(value("\"a\"\"b\""), "a\"b");
  EXPECT_EQ(value("`a``b`"), "a`b");
  EXPECT_EQ(only("\"a\"").kind, TokenKind::kQuotedName);
  EXPECT_EQ(only("`a`").kind, TokenKind::kQuotedName);
  EXPECT_EQ(only("U&\"a\"").kind, TokenKind::kQuotedName);
  EXPECT_EQ(only("'a;--/*b'").kind, TokenKind::kString);
}

TEST(Lexer, ReadsNumbers) {
  for (std::string_view number : {"1", ".5", "5.", "1e5", "1.5E-3", "0x1F", "1_000", "0b101"}) {
    EXPECT_EQ(only(number).kind, TokenKind::kNumber) << number;
  }
  EXPECT_EQ(texts("a[1:2]"), (Texts{"a", "[", "1", ":", "2", "]"}));
  EXPECT_EQ(texts("1e"), (Texts{"1", "e"}));
}

TEST(Lexer, ReadsOperatorsLongestFirst) {
  EXPECT_EQ(texts("a::int"), (Texts{"a", "::", "int"}));
  EXPECT_EQ(texts("a->>'x'->b"), (Texts{"a", "->>", "'x'", "->", "b"}));
  EXPECT_EQ(texts("x:=1,y=>2"), (Texts{"x", ":=", "1", ",", "y", "=>", "2"}));
  EXPECT_EQ(texts("a||b!=c<>d==e<=>f"), (Texts{"a", "||", "b", "!=", "c", "<>", "d", "==", "e", "<=>", "f"}));
  EXPECT_EQ(texts("a=-1"), (Texts{"a", "=", "-", "1"}));
  EXPECT_EQ(texts("count(*)*2"), (Texts{"count", "(", "*", ")", "*", "2"}));
  EXPECT_EQ(texts("a<--b\n1"), (Texts{"a", "<", "1"}));
}

TEST(Lexer, ReadsParameters) {
  for (std::string_view parameter : {"?", "?1", "$1", "$name", "@x", "#1"}) {
    EXPECT_EQ(only(parameter).kind, TokenKind::kParameter) << parameter;
  }
}

TEST(Lexer, SkipsCommentsAndWideBlanks) {
  EXPECT_EQ(texts("a /* x /* nested */ ; */ b -- c ; 'd\n e"), (Texts{"a", "b", "e"}));
  EXPECT_EQ(texts("a\u00a0b\u3000c"), (Texts{"a", "b", "c"}));
  EXPECT_EQ(texts("\ufeffSELECT"), (Texts{"SELECT"}));
  EXPECT_EQ(texts("-- only a comment"), Texts{});
}

TEST(Lexer, ReadsUnicodeNames) {
  EXPECT_EQ(texts("SELECT größe, 価格 FROM täble"), (Texts{"SELECT", "größe", ",", "価格", "FROM", "täble"}));
}

TEST(Lexer, FindsKeywordsInAnyCase) {
  EXPECT_EQ(only("SeLeCt").keyword, Keyword::kSELECT);
  EXPECT_EQ(only("selecta").keyword, Keyword::kNone);
  EXPECT_EQ(only("\"select\"").keyword, Keyword::kNone);
  EXPECT_EQ(to_string(find_keyword("qualify")), "QUALIFY");
  EXPECT_EQ(class_of(Keyword::kSELECT), KeywordClass::kReserved);
}

TEST(Lexer, ReportsWhatIsNeverClosed) {
  struct Row {
    std::string_view program;
    std::string_view message;
    Span span;
  };
  for (const Row& row : {Row{"SELECT 'abc", "string is never closed", {7, 8}},
                         Row{"SELECT \"abc", "quoted name is never closed", {7, 8}},
                         Row{"SELECT `abc", "quoted name is never closed", {7, 8}},
                         Row{"SELECT $q$ abc $$", "string is never closed", {7, 10}},
                         Row{"SELECT E'a\\'", "string is never closed", {7, 9}},
                         Row{"a /* b /* c */", "comment is never closed", {2, 4}}}) {
    Error error = error_of(row.program);
    EXPECT_EQ(error.code, Code::kProgram);
    EXPECT_EQ(error.message, row.message) << row.program;
    EXPECT_EQ(error.span, row.span) << row.program;
  }
}

TEST(Lexer, RefusesBadUtf8WithItsOffset) {
  for (std::string_view bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    std::string text(bad);
    for (const std::string& program : {"ab " + text, "ab a" + text, "a '" + text + "'", "a--" + text,
                                       "a/*" + text + "*/", "a$$" + text + "$$", "a \"" + text + "\""}) {
      for (Lexing lexing : {Lexing::kStandard, Lexing::kClause}) {
        auto tokens = lex(program, {0, static_cast<uint32_t>(program.size())}, lexing);
        if (lexing == Lexing::kClause && program.starts_with("a$$")) continue;
        ASSERT_FALSE(tokens) << program;
        EXPECT_EQ(tokens.error().span->begin, program.find(text)) << program;
      }
    }
  }
}

TEST(Lexer, ClauseNamesAreGlued) {
  EXPECT_EQ(texts("org/img:1.0/Class", Lexing::kClause), (Texts{"org/img:1.0/Class"}));
  EXPECT_EQ(texts("db.t.c a-b a/b host:80/m:2 file://dir", Lexing::kClause),
            (Texts{"db.t.c", "a-b", "a/b", "host:80/m:2", "file://dir"}));
  EXPECT_EQ(texts("a--b\nc a/*x*/b", Lexing::kClause), (Texts{"a", "c", "a", "b"}));
  EXPECT_EQ(texts("a=-1", Lexing::kClause), (Texts{"a", "=", "-", "1"}));
}

TEST(Lexer, ClauseStringsHaveEscapes) {
  EXPECT_EQ(value(R"("a \"b\" 'c'")", Lexing::kClause), "a \"b\" 'c'");
  EXPECT_EQ(value(R"('it''s \'x\'')", Lexing::kClause), "it's 'x'");
  EXPECT_EQ(value(R"("a""b")", Lexing::kClause), "a\"b");
  EXPECT_EQ(only("\"x\"", Lexing::kClause).kind, TokenKind::kString);
  EXPECT_EQ(only("`x`", Lexing::kClause).kind, TokenKind::kQuotedName);
}

TEST(Lexer, KeepsSpansOfTheWholeProgram) {
  std::string_view program = "SELECT 1; SELECT 22";
  auto tokens = lex(program, {10, 19}, Lexing::kStandard);
  ASSERT_TRUE(tokens);
  EXPECT_EQ((*tokens)[1].span, (Span{17, 19}));
  EXPECT_EQ(tokens->back().span, (Span{19, 19}));
}

}  // namespace
}  // namespace sinan::sql

// The lexer: program text to tokens, without copying and without knowing any SQL dialect.
//
// Two lexings share one class. kStandard reads SQL as DuckDB, PostgreSQL, Spark and MySQL programs spell it. kClause reads
// what follows `TO TRAIN` and the statements that capabilities own (`SHOW TRAIN zoo.m:3`): there a name may hold
// `_ / : - .` ("org/img:1.0/Class" is one word), and both '..' and ".." are strings with backslash escapes.
//
// Spans are bytes of the whole program, so an error can be shown in place. Comments and blanks yield no token. Bytes must
// be UTF-8; a bad byte, an unclosed string or an unclosed comment is an Error at its place, never a crash.
//
//     Lexer lexer(program, Lexing::kStandard);
//     for (Token t = lexer.next(); t.kind != TokenKind::kEnd; t = lexer.next()) {
//       if (t.kind == TokenKind::kError) return fail(lexer.take_error());
//     }
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sql/keyword.h"

namespace sinan::sql {

// The longest text that the lexer takes: spans are 32 bits wide.
inline constexpr size_t kMaxProgramBytes = 1U << 30;

enum class Lexing : uint8_t {
  kStandard,
  kClause,
  kMySql,  // as kStandard, but ".." is a string too, backslashes escape in strings, and # begins a comment (sql/mysql_dialect.h)
};

enum class TokenKind : uint8_t {
  kEnd,         // at the end of the part; an empty span there
  kError,       // Lexer::take_error() says what
  kWord,        // identifier or keyword, unquoted
  kQuotedName,  // "..", `..`, U&".." (kStandard); `..` (kClause, where the parser refuses it)
  kString,      // '..', E'..', U&'..', x'..', b'..', $tag$..$tag$; in kClause also ".."
  kNumber,      // 1, .5, 5., 1e5, 0x1F, 1_000
  kParameter,   // ?, ?1, $1, $name, @name, #1
  kSymbol,      // punctuation and operators
};

// The symbols that a parser asks for; every other operator is kOperator, told apart by its text.
enum class Symbol : uint8_t {
  kNone,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kLeftBrace,
  kRightBrace,
  kComma,
  kSemicolon,
  kDot,
  kColon,
  kDoubleColon,  // ::
  kAssign,       // :=
  kFatArrow,     // =>
  kArrow,        // ->
  kStar,
  kPlus,
  kMinus,
  kSlash,
  kPercent,
  kEqual,  // = and ==
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kConcat,  // ||
  kOperator,
};

struct Token {
  Span span;
  TokenKind kind = TokenKind::kEnd;
  Symbol symbol = Symbol::kNone;     // of a kSymbol
  Keyword keyword = Keyword::kNone;  // of a kWord in kStandard, when it is one that the parser knows

  bool is(Symbol s) const { return symbol == s; }
  bool is(Keyword k) const { return keyword == k; }
};

// Yields the tokens of program[part] one after another. Keeps a view of `program`. Not thread-safe; copyable, so that a
// caller can look ahead with a copy.
class Lexer {
 public:
  Lexer(std::string_view program, Span part, Lexing lexing);
  Lexer(std::string_view program, Lexing lexing);

  // The next token; kEnd again and again at the end, kError again and again after an error.
  Token next();
  // The error behind the last kError token.
  Error take_error() { return std::move(error_); }
  // Whether that error is a quote or comment that more text could close.
  bool unclosed() const { return unclosed_; }
  // The byte behind the last token.
  uint32_t offset() const { return pos_; }
  // Reads on from `offset` with another lexing: the splitter does at `TO TRAIN`.
  void continue_at(uint32_t offset, Lexing lexing);

 private:
  Token token(TokenKind kind, uint32_t begin) const { return Token{{begin, pos_}, kind}; }
  Token failed(uint32_t begin, uint32_t end, std::string_view message, std::string_view hint);
  Token never_closed(uint32_t begin, uint32_t end, std::string_view message, std::string_view hint);
  Token bad_byte(uint32_t offset);
  bool skip_blanks(Token& problem);
  Token standard();
  Token clause();
  Token word(uint32_t begin);
  Token clause_word(uint32_t begin);
  Token number(uint32_t begin);
  Token symbol(uint32_t begin);
  Token dollar(uint32_t begin);
  Token quoted(uint32_t begin, uint32_t open, TokenKind kind, bool backslash);
  uint32_t character_end(uint32_t at) const;
  char at(uint32_t offset) const { return offset < end_ ? text_[offset] : '\0'; }

  std::string_view text_;
  uint32_t pos_;
  uint32_t end_;
  Lexing lexing_;
  Error error_;
  bool unclosed_ = false;
};

// All tokens of program[part] with a closing kEnd; the first problem as an Error (kProgram, with its span).
Result<std::vector<Token>> lex(std::string_view program, Span part, Lexing lexing);

inline std::string_view text_of(std::string_view program, Span span) {
  return program.substr(span.begin, span.end - span.begin);
}

// What a string or quoted name means: quotes off, doubled quotes and escapes resolved. Any other token: its text.
std::string value_of(std::string_view program, const Token& token, Lexing lexing);

}  // namespace sinan::sql

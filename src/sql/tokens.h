// Tokens: the cursor from which the extended grammar and every statement kind of a capability is parsed.
//
// Reads with Lexing::kClause: a dotted name (`zoo.home:3`, `out.homes.price`) is one word, '..' and ".." are strings.
// Keywords are compared in any case. A failed expect_* consumes nothing and says what was expected, what stands there, and
// the nearest of the words that would have fitted. Keeps a view of the program, which must outlive it.
//
//     Result<std::unique_ptr<Parsed>> DropModel::parse(sql::Tokens& tokens) const {
//       TRY(tokens.expect_phrase("DROP MODEL"));
//       bool if_exists = tokens.accept_phrase("IF EXISTS");
//       Name model = TRY(tokens.expect_name("a model name"));
//       TRY(tokens.expect_end());
//       ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sql/lexer.h"

namespace sinan::sql {

// A name (or string) as the user wrote it, with its place. Case is kept; whoever resolves it folds it.
struct Name {
  std::string text;
  Span span;
  friend bool operator==(const Name& a, const Name& b) { return a.text == b.text; }
};

class Tokens {
 public:
  // Lexes program[part]. Errors as the lexer's.
  static Result<Tokens> make(std::string_view program, Span part);
  static Result<Tokens> make(std::string_view program);

  std::string_view program() const { return program_; }
  // The token `ahead` places on; kEnd beyond the last.
  const Token& peek(size_t ahead = 0) const;
  Token next();
  bool at_end() const { return peek().kind == TokenKind::kEnd; }
  size_t position() const { return position_; }
  // Goes back to an earlier position().
  void rewind(size_t position) { position_ = position; }

  std::string_view text(const Token& token) const { return text_of(program_, token.span); }
  // The place of the next token; of the last one (its end) at the end.
  Span here() const;
  // The end of the token read last.
  uint32_t last_end() const;

  bool at_word(std::string_view word, size_t ahead = 0) const;
  bool at_symbol(Symbol symbol, size_t ahead = 0) const { return peek(ahead).symbol == symbol; }
  // Words separated by one blank: "SHOW TRAIN".
  bool at_phrase(std::string_view phrase) const;
  bool accept_word(std::string_view word);
  bool accept_phrase(std::string_view phrase);
  bool accept_symbol(Symbol symbol);

  Status expect_word(std::string_view word);
  Status expect_phrase(std::string_view phrase);
  Status expect_symbol(Symbol symbol, std::string_view spelled);
  // An unquoted name that is no reserved word of the clause. `what` completes "expected ": "a model name".
  Result<Name> expect_name(std::string_view what);
  // A quoted string; the result holds its value.
  Result<Name> expect_string(std::string_view what);
  // Either of the two.
  Result<Name> expect_name_or_string(std::string_view what);
  Result<int64_t> expect_integer(std::string_view what);
  // Nothing more. Says "missing `;`" when a statement seems to begin here, and names the nearest of `expected` otherwise.
  Status expect_end(std::initializer_list<std::string_view> expected = {});

  // An error (kProgram) at the next token.
  Failure error(std::string message, std::string hint = {}) const;
  // "expected X, found Y", with the nearest of `words` as hint when the next token is a word like one of them.
  Failure unexpected(std::string_view expected, std::initializer_list<std::string_view> words = {}) const;
  // The next token as error messages show it: `"COLUM"`, `the end of the statement`.
  std::string found() const;

 private:
  Tokens(std::string_view program, std::vector<Token> tokens) : program_(program), tokens_(std::move(tokens)) {}

  std::string_view program_;
  std::vector<Token> tokens_;  // ends with kEnd
  size_t position_ = 0;
};

// Whether `word` (any case) is reserved in the clause: it is a name there only in quotes.
bool is_reserved_in_clause(std::string_view word);

}  // namespace sinan::sql

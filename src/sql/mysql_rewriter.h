// MySqlRewriter: the rewriting behind translate_mysql(). Statement by statement kind (mysql_statements.cc), then token by token
// (mysql_rewriter.cc) with a table of functions and one of types.
//
// For one statement; keeps views of program and tokens. Not thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sql/lexer.h"
#include "sql/mysql_dialect.h"

namespace sinan::sql {

class MySqlRewriter {
 public:
  // `tokens` of Lexing::kMySql, with their kEnd.
  MySqlRewriter(std::string_view program, std::span<const Token> tokens)
      : program_(program), tokens_(tokens), end_(tokens.size() - 1) {}

  Result<Translation> rewrite();

 private:
  using Text = Result<std::string>;

  // Kinds of statement; true when the whole of it is written.
  Result<bool> rewrite_database();
  Result<bool> rewrite_create_table();
  Result<bool> rewrite_alter_table();
  Result<bool> rewrite_insert();
  Result<bool> rewrite_load_data();
  Result<bool> rewrite_variables();

  // Tokens [begin, end) with the blanks between them. Nested texts are not mapped one by one.
  Text render(size_t begin, size_t end, int depth = 0);
  // The same into the result, mapped token by token.
  Status copy(size_t begin, size_t end);
  // What replaces the tokens from `at` on and how many those are; 0: they stay.
  Result<size_t> replace(size_t at, size_t end, std::string& text, int depth);
  Result<size_t> replace_quoted(size_t at, size_t end, std::string& text);
  Result<size_t> replace_call(size_t at, size_t end, std::string& text, int depth);
  Result<size_t> replace_word(size_t at, size_t end, std::string& text, int depth);
  // A type and its MySQL suffixes, in column definitions and casts.
  size_t replace_type(size_t at, size_t end, std::string& text) const;
  Text column(size_t begin, size_t end);
  // The text of an item of CREATE TABLE (..); empty: it is left out.
  Text table_item(size_t begin, size_t end);

  bool is_word(size_t at, std::string_view word) const;
  bool is_phrase(size_t at, std::initializer_list<std::string_view> words) const;
  bool is(size_t at, Symbol symbol) const { return at < end_ && tokens_[at].is(symbol); }
  std::string_view text(size_t at) const { return text_of(program_, tokens_[at].span); }
  // From the first token to the end of the last.
  std::string_view text(size_t begin, size_t end) const;
  // The `)` of the `(` at `open`; `end` when there is none.
  size_t closing(size_t open, size_t end) const;
  // The parts of [begin, end) between commas outside brackets.
  std::vector<std::pair<size_t, size_t>> items(size_t begin, size_t end) const;
  std::string blanks_before(size_t at) const;
  Failure untranslatable(size_t begin, size_t end, std::string_view form, std::string_view instead) const;

  void emit(std::string_view written, Span from, bool copied);
  void note(size_t begin, size_t end, std::string_view instead);
  void note(std::string line);

  std::string_view program_;
  std::span<const Token> tokens_;
  size_t end_;
  Translation result_;
};

// What a string of MySQL means: backslashes and doubled quotes resolved.
std::string mysql_string(std::string_view quoted);
std::string standard_string(std::string_view value);  // 'it''s'
std::string standard_name(std::string_view value);    // "a""b"

}  // namespace sinan::sql

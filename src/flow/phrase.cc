#include "flow/phrase.h"

#include "sql/lexer.h"

namespace sinan::flow {
namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::string leading_words(std::string_view program, Span part, size_t count) {
  std::string words;
  sql::Lexer lexer(program, part, sql::Lexing::kClause);
  for (size_t i = 0; i < count; ++i) {
    const sql::Token token = lexer.next();
    if (token.kind != sql::TokenKind::kWord) break;
    if (!words.empty()) words += ' ';
    for (const char c : sql::text_of(program, token.span)) words += upper(c);
  }
  return words;
}

bool begins_with_phrase(std::string_view words, std::string_view phrase) {
  return words.starts_with(phrase) && (words.size() == phrase.size() || words[phrase.size()] == ' ');
}

}  // namespace sinan::flow

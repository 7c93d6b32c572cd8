#include "profile/source.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace sinan::profile {
namespace {

bool opens(const sql::Tokens& tokens) {
  return tokens.at_symbol(sql::Symbol::kLeftParen) || tokens.at_symbol(sql::Symbol::kLeftBracket) ||
         tokens.at_symbol(sql::Symbol::kLeftBrace);
}

bool closes(const sql::Tokens& tokens) {
  return tokens.at_symbol(sql::Symbol::kRightParen) || tokens.at_symbol(sql::Symbol::kRightBracket) ||
         tokens.at_symbol(sql::Symbol::kRightBrace);
}

bool begins_query(const sql::Tokens& tokens) {
  return tokens.at_word("SELECT") || tokens.at_word("WITH") || tokens.at_word("FROM") || tokens.at_word("VALUES") ||
         tokens.at_word("TABLE");
}

// The cursor stands at the opening one; left behind the closing one. The splitter has seen to it that there is one.
void skip_brackets(sql::Tokens& tokens) {
  size_t depth = 0;
  do {
    if (opens(tokens)) ++depth;
    if (closes(tokens)) --depth;
    tokens.next();
  } while (depth > 0 && !tokens.at_end());
}

Source query_between(const sql::Tokens& tokens, uint32_t begin, uint32_t end) {
  return {Source::Kind::kQuery, std::string(tokens.program().substr(begin, end - begin)), {begin, end}};
}

}  // namespace

std::string Source::query(const engine::Dialect& dialect) const {
  if (kind == Kind::kQuery) return text;
  if (kind == Kind::kFile) return "SELECT * FROM " + dialect.literal(text);
  engine::TableName name;
  std::vector<std::string> parts;
  for (const std::string_view part : split_on(text, '.')) parts.emplace_back(part);
  // What is no name of a table is left to the engine to refuse.
  if (auto known = engine::TableName::from_parts(parts)) name = *std::move(known);
  return "SELECT * FROM " + dialect.table(name);
}

std::string Source::words() const {
  if (kind == Kind::kQuery) return "the query";
  return kind == Kind::kFile ? fmt::format("'{}'", text) : text;
}

Result<Source> parse_source(sql::Tokens& tokens) {
  const sql::Token first = tokens.peek();
  if (tokens.at_symbol(sql::Symbol::kLeftParen)) {
    skip_brackets(tokens);
    const uint32_t end = tokens.last_end();
    if (end <= first.span.begin + 2) return tokens.error("a query is missing in the parentheses");
    return query_between(tokens, first.span.begin + 1, end - 1);
  }
  if (begins_query(tokens)) {
    return tokens.error(fmt::format("a query needs parentheses here, found {}", tokens.found()),
                        "write (SELECT ..), or the name of a table or view");
  }
  const bool is_file = first.kind == sql::TokenKind::kString && tokens.text(first).starts_with('\'');
  sql::Name name = TRY(tokens.expect_name_or_string("a table, a file or a query in parentheses"));
  return Source{is_file ? Source::Kind::kFile : Source::Kind::kTable, std::move(name.text), name.span};
}

Result<Source> parse_open_source(sql::Tokens& tokens, bool (*is_option)(sql::Tokens&)) {
  if (!begins_query(tokens)) return parse_source(tokens);
  const uint32_t begin = tokens.here().begin;
  tokens.next();
  while (!tokens.at_end()) {
    const size_t here = tokens.position();
    const bool option = is_option(tokens);
    tokens.rewind(here);
    if (option) break;
    opens(tokens) ? skip_brackets(tokens) : void(tokens.next());
  }
  return query_between(tokens, begin, tokens.last_end());
}

Result<sql::Name> parse_target(sql::Tokens& tokens) {
  const sql::Token token = tokens.peek();
  if (token.kind != sql::TokenKind::kWord) return tokens.expect_name_or_string("a table");
  tokens.next();
  return sql::Name{std::string(tokens.text(token)), token.span};
}

}  // namespace sinan::profile

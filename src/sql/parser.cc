// The parser's cursor, names and types, and the choice of statement.
#include "sql/parser.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "sql/parser_state.h"

namespace sinan::sql {

bool Parser::at_word(std::string_view lower, size_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::kWord && equals_ignore_case(text(token), lower);
}

bool Parser::at_name(size_t ahead) const {
  const Token& token = peek(ahead);
  if (token.kind == TokenKind::kQuotedName) return true;
  return token.kind == TokenKind::kWord && class_of(token.keyword) != KeywordClass::kReserved;
}

bool Parser::at_query(size_t ahead) const {
  switch (peek(ahead).keyword) {
    case Keyword::kSELECT:
    case Keyword::kWITH:
    case Keyword::kFROM:
    case Keyword::kVALUES:
    case Keyword::kTABLE:
    case Keyword::kPIVOT:
    case Keyword::kUNPIVOT:
    case Keyword::kDESCRIBE:
    case Keyword::kDESC:
    case Keyword::kSUMMARIZE:
    case Keyword::kSHOW:
      return true;
    default:
      return false;
  }
}

bool Parser::at_parenthesised_query() const {
  size_t ahead = 0;
  while (at(Symbol::kLeftParen, ahead)) ++ahead;
  return ahead > 0 && at_query(ahead);
}

bool Parser::accept(Keyword keyword) {
  if (!at(keyword)) return false;
  advance();
  return true;
}

bool Parser::accept(Symbol symbol) {
  if (!at(symbol)) return false;
  advance();
  return true;
}

bool Parser::accept_word(std::string_view lower) {
  if (!at_word(lower)) return false;
  advance();
  return true;
}

bool Parser::accept_all(std::initializer_list<Keyword> keywords) {
  size_t ahead = 0;
  for (Keyword keyword : keywords) {
    if (!at(keyword, ahead++)) return false;
  }
  position_ += keywords.size();
  return true;
}

void Parser::expect(Keyword keyword) {
  if (!accept(keyword)) fail(to_string(keyword));
}

void Parser::expect(Symbol symbol, std::string_view spelled) {
  if (!accept(symbol) && !failed()) fail(fmt::format("\"{}\"", spelled));
}

void Parser::fail(std::string_view expected) {
  if (failed()) return;
  const Token& token = peek();
  if (token.kind == TokenKind::kEnd) {
    fail_with(fmt::format("expected {}, found the end of the statement", expected), token.span);
  } else {
    fail_with(fmt::format("expected {}, found \"{}\"", expected, text(token)), token.span);
  }
}

void Parser::fail_with(std::string message, Span place) {
  if (!failed()) error_ = Error{Code::kProgram, std::move(message), {}, place, {}};
  position_ = tokens_.size() - 1;
}

Span Parser::since(uint32_t begin) const {
  uint32_t end = position_ == 0 ? begin : tokens_[position_ - 1].span.end;
  return {begin, end < begin ? begin : end};
}

std::string_view Parser::value(const Token& token) {
  std::string_view raw = text(token);
  if (token.kind != TokenKind::kString && token.kind != TokenKind::kQuotedName) return raw;
  // The ordinary case needs no copy: one quote character, nothing doubled or escaped.
  char quote = raw.front();
  if (quote == '\'' || quote == '"' || quote == '`') {
    std::string_view body = raw.substr(1, raw.size() - 2);
    if (body.find(quote) == std::string_view::npos) return body;
  }
  return arena_.copy(value_of(program_, token, Lexing::kStandard));
}

void Parser::skip_brackets() {
  int depth = 0;
  do {
    const Token& token = peek();
    if (at_end()) return fail("a closing bracket");
    if (token.is(Keyword::kSELECT)) return fail("no query here");
    if (token.is(Symbol::kLeftParen) || token.is(Symbol::kLeftBracket) || token.is(Symbol::kLeftBrace)) ++depth;
    if (token.is(Symbol::kRightParen) || token.is(Symbol::kRightBracket) || token.is(Symbol::kRightBrace)) --depth;
    advance();
  } while (depth > 0);
}

void Parser::skip_options() {
  while (!at_end() && !at(Keyword::kAS)) {
    if (at_query() && !at(Keyword::kWITH) && !at(Keyword::kTABLE)) return fail("AS before the query");
    if (at(Symbol::kLeftParen)) {
      skip_brackets();
    } else {
      advance();
    }
  }
}

Identifier Parser::parse_any_identifier() {
  const Token& token = peek();
  if (token.kind != TokenKind::kWord && token.kind != TokenKind::kQuotedName) {
    fail("a name");
    return {};
  }
  Identifier name{value(token), token.span, token.kind == TokenKind::kQuotedName};
  advance();
  return name;
}

Identifier Parser::parse_identifier(std::string_view what) {
  if (!at_name()) {
    fail(what);
    return {};
  }
  return parse_any_identifier();
}

QualifiedName Parser::parse_qualified_name(std::string_view what) {
  QualifiedName name;
  uint32_t begin = here();
  name.parts.push_back(arena_, parse_identifier(what));
  while (accept(Symbol::kDot)) name.parts.push_back(arena_, parse_any_identifier());
  name.span = since(begin);
  if (name.parts.size() > 4) fail_with("name has too many parts", name.span);
  return name;
}

List<Identifier> Parser::parse_identifier_list() {
  List<Identifier> names;
  expect(Symbol::kLeftParen, "(");
  do {
    if (at(Symbol::kRightParen)) break;
    names.push_back(arena_, parse_any_identifier());
    // Column aliases of a table function carry types: t(a INTEGER, b VARCHAR).
    if (!at(Symbol::kComma) && !at(Symbol::kRightParen)) skip_type();
  } while (accept(Symbol::kComma));
  expect(Symbol::kRightParen, ")");
  return names;
}

// [AS] alias; an empty identifier without one.
Identifier Parser::parse_alias(bool table) {
  if (accept(Keyword::kAS)) {
    if (peek().kind == TokenKind::kString) {
      Identifier alias{value(peek()), peek().span, true};
      advance();
      return alias;
    }
    return parse_any_identifier();
  }
  const Token& token = peek();
  if (token.kind == TokenKind::kQuotedName) return parse_any_identifier();
  if (token.kind == TokenKind::kString && !table) {
    Identifier alias{value(token), token.span, true};
    advance();
    return alias;
  }
  if (token.kind != TokenKind::kWord || class_of(token.keyword) != KeywordClass::kPlain) return {};
  return parse_any_identifier();
}

// IF EXISTS or IF NOT EXISTS.
bool Parser::parse_if_exists() {
  return accept_all({Keyword::kIF, Keyword::kEXISTS}) || accept_all({Keyword::kIF, Keyword::kNOT, Keyword::kEXISTS});
}

// INTEGER, DECIMAL(10,2), s.mood, STRUCT(a INT, b TEXT[])[], TIMESTAMP WITH TIME ZONE, ARRAY<INT>, BIGINT(20) UNSIGNED.
void Parser::skip_type() {
  bool generic = at(Keyword::kARRAY) || at(Keyword::kMAP) || at(Keyword::kSTRUCT);
  parse_any_identifier();
  while (accept(Symbol::kDot)) parse_any_identifier();
  if (generic && peek().kind == TokenKind::kSymbol && text(peek()).starts_with('<')) {
    int depth = 0;
    do {
      if (at_end()) return fail("\">\"");
      for (char c : text(peek())) depth += c == '<' ? 1 : c == '>' ? -1 : 0;
      advance();
    } while (depth > 0);
  }
  while (at(Keyword::kVARYING) || at_word("precision") || at_word("unsigned") || at_word("signed")) advance();
  if (at(Symbol::kLeftParen)) skip_brackets();
  while (at_word("unsigned") || at_word("signed") || at_word("zerofill")) advance();
  if ((at(Keyword::kWITH) || at(Keyword::kWITHOUT)) && at_word("time", 1) && at(Keyword::kZONE, 2)) {
    advance();
    advance();
    advance();
  }
  accept(Keyword::kARRAY);
  while (at(Symbol::kLeftBracket)) skip_brackets();
}

Statement* Parser::parse_statement() {
  Level level(*this);
  auto* statement = arena_.make<Statement>();
  uint32_t begin = here();
  if (at_end()) {
    statement->statement_class = StatementClass::kEmpty;
    return statement;
  }
  switch (peek().keyword) {
    case Keyword::kSELECT:
    case Keyword::kFROM:
    case Keyword::kVALUES:
    case Keyword::kTABLE:
    case Keyword::kPIVOT:
    case Keyword::kUNPIVOT:
      statement->statement_class = StatementClass::kQuery;
      statement->query = parse_query();
      break;
    case Keyword::kWITH:
    case Keyword::kINSERT:
    case Keyword::kUPDATE:
    case Keyword::kDELETE:
    case Keyword::kMERGE:
    case Keyword::kREPLACE:
      parse_dml(*statement);
      break;
    case Keyword::kCOPY:
      parse_copy(*statement);
      break;
    case Keyword::kCREATE:
      parse_create(*statement);
      break;
    case Keyword::kDROP:
      parse_drop(*statement);
      break;
    case Keyword::kALTER:
      parse_alter(*statement);
      break;
    case Keyword::kTRUNCATE:
      parse_truncate(*statement);
      break;
    case Keyword::kUSE:
      parse_use(*statement);
      break;
    case Keyword::kEXPLAIN:
      parse_explain(*statement);
      break;
    case Keyword::kDESC:
    case Keyword::kDESCRIBE:
    case Keyword::kSUMMARIZE:
    case Keyword::kSHOW:
      parse_describe(*statement);
      break;
    default:
      if (at(Symbol::kLeftParen)) {
        statement->statement_class = StatementClass::kQuery;
        statement->query = parse_query();
      } else if (!parse_session_statement(*statement)) {
        fail("a statement");
      }
  }
  if (!at_end()) fail("the end of the statement");
  statement->span = since(begin);
  statement->unnamed_items = unnamed_items_;
  return statement;
}

Result<const Statement*> parse_statement(std::string_view program, Span statement, Arena& arena) {
  auto tokens = TRY(lex(program, statement, Lexing::kStandard));
  if (tokens.size() > 1 && tokens[tokens.size() - 2].is(Symbol::kSemicolon)) {
    tokens.erase(tokens.end() - 2);
  }
  Parser parser(program, tokens, arena);
  const Statement* parsed = parser.parse_statement();
  if (parser.error()) return fail(*parser.error());
  return parsed;
}

}  // namespace sinan::sql

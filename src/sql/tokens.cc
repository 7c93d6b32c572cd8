#include "sql/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/strings.h"

namespace sinan::sql {
namespace {

constexpr std::string_view kReserved[] = {
    "TO",     "TRAIN",      "PREDICT", "EXPLAIN", "EVALUATE", "RUN",   "MAXIMIZE", "MINIMIZE", "WITH",
    "COLUMN", "FOR",        "LABEL",   "USING",   "INTO",     "CMD",   "NOT",      "AND",      "OR",
    "BY",     "CONSTRAINT", "GROUP",   "SELECT",  "FROM",     "WHERE", "LIMIT",    "AS",       "SHOW",
};

// Words that begin a statement, and that the clause does not use: behind a clause they mean that a `;` was forgotten.
constexpr std::string_view kStarters[] = {"SELECT", "FROM",   "VALUES", "TABLE",  "CREATE",  "DROP", "INSERT",
                                          "UPDATE", "DELETE", "MERGE",  "COPY",   "ALTER",   "SHOW", "SET",
                                          "USE",    "ATTACH", "BEGIN",  "COMMIT", "DESCRIBE"};

bool among(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view w) { return equals_ignore_case(w, word); });
}

}  // namespace

bool is_reserved_in_clause(std::string_view word) { return among(word, kReserved); }

Result<Tokens> Tokens::make(std::string_view program, Span part) {
  return Tokens(program, TRY(lex(program, part, Lexing::kClause)));
}

Result<Tokens> Tokens::make(std::string_view program) {
  return make(program, Span{0, static_cast<uint32_t>(std::min(program.size(), kMaxProgramBytes))});
}

const Token& Tokens::peek(size_t ahead) const { return tokens_[std::min(position_ + ahead, tokens_.size() - 1)]; }

Token Tokens::next() {
  Token token = peek();
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

Span Tokens::here() const {
  if (!at_end()) return peek().span;
  uint32_t end = last_end();
  return Span{end, end};
}

uint32_t Tokens::last_end() const { return position_ == 0 ? peek().span.begin : tokens_[position_ - 1].span.end; }

bool Tokens::at_word(std::string_view word, size_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::kWord && equals_ignore_case(text(token), word);
}

bool Tokens::at_phrase(std::string_view phrase) const {
  size_t ahead = 0;
  while (!phrase.empty()) {
    std::string_view word = phrase.substr(0, phrase.find(' '));
    if (!at_word(word, ahead++)) return false;
    phrase.remove_prefix(std::min(phrase.size(), word.size() + 1));
  }
  return true;
}

bool Tokens::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  next();
  return true;
}

bool Tokens::accept_phrase(std::string_view phrase) {
  if (!at_phrase(phrase)) return false;
  position_ += static_cast<size_t>(std::ranges::count(phrase, ' ')) + 1;
  return true;
}

bool Tokens::accept_symbol(Symbol symbol) {
  if (!at_symbol(symbol)) return false;
  next();
  return true;
}

Status Tokens::expect_word(std::string_view word) {
  if (accept_word(word)) return {};
  return unexpected(word, {word});
}

Status Tokens::expect_phrase(std::string_view phrase) {
  if (accept_phrase(phrase)) return {};
  return unexpected(phrase);
}

Status Tokens::expect_symbol(Symbol symbol, std::string_view spelled) {
  if (accept_symbol(symbol)) return {};
  return unexpected(fmt::format("\"{}\"", spelled));
}

Result<Name> Tokens::expect_name(std::string_view what) {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::kWord:
      if (is_reserved_in_clause(text(token))) return unexpected(what);
      next();
      return Name{std::string(text(token)), token.span};
    case TokenKind::kString:
      return error(fmt::format("expected {}, found a quoted string: {}", what, text(token)), "write it without quotes");
    default:
      return unexpected(what);
  }
}

Result<Name> Tokens::expect_string(std::string_view what) {
  const Token& token = peek();
  if (token.kind == TokenKind::kString) {
    next();
    return Name{value_of(program_, token, Lexing::kClause), token.span};
  }
  if (token.kind == TokenKind::kWord && !is_reserved_in_clause(text(token))) {
    return error(fmt::format("expected {}, found {}", what, found()),
                 fmt::format("put it in quotes: \"{}\"", text(token)));
  }
  return unexpected(what);
}

Result<Name> Tokens::expect_name_or_string(std::string_view what) {
  const Token& token = peek();
  if (token.kind == TokenKind::kString) return expect_string(what);
  if (token.kind == TokenKind::kWord && is_reserved_in_clause(text(token))) {
    return error(fmt::format("expected {}, found the keyword {}", what, text(token)),
                 fmt::format("put it in quotes to use it as a name: \"{}\"", text(token)));
  }
  return expect_name(what);
}

Result<int64_t> Tokens::expect_integer(std::string_view what) {
  size_t start = position_;
  bool negative = accept_symbol(Symbol::kMinus);
  const Token& token = peek();
  std::string_view digits = text(token);
  int64_t value = 0;
  const char* end = digits.data() + digits.size();
  bool read = token.kind == TokenKind::kNumber;
  if (read) {
    auto [stop, problem] = std::from_chars(digits.data(), end, value);
    read = problem == std::errc{} && stop == end;
  }
  if (!read) {
    rewind(start);
    return unexpected(what);
  }
  next();
  return negative ? -value : value;
}

Status Tokens::expect_end(std::initializer_list<std::string_view> expected) {
  if (at_end()) return {};
  const Token& token = peek();
  if (token.kind == TokenKind::kWord) {
    if (at_word("TO")) {
      return error(fmt::format("a statement has one clause, here a second begins: TO {}", text(peek(1))),
                   "end the first statement with `;` and write the query of the second before TO");
    }
    if (among(text(token), kStarters)) {
      return error(fmt::format("missing `;` before {}", text(token)), "end each statement with `;`");
    }
  }
  return unexpected("the end of the statement", expected);
}

Failure Tokens::error(std::string message, std::string hint) const {
  return fail(Code::kProgram, std::move(message), std::move(hint)).at(here());
}

Failure Tokens::unexpected(std::string_view expected, std::initializer_list<std::string_view> words) const {
  const Token& token = peek();
  std::string hint;
  if (token.kind == TokenKind::kQuotedName) {
    hint = "write the name without backticks";
  } else if (token.kind == TokenKind::kWord) {
    std::vector<std::string> candidates(words.begin(), words.end());
    hint = did_you_mean(text(token), candidates);
  }
  return error(fmt::format("expected {}, found {}", expected, found()), std::move(hint));
}

std::string Tokens::found() const {
  if (at_end()) return "the end of the statement";
  const Token& token = peek();
  if (token.kind == TokenKind::kWord && is_reserved_in_clause(text(token))) {
    return fmt::format("the keyword {}", text(token));
  }
  if (token.kind == TokenKind::kString) return fmt::format("the string {}", text(token));
  return fmt::format("\"{}\"", text(token));
}

}  // namespace sinan::sql

#include "flow/syntax_hint.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "sql/lexer.h"

namespace sinan::flow {
namespace {

using sql::Keyword;
using sql::Symbol;
using sql::Token;
using sql::TokenKind;

// With which a statement is likely to begin that a forgotten `;` has joined to the one before.
constexpr std::string_view kFirstWords[] = {"SELECT", "FROM",  "WITH", "CREATE", "INSERT", "UPDATE", "DELETE",
                                            "DROP",   "ALTER", "COPY", "ATTACH", "SET",    "SHOW",   "DESCRIBE"};

// Reserved words that may be a statement's last one, and others that may not.
constexpr Keyword kLast[] = {Keyword::kEND,  Keyword::kNULL,   Keyword::kTRUE,    Keyword::kFALSE, Keyword::kASC,
                             Keyword::kDESC, Keyword::kISNULL, Keyword::kNOTNULL, Keyword::kALL,   Keyword::kDEFAULT};
constexpr Keyword kNeverLast[] = {Keyword::kBY,     Keyword::kBETWEEN, Keyword::kSET,
                                  Keyword::kEXISTS, Keyword::kVALUES,  Keyword::kOVER,
                                  Keyword::kFILTER, Keyword::kWITHIN,  Keyword::kIF};

bool may_end_statement(const Token& token) {
  if (token.kind == TokenKind::kSymbol) {
    return token.is(Symbol::kRightParen) || token.is(Symbol::kRightBracket) || token.is(Symbol::kRightBrace) ||
           token.is(Symbol::kStar);
  }
  if (token.kind != TokenKind::kWord || token.keyword == Keyword::kNone) return true;
  if (std::ranges::find(kLast, token.keyword) != std::end(kLast)) return true;
  return sql::class_of(token.keyword) == sql::KeywordClass::kPlain &&
         std::ranges::find(kNeverLast, token.keyword) == std::end(kNeverLast);
}

class Guess {
 public:
  Guess(const Statement& statement, std::vector<Token> tokens) : statement_(statement), tokens_(std::move(tokens)) {}

  std::string make(Span place, std::span<const std::string> verbs) const {
    const auto found = std::ranges::find_if(tokens_, [&](const Token& token) { return token.span.end > place.begin; });
    const auto at = static_cast<size_t>(std::min(found, tokens_.end() - 1) - tokens_.begin());
    if (tokens_[at].is(Keyword::kTO) && at + 2 == tokens_.size() && !verbs.empty())
      return fmt::format("a verb is missing after TO: {}", join(verbs, ", "));
    if (tokens_[at].kind == TokenKind::kEnd)
      return at == 0 ? std::string() : fmt::format("more is expected after {}", text(at - 1));
    if (at == 0) return {};
    const auto missing = [&](size_t before) { return fmt::format("is a `;` missing before {}?", text(before)); };
    if (begins_statement(at)) return missing(at);
    // The word may have been taken for a name: FROM t DROP TABLE.
    const bool can_be_name = sql::class_of(tokens_[at - 1].keyword) == sql::KeywordClass::kPlain;
    return at > 1 && can_be_name && begins_statement(at - 1) ? missing(at - 1) : std::string();
  }

 private:
  std::string_view text(size_t token) const { return sql::text_of(statement_.program, tokens_[token].span); }

  bool begins_statement(size_t token) const {
    if (tokens_[token].kind != TokenKind::kWord) return false;
    const auto same = [&](std::string_view first) { return equals_ignore_case(first, text(token)); };
    if (std::ranges::none_of(kFirstWords, same)) return false;
    int depth = 0;
    for (size_t i = 0; i < token; ++i) {
      if (tokens_[i].is(Symbol::kLeftParen) || tokens_[i].is(Symbol::kLeftBracket)) ++depth;
      if (tokens_[i].is(Symbol::kRightParen) || tokens_[i].is(Symbol::kRightBracket)) --depth;
    }
    return depth == 0 && (opens_a_line(token) || may_end_statement(tokens_[token - 1]));
  }

  bool opens_a_line(size_t token) const {
    const std::string_view before = statement_.program.substr(0, tokens_[token].span.begin);
    const size_t line = before.find_last_not_of(" \t");
    return line != std::string_view::npos && before[line] == '\n';
  }

  const Statement& statement_;
  std::vector<Token> tokens_;  // with a closing kEnd
};

}  // namespace

std::string syntax_hint(const Statement& statement, Span place, std::span<const std::string> verbs) {
  auto tokens = sql::lex(statement.program, statement.text.standard, sql::Lexing::kStandard);
  if (!tokens) return {};
  return Guess(statement, std::move(*tokens)).make(place, verbs);
}

}  // namespace sinan::flow

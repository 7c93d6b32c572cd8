#include "sql/function_calls.h"

#include <algorithm>

#include "base/strings.h"
#include "sql/arena.h"
#include "sql/lexer.h"
#include "sql/parser.h"

namespace sinan::sql {
namespace {

using Tokens = std::span<const Token>;

Span whole_of(std::string_view text) { return {0, static_cast<uint32_t>(std::min(text.size(), kMaxProgramBytes))}; }

bool opens(const Token& token) {
  return token.is(Symbol::kLeftParen) || token.is(Symbol::kLeftBracket) || token.is(Symbol::kLeftBrace);
}
bool closes(const Token& token) {
  return token.is(Symbol::kRightParen) || token.is(Symbol::kRightBracket) || token.is(Symbol::kRightBrace);
}

bool is_name(const Token& token) { return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedName; }

// Reads the arguments behind the opening parenthesis at `open`; the index of the closing one, or 0 without it.
size_t read_arguments(Tokens tokens, size_t open, std::vector<Span>& arguments) {
  size_t first = open + 1;
  int depth = 1;
  for (size_t i = open + 1; i < tokens.size(); ++i) {
    const bool ends = closes(tokens[i]) && --depth == 0;
    if (ends || (depth == 1 && tokens[i].is(Symbol::kComma))) {
      if (i > first) {
        arguments.push_back({tokens[first].span.begin, tokens[i - 1].span.end});
      } else if (!ends || !arguments.empty()) {
        arguments.push_back({tokens[i].span.begin, tokens[i].span.begin});
      }
      first = i + 1;
    }
    if (ends) return i;
    if (opens(tokens[i])) ++depth;
  }
  return 0;
}

}  // namespace

std::vector<FunctionCall> find_function_calls(std::string_view text, std::span<const std::string_view> functions) {
  std::vector<FunctionCall> calls;
  const auto lexed = lex(text, whole_of(text), Lexing::kStandard);
  if (!lexed) return calls;
  const Tokens tokens = *lexed;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::kWord || !tokens[i + 1].is(Symbol::kLeftParen)) continue;
    const std::string_view word = text_of(text, tokens[i].span);
    const auto function =
        std::ranges::find_if(functions, [&](std::string_view name) { return equals_ignore_case(name, word); });
    if (function == functions.end()) continue;
    // x.f(..) is another's; CREATE TABLE f(..) and INSERT INTO f(..) name a table.
    if (i > 0 && (tokens[i - 1].is(Symbol::kDot) || tokens[i - 1].is(Keyword::kTABLE) ||
                  tokens[i - 1].is(Keyword::kINTO) || equals_ignore_case(text_of(text, tokens[i - 1].span), "macro") ||
                  equals_ignore_case(text_of(text, tokens[i - 1].span), "function"))) {
      continue;
    }
    FunctionCall call{std::string(*function), tokens[i].span, {}, {}};
    const size_t end = read_arguments(tokens, i + 1, call.arguments);
    if (end == 0) return calls;
    call.whole = {tokens[i].span.begin, tokens[end].span.end};
    calls.push_back(std::move(call));
    i = end;
  }
  return calls;
}

CallArgument read_argument(std::string_view text, Span argument) {
  CallArgument out;
  out.text = argument;
  const auto lexed = lex(text, argument, Lexing::kStandard);
  if (!lexed || lexed->size() < 2) return out;
  const Tokens tokens = Tokens(*lexed).first(lexed->size() - 1);
  const auto value = [&](const Token& token) { return value_of(text, token, Lexing::kStandard); };
  if (tokens.size() == 1 && tokens[0].kind == TokenKind::kString) {
    out.kind = CallArgument::Kind::kString;
    out.value = value(tokens[0]);
    return out;
  }
  if (tokens.size() == 1 && tokens[0].is(Symbol::kStar)) {
    out.kind = CallArgument::Kind::kStar;
    return out;
  }
  if (!is_name(tokens[0])) return out;
  if (tokens.size() > 2 && (tokens[1].is(Symbol::kAssign) || tokens[1].is(Symbol::kFatArrow))) {
    out.kind = CallArgument::Kind::kNamed;
    out.value = value(tokens[0]);
    out.text = {tokens[2].span.begin, tokens.back().span.end};
    return out;
  }
  // name, name.name, ..; with .* behind
  size_t at = 1;
  while (at + 1 < tokens.size() && tokens[at].is(Symbol::kDot) && is_name(tokens[at + 1])) at += 2;
  if (at == tokens.size()) {
    // TRUE, NULL, CURRENT_DATE are values.
    const bool is_word_value = tokens.size() == 1 && tokens[0].kind == TokenKind::kWord &&
                               class_of(tokens[0].keyword) == KeywordClass::kReserved;
    if (is_word_value) return out;
    out.kind = CallArgument::Kind::kName;
    out.value = value(tokens.back());
  } else if (at + 2 == tokens.size() && tokens[at].is(Symbol::kDot) && tokens[at + 1].is(Symbol::kStar)) {
    out.kind = CallArgument::Kind::kNameStar;
    out.text = {tokens[0].span.begin, tokens[at - 1].span.end};
  }
  return out;
}

std::vector<Span> unnamed_items(std::string_view statement) {
  std::vector<Span> items;
  Arena arena;
  const auto parsed = parse_statement(statement, whole_of(statement), arena);
  if (!parsed) return items;
  for (const Span item : (*parsed)->unnamed_items) {
    // What is tried twice is read twice.
    const auto same = [&](Span other) { return other.begin == item.begin && other.end == item.end; };
    if (std::ranges::none_of(items, same)) items.push_back(item);
  }
  return items;
}

}  // namespace sinan::sql

// mend_text_as_number(): what an error of the engine says about types, and where, becomes conversions of the operands.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"
#include "sql/lexer.h"
#include "sql/mysql_dialect.h"

namespace sinan::sql {
namespace {

struct Operand {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool is_boolean = false;
};

constexpr std::array<std::string_view, 24> kOfNumbers = {
    "sum",   "avg",    "round",      "abs",         "floor",   "ceil",     "ceiling", "sqrt",
    "power", "pow",    "exp",        "ln",          "log",     "log10",    "log2",    "mod",
    "sign",  "stddev", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "sin",     "cos"};

enum class Kind : uint8_t { kOther, kText, kBoolean };

// What the arguments of "+(VARCHAR, DECIMAL(2,1))" are.
std::vector<Kind> argument_kinds(std::string_view message, std::string_view call) {
  std::vector<Kind> kinds;
  const size_t open = message.find(std::string(call) + "(");
  if (open == std::string_view::npos) return kinds;
  const std::string_view types = message.substr(open + call.size() + 1);
  int depth = 0;
  size_t begin = 0;
  for (size_t at = 0; at < types.size() && depth >= 0; ++at) {
    if (types[at] == '(') ++depth;
    if (types[at] == ')') --depth;
    const bool ends = depth < 0 || (depth == 0 && types[at] == ',');
    if (!ends) continue;
    const std::string_view type = trim(types.substr(begin, at - begin));
    kinds.push_back(type == "VARCHAR" || type == "STRING_LITERAL" ? Kind::kText
                    : type == "BOOLEAN"                           ? Kind::kBoolean
                                                                  : Kind::kOther);
    begin = at + 1;
  }
  return kinds;
}

class Operands {
 public:
  explicit Operands(const std::vector<Token>& tokens) : tokens_(tokens) {}

  // The name, literal, call or bracket that ends before token `at`.
  std::optional<Operand> before(size_t at) const {
    if (at == 0) return std::nullopt;
    size_t first = at - 1;
    if (tokens_[first].is(Symbol::kRightParen)) {
      int depth = 0;
      for (;; --first) {
        if (tokens_[first].is(Symbol::kRightParen)) ++depth;
        if (tokens_[first].is(Symbol::kLeftParen) && --depth == 0) break;
        if (first == 0) return std::nullopt;
      }
      if (first > 0 && tokens_[first - 1].kind == TokenKind::kWord && tokens_[first - 1].keyword == Keyword::kNone)
        --first;
    } else if (!is_value(first)) {
      return std::nullopt;
    }
    while (first >= 2 && tokens_[first - 1].is(Symbol::kDot) && is_value(first - 2)) first -= 2;
    return Operand{tokens_[first].span.begin, tokens_[at - 1].span.end};
  }

  std::optional<Operand> after(size_t at) const {
    size_t first = at + 1;
    while (first < tokens_.size() && (tokens_[first].is(Symbol::kMinus) || tokens_[first].is(Symbol::kPlus))) ++first;
    size_t last = first;
    if (first >= tokens_.size()) return std::nullopt;
    if (!tokens_[first].is(Symbol::kLeftParen)) {
      if (!is_value(first)) return std::nullopt;
      while (last + 2 < tokens_.size() && tokens_[last + 1].is(Symbol::kDot) && is_value(last + 2)) last += 2;
    }
    const size_t open = tokens_[first].is(Symbol::kLeftParen) ? first : last + 1;
    if (open < tokens_.size() && tokens_[open].is(Symbol::kLeftParen)) {
      const auto close = closing(open);
      if (!close) return std::nullopt;
      last = *close;
    }
    return Operand{tokens_[first].span.begin, tokens_[last].span.end};
  }

  std::vector<Operand> arguments(size_t open) const {
    std::vector<Operand> result;
    const auto close = closing(open);
    if (!close || *close == open + 1) return result;
    int depth = 0;
    size_t first = open + 1;
    for (size_t at = open + 1; at <= *close; ++at) {
      const bool ends = at == *close || (depth == 0 && tokens_[at].is(Symbol::kComma));
      if (tokens_[at].is(Symbol::kLeftParen)) ++depth;
      if (tokens_[at].is(Symbol::kRightParen)) --depth;
      if (!ends || at == first) continue;
      result.push_back({tokens_[first].span.begin, tokens_[at - 1].span.end});
      first = at + 1;
    }
    return result;
  }

 private:
  bool is_value(size_t at) const {
    const Token& token = tokens_[at];
    return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedName || token.kind == TokenKind::kString ||
           token.kind == TokenKind::kNumber;
  }
  std::optional<size_t> closing(size_t open) const {
    int depth = 0;
    for (size_t at = open; at < tokens_.size(); ++at) {
      if (tokens_[at].is(Symbol::kLeftParen)) ++depth;
      if (tokens_[at].is(Symbol::kRightParen) && --depth == 0) return at;
    }
    return std::nullopt;
  }

  const std::vector<Token>& tokens_;
};

// The number that a text begins with; 0 without one.
std::string number_of(std::string_view operand) {
  constexpr std::string_view kNumber = R"(^\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)";
  return fmt::format(
      "(CASE WHEN {0} IS NOT NULL THEN COALESCE(TRY_CAST(regexp_extract(CAST({0} AS VARCHAR), '{1}') AS DOUBLE), 0) "
      "END)",
      operand, kNumber);
}

void replace_range(Translation& translation, Operand range, const std::string& text) {
  const Span from = translation.original({range.begin, range.end});
  std::vector<Translation::Piece> pieces;
  const auto grown = static_cast<uint32_t>(text.size());
  const uint32_t removed = range.end - range.begin;
  bool placed = false;
  for (const Translation::Piece& piece : translation.pieces) {
    if (piece.begin < range.begin) {  // what is before
      Translation::Piece head = piece;
      head.end = std::min(piece.end, range.begin);
      if (head.copied) head.from.end = head.from.begin + (head.end - head.begin);
      pieces.push_back(head);
    }
    if (piece.end > range.begin && !placed) {
      pieces.push_back({range.begin, range.begin + grown, from, false});
      placed = true;
    }
    if (piece.end > range.end) {
      Translation::Piece tail = piece;
      tail.begin = std::max(piece.begin, range.end);
      if (tail.copied) tail.from.begin = tail.from.end - (tail.end - tail.begin);
      tail.begin = tail.begin - removed + grown;
      tail.end = tail.end - removed + grown;
      pieces.push_back(tail);
    }
  }
  translation.pieces = std::move(pieces);
  translation.text.replace(range.begin, removed, text);
}

}  // namespace

bool mend_text_as_number(Translation& translation, std::string_view message, Span place) {
  auto lexed = lex(translation.text, {0, static_cast<uint32_t>(translation.text.size())}, Lexing::kStandard);
  if (!lexed) return false;
  const std::vector<Token>& tokens = *lexed;
  const auto found = std::ranges::find_if(
      tokens, [&](const Token& token) { return token.span.begin <= place.begin && place.begin < token.span.end; });
  if (found == tokens.end()) return false;
  const auto at = static_cast<size_t>(found - tokens.begin());
  const std::string name = to_lower(text_of(translation.text, found->span));
  const Operands operands(tokens);
  std::vector<Operand> texts;
  const auto add = [&](std::optional<Operand> operand, Kind kind) {
    if (!operand || operand->begin >= operand->end || kind == Kind::kOther) return;
    operand->is_boolean = kind == Kind::kBoolean;
    texts.push_back(*operand);
  };
  const bool is_call = at + 1 < tokens.size() && tokens[at + 1].is(Symbol::kLeftParen);
  if (found->kind == TokenKind::kSymbol && message.starts_with("cannot compare values of type ")) {
    // One of the two is a number: text is compared with text otherwise.
    if (message.find("type VARCHAR and type ") != std::string_view::npos) add(operands.before(at), Kind::kText);
    if (message.find(" and type VARCHAR") != std::string_view::npos) add(operands.after(at), Kind::kText);
  } else if (found->kind == TokenKind::kSymbol) {
    constexpr std::array<std::string_view, 6> kArithmetic = {"+", "-", "*", "/", "%", "//"};
    if (std::ranges::find(kArithmetic, name) == kArithmetic.end()) return false;
    const std::vector<Kind> kinds = argument_kinds(message, name);
    if (kinds.size() == 1) add(operands.after(at), kinds[0]);
    if (kinds.size() == 2) add(operands.before(at), kinds[0]);
    if (kinds.size() == 2) add(operands.after(at), kinds[1]);
  } else if (message.starts_with("cannot mix values of type VARCHAR and ")) {
    if (name == "between") {
      add(operands.before(at), Kind::kText);
    } else if (at > 0) {
      add(operands.after(at - 1), Kind::kText);
    }
  } else if (found->kind == TokenKind::kWord && is_call && std::ranges::find(kOfNumbers, name) != kOfNumbers.end()) {
    // The message spells functions as the engine does: in lower case.
    const std::vector<Kind> kinds = argument_kinds(message, name);
    const std::vector<Operand> arguments = operands.arguments(at + 1);
    for (size_t i = 0; i < std::min(kinds.size(), arguments.size()); ++i) add(arguments[i], kinds[i]);
  }
  if (texts.empty()) return false;
  constexpr size_t kLongest = 16 << 20;
  // From the last to the first: places before stay what they are.
  std::ranges::sort(texts, std::greater<>(), &Operand::begin);
  for (const Operand& operand : texts) {
    const std::string text = translation.text.substr(operand.begin, operand.end - operand.begin);
    if (translation.text.size() + 2 * text.size() > kLongest) return false;
    const std::string line = fmt::format("{} is read as a number", text);
    if (std::ranges::find(translation.notes, line) == translation.notes.end()) translation.notes.push_back(line);
    replace_range(translation, operand,
                  operand.is_boolean ? fmt::format("CAST({} AS INTEGER)", text) : number_of(text));
  }
  return true;
}

}  // namespace sinan::sql

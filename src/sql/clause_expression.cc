// Expressions of the clause: attribute values, COLUMN items, objectives and constraints.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "sql/clause.h"

namespace sinan::sql {

Result<Expr> parse_attribute_value(Tokens& tokens);
Result<Expr> parse_column(Tokens& tokens);

namespace {

constexpr int kMaxNesting = 200;
// Bounds the depth of the tree, and with it every recursion over it.
constexpr int kMaxOperators = 2000;

struct BinaryOperator {
  std::string_view text;
  int precedence;
};

class ExpressionParser {
 public:
  explicit ExpressionParser(Tokens& tokens) : tokens_(tokens) {}

  // Operators that bind at least as tight as `least`: 1 AND OR, 2 comparisons, 3 + -, 4 * / %.
  Result<Expr> parse_binary(int least) {
    Expr left = TRY(parse_unary());
    for (;;) {
      std::optional<BinaryOperator> op = next_operator();
      if (!op || op->precedence < least) return left;
      if (++operators_ > kMaxOperators) return tokens_.error("expression is too long", "at most 2000 operators");
      tokens_.next();
      Expr right = TRY(parse_binary(op->precedence + 1));
      Span span{left.span.begin, right.span.end};
      std::vector<Expr> items;
      items.push_back(std::move(left));
      items.push_back(std::move(right));
      left = Expr{Expr::Kind::kBinary, std::string(op->text), std::move(items), span};
    }
  }

  // A value without operators: what an attribute takes.
  Result<Expr> parse_value() {
    const Token& token = tokens_.peek();
    if (token.is(Symbol::kLeftParen) || tokens_.at_word("NOT")) return computed();
    if (token.is(Symbol::kMinus) && tokens_.peek(1).kind != TokenKind::kNumber) return computed();
    Expr value = TRY(parse_unary());
    if (next_operator()) return computed();
    return value;
  }

  Result<Expr> parse_column() {
    const Token token = tokens_.peek();
    if (tokens_.accept_symbol(Symbol::kStar)) return Expr{Expr::Kind::kStar, "*", {}, token.span};
    if (token.kind != TokenKind::kWord || is_reserved_in_clause(tokens_.text(token))) {
      if (token.kind == TokenKind::kString) {
        return tokens_.error(fmt::format("expected a column, found {}", tokens_.found()), "write it without quotes");
      }
      return tokens_.unexpected("a column, a call such as CATEGORY_ID(column, 10), or *");
    }
    Expr column = TRY(parse_primary());
    if (next_operator()) {
      return tokens_.error(fmt::format("COLUMN takes names and calls, found {}", tokens_.found()),
                           "compute it in the query before TO");
    }
    return column;
  }

 private:
  Failure computed() const {
    return tokens_.error(fmt::format("an attribute value cannot be computed, found {}", tokens_.found()),
                         "write the value itself");
  }

  std::optional<BinaryOperator> next_operator() const {
    const Token& token = tokens_.peek();
    switch (token.symbol) {
      case Symbol::kLess:
        return BinaryOperator{"<", 2};
      case Symbol::kGreater:
        return BinaryOperator{">", 2};
      case Symbol::kLessEqual:
        return BinaryOperator{"<=", 2};
      case Symbol::kGreaterEqual:
        return BinaryOperator{">=", 2};
      case Symbol::kEqual:
        return BinaryOperator{"=", 2};
      case Symbol::kNotEqual:
        return BinaryOperator{tokens_.text(token) == "!=" ? "!=" : "<>", 2};
      case Symbol::kPlus:
        return BinaryOperator{"+", 3};
      case Symbol::kMinus:
        return BinaryOperator{"-", 3};
      case Symbol::kStar:
        return BinaryOperator{"*", 4};
      case Symbol::kSlash:
        return BinaryOperator{"/", 4};
      case Symbol::kPercent:
        return BinaryOperator{"%", 4};
      default:
        break;
    }
    if (tokens_.at_word("AND")) return BinaryOperator{"AND", 1};
    if (tokens_.at_word("OR")) return BinaryOperator{"OR", 1};
    return std::nullopt;
  }

  Result<Expr> parse_unary() {
    Span span = tokens_.here();
    bool minus = tokens_.at_symbol(Symbol::kMinus);
    if (!minus && !tokens_.at_word("NOT")) return parse_primary();
    if (++depth_ > kMaxNesting) return too_deep();
    tokens_.next();
    bool literal = minus && tokens_.peek().kind == TokenKind::kNumber;
    Expr operand = TRY(parse_unary());
    --depth_;
    span.end = operand.span.end;
    if (literal) {
      operand.text = fmt::format("-{}", operand.text);
      operand.span = span;
      return operand;
    }
    std::vector<Expr> items;
    items.push_back(std::move(operand));
    return Expr{Expr::Kind::kUnary, minus ? "-" : "NOT", std::move(items), span};
  }

  Result<Expr> parse_primary() {
    const Token token = tokens_.peek();
    switch (token.kind) {
      case TokenKind::kNumber:
        return parse_number();
      case TokenKind::kString: {
        Name value = TRY(tokens_.expect_string("a value"));
        return Expr{Expr::Kind::kString, std::move(value.text), {}, value.span};
      }
      case TokenKind::kWord:
        return parse_name();
      default:
        break;
    }
    if (token.is(Symbol::kLeftParen)) {
      tokens_.next();
      if (++depth_ > kMaxNesting) return too_deep();
      Expr inner = TRY(parse_binary(1));
      --depth_;
      TRY(tokens_.expect_symbol(Symbol::kRightParen, ")"));
      inner.span = {token.span.begin, tokens_.last_end()};
      return inner;
    }
    if (token.is(Symbol::kLeftBracket)) return parse_items(Expr{Expr::Kind::kList, "", {}, token.span});
    return tokens_.unexpected("a value");
  }

  Result<Expr> parse_number() {
    Token token = tokens_.next();
    const Token& following = tokens_.peek();
    if (following.kind == TokenKind::kWord && following.span.begin == token.span.end) {
      return fail(Code::kProgram, fmt::format("not a number: \"{}{}\"", tokens_.text(token), tokens_.text(following)),
                  "put text in quotes")
          .at({token.span.begin, following.span.end});
    }
    std::string text(tokens_.text(token));
    std::erase(text, '_');
    if (text.size() > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
      uint64_t value = 0;
      auto [stop, problem] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
      if (problem != std::errc{} || value > INT64_MAX) {
        return fail(Code::kProgram, fmt::format("number is too large: {}", text), "").at(token.span);
      }
      text = fmt::format("{}", value);
    }
    bool integer = text.find_first_not_of("0123456789") == std::string::npos;
    return Expr{integer ? Expr::Kind::kInteger : Expr::Kind::kFloat, std::move(text), {}, token.span};
  }

  Result<Expr> parse_name() {
    Name name = TRY(tokens_.expect_name("a value"));
    if (tokens_.at_symbol(Symbol::kLeftParen)) {
      return parse_items(Expr{Expr::Kind::kCall, std::move(name.text), {}, name.span});
    }
    if (equals_ignore_case(name.text, "true") || equals_ignore_case(name.text, "false")) {
      return Expr{Expr::Kind::kBoolean, to_lower(name.text), {}, name.span};
    }
    return Expr{Expr::Kind::kName, std::move(name.text), {}, name.span};
  }

  // The items between the brackets that come next, into `list`.
  Result<Expr> parse_items(Expr list) {
    bool call = tokens_.next().is(Symbol::kLeftParen);
    Symbol close = call ? Symbol::kRightParen : Symbol::kRightBracket;
    std::string_view spelled = call ? ")" : "]";
    if (++depth_ > kMaxNesting) return too_deep();
    if (!tokens_.at_symbol(close)) {
      do {
        if (tokens_.at_symbol(close)) {
          return tokens_.error(fmt::format("expected another item after the comma, found \"{}\"", spelled),
                               "remove the comma");
        }
        list.items.push_back(TRY(parse_binary(1)));
      } while (tokens_.accept_symbol(Symbol::kComma));
    }
    --depth_;
    if (!tokens_.accept_symbol(close)) return tokens_.unexpected(fmt::format("\",\" or \"{}\"", spelled));
    list.span.end = tokens_.last_end();
    return list;
  }

  Failure too_deep() const {
    return tokens_.error("expression is nested too deeply", fmt::format("at most {} levels", kMaxNesting));
  }

  Tokens& tokens_;
  int depth_ = 0;
  int operators_ = 0;
};

}  // namespace

Result<Expr> parse_expression(Tokens& tokens) { return ExpressionParser(tokens).parse_binary(1); }
Result<Expr> parse_attribute_value(Tokens& tokens) { return ExpressionParser(tokens).parse_value(); }
Result<Expr> parse_column(Tokens& tokens) { return ExpressionParser(tokens).parse_column(); }

std::optional<Expr> unglue(const Expr& name) {
  if (!name.is(Expr::Kind::kName)) return std::nullopt;
  std::optional<Expr> difference;
  uint32_t at = name.span.begin;
  auto combine = [](std::optional<Expr> left, Expr right, std::string_view op) {
    if (!left) return right;
    Span span{left->span.begin, right.span.end};
    std::vector<Expr> items;
    items.push_back(*std::move(left));
    items.push_back(std::move(right));
    return Expr{Expr::Kind::kBinary, std::string(op), std::move(items), span};
  };
  for (std::string_view term : split_on(name.text, '-')) {
    std::optional<Expr> quotient;
    for (std::string_view part : split_on(term, '/')) {
      if (part.empty()) return std::nullopt;
      bool number = part.find_first_not_of("0123456789") == std::string_view::npos;
      Span span{at, at + static_cast<uint32_t>(part.size())};
      at = span.end + 1;
      Expr leaf{number ? Expr::Kind::kInteger : Expr::Kind::kName, std::string(part), {}, span};
      quotient = combine(std::move(quotient), std::move(leaf), "/");
    }
    difference = combine(std::move(difference), *std::move(quotient), "-");
  }
  if (!difference || !difference->is(Expr::Kind::kBinary)) return std::nullopt;
  return difference;
}

}  // namespace sinan::sql

#include "experiment/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "sql/tokens.h"

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;
using sql::Symbol;
using sql::TokenKind;

struct Operator {
  Symbol symbol;
  Kind kind;
  std::string_view text;
};
constexpr std::array<Operator, 6> kOperators = {{{Symbol::kEqual, Kind::kEqual, "="},
                                                 {Symbol::kNotEqual, Kind::kNotEqual, "<>"},
                                                 {Symbol::kLess, Kind::kLess, "<"},
                                                 {Symbol::kLessEqual, Kind::kLessEqual, "<="},
                                                 {Symbol::kGreater, Kind::kGreater, ">"},
                                                 {Symbol::kGreaterEqual, Kind::kGreaterEqual, ">="}}};

struct TextOperator {
  std::string_view phrase;
  Kind kind;
};
constexpr std::array<TextOperator, 5> kTextOperators = {{{"LIKE", Kind::kLike},
                                                         {"STARTS WITH", Kind::kStartsWith},
                                                         {"ENDS WITH", Kind::kEndsWith},
                                                         {"CONTAINS", Kind::kContains},
                                                         {"MATCHES", Kind::kMatches}}};

class Parser {
 public:
  explicit Parser(sql::Tokens& tokens) : tokens_(tokens) {}

  Result<Condition> parse() {
    if (++depth_ > kMaxConditionDepth) {
      return tokens_.error(fmt::format("condition is nested more than {} deep", kMaxConditionDepth),
                           "name parts of it as segments");
    }
    Condition result = TRY(conjunction());
    if (tokens_.at_word("OR")) {
      result = node(Kind::kOr, std::move(result));
      while (tokens_.accept_word("OR")) result.children.push_back(TRY(conjunction()));
      close(result);
    }
    --depth_;
    return result;
  }

 private:
  Condition node(Kind kind, Condition child) {
    Condition result;
    result.kind = kind;
    result.span = child.span;
    result.children.push_back(std::move(child));
    return result;
  }
  void close(Condition& condition) const { condition.span.end = tokens_.last_end(); }

  Result<Condition> conjunction() {
    Condition result = TRY(negation());
    if (!tokens_.at_word("AND")) return result;
    result = node(Kind::kAnd, std::move(result));
    while (tokens_.accept_word("AND")) result.children.push_back(TRY(negation()));
    close(result);
    return result;
  }

  Result<Condition> negation() {
    const Span begin = tokens_.here();
    if (!tokens_.accept_word("NOT")) return primary();
    if (++depth_ > kMaxConditionDepth) {
      return tokens_.error(fmt::format("condition is nested more than {} deep", kMaxConditionDepth));
    }
    Condition result = node(Kind::kNot, TRY(negation()));
    --depth_;
    result.span.begin = begin.begin;
    return result;
  }

  Result<Condition> primary() {
    if (++nodes_ > kMaxConditionNodes) {
      return tokens_.error(fmt::format("condition has more than {} parts", kMaxConditionNodes));
    }
    Condition result;
    result.span = tokens_.here();
    if (tokens_.accept_symbol(Symbol::kLeftParen)) {
      result = TRY(parse());
      TRY(tokens_.expect_symbol(Symbol::kRightParen, ")"));
      return result;
    }
    if (tokens_.accept_word("TRUE")) return result;
    if (tokens_.accept_word("FALSE")) {
      result.kind = Kind::kFalse;
      return result;
    }
    if (tokens_.at_phrase("IN SEGMENT")) return segment(std::move(result));
    result.subject = TRY(tokens_.expect_name("an attribute or parameter")).text;
    return predicate(std::move(result));
  }

  Result<Condition> segment(Condition result) {
    tokens_.accept_phrase("IN SEGMENT");
    result.kind = Kind::kSegment;
    result.subject = TRY(tokens_.expect_name("a segment's name")).text;
    close(result);
    return result;
  }

  Result<Condition> predicate(Condition result) {
    for (const Operator& candidate : kOperators) {
      if (!tokens_.accept_symbol(candidate.symbol)) continue;
      result.kind = candidate.kind;
      result.literals.push_back(TRY(literal()));
      close(result);
      return result;
    }
    if (tokens_.accept_word("IS")) return is_null(std::move(result));
    const bool negated = at_negated_operator() && tokens_.accept_word("NOT");
    const bool found = TRY(word_operator(result));
    if (!found) result.kind = Kind::kHolds;
    close(result);
    if (!negated) return result;
    return node(Kind::kNot, std::move(result));
  }

  bool at_negated_operator() const {
    if (!tokens_.at_word("NOT")) return false;
    constexpr std::array<std::string_view, 7> kWords = {"IN",   "BETWEEN",  "LIKE",   "STARTS",
                                                        "ENDS", "CONTAINS", "MATCHES"};
    return std::ranges::any_of(kWords, [&](std::string_view word) { return tokens_.at_word(word, 1); });
  }

  Result<Condition> is_null(Condition result) {
    const bool negated = tokens_.accept_word("NOT");
    if (!tokens_.accept_word("NULL") && !tokens_.accept_word("MISSING"))
      return tokens_.unexpected("NULL", {"NULL", "MISSING"});
    result.kind = Kind::kIsNull;
    close(result);
    if (!negated) return result;
    return node(Kind::kNot, std::move(result));
  }

  Result<bool> word_operator(Condition& result) {
    if (tokens_.accept_word("BETWEEN")) {
      result.kind = Kind::kBetween;
      result.literals.push_back(TRY(literal()));
      TRY(tokens_.expect_word("AND"));
      result.literals.push_back(TRY(literal()));
      return true;
    }
    if (tokens_.accept_word("IN")) {
      result.kind = Kind::kIn;
      TRY(tokens_.expect_symbol(Symbol::kLeftParen, "("));
      do {
        if (result.literals.size() >= kMaxListItems)
          return tokens_.error(fmt::format("list has more than {} items", kMaxListItems));
        result.literals.push_back(TRY(literal()));
      } while (tokens_.accept_symbol(Symbol::kComma));
      TRY(tokens_.expect_symbol(Symbol::kRightParen, ")"));
      return true;
    }
    for (const TextOperator& candidate : kTextOperators) {
      if (!tokens_.accept_phrase(candidate.phrase)) continue;
      result.kind = candidate.kind;
      result.literals.push_back(Literal{TRY(tokens_.expect_string("a string")).text});
      return true;
    }
    return false;
  }

  Result<Literal> literal() {
    if (tokens_.accept_word("TRUE")) return Literal{true};
    if (tokens_.accept_word("FALSE")) return Literal{false};
    if (tokens_.at_word("NULL")) {
      return tokens_.error("nothing equals NULL", "write IS NULL or IS NOT NULL");
    }
    if (tokens_.peek().kind == TokenKind::kString) return Literal{TRY(tokens_.expect_string("a value")).text};
    const bool negative = tokens_.at_symbol(Symbol::kMinus) && tokens_.peek(1).kind == TokenKind::kNumber;
    const size_t begin = tokens_.position();
    if (negative) tokens_.next();
    if (tokens_.peek().kind != TokenKind::kNumber) return tokens_.unexpected("a value");
    std::string text = negative ? "-" : "";
    for (const char c : tokens_.text(tokens_.peek())) {
      if (c != '_') text.push_back(c);
    }
    const auto number = number_of(text);
    if (!number) {
      tokens_.rewind(begin);
      return tokens_.error(fmt::format("number is out of range or malformed: {}", text));
    }
    tokens_.next();
    return *number;
  }

  static std::optional<Literal> number_of(const std::string& text) {
    const char* end = text.data() + text.size();
    int64_t whole = 0;
    if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc() && read.ptr == end)
      return Literal{whole};
    double real = 0;
    const auto read = std::from_chars(text.data(), end, real);
    if (read.ec != std::errc() || read.ptr != end || !std::isfinite(real)) return std::nullopt;
    return Literal{real};
  }

  sql::Tokens& tokens_;
  size_t depth_ = 0;
  size_t nodes_ = 0;
};

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    switch (c) {
      case '\'':
        result += "''";
        break;
      case '\\':
        result += "\\\\";
        break;
      default:
        result.push_back(c);
    }
  }
  return result + "'";
}

bool is_list(Kind kind) { return kind == Kind::kAnd || kind == Kind::kOr; }

std::string in_brackets(const Condition& condition) { return "(" + to_text(condition) + ")"; }

std::string joined(const Condition& condition) {
  std::string result;
  for (const Condition& child : condition.children) {
    if (!result.empty()) result += condition.kind == Kind::kAnd ? " AND " : " OR ";
    // An OR inside an AND needs brackets; lists inside their own kind keep theirs, so that the tree is read back as it is.
    const bool brackets = is_list(child.kind) && (condition.kind == Kind::kAnd || child.kind == Kind::kOr);
    result += brackets ? in_brackets(child) : to_text(child);
  }
  return result;
}

std::string predicate_text(const Condition& condition, std::string_view negation) {
  const auto first = [&] { return to_text(condition.literals[0]); };
  if (condition.kind == Kind::kIsNull) return fmt::format("{} IS {}NULL", condition.subject, negation);
  if (condition.kind == Kind::kBetween) {
    return fmt::format("{} {}BETWEEN {} AND {}", condition.subject, negation, first(), to_text(condition.literals[1]));
  }
  if (condition.kind == Kind::kIn) {
    std::string items;
    for (const Literal& literal : condition.literals) items += (items.empty() ? "" : ", ") + to_text(literal);
    return fmt::format("{} {}IN ({})", condition.subject, negation, items);
  }
  for (const TextOperator& candidate : kTextOperators) {
    if (candidate.kind == condition.kind)
      return fmt::format("{} {}{} {}", condition.subject, negation, candidate.phrase, first());
  }
  return {};
}

}  // namespace

Result<Condition> parse_condition(sql::Tokens& tokens) { return Parser(tokens).parse(); }

Result<Condition> parse_condition(std::string_view text) {
  if (text.size() > kMaxConditionBytes) {
    return fail(Code::kProgram, fmt::format("condition is longer than {} bytes", kMaxConditionBytes));
  }
  sql::Tokens tokens = TRY(sql::Tokens::make(text));
  Condition condition = TRY(parse_condition(tokens));
  TRY(tokens.expect_end({"AND", "OR", "IN", "LIKE", "IS", "BETWEEN"}));
  return condition;
}

std::string to_text(const Literal& literal) {
  if (const bool* b = std::get_if<bool>(&literal.value)) return *b ? "TRUE" : "FALSE";
  if (const int64_t* i = std::get_if<int64_t>(&literal.value)) return fmt::format("{}", *i);
  if (const std::string* s = std::get_if<std::string>(&literal.value)) return quoted(*s);
  std::string text = fmt::format("{}", std::get<double>(literal.value));
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string to_text(const Condition& condition) {
  switch (condition.kind) {
    case Kind::kTrue:
      return "TRUE";
    case Kind::kFalse:
      return "FALSE";
    case Kind::kAnd:
    case Kind::kOr:
      return joined(condition);
    case Kind::kNot: {
      const Condition& child = condition.children[0];
      std::string text = predicate_text(child, "NOT ");
      if (!text.empty()) return text;
      return "NOT " + (is_list(child.kind) ? in_brackets(child) : to_text(child));
    }
    case Kind::kHolds:
      return condition.subject;
    case Kind::kSegment:
      return "IN SEGMENT " + condition.subject;
    default:
      break;
  }
  for (const Operator& candidate : kOperators) {
    if (candidate.kind == condition.kind)
      return fmt::format("{} {} {}", condition.subject, candidate.text, to_text(condition.literals[0]));
  }
  return predicate_text(condition, "");
}

}  // namespace sinan::experiment

// What operators combine: literals, names, stars, brackets, CASE, CAST, INTERVAL, subqueries.
#include <algorithm>

#include "base/strings.h"
#include "sql/parser_state.h"

namespace sinan::sql {
namespace {

bool is_niladic_function(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "current_date", "current_time", "current_timestamp", "localtime",      "localtimestamp",
      "current_user", "session_user", "current_role",      "current_schema", "current_catalog",
      "user"};
  return std::ranges::any_of(kNames, [&](std::string_view n) { return equals_ignore_case(n, name); });
}

}  // namespace

const Node* Parser::parse_primary() {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::kString:
      return literal(LiteralKind::kString);
    case TokenKind::kNumber:
      return literal(LiteralKind::kNumber);
    case TokenKind::kParameter: {
      uint32_t begin = token.span.begin;
      const Node* parameter = literal(LiteralKind::kParameter);
      // MySQL: @x := value
      if (accept(Symbol::kAssign)) return operation(":=", begin, {parse_expression()});
      return parameter;
    }
    case TokenKind::kQuotedName:
      return parse_name();
    case TokenKind::kWord:
      return parse_word_primary();
    default:
      break;
  }
  switch (token.symbol) {
    case Symbol::kLeftParen:
      return parse_parentheses();
    case Symbol::kLeftBracket:
      return parse_bracket_list("[]");
    case Symbol::kLeftBrace:
      return parse_brace();
    case Symbol::kStar: {
      uint32_t begin = here();
      if (at_word("columns", 1) && at(Symbol::kLeftParen, 2)) {
        advance();
        return parse_columns_function();
      }
      advance();
      return parse_star({}, begin);
    }
    case Symbol::kColon: {  // :name
      uint32_t begin = here();
      advance();
      Identifier name = parse_any_identifier();
      (void)name;
      return operation("parameter", begin, {});
    }
    default:
      break;
  }
  fail("an expression");
  return literal(LiteralKind::kWord);
}

const Node* Parser::parse_word_primary() {
  bool call = at(Symbol::kLeftParen, 1);
  uint32_t begin = here();
  switch (peek().keyword) {
    case Keyword::kNULL:
    case Keyword::kTRUE:
    case Keyword::kFALSE:
    case Keyword::kDEFAULT:
      return literal(LiteralKind::kWord);
    case Keyword::kCASE:
      return parse_case();
    case Keyword::kCAST:
    case Keyword::kTRY_CAST:
      return parse_cast();
    case Keyword::kNOT:
      if (!at(Keyword::kEXISTS, 1)) break;
      advance();
      return operation("NOT", begin, {parse_primary()});
    case Keyword::kEXISTS:
      if (!call) break;
      advance();
      if (at_parenthesised_query()) return parse_subquery("EXISTS", false);
      --position_;
      break;
    case Keyword::kARRAY:
      advance();
      if (at(Symbol::kLeftBracket)) return parse_bracket_list("[]");
      if (at_parenthesised_query()) return parse_subquery("ARRAY", true);
      fail("\"[\" or a query after ARRAY");
      return literal(LiteralKind::kWord);
    case Keyword::kMAP:
      if (!at(Symbol::kLeftBrace, 1)) break;
      advance();
      return parse_brace();
    case Keyword::kINTERVAL:
      if (call || peek(1).kind == TokenKind::kString || peek(1).kind == TokenKind::kNumber ||
          (at_name(1) && (at_name(2) || at(Symbol::kLeftParen, 2)))) {
        return parse_interval();
      }
      break;
    case Keyword::kCOLUMNS:
      if (call) return parse_columns_function();
      break;
    case Keyword::kLAMBDA:
      return parse_lambda();
    case Keyword::kEXTRACT:
    case Keyword::kSUBSTRING:
    case Keyword::kTRIM:
    case Keyword::kPOSITION:
    case Keyword::kOVERLAY:
      if (call) return parse_keyword_call(text(peek()));
      break;
    case Keyword::kANY:
    case Keyword::kALL:
      if (!call) break;
      advance();
      if (at_parenthesised_query()) return parse_subquery("ANY", false);
      return parse_parentheses();
    default:
      break;
  }
  bool reserved = class_of(peek().keyword) == KeywordClass::kReserved;
  if (reserved && !(call && (at(Keyword::kLEFT) || at(Keyword::kRIGHT)))) {
    fail("an expression");
    return literal(LiteralKind::kWord);
  }
  // DATE '2020-01-01'
  if (peek(1).kind == TokenKind::kString && !at_word("escape")) {
    advance();
    return operation("CAST", begin, {literal(LiteralKind::kString)});
  }
  return parse_name();
}

const Node* Parser::parse_parentheses() {
  uint32_t begin = here();
  if (at_parenthesised_query()) return parse_subquery("", true);
  // (x, y) -> body outside a known call is no lambda; a row.
  advance();
  auto* node = arena_.make<OperationNode>();
  node->kind = ExprNode::kOperation;
  node->text = "()";
  for (const Node* item : parse_expression_list()) {
    adopt(*node, item);
    node->operands.push_back(arena_, item);
  }
  expect(Symbol::kRightParen, ")");
  node->span = since(begin);
  return node;
}

const Node* Parser::parse_subquery(std::string_view kind, bool yields_value) {
  uint32_t begin = here();
  auto* node = arena_.make<SubqueryNode>();
  node->kind = ExprNode::kSubquery;
  node->text = kind;
  node->yields_value = yields_value;
  advance();
  node->query = parse_query();
  node->depth = node->query->depth;
  expect(Symbol::kRightParen, ")");
  node->span = since(begin);
  return node;
}

const Node* Parser::parse_case() {
  uint32_t begin = here();
  auto* node = arena_.make<OperationNode>();
  node->kind = ExprNode::kOperation;
  node->text = "CASE";
  auto add = [&](const Node* operand) {
    adopt(*node, operand);
    node->operands.push_back(arena_, operand);
  };
  advance();
  if (!at(Keyword::kWHEN)) add(parse_expression());
  while (accept(Keyword::kWHEN)) {
    add(parse_expression());
    expect(Keyword::kTHEN);
    add(parse_expression());
  }
  if (accept(Keyword::kELSE)) add(parse_expression());
  expect(Keyword::kEND);
  node->span = since(begin);
  return node;
}

const Node* Parser::parse_cast() {
  uint32_t begin = here();
  advance();
  expect(Symbol::kLeftParen, "(");
  const Node* operand = parse_expression();
  expect(Keyword::kAS);
  skip_type();
  expect(Symbol::kRightParen, ")");
  return operation("CAST", begin, {operand});
}

// INTERVAL '1 day', INTERVAL 3 DAY, INTERVAL (n) HOUR, INTERVAL '1 2' DAY TO SECOND
const Node* Parser::parse_interval() {
  uint32_t begin = here();
  advance();
  const Node* amount = parse_primary();
  auto unit = [&](size_t ahead) {
    static constexpr std::string_view kUnits[] = {"year",       "month",       "day",        "hour",   "minute",
                                                  "second",     "week",        "quarter",    "decade", "century",
                                                  "millennium", "millisecond", "microsecond"};
    if (peek(ahead).kind != TokenKind::kWord) return false;
    std::string_view word = text(peek(ahead));
    if (word.size() > 1 && (word.back() == 's' || word.back() == 'S')) word.remove_suffix(1);
    return std::ranges::any_of(kUnits, [&](std::string_view u) { return equals_ignore_case(u, word); });
  };
  if (unit(0)) {
    advance();
    if (at(Keyword::kTO) && unit(1)) {
      advance();
      advance();
    }
  }
  return operation("INTERVAL", begin, {amount});
}

// [a, b], [x FOR x IN list IF condition]
const Node* Parser::parse_bracket_list(std::string_view kind) {
  uint32_t begin = here();
  size_t start = position_;
  expect(Symbol::kLeftBracket, "[");
  if (at(Symbol::kRightBracket)) {
    advance();
    return operation(kind, begin, {});
  }
  auto* node = arena_.make<OperationNode>();
  node->kind = ExprNode::kOperation;
  node->text = kind;
  for (const Node* item : parse_expression_list()) {
    adopt(*node, item);
    node->operands.push_back(arena_, item);
  }
  if (at(Keyword::kFOR)) {
    position_ = start + 1;
    auto* lambda = arena_.make<LambdaNode>();
    lambda->kind = ExprNode::kLambda;
    lambda->body = parse_expression();
    expect(Keyword::kFOR);
    do {
      lambda->parameters.push_back(arena_, parse_identifier("a name"));
    } while (accept(Symbol::kComma));
    expect(Keyword::kIN);
    lambda->sources.push_back(arena_, parse_expression());
    if (accept(Keyword::kIF)) lambda->body = operation("IF", begin, {lambda->body, parse_expression()});
    expect(Symbol::kRightBracket, "]");
    adopt(*lambda, lambda->body);
    adopt(*lambda, lambda->sources.front());
    lambda->span = since(begin);
    return lambda;
  }
  expect(Symbol::kRightBracket, "]");
  node->span = since(begin);
  return node;
}

// {'key': value, ..}, MAP {key: value, ..}
const Node* Parser::parse_brace() {
  uint32_t begin = here();
  auto* node = arena_.make<OperationNode>();
  node->kind = ExprNode::kOperation;
  node->text = "{}";
  expect(Symbol::kLeftBrace, "{");
  if (!at(Symbol::kRightBrace)) {
    do {
      // A bare word before the colon is a field name, no column.
      bool field = (peek().kind == TokenKind::kWord || peek().kind == TokenKind::kQuotedName) && at(Symbol::kColon, 1);
      if (field) {
        advance();
      } else {
        const Node* key = parse_expression();
        adopt(*node, key);
        node->operands.push_back(arena_, key);
      }
      if (accept(Symbol::kColon) || accept(Symbol::kAssign) || accept(Symbol::kEqual)) {
        const Node* item = parse_expression();
        adopt(*node, item);
        node->operands.push_back(arena_, item);
      }
    } while (accept(Symbol::kComma));
  }
  expect(Symbol::kRightBrace, "}");
  node->span = since(begin);
  return node;
}

// column, table.column, function(..), schema.function(..), table.*
const Node* Parser::parse_name() {
  uint32_t begin = here();
  List<Identifier> parts;
  parts.push_back(arena_, parse_any_identifier());
  while (at(Symbol::kDot)) {
    if (at(Symbol::kStar, 1)) {
      advance();
      advance();
      return parse_star(parts, begin);
    }
    advance();
    parts.push_back(arena_, parse_any_identifier());
  }
  if (at(Symbol::kLeftParen)) return parse_call(parts, nullptr, begin, false);
  if (parts.size() == 1 && !parts.front().quoted && is_niladic_function(parts.front().text)) {
    auto* call = arena_.make<CallNode>();
    call->kind = ExprNode::kCall;
    call->name = parts;
    call->span = since(begin);
    return call;
  }
  auto* node = arena_.make<ColumnNode>();
  node->kind = ExprNode::kColumn;
  node->parts = parts;
  node->span = since(begin);
  return node;
}

const Node* Parser::parse_star(List<Identifier> qualifier, uint32_t begin) {
  auto* star = arena_.make<StarNode>();
  star->kind = ExprNode::kStar;
  star->qualifier = qualifier;
  // * EXCEPT (a, b) is BigQuery's and Spark's EXCLUDE, unless a query follows.
  bool except = at(Keyword::kEXCEPT) && at(Symbol::kLeftParen, 1) && !at_query(2) && !at(Symbol::kLeftParen, 2);
  if (except || at(Keyword::kEXCLUDE)) {
    advance();
    bool list = accept(Symbol::kLeftParen);
    do {
      Identifier name = parse_any_identifier();
      while (accept(Symbol::kDot)) name = parse_any_identifier();
      star->exclude.push_back(arena_, name);
    } while (list && accept(Symbol::kComma));
    if (list) expect(Symbol::kRightParen, ")");
  }
  if (at(Keyword::kREPLACE)) {
    advance();
    bool list = accept(Symbol::kLeftParen);
    do {
      SelectItem item;
      item.expr = parse_expression();
      expect(Keyword::kAS);
      item.alias = parse_any_identifier();
      adopt(*star, item.expr);
      star->replace.push_back(arena_, item);
    } while (list && accept(Symbol::kComma));
    if (list) expect(Symbol::kRightParen, ")");
  }
  if (at(Keyword::kRENAME)) {
    advance();
    bool list = accept(Symbol::kLeftParen);
    do {
      SelectItem item;
      Identifier name = parse_any_identifier();
      while (accept(Symbol::kDot)) name = parse_any_identifier();
      item.expr = column(name);
      expect(Keyword::kAS);
      item.alias = parse_any_identifier();
      star->rename.push_back(arena_, item);
    } while (list && accept(Symbol::kComma));
    if (list) expect(Symbol::kRightParen, ")");
  }
  size_t negated = at(Keyword::kNOT) ? 1 : 0;
  Keyword next = peek(negated).keyword;
  if (next == Keyword::kLIKE || next == Keyword::kILIKE || next == Keyword::kGLOB || next == Keyword::kSIMILAR) {
    position_ += negated + 1;
    if (next == Keyword::kSIMILAR) expect(Keyword::kTO);
    star->filtered = true;
    star->pattern = parse_primary();
  }
  star->span = since(begin);
  return star;
}

// COLUMNS(*), COLUMNS('regex'), COLUMNS(c -> ..), COLUMNS([..])
const Node* Parser::parse_columns_function() {
  auto* star = arena_.make<StarNode>();
  star->kind = ExprNode::kStar;
  star->filtered = true;
  uint32_t begin = here();
  advance();
  if (accept(Symbol::kDot)) fail("\"(\"");
  expect(Symbol::kLeftParen, "(");
  if (peek().kind == TokenKind::kWord && at(Symbol::kArrow, 1)) {
    star->pattern = parse_lambda();
  } else {
    star->pattern = parse_expression();
  }
  expect(Symbol::kRightParen, ")");
  adopt(*star, star->pattern);
  star->span = since(begin);
  return star;
}

}  // namespace sinan::sql

// Operators: precedence climbing over DuckDB's levels, prefix and postfix operators.
#include <algorithm>

#include "sql/parser_state.h"

namespace sinan::sql {
namespace {

// Loosest first, as DuckDB's grammar has them.
enum Precedence : int {
  kOr = 1,
  kAnd,
  kNot,
  kIs,
  kCompare,
  kBetween,
  kOtherOperator,
  kAdd,
  kMultiply,
  kPower,
  kAt,
  kUnary
};

int precedence_of(Symbol symbol) {
  switch (symbol) {
    case Symbol::kEqual:
    case Symbol::kNotEqual:
    case Symbol::kLess:
    case Symbol::kLessEqual:
    case Symbol::kGreater:
    case Symbol::kGreaterEqual:
      return kCompare;
    case Symbol::kConcat:
    case Symbol::kArrow:
    case Symbol::kOperator:
      return kOtherOperator;
    case Symbol::kPlus:
    case Symbol::kMinus:
      return kAdd;
    case Symbol::kStar:
    case Symbol::kSlash:
    case Symbol::kPercent:
      return kMultiply;
    default:
      return 0;
  }
}

// Chains of these keep one flat node, however long.
bool is_flat(std::string_view text) {
  return text == "AND" || text == "OR" || text == "+" || text == "*" || text == "||";
}

}  // namespace

void Parser::adopt(Node& parent, const Node* child) {
  if (child == nullptr) return;
  if (child->depth >= parent.depth) parent.depth = static_cast<uint16_t>(child->depth + 1);
  deepest_ = std::max(deepest_, parent.depth);
  if (parent.depth > kMaxTreeDepth) fail_with("expression is too long", child->span);
}

const Node* Parser::operation(std::string_view text, uint32_t begin, std::initializer_list<const Node*> operands) {
  auto* node = arena_.make<OperationNode>();
  node->kind = ExprNode::kOperation;
  node->text = text;
  for (const Node* operand : operands) {
    adopt(*node, operand);
    node->operands.push_back(arena_, operand);
  }
  node->span = since(begin);
  return node;
}

const Node* Parser::literal(LiteralKind kind) {
  auto* node = arena_.make<LiteralNode>();
  node->kind = ExprNode::kLiteral;
  node->literal = kind;
  node->span = peek().span;
  node->value = value(peek());
  advance();
  return node;
}

const Node* Parser::column(const Identifier& name) {
  auto* node = arena_.make<ColumnNode>();
  node->kind = ExprNode::kColumn;
  node->span = name.span;
  node->parts.push_back(arena_, name);
  return node;
}

const Node* Parser::parse_binary(int least) {
  Level level(*this);
  uint32_t begin = here();
  const Node* left = nullptr;
  if (at(Keyword::kNOT) && !at(Keyword::kEXISTS, 1)) {
    advance();
    left = operation("NOT", begin, {parse_binary(kNot)});
  } else {
    left = parse_prefix();
  }
  for (;;) {
    const Token& token = peek();
    std::string_view spelled;
    int precedence = 0;
    if (token.kind == TokenKind::kSymbol) {
      precedence = precedence_of(token.symbol);
      spelled = text(token);
      if (spelled == "^" || spelled == "**") precedence = kPower;
      if (spelled == "//") precedence = kMultiply;
    } else if (token.is(Keyword::kAND) || token.is(Keyword::kOR)) {
      precedence = token.is(Keyword::kAND) ? kAnd : kOr;
      spelled = to_string(token.keyword);
    } else if (token.kind == TokenKind::kWord) {
      bool done = false;
      left = parse_word_operator(left, least, done);
      if (done) return left;
      continue;
    }
    if (precedence == 0 || precedence < least) return left;
    advance();
    // x < ALL (SELECT ..), x = ANY (list)
    if (precedence == kCompare && (at(Keyword::kANY) || at(Keyword::kALL) || at_word("some")) &&
        at(Symbol::kLeftParen, 1)) {
      advance();
      const Node* right = at_parenthesised_query() ? parse_subquery("ANY", false) : parse_primary();
      left = operation("ANY", begin, {left, right});
      continue;
    }
    const Node* right = parse_binary(precedence + 1);
    if (is_flat(spelled) && left->kind == ExprNode::kOperation && left->span.begin == begin) {
      auto* chain = const_cast<OperationNode*>(static_cast<const OperationNode*>(left));
      if (chain->text == spelled) {
        adopt(*chain, right);
        chain->operands.push_back(arena_, right);
        chain->span = since(begin);
        continue;
      }
    }
    left = operation(spelled, begin, {left, right});
  }
}

const Node* Parser::parse_operand() { return parse_binary(kOtherOperator); }

// IS, IN, BETWEEN, LIKE, COLLATE, AT TIME ZONE, ISNULL behind `left`; `done` when none of them comes.
const Node* Parser::parse_word_operator(const Node* left, int least, bool& done) {
  uint32_t begin = left->span.begin;
  size_t negated = at(Keyword::kNOT) ? 1 : 0;
  switch (peek(negated).keyword) {
    case Keyword::kIS:
      if (least > kIs || negated != 0) break;
      return parse_is(left);
    case Keyword::kISNULL:
    case Keyword::kNOTNULL:
      if (least > kIs || negated != 0) break;
      advance();
      return operation("IS NULL", begin, {left});
    case Keyword::kNULL:  // x NOT NULL
      if (least > kIs || negated == 0) break;
      advance();
      advance();
      return operation("IS NULL", begin, {left});
    case Keyword::kIN:
      if (least > kBetween) break;
      position_ += negated + 1;
      return parse_in(left, begin);
    case Keyword::kBETWEEN: {
      if (least > kBetween) break;
      position_ += negated + 1;
      if (at_word("symmetric") || at_word("asymmetric")) advance();
      const Node* low = parse_operand();
      expect(Keyword::kAND);
      return operation("BETWEEN", begin, {left, low, parse_operand()});
    }
    case Keyword::kLIKE:
    case Keyword::kILIKE:
    case Keyword::kGLOB:
    case Keyword::kSIMILAR: {
      if (least > kBetween) break;
      position_ += negated;
      bool similar = at(Keyword::kSIMILAR);
      advance();
      if (similar) expect(Keyword::kTO);
      const Node* pattern = parse_operand();
      const Node* escape = accept(Keyword::kESCAPE) ? parse_operand() : nullptr;
      return escape != nullptr ? operation("LIKE", begin, {left, pattern, escape})
                               : operation("LIKE", begin, {left, pattern});
    }
    case Keyword::kCOLLATE:
      if (least > kAt || negated != 0) break;
      advance();
      parse_any_identifier();
      while (accept(Symbol::kDot)) parse_any_identifier();
      return left;
    case Keyword::kAT:
      if (least > kAt || negated != 0 || !at_word("time", 1) || !at(Keyword::kZONE, 2)) break;
      position_ += 3;
      return operation("AT TIME ZONE", begin, {left, parse_binary(kAt + 1)});
    default:
      // Spark and MySQL.
      if (least <= kBetween && (at_word("rlike", negated) || at_word("regexp", negated))) {
        position_ += negated + 1;
        return operation("LIKE", begin, {left, parse_operand()});
      }
  }
  done = true;
  return left;
}

const Node* Parser::parse_is(const Node* left) {
  uint32_t begin = left->span.begin;
  advance();
  accept(Keyword::kNOT);
  if (accept(Keyword::kDISTINCT)) {
    expect(Keyword::kFROM);
    return operation("IS DISTINCT FROM", begin, {left, parse_binary(kIs + 1)});
  }
  if (!accept(Keyword::kNULL) && !accept(Keyword::kTRUE) && !accept(Keyword::kFALSE) && !accept_word("unknown") &&
      !accept_word("json")) {
    fail("NULL, TRUE, FALSE or DISTINCT FROM");
  }
  return operation("IS", begin, {left});
}

const Node* Parser::parse_in(const Node* left, uint32_t begin) {
  if (at_parenthesised_query()) return operation("IN", begin, {left, parse_subquery("IN", false)});
  if (!at(Symbol::kLeftParen)) return operation("IN", begin, {left, parse_operand()});
  auto* node = arena_.make<OperationNode>();
  node->kind = ExprNode::kOperation;
  node->text = "IN";
  adopt(*node, left);
  node->operands.push_back(arena_, left);
  advance();
  for (const Node* item : parse_expression_list()) {
    adopt(*node, item);
    node->operands.push_back(arena_, item);
  }
  expect(Symbol::kRightParen, ")");
  node->span = since(begin);
  return node;
}

const Node* Parser::parse_prefix() {
  uint32_t begin = here();
  if (at(Symbol::kMinus) || at(Symbol::kPlus) ||
      (at(Symbol::kOperator) && (text(peek()) == "~" || text(peek()) == "@" || text(peek()) == "!"))) {
    Level level(*this);
    std::string_view spelled = text(peek());
    advance();
    return operation(spelled, begin, {parse_prefix()});
  }
  return parse_postfix(parse_primary());
}

// [i], [a:b:c], ::type, .field, .method(..), any number of times.
const Node* Parser::parse_postfix(const Node* node) {
  uint32_t begin = node->span.begin;
  for (;;) {
    if (at(Symbol::kLeftBracket)) {
      node = parse_subscript(node);
    } else if (accept(Symbol::kDoubleColon)) {
      skip_type();
      node = operation("CAST", begin, {node});
    } else if (at(Symbol::kDot)) {
      advance();
      if (at(Symbol::kStar)) {
        fail("a field name");
        return node;
      }
      Identifier field = parse_any_identifier();
      if (at(Symbol::kLeftParen)) {
        List<Identifier> name;
        name.push_back(arena_, field);
        node = parse_call(name, node, begin, false);
      } else {
        node = operation(".", begin, {node});
      }
    } else if (at(Symbol::kOperator) && text(peek()) == "!") {
      advance();  // factorial
      node = operation("!", begin, {node});
    } else {
      return node;
    }
  }
}

const Node* Parser::parse_subscript(const Node* node) {
  uint32_t begin = node->span.begin;
  auto* result = arena_.make<OperationNode>();
  result->kind = ExprNode::kOperation;
  result->text = "[]";
  adopt(*result, node);
  result->operands.push_back(arena_, node);
  expect(Symbol::kLeftBracket, "[");
  for (int bound = 0; bound < 3; ++bound) {
    if (!at(Symbol::kColon) && !at(Symbol::kDoubleColon) && !at(Symbol::kRightBracket)) {
      if (at(Symbol::kMinus) && (at(Symbol::kColon, 1) || at(Symbol::kRightBracket, 1))) {
        advance();  // [a:-:c]: to the end
      } else {
        const Node* index = parse_expression();
        adopt(*result, index);
        result->operands.push_back(arena_, index);
      }
    }
    if (!accept(Symbol::kColon)) break;
  }
  expect(Symbol::kRightBracket, "]");
  result->span = since(begin);
  return result;
}

List<const Node*> Parser::parse_expression_list() {
  List<const Node*> list;
  if (at(Symbol::kRightParen) || at(Symbol::kRightBracket)) return list;
  do {
    if (at(Symbol::kRightParen) || at(Symbol::kRightBracket)) break;  // a trailing comma
    list.push_back(arena_, parse_expression());
  } while (accept(Symbol::kComma));
  return list;
}

}  // namespace sinan::sql

// Function calls: arguments, lambdas, FILTER, WITHIN GROUP, OVER and its windows, ORDER BY.
#include <algorithm>

#include "base/strings.h"
#include "sql/parser_state.h"

namespace sinan::sql {
namespace {

// Functions whose arguments may be lambdas written with an arrow; elsewhere `a -> b` takes a JSON field.
bool takes_lambda(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "apply",     "filter",   "reduce",     "transform",        "any_match",      "all_match", "exists",
      "aggregate", "zip_with", "map_filter", "transform_values", "transform_keys", "forall",    "map_zip_with"};
  if (name.size() > 5 && (equals_ignore_case(name.substr(0, 5), "list_"))) return true;
  if (name.size() > 6 && (equals_ignore_case(name.substr(0, 6), "array_"))) return true;
  return std::ranges::any_of(kNames, [&](std::string_view n) { return equals_ignore_case(n, name); });
}

}  // namespace

bool Parser::at_lambda() const {
  if (at(Keyword::kLAMBDA)) return true;
  if (at_name() && at(Symbol::kArrow, 1)) return true;
  if (!at(Symbol::kLeftParen)) return false;
  size_t ahead = 1;
  while (at_name(ahead) && at(Symbol::kComma, ahead + 1)) ahead += 2;
  return at_name(ahead) && at(Symbol::kRightParen, ahead + 1) && at(Symbol::kArrow, ahead + 2);
}

// x -> body, (x, y) -> body, LAMBDA x, y: body
const Node* Parser::parse_lambda() {
  uint32_t begin = here();
  auto* lambda = arena_.make<LambdaNode>();
  lambda->kind = ExprNode::kLambda;
  bool keyword = accept(Keyword::kLAMBDA);
  bool list = accept(Symbol::kLeftParen);
  do {
    lambda->parameters.push_back(arena_, parse_identifier("a parameter"));
  } while (accept(Symbol::kComma));
  if (list) expect(Symbol::kRightParen, ")");
  if (keyword) {
    expect(Symbol::kColon, ":");
  } else {
    expect(Symbol::kArrow, "->");
  }
  lambda->body = parse_expression();
  adopt(*lambda, lambda->body);
  lambda->span = since(begin);
  return lambda;
}

// EXTRACT(part FROM x), SUBSTRING(x FROM a FOR b), TRIM(BOTH x FROM y), POSITION(a IN b), OVERLAY(x PLACING y FROM a)
const Node* Parser::parse_keyword_call(std::string_view name) {
  uint32_t begin = here();
  bool extract = at(Keyword::kEXTRACT);
  auto* node = arena_.make<OperationNode>();
  node->kind = ExprNode::kOperation;
  node->text = name;
  advance();
  expect(Symbol::kLeftParen, "(");
  if (extract && peek(1).is(Keyword::kFROM)) advance();
  if (at_word("both") || at_word("leading") || at_word("trailing")) advance();
  // An operand keeps POSITION's IN out of it.
  do {
    accept(Keyword::kFROM);
    const Node* operand = parse_operand();
    adopt(*node, operand);
    node->operands.push_back(arena_, operand);
  } while (accept(Symbol::kComma) || accept(Keyword::kIN) || accept(Keyword::kFOR) || at(Keyword::kFROM) ||
           accept_word("placing"));
  expect(Symbol::kRightParen, ")");
  node->span = since(begin);
  return node;
}

CallNode* Parser::parse_call(List<Identifier> name, const Node* receiver, uint32_t begin, bool table_function) {
  auto* call = arena_.make<CallNode>();
  call->kind = ExprNode::kCall;
  call->name = name;
  call->receiver = receiver;
  adopt(*call, receiver);
  expect(Symbol::kLeftParen, "(");
  if (!accept(Symbol::kRightParen)) {
    parse_arguments(*call, table_function);
    expect(Symbol::kRightParen, ")");
  }
  parse_call_suffix(*call);
  call->span = since(begin);
  return call;
}

void Parser::parse_arguments(CallNode& call, bool table_function) {
  bool lambdas = takes_lambda(call.name.back().text);
  if (!accept(Keyword::kDISTINCT)) accept(Keyword::kALL);
  do {
    Argument argument;
    bool named = (peek().kind == TokenKind::kWord || peek().kind == TokenKind::kQuotedName) &&
                 (at(Symbol::kAssign, 1) || at(Symbol::kFatArrow, 1) || (table_function && at(Symbol::kEqual, 1)));
    if (named) {
      argument.name = parse_any_identifier();
      advance();
    }
    accept_word("variadic");
    if (at_query()) {
      // A query without parentheses of its own: TABLE and the argument of array(SELECT ..).
      auto* node = arena_.make<SubqueryNode>();
      node->kind = ExprNode::kSubquery;
      node->yields_value = true;
      uint32_t begin = here();
      node->query = parse_query();
      node->depth = node->query->depth;
      node->span = since(begin);
      argument.value = node;
    } else if (at(Keyword::kLAMBDA) || (lambdas && at_lambda())) {
      argument.value = parse_lambda();
    } else {
      argument.value = parse_expression();
    }
    adopt(call, argument.value);
    call.arguments.push_back(arena_, argument);
  } while (accept(Symbol::kComma));
  if (at(Keyword::kORDER)) call.order_by = parse_order_by();
  if ((at(Keyword::kIGNORE) || at(Keyword::kRESPECT)) && at(Keyword::kNULLS, 1)) position_ += 2;
  if (accept(Keyword::kLIMIT)) parse_expression();
  if (at_word("separator")) {  // MySQL: group_concat(x SEPARATOR ',')
    advance();
    parse_primary();
  }
}

void Parser::parse_call_suffix(CallNode& call) {
  if ((at(Keyword::kIGNORE) || at(Keyword::kRESPECT)) && at(Keyword::kNULLS, 1)) position_ += 2;
  if (at(Keyword::kWITHIN) && at(Keyword::kGROUP, 1)) {
    position_ += 2;
    expect(Symbol::kLeftParen, "(");
    call.order_by = parse_order_by();
    expect(Symbol::kRightParen, ")");
  }
  if (at(Keyword::kFILTER) && at(Symbol::kLeftParen, 1)) {
    position_ += 2;
    accept(Keyword::kWHERE);
    call.filter = parse_expression();
    adopt(call, call.filter);
    expect(Symbol::kRightParen, ")");
  }
  if ((at(Keyword::kIGNORE) || at(Keyword::kRESPECT)) && at(Keyword::kNULLS, 1)) position_ += 2;
  if (at(Keyword::kOVER) && (at(Symbol::kLeftParen, 1) || at_name(1))) {
    advance();
    if (at(Symbol::kLeftParen)) {
      call.over = parse_window();
    } else {
      auto* window = arena_.make<Window>();
      window->name = parse_any_identifier();
      call.over = window;
    }
    for (const Node* node : call.over->partition_by) adopt(call, node);
    for (const OrderItem& item : call.over->order_by) adopt(call, item.expr);
    for (const Node* node : call.over->bounds) adopt(call, node);
  }
  for (const OrderItem& item : call.order_by) adopt(call, item.expr);
}

// ( [name] [PARTITION BY ..] [ORDER BY ..] [frame] )
const Window* Parser::parse_window() {
  Level level(*this);
  auto* window = arena_.make<Window>();
  expect(Symbol::kLeftParen, "(");
  bool frame_next = at(Keyword::kROWS) || at(Keyword::kRANGE) || at(Keyword::kGROUPS);
  if (at_name() && !at(Keyword::kPARTITION) && !frame_next) window->name = parse_any_identifier();
  if (accept(Keyword::kPARTITION)) {
    expect(Keyword::kBY);
    window->partition_by = parse_expression_list();
  }
  if (at(Keyword::kORDER)) window->order_by = parse_order_by();
  if (at(Keyword::kROWS) || at(Keyword::kRANGE) || at(Keyword::kGROUPS)) parse_frame(*window);
  expect(Symbol::kRightParen, ")");
  return window;
}

void Parser::parse_frame(Window& window) {
  advance();
  auto bound = [&] {
    if (accept(Keyword::kUNBOUNDED)) {
      if (!accept(Keyword::kPRECEDING)) expect(Keyword::kFOLLOWING);
    } else if (accept(Keyword::kCURRENT)) {
      expect(Keyword::kROW);
    } else {
      window.bounds.push_back(arena_, parse_operand());
      if (!accept(Keyword::kPRECEDING)) expect(Keyword::kFOLLOWING);
    }
  };
  if (accept(Keyword::kBETWEEN)) {
    bound();
    expect(Keyword::kAND);
    bound();
  } else {
    bound();
  }
  if (accept(Keyword::kEXCLUDE)) {
    if (accept(Keyword::kCURRENT)) {
      expect(Keyword::kROW);
    } else if (accept(Keyword::kNO)) {
      accept_word("others");
    } else if (!accept(Keyword::kGROUP)) {
      expect(Keyword::kTIES);
    }
  }
}

List<OrderItem> Parser::parse_order_by() {
  List<OrderItem> items;
  expect(Keyword::kORDER);
  expect(Keyword::kBY);
  do {
    OrderItem item;
    if (!accept(Keyword::kALL)) item.expr = parse_expression();
    if (!accept(Keyword::kASC)) accept(Keyword::kDESC);
    if (accept(Keyword::kNULLS)) advance();
    items.push_back(arena_, item);
  } while (accept(Symbol::kComma));
  return items;
}

}  // namespace sinan::sql

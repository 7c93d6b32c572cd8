// Queries: CTEs, set operations, SELECT, FROM-first, VALUES, TABLE, PIVOT, DESCRIBE, and their tails.
#include <algorithm>

#include "sql/parser_state.h"

namespace sinan::sql {

Query* Parser::parse_query() {
  Level level(*this);
  uint16_t outer_depth = std::exchange(deepest_, uint16_t{1});
  auto* query = arena_.make<Query>();
  uint32_t begin = here();
  if (at(Keyword::kWITH)) query->with = parse_with();
  query->body = parse_set(1);
  parse_query_tail(*query);
  query->span = since(begin);
  query->depth = static_cast<uint16_t>(deepest_ + 1);
  if (query->depth > kMaxTreeDepth) fail_with("query is nested too deeply", query->span);
  deepest_ = std::max(outer_depth, query->depth);
  return query;
}

const With* Parser::parse_with() {
  auto* with = arena_.make<With>();
  expect(Keyword::kWITH);
  with->recursive = accept(Keyword::kRECURSIVE);
  do {
    with->tables.push_back(arena_, parse_common_table());
  } while (accept(Symbol::kComma));
  return with;
}

CommonTable Parser::parse_common_table() {
  CommonTable table;
  uint32_t begin = here();
  table.name = parse_identifier("the name of a common table");
  if (at(Symbol::kLeftParen)) table.columns = parse_identifier_list();
  if (at(Keyword::kUSING) && at(Keyword::kKEY, 1)) {
    position_ += 2;
    skip_brackets();
  }
  expect(Keyword::kAS);
  accept(Keyword::kNOT);
  accept(Keyword::kMATERIALIZED);
  expect(Symbol::kLeftParen, "(");
  if (!at_query() && !at_parenthesised_query()) fail("a query");
  table.query = parse_query();
  expect(Symbol::kRightParen, ")");
  table.span = since(begin);
  return table;
}

// UNION and EXCEPT are at level 1, INTERSECT at 2.
const Body* Parser::parse_set(int least) {
  const Body* left = parse_body();
  for (;;) {
    int precedence = at(Keyword::kINTERSECT) ? 2 : 1;
    if (!at(Keyword::kUNION) && !at(Keyword::kEXCEPT) && !at(Keyword::kINTERSECT)) return left;
    if (precedence < least) return left;
    std::string_view spelled = to_string(peek().keyword);
    advance();
    bool all = accept(Keyword::kALL);
    if (!all) accept(Keyword::kDISTINCT);
    bool by_name = accept_all({Keyword::kBY, Keyword::kNAME});
    const Body* right = parse_set(precedence + 1);
    if (left->kind == BodyKind::kSetOperation) {
      auto* chain = const_cast<SetBody*>(static_cast<const SetBody*>(left));
      if (chain->text == spelled && chain->all == all && chain->by_name == by_name) {
        chain->branches.push_back(arena_, right);
        chain->span.end = right->span.end;
        continue;
      }
    }
    // Different operators in one chain nest; the counter bounds them as it bounds brackets.
    if (++deepest_ > kMaxTreeDepth) fail_with("query is too long", left->span);
    auto* set = arena_.make<SetBody>();
    set->kind = BodyKind::kSetOperation;
    set->text = spelled;
    set->all = all;
    set->by_name = by_name;
    set->branches.push_back(arena_, left);
    set->branches.push_back(arena_, right);
    set->span = {left->span.begin, right->span.end};
    left = set;
  }
}

const Body* Parser::parse_body() {
  uint32_t begin = here();
  switch (peek().keyword) {
    case Keyword::kSELECT:
      return parse_select();
    case Keyword::kFROM:
      return parse_from_first();
    case Keyword::kVALUES:
      return parse_values();
    case Keyword::kTABLE:
      return parse_table_body();
    case Keyword::kPIVOT:
    case Keyword::kUNPIVOT:
      return parse_pivot_body();
    case Keyword::kDESC:
    case Keyword::kDESCRIBE:
    case Keyword::kSUMMARIZE:
    case Keyword::kSHOW:
      return parse_describe_body();
    default:
      break;
  }
  auto* nested = arena_.make<NestedBody>();
  nested->kind = BodyKind::kNested;
  if (accept(Symbol::kLeftParen)) {
    nested->query = parse_query();
    expect(Symbol::kRightParen, ")");
  } else {
    fail("a query");
    nested->query = arena_.make<Query>();
  }
  nested->span = since(begin);
  return nested;
}

const Body* Parser::parse_select() {
  auto* body = arena_.make<SelectBody>();
  body->kind = BodyKind::kSelect;
  uint32_t begin = here();
  expect(Keyword::kSELECT);
  parse_select_list(*body);
  if (accept(Keyword::kFROM)) body->from = parse_from();
  parse_select_tail(*body);
  body->span = since(begin);
  return body;
}

const Body* Parser::parse_from_first() {
  auto* body = arena_.make<SelectBody>();
  body->kind = BodyKind::kSelect;
  uint32_t begin = here();
  expect(Keyword::kFROM);
  body->from = parse_from();
  if (accept(Keyword::kSELECT)) parse_select_list(*body);
  parse_select_tail(*body);
  body->span = since(begin);
  return body;
}

void Parser::parse_select_list(SelectBody& body) {
  if (accept(Keyword::kDISTINCT)) {
    body.distinct = true;
    if (accept(Keyword::kON)) {
      expect(Symbol::kLeftParen, "(");
      body.distinct_on = parse_expression_list();
      expect(Symbol::kRightParen, ")");
    }
  } else {
    accept(Keyword::kALL);
  }
  do {
    // A trailing comma is allowed.
    if (!body.items.empty() && (at_end() || at(Keyword::kFROM) || at(Symbol::kRightParen))) break;
    body.items.push_back(arena_, parse_select_item());
  } while (accept(Symbol::kComma));
}

SelectItem Parser::parse_select_item() {
  SelectItem item;
  // DuckDB: alias: expression
  bool prefix = at_name() && at(Symbol::kColon, 1);
  if (prefix) {
    item.alias = parse_any_identifier();
    advance();
  }
  item.expr = parse_expression();
  if (!prefix) item.alias = parse_alias(false);
  const bool is_expression = item.expr->kind != ExprNode::kColumn && item.expr->kind != ExprNode::kStar;
  if (item.alias.text.empty() && is_expression) unnamed_items_.push_back(arena_, item.expr->span);
  return item;
}

void Parser::parse_select_tail(SelectBody& body) {
  if (at(Keyword::kUSING) && at(Keyword::kSAMPLE, 1)) skip_sample();
  if (accept(Keyword::kWHERE)) body.where = parse_expression();
  if (at(Keyword::kGROUP)) parse_group_by(body);
  if (accept(Keyword::kHAVING)) body.having = parse_expression();
  if (accept(Keyword::kWINDOW)) {
    do {
      NamedWindow window;
      window.name = parse_identifier("a window name");
      expect(Keyword::kAS);
      window.window = parse_window();
      body.windows.push_back(arena_, window);
    } while (accept(Symbol::kComma));
  }
  if (accept(Keyword::kQUALIFY)) body.qualify = parse_expression();
  if (at(Keyword::kUSING) && at(Keyword::kSAMPLE, 1)) skip_sample();
}

void Parser::parse_group_by(SelectBody& body) {
  expect(Keyword::kGROUP);
  expect(Keyword::kBY);
  if (accept(Keyword::kALL)) return;
  do {
    if (at(Keyword::kGROUPING) && at(Keyword::kSETS, 1)) {
      // GROUPING SETS ((a, b), a, ()) reads as a call whose arguments are rows.
      advance();
    }
    body.group_by.push_back(arena_, parse_expression());
  } while (accept(Symbol::kComma));
  if (at(Keyword::kWITH) && (at(Keyword::kROLLUP, 1) || at(Keyword::kCUBE, 1))) position_ += 2;
}

const Body* Parser::parse_values() {
  auto* body = arena_.make<ValuesBody>();
  body->kind = BodyKind::kValues;
  uint32_t begin = here();
  expect(Keyword::kVALUES);
  do {
    if (!body->rows.empty() && !at(Symbol::kLeftParen) && !at(Keyword::kROW)) break;  // a trailing comma
    accept(Keyword::kROW);
    expect(Symbol::kLeftParen, "(");
    body->rows.push_back(arena_, parse_expression_list());
    expect(Symbol::kRightParen, ")");
  } while (accept(Symbol::kComma));
  body->span = since(begin);
  return body;
}

// TABLE t
const Body* Parser::parse_table_body() {
  auto* body = arena_.make<SelectBody>();
  body->kind = BodyKind::kSelect;
  uint32_t begin = here();
  expect(Keyword::kTABLE);
  auto* table = arena_.make<TableRef>();
  table->name = parse_qualified_name("a table name");
  table->span = since(begin);
  body->from.push_back(arena_, table);
  body->span = since(begin);
  return body;
}

// PIVOT t ON a, b IN (..) USING sum(x) GROUP BY y; UNPIVOT t ON a, b INTO NAME n VALUE v
const Body* Parser::parse_pivot_body() {
  auto* body = arena_.make<SelectBody>();
  body->kind = BodyKind::kSelect;
  uint32_t begin = here();
  auto* pivot = arena_.make<TableRef>();
  pivot->kind = at(Keyword::kPIVOT) ? TableKind::kPivot : TableKind::kUnpivot;
  advance();
  pivot->left = parse_joins(parse_table());
  auto list = [&](bool aliases) {
    do {
      pivot->expressions.push_back(arena_, parse_expression());
      if (aliases) parse_alias(false);
    } while (accept(Symbol::kComma));
  };
  if (accept(Keyword::kON)) list(true);
  if (accept(Keyword::kUSING)) list(true);
  if (accept(Keyword::kINTO)) {
    expect(Keyword::kNAME);
    parse_any_identifier();
    while (accept_word("value") || at(Symbol::kComma)) {
      accept(Symbol::kComma);
      parse_any_identifier();
    }
  }
  if (accept_all({Keyword::kGROUP, Keyword::kBY}) && !accept(Keyword::kALL)) list(false);
  pivot->span = since(begin);
  body->from.push_back(arena_, pivot);
  body->span = since(begin);
  return body;
}

// DESCRIBE t, SUMMARIZE SELECT .., SHOW TABLES, inside FROM (..) or as a statement.
const Body* Parser::parse_describe_body() {
  auto* body = arena_.make<DescribeBody>();
  body->kind = BodyKind::kDescribe;
  uint32_t begin = here();
  bool show = at(Keyword::kSHOW);
  advance();
  accept(Keyword::kTABLE);
  if (at_query() || at_parenthesised_query()) {
    body->query = parse_query();
  } else if (!show && !at_end() && !at(Symbol::kRightParen)) {
    body->table = parse_table_primary();
  } else {
    // SHOW TABLES, SHOW ALL TABLES FROM x, SHOW t: what the engine's catalog holds.
    while (!at_end() && !at(Symbol::kRightParen)) advance();
  }
  body->span = since(begin);
  return body;
}

void Parser::parse_query_tail(Query& query) {
  for (bool more = true; more && !failed();) {
    if (at(Keyword::kORDER)) {
      query.order_by = parse_order_by();
    } else if (accept(Keyword::kLIMIT)) {
      if (!accept(Keyword::kALL)) query.limits.push_back(arena_, parse_expression());
      if (at(Symbol::kPercent) || at(Keyword::kPERCENT)) advance();
      if (accept(Symbol::kComma)) query.limits.push_back(arena_, parse_expression());  // MySQL
    } else if (accept(Keyword::kOFFSET)) {
      query.limits.push_back(arena_, parse_expression());
      if (!accept(Keyword::kROW)) accept(Keyword::kROWS);
    } else if (accept(Keyword::kFETCH)) {
      advance();  // FIRST, NEXT
      if (!at(Keyword::kROW) && !at(Keyword::kROWS)) query.limits.push_back(arena_, parse_expression());
      if (!accept(Keyword::kROW)) expect(Keyword::kROWS);
      if (accept(Keyword::kWITH)) {
        expect(Keyword::kTIES);
      } else {
        advance();  // ONLY
      }
    } else if (at(Keyword::kFOR) && (at(Keyword::kUPDATE, 1) || at_word("share", 1))) {
      position_ += 2;
    } else if (at(Keyword::kUSING) && at(Keyword::kSAMPLE, 1)) {
      skip_sample();
    } else {
      more = false;
    }
  }
}

}  // namespace sinan::sql

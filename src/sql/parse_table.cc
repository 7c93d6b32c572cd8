// FROM: tables, files, table functions, subqueries, joins of every kind, pivots, samples.
#include <algorithm>

#include "sql/parser_state.h"

namespace sinan::sql {

List<const TableRef*> Parser::parse_from() {
  List<const TableRef*> tables;
  do {
    if (!tables.empty() && (at_end() || at(Symbol::kRightParen) || at(Keyword::kSELECT))) break;  // a trailing comma
    tables.push_back(arena_, parse_joins(parse_table()));
  } while (accept(Symbol::kComma));
  return tables;
}

TableRef* Parser::parse_table() {
  Level level(*this);
  TableRef* table = parse_table_primary();
  parse_table_suffix(*table);
  while (at(Keyword::kPIVOT) || at(Keyword::kUNPIVOT)) table = parse_pivot_suffix(table);
  return table;
}

bool Parser::at_join() const {
  switch (peek().keyword) {
    case Keyword::kJOIN:
    case Keyword::kNATURAL:
    case Keyword::kASOF:
    case Keyword::kINNER:
    case Keyword::kCROSS:
    case Keyword::kPOSITIONAL:
    case Keyword::kSEMI:
    case Keyword::kANTI:
    case Keyword::kLEFT:
    case Keyword::kRIGHT:
    case Keyword::kFULL:
      return true;
    default:
      return false;
  }
}

void Parser::parse_join_kind(TableRef& join, bool& needs_condition) {
  needs_condition = true;
  while (!accept(Keyword::kJOIN)) {
    switch (peek().keyword) {
      case Keyword::kNATURAL:
        join.natural = true;
        needs_condition = false;
        break;
      case Keyword::kCROSS:
      case Keyword::kPOSITIONAL:
        needs_condition = false;
        break;
      case Keyword::kLEFT:
        join.side = JoinSide::kLeft;
        break;
      case Keyword::kRIGHT:
        join.side = JoinSide::kRight;
        break;
      case Keyword::kFULL:
        join.side = JoinSide::kFull;
        break;
      case Keyword::kSEMI:
      case Keyword::kANTI:
        join.left_only = true;
        break;
      case Keyword::kASOF:
      case Keyword::kINNER:
      case Keyword::kOUTER:
        break;
      default:
        return fail("JOIN");
    }
    advance();
  }
}

TableRef* Parser::parse_joins(TableRef* left) {
  Level level(*this);
  while (at_join()) {
    auto* join = arena_.make<TableRef>();
    join->kind = TableKind::kJoin;
    join->left = left;
    bool needs_condition = true;
    parse_join_kind(*join, needs_condition);
    TableRef* right = parse_table();
    // a JOIN b JOIN c ON .. ON ..
    if (needs_condition && at_join()) right = parse_joins(right);
    join->right = right;
    if (accept(Keyword::kON)) {
      join->condition = parse_expression();
    } else if (accept(Keyword::kUSING)) {
      join->using_columns = parse_identifier_list();
      if (accept(Keyword::kAS)) parse_any_identifier();
    }
    join->span = {left->span.begin, since(left->span.begin).end};
    join->depth = static_cast<uint16_t>(std::max(left->depth, right->depth) + 1);
    deepest_ = std::max(deepest_, join->depth);
    if (join->depth > kMaxTreeDepth) fail_with("too many joins", join->span);
    left = join;
  }
  return left;
}

TableRef* Parser::parse_table_primary() {
  auto* table = arena_.make<TableRef>();
  uint32_t begin = here();
  // DuckDB: alias: table
  if (at_name() && at(Symbol::kColon, 1)) {
    table->alias = parse_any_identifier();
    advance();
  }
  table->lateral = accept(Keyword::kLATERAL);
  if (at(Symbol::kLeftParen)) {
    Identifier alias = table->alias;
    bool lateral = table->lateral;
    table = parse_parenthesised_table();
    table->lateral = lateral;
    if (!alias.text.empty()) table->alias = alias;
  } else if (peek().kind == TokenKind::kString) {
    table->kind = TableKind::kFile;
    table->file = value(peek());
    advance();
  } else if (at(Keyword::kVALUES)) {
    table->kind = TableKind::kSubquery;
    table->query = parse_query();
  } else {
    if (at_word("only") && at_name(1)) advance();  // PostgreSQL
    QualifiedName name = parse_qualified_name("a table name");
    if (at(Symbol::kLeftParen)) {
      table->kind = TableKind::kFunction;
      table->call = parse_call(name.parts, nullptr, begin, true);
    } else {
      table->name = name;
    }
  }
  table->span = since(begin);
  return table;
}

// (query), (t JOIN u ..), ((t))
TableRef* Parser::parse_parenthesised_table() {
  Level level(*this);
  uint32_t begin = here();
  TableRef* table = nullptr;
  advance();
  if (at_query()) {
    table = arena_.make<TableRef>();
    table->kind = TableKind::kSubquery;
    table->query = parse_query();
    expect(Symbol::kRightParen, ")");
  } else if (at_parenthesised_query()) {
    // ((SELECT ..) UNION ..) is a query, ((SELECT ..) a JOIN b) is a join: the token behind the inner bracket tells.
    size_t ahead = 0;
    int depth = 0;
    do {
      const Token& token = peek(ahead++);
      if (token.kind == TokenKind::kEnd) break;
      if (token.is(Symbol::kLeftParen)) ++depth;
      if (token.is(Symbol::kRightParen)) --depth;
    } while (depth > 0);
    Keyword after = peek(ahead).keyword;
    bool query = at(Symbol::kRightParen, ahead) || after == Keyword::kUNION || after == Keyword::kEXCEPT ||
                 after == Keyword::kINTERSECT || after == Keyword::kORDER || after == Keyword::kLIMIT;
    if (query) {
      table = arena_.make<TableRef>();
      table->kind = TableKind::kSubquery;
      table->query = parse_query();
    } else {
      table = parse_joins(parse_table());
    }
    expect(Symbol::kRightParen, ")");
  } else {
    table = parse_joins(parse_table());
    expect(Symbol::kRightParen, ")");
  }
  table->span = since(begin);
  return table;
}

void Parser::parse_table_suffix(TableRef& table) {
  if (at(Keyword::kWITH) && at(Keyword::kORDINALITY, 1)) position_ += 2;
  if (at(Keyword::kAT) && at(Symbol::kLeftParen, 1)) {  // time travel
    advance();
    skip_brackets();
  }
  if (Identifier alias = parse_alias(true); !alias.text.empty()) {
    table.alias = alias;
    if (at(Symbol::kLeftParen)) table.column_aliases = parse_identifier_list();
  }
  if (at(Keyword::kTABLESAMPLE)) skip_sample();
  table.span.end = since(table.span.begin).end;
}

// TABLESAMPLE RESERVOIR(20 ROWS) REPEATABLE (42), USING SAMPLE 10%, USING SAMPLE 10 PERCENT (bernoulli, 42)
void Parser::skip_sample() {
  if (accept(Keyword::kUSING)) {
    expect(Keyword::kSAMPLE);
  } else {
    expect(Keyword::kTABLESAMPLE);
  }
  if (peek().kind == TokenKind::kNumber) {
    advance();
    if (at(Symbol::kPercent) || at(Keyword::kPERCENT) || at(Keyword::kROWS) || at(Keyword::kROW)) advance();
    if (at(Symbol::kLeftParen)) skip_brackets();
  } else {
    if (!at(Symbol::kLeftParen)) parse_any_identifier();
    if (at(Symbol::kLeftParen)) skip_brackets();
  }
  if (accept(Keyword::kREPEATABLE)) skip_brackets();
}

// t PIVOT (sum(x) FOR y IN (1, 2) GROUP BY z) [AS] p; t UNPIVOT [INCLUDE NULLS] (v FOR n IN (a, b))
TableRef* Parser::parse_pivot_suffix(TableRef* source) {
  auto* pivot = arena_.make<TableRef>();
  pivot->kind = at(Keyword::kPIVOT) ? TableKind::kPivot : TableKind::kUnpivot;
  pivot->left = source;
  pivot->depth = static_cast<uint16_t>(source->depth + 1);
  deepest_ = std::max(deepest_, pivot->depth);
  if (pivot->depth > kMaxTreeDepth) fail_with("too many pivots", source->span);
  pivot->span = source->span;
  advance();
  if ((at(Keyword::kINCLUDE) || at(Keyword::kEXCLUDE)) && at(Keyword::kNULLS, 1)) position_ += 2;
  if (!at(Symbol::kLeftParen)) fail("\"(\"");
  skip_brackets();
  if (Identifier alias = parse_alias(true); !alias.text.empty()) {
    pivot->alias = alias;
    if (at(Symbol::kLeftParen)) pivot->column_aliases = parse_identifier_list();
  }
  pivot->span.end = since(pivot->span.begin).end;
  return pivot;
}

}  // namespace sinan::sql

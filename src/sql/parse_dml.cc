// INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY.
#include "sql/parser_state.h"

namespace sinan::sql {

void Parser::parse_dml(Statement& statement) {
  size_t start = position_;
  if (at(Keyword::kWITH)) {
    statement.with = parse_with();
    if (!at(Keyword::kINSERT) && !at(Keyword::kUPDATE) && !at(Keyword::kDELETE) && !at(Keyword::kMERGE)) {
      // An ordinary query: read it again as one.
      if (failed()) return;
      position_ = start;
      statement.with = nullptr;
      statement.statement_class = StatementClass::kQuery;
      statement.query = parse_query();
      return;
    }
  }
  switch (peek().keyword) {
    case Keyword::kINSERT:
    case Keyword::kREPLACE:
      return parse_insert(statement);
    case Keyword::kUPDATE:
      return parse_update(statement);
    case Keyword::kDELETE:
      return parse_delete(statement);
    case Keyword::kMERGE:
      return parse_merge(statement);
    default:
      fail("INSERT, UPDATE, DELETE or MERGE");
  }
}

void Parser::parse_target(Statement& statement) {
  statement.targets.push_back(arena_, parse_qualified_name("a table name"));
  if (at(Keyword::kSET) || at(Keyword::kDEFAULT) || at(Keyword::kBY) || at(Keyword::kVALUES)) return;
  statement.target_alias = parse_alias(true);
}

void Parser::parse_insert(Statement& statement) {
  statement.statement_class = StatementClass::kInsert;
  advance();
  if (accept(Keyword::kOR)) {  // OR REPLACE, OR IGNORE
    statement.reads_target = true;
    advance();
  }
  if (!accept(Keyword::kINTO) && accept(Keyword::kOVERWRITE)) accept(Keyword::kINTO);  // Spark
  accept(Keyword::kTABLE);
  parse_target(statement);
  if (accept_all({Keyword::kBY, Keyword::kNAME})) {
    statement.by_name = true;
  } else if (accept(Keyword::kBY)) {
    accept_word("position");
  }
  if (at(Symbol::kLeftParen) && !at_parenthesised_query()) statement.columns = parse_identifier_list();
  if (accept_all({Keyword::kBY, Keyword::kNAME})) statement.by_name = true;
  if (accept(Keyword::kDEFAULT)) {
    expect(Keyword::kVALUES);
  } else if (at_query() || at_parenthesised_query()) {
    statement.query = parse_query();
  } else {
    fail("VALUES or a query");
  }
  if (accept(Keyword::kON)) parse_on_conflict(statement);
  parse_returning(statement);
}

// ON CONFLICT [(columns) [WHERE ..] | ON CONSTRAINT name] DO NOTHING | DO UPDATE SET .. [WHERE ..]
void Parser::parse_on_conflict(Statement& statement) {
  statement.reads_target = true;
  expect(Keyword::kCONFLICT);
  if (at(Symbol::kLeftParen)) {
    advance();
    for (const Node* column : parse_expression_list()) statement.expressions.push_back(arena_, column);
    expect(Symbol::kRightParen, ")");
    if (accept(Keyword::kWHERE)) statement.expressions.push_back(arena_, parse_expression());
  } else if (accept(Keyword::kON)) {
    expect(Keyword::kCONSTRAINT);
    parse_any_identifier();
  }
  expect(Keyword::kDO);
  if (accept(Keyword::kNOTHING)) return;
  expect(Keyword::kUPDATE);
  parse_assignments(statement);
  if (accept(Keyword::kWHERE)) statement.expressions.push_back(arena_, parse_expression());
}

// SET a = 1, t.b = x, (c, d) = (SELECT ..), *
void Parser::parse_assignments(Statement& statement) {
  expect(Keyword::kSET);
  if (accept(Symbol::kStar)) return;
  do {
    Assignment assignment;
    if (at(Symbol::kLeftParen)) {
      parse_identifier_list();
    } else {
      assignment.column = parse_any_identifier();
      while (accept(Symbol::kDot)) assignment.column = parse_any_identifier();
      while (at(Symbol::kLeftBracket)) skip_brackets();
    }
    if (!at(Symbol::kEqual)) fail("\"=\"");
    advance();
    assignment.value = parse_expression();
    statement.assignments.push_back(arena_, assignment);
  } while (accept(Symbol::kComma));
}

void Parser::parse_returning(Statement& statement) {
  if (!accept(Keyword::kRETURNING)) return;
  statement.has_returning = true;
  do {
    statement.returning.push_back(arena_, parse_select_item());
  } while (accept(Symbol::kComma));
}

void Parser::parse_update(Statement& statement) {
  statement.statement_class = StatementClass::kUpdate;
  advance();
  parse_target(statement);
  parse_assignments(statement);
  if (accept(Keyword::kFROM)) statement.from = parse_from();
  if (accept(Keyword::kWHERE)) statement.expressions.push_back(arena_, parse_expression());
  parse_returning(statement);
}

void Parser::parse_delete(Statement& statement) {
  statement.statement_class = StatementClass::kDelete;
  advance();
  expect(Keyword::kFROM);
  parse_target(statement);
  if (accept(Keyword::kUSING)) statement.from = parse_from();
  if (accept(Keyword::kWHERE)) statement.expressions.push_back(arena_, parse_expression());
  parse_returning(statement);
}

void Parser::parse_merge(Statement& statement) {
  statement.statement_class = StatementClass::kMerge;
  advance();
  expect(Keyword::kINTO);
  parse_target(statement);
  expect(Keyword::kUSING);
  statement.from.push_back(arena_, parse_table());
  if (accept(Keyword::kUSING)) {
    parse_identifier_list();
  } else {
    expect(Keyword::kON);
    statement.expressions.push_back(arena_, parse_expression());
  }
  while (accept(Keyword::kWHEN)) {
    accept(Keyword::kNOT);
    expect(Keyword::kMATCHED);
    if (accept(Keyword::kBY) && !accept(Keyword::kSOURCE)) expect(Keyword::kTARGET);
    if (accept(Keyword::kAND)) statement.expressions.push_back(arena_, parse_expression());
    expect(Keyword::kTHEN);
    parse_merge_action(statement);
  }
  parse_returning(statement);
}

void Parser::parse_merge_action(Statement& statement) {
  if (accept(Keyword::kDELETE)) return;
  if (accept(Keyword::kDO)) return expect(Keyword::kNOTHING);
  if (accept_word("error")) {
    if (peek().kind == TokenKind::kString) advance();
    return;
  }
  if (accept(Keyword::kUPDATE)) {
    accept_all({Keyword::kBY, Keyword::kNAME});
    if (at(Keyword::kSET)) parse_assignments(statement);
    return;
  }
  expect(Keyword::kINSERT);
  if (accept(Symbol::kStar)) return;
  accept_all({Keyword::kBY, Keyword::kNAME});
  if (at(Symbol::kLeftParen)) parse_identifier_list();
  if (accept(Keyword::kDEFAULT)) return expect(Keyword::kVALUES);
  if (!accept(Keyword::kVALUES)) return;
  expect(Symbol::kLeftParen, "(");
  for (const Node* item : parse_expression_list()) statement.expressions.push_back(arena_, item);
  expect(Symbol::kRightParen, ")");
}

void Parser::parse_truncate(Statement& statement) {
  statement.statement_class = StatementClass::kTruncate;
  advance();
  accept(Keyword::kTABLE);
  do {
    statement.targets.push_back(arena_, parse_qualified_name("a table name"));
  } while (accept(Symbol::kComma));
}

// COPY t [(a, b)] FROM|TO 'file' [(options)], COPY (query) TO 'file', COPY FROM DATABASE a TO b
void Parser::parse_copy(Statement& statement) {
  advance();
  if (accept_all({Keyword::kFROM, Keyword::kDATABASE})) {
    statement.statement_class = StatementClass::kCopyFrom;
    statement.from_database = true;
    statement.targets.push_back(arena_, parse_qualified_name("a database name"));
    expect(Keyword::kTO);
    statement.targets.push_back(arena_, parse_qualified_name("a database name"));
    if (at(Symbol::kLeftParen)) skip_brackets();
    return;
  }
  if (at_parenthesised_query()) {
    advance();
    statement.query = parse_query();
    expect(Symbol::kRightParen, ")");
  } else {
    statement.targets.push_back(arena_, parse_qualified_name("a table name or a query in parentheses"));
    if (at(Symbol::kLeftParen)) statement.columns = parse_identifier_list();
  }
  bool to = at(Keyword::kTO);
  if (!to && (statement.query != nullptr || !at(Keyword::kFROM))) return fail("TO");
  advance();
  statement.statement_class = to ? StatementClass::kCopyTo : StatementClass::kCopyFrom;
  if (peek().kind != TokenKind::kString) return fail("a file name in quotes");
  statement.file = value(peek());
  advance();
  accept(Keyword::kWITH);
  while (!at_end()) {
    if (at(Symbol::kLeftParen)) {
      skip_brackets();
    } else {
      advance();
    }
  }
}

}  // namespace sinan::sql

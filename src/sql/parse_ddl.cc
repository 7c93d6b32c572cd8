// CREATE, DROP, ALTER, and the statements of a session: USE, SET, BEGIN, ATTACH, EXPLAIN, DESCRIBE.
#include "sql/parser_state.h"

namespace sinan::sql {

ObjectClass Parser::parse_object_class() {
  switch (peek().keyword) {
    case Keyword::kTABLE:
      advance();
      return ObjectClass::kTable;
    case Keyword::kVIEW:
      advance();
      return ObjectClass::kView;
    case Keyword::kSCHEMA:
      advance();
      return ObjectClass::kSchema;
    case Keyword::kDATABASE:
      advance();
      return ObjectClass::kDatabase;
    case Keyword::kSEQUENCE:
      advance();
      return ObjectClass::kSequence;
    case Keyword::kINDEX:
      advance();
      return ObjectClass::kIndex;
    case Keyword::kTYPE:
      advance();
      return ObjectClass::kType;
    case Keyword::kSECRET:
      advance();
      return ObjectClass::kSecret;
    case Keyword::kMACRO:
    case Keyword::kFUNCTION:
      advance();
      accept(Keyword::kTABLE);
      return ObjectClass::kMacro;
    default:
      return ObjectClass::kNone;
  }
}

void Parser::parse_create(Statement& statement) {
  advance();
  statement.or_replace = accept_all({Keyword::kOR, Keyword::kREPLACE});
  for (bool more = true; more;) {
    if (at(Keyword::kTEMP) || at(Keyword::kTEMPORARY)) {
      statement.temporary = true;
      advance();
    } else if (at(Keyword::kLOCAL) || at(Keyword::kGLOBAL) || at(Keyword::kUNLOGGED) || at(Keyword::kPERSISTENT) ||
               at(Keyword::kUNIQUE) || at(Keyword::kRECURSIVE) || at_word("external")) {
      advance();
    } else {
      more = false;
    }
  }
  if (at(Keyword::kMATERIALIZED)) return fail("TABLE or VIEW (there are no materialized views)");
  statement.object = parse_object_class();
  switch (statement.object) {
    case ObjectClass::kTable:
      return parse_create_table(statement);
    case ObjectClass::kView:
      return parse_create_view(statement);
    case ObjectClass::kSchema:
      statement.statement_class = StatementClass::kCreateSchema;
      statement.if_exists = parse_if_exists();
      statement.targets.push_back(arena_, parse_qualified_name("a schema name"));
      return;
    case ObjectClass::kIndex:
      statement.statement_class = StatementClass::kCreateOther;
      accept(Keyword::kCONCURRENTLY);
      statement.if_exists = parse_if_exists();
      if (!at(Keyword::kON)) parse_identifier("an index name");
      expect(Keyword::kON);
      statement.targets.push_back(arena_, parse_qualified_name("a table name"));
      if (accept(Keyword::kUSING)) parse_any_identifier();
      expect(Symbol::kLeftParen, "(");
      do {
        statement.expressions.push_back(arena_, parse_expression());
        if (!accept(Keyword::kASC)) accept(Keyword::kDESC);
      } while (accept(Symbol::kComma));
      expect(Symbol::kRightParen, ")");
      while (!at_end()) advance();
      return;
    case ObjectClass::kSequence:
      statement.statement_class = StatementClass::kCreateOther;
      statement.if_exists = parse_if_exists();
      statement.targets.push_back(arena_, parse_qualified_name("a sequence name"));
      while (!at_end()) advance();
      return;
    case ObjectClass::kNone:
      return fail("TABLE, VIEW, SCHEMA, INDEX, SEQUENCE, TYPE, MACRO");
    default:
      return parse_opaque(statement, StatementClass::kCreateOther);
  }
}

void Parser::parse_create_table(Statement& statement) {
  statement.statement_class = StatementClass::kCreateTable;
  statement.if_exists = parse_if_exists();
  statement.targets.push_back(arena_, parse_qualified_name("a table name"));
  if (at(Symbol::kLeftParen) && !at_parenthesised_query()) {
    advance();
    do {
      if (at(Symbol::kRightParen)) break;
      parse_table_element(statement);
    } while (accept(Symbol::kComma));
    expect(Symbol::kRightParen, ")");
  }
  if (accept(Keyword::kLIKE)) {
    statement.references.push_back(arena_, parse_qualified_name("a table name"));
    return;
  }
  skip_options();  // ENGINE=.., USING iceberg, PARTITIONED BY (..)
  if (at_end()) return;
  expect(Keyword::kAS);
  statement.statement_class = StatementClass::kCreateTableAs;
  if (!at_query() && !at_parenthesised_query()) return fail("a query");
  statement.query = parse_query();
  if (accept(Keyword::kWITH)) {
    accept(Keyword::kNO);
    expect(Keyword::kDATA);
  }
}

// A column or a table constraint.
void Parser::parse_table_element(Statement& statement) {
  if (at(Keyword::kPRIMARY) || at(Keyword::kUNIQUE) || at(Keyword::kCHECK) || at(Keyword::kFOREIGN) ||
      at(Keyword::kCONSTRAINT) || (at(Keyword::kKEY) && at(Symbol::kLeftParen, 2))) {
    return parse_column_constraints(statement);
  }
  statement.columns.push_back(arena_, parse_any_identifier());
  bool typed =
      peek().kind == TokenKind::kQuotedName ||
      (peek().kind == TokenKind::kWord &&
       (class_of(peek().keyword) != KeywordClass::kReserved || at(Keyword::kARRAY)) && !at(Keyword::kGENERATED));
  if (typed) skip_type();
  parse_column_constraints(statement);
}

// Reads to the comma or bracket that ends the element.
void Parser::parse_column_constraints(Statement& statement) {
  while (!at_end() && !at(Symbol::kComma) && !at(Symbol::kRightParen)) {
    if (accept(Keyword::kDEFAULT) || accept(Keyword::kCHECK)) {
      statement.expressions.push_back(arena_, parse_operand());
    } else if (at(Keyword::kAS) && at(Symbol::kLeftParen, 1)) {
      advance();
      statement.expressions.push_back(arena_, parse_primary());
    } else if (accept(Keyword::kREFERENCES)) {
      statement.references.push_back(arena_, parse_qualified_name("a table name"));
      if (at(Symbol::kLeftParen)) skip_brackets();
    } else if (at(Symbol::kLeftParen)) {
      skip_brackets();
    } else {
      advance();
    }
  }
}

void Parser::parse_create_view(Statement& statement) {
  statement.statement_class = StatementClass::kCreateView;
  statement.if_exists = parse_if_exists();
  statement.targets.push_back(arena_, parse_qualified_name("a view name"));
  if (at(Symbol::kLeftParen)) statement.columns = parse_identifier_list();
  skip_options();
  expect(Keyword::kAS);
  if (!at_query() && !at_parenthesised_query()) return fail("a query");
  statement.query = parse_query();
}

void Parser::parse_drop(Statement& statement) {
  statement.statement_class = StatementClass::kDrop;
  advance();
  accept(Keyword::kPERSISTENT);
  accept(Keyword::kTEMPORARY);
  statement.object = parse_object_class();
  if (statement.object == ObjectClass::kNone) return fail("TABLE, VIEW, SCHEMA, INDEX, SEQUENCE, TYPE, MACRO");
  statement.if_exists = parse_if_exists();
  do {
    statement.targets.push_back(arena_, parse_qualified_name("a name"));
  } while (accept(Symbol::kComma));
  if (!accept(Keyword::kCASCADE)) accept(Keyword::kRESTRICT);
  if (statement.object == ObjectClass::kSecret) parse_opaque(statement, StatementClass::kDrop);
}

void Parser::parse_alter(Statement& statement) {
  statement.statement_class = StatementClass::kAlter;
  advance();
  statement.object = parse_object_class();
  if (statement.object == ObjectClass::kNone) return fail("TABLE, VIEW, SCHEMA or SEQUENCE");
  if (statement.object != ObjectClass::kTable && statement.object != ObjectClass::kView) {
    return parse_opaque(statement, StatementClass::kAlter);
  }
  statement.if_exists = parse_if_exists();
  statement.targets.push_back(arena_, parse_qualified_name("a table name"));
  if (accept_all({Keyword::kRENAME, Keyword::kTO})) {
    statement.new_name = parse_qualified_name("the new name");
    return;
  }
  // ADD, DROP, ALTER, MODIFY a column, SET ..: the table changes, whatever the details; only references lead elsewhere.
  while (!at_end()) {
    if (at(Keyword::kSELECT)) return fail("no query here");
    if (accept(Keyword::kREFERENCES)) {
      statement.references.push_back(arena_, parse_qualified_name("a table name"));
    } else if (at_word("nextval")) {
      return fail("no sequence here");
    } else {
      advance();
    }
  }
}

void Parser::parse_use(Statement& statement) {
  statement.statement_class = StatementClass::kUse;
  advance();
  accept(Keyword::kDATABASE);
  statement.targets.push_back(arena_, parse_qualified_name("a database or schema name"));
}

void Parser::parse_explain(Statement& statement) {
  statement.statement_class = StatementClass::kExplain;
  advance();
  statement.executes = accept(Keyword::kANALYZE);
  if (at(Symbol::kLeftParen) && !at_parenthesised_query()) {
    // (FORMAT json, ANALYZE)
    for (size_t ahead = 1; !at(Symbol::kRightParen, ahead) && peek(ahead).kind != TokenKind::kEnd; ++ahead) {
      statement.executes = statement.executes || at(Keyword::kANALYZE, ahead);
    }
    skip_brackets();
  }
  statement.inner = parse_statement();
}

void Parser::parse_describe(Statement& statement) {
  // A describing statement may be followed by set operations, as any query: (DESCRIBE t) UNION ..
  statement.statement_class = StatementClass::kDescribe;
  statement.query = parse_query();
}

// Known by its first word only: all of it is skipped.
void Parser::parse_opaque(Statement& statement, StatementClass statement_class) {
  statement.statement_class = statement_class;
  while (!at_end()) advance();
}

bool Parser::parse_session_statement(Statement& statement) {
  struct Opening {
    std::string_view word;
    StatementClass statement_class;
  };
  static constexpr Opening kOpenings[] = {
      {"begin", StatementClass::kBegin},       {"start", StatementClass::kBegin},
      {"commit", StatementClass::kCommit},     {"end", StatementClass::kCommit},
      {"rollback", StatementClass::kRollback}, {"abort", StatementClass::kRollback},
      {"set", StatementClass::kSet},           {"reset", StatementClass::kSet},
      {"pragma", StatementClass::kSet},        {"attach", StatementClass::kAttach},
      {"detach", StatementClass::kDetach},     {"call", StatementClass::kOther},
      {"checkpoint", StatementClass::kOther},  {"force", StatementClass::kOther},
      {"load", StatementClass::kOther},        {"install", StatementClass::kOther},
      {"export", StatementClass::kOther},      {"import", StatementClass::kOther},
      {"vacuum", StatementClass::kOther},      {"analyze", StatementClass::kOther},
      {"comment", StatementClass::kOther},     {"prepare", StatementClass::kOther},
      {"execute", StatementClass::kOther},     {"deallocate", StatementClass::kOther},
      {"grant", StatementClass::kOther},       {"revoke", StatementClass::kOther},
      {"refresh", StatementClass::kOther},     {"optimize", StatementClass::kOther},
      {"lock", StatementClass::kOther},
  };
  for (const Opening& opening : kOpenings) {
    if (!at_word(opening.word)) continue;
    parse_opaque(statement, opening.statement_class);
    return true;
  }
  return false;
}

}  // namespace sinan::sql

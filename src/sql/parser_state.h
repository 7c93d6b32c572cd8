// The parser behind sql/parser.h, declared once for the files that define its parts: parse_expression.cc, parse_primary.cc,
// parse_call.cc, parse_query.cc, parse_table.cc, parse_dml.cc, parse_ddl.cc. Nothing else includes this.
//
// Errors are sticky: the first one is kept and the cursor jumps to the end, where nothing is accepted any more. Hence no
// function needs to check another's success, every function returns a node, and every loop that demands a token ends.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast.h"
#include "sql/lexer.h"

namespace sinan::sql {

class Parser {
 public:
  Parser(std::string_view program, std::span<const Token> tokens, Arena& arena)
      : program_(program), tokens_(tokens), arena_(arena) {}

  Statement* parse_statement();
  const std::optional<Error>& error() const { return error_; }

 private:
  // Cursor.
  const Token& peek(size_t ahead = 0) const {
    size_t i = position_ + ahead;
    return tokens_[i < tokens_.size() ? i : tokens_.size() - 1];
  }
  bool at(Keyword keyword, size_t ahead = 0) const { return peek(ahead).is(keyword); }
  bool at(Symbol symbol, size_t ahead = 0) const { return peek(ahead).is(symbol); }
  bool at_end() const { return peek().kind == TokenKind::kEnd; }
  bool at_word(std::string_view lower, size_t ahead = 0) const;
  bool at_name(size_t ahead = 0) const;
  bool at_query(size_t ahead = 0) const;
  // Whether a query stands behind the opening parentheses that come next.
  bool at_parenthesised_query() const;
  void advance() {
    if (position_ + 1 < tokens_.size()) ++position_;
  }
  bool accept(Keyword keyword);
  bool accept(Symbol symbol);
  bool accept_word(std::string_view lower);
  bool accept_all(std::initializer_list<Keyword> keywords);
  void expect(Keyword keyword);
  void expect(Symbol symbol, std::string_view spelled);
  void fail(std::string_view expected);
  void fail_with(std::string message, Span place);
  bool failed() const { return error_.has_value(); }
  uint32_t here() const { return peek().span.begin; }
  Span since(uint32_t begin) const;
  std::string_view text(const Token& token) const { return text_of(program_, token.span); }
  std::string_view value(const Token& token);
  // Skips a bracket with all that it holds. A query inside, which might read tables, is an error.
  void skip_brackets();
  // Skips to the end of the statement or the next AS outside brackets.
  void skip_options();

  // Counts nesting for the time of a scope.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.nesting_ > kMaxNesting) parser_.fail_with("nested too deeply", parser_.peek().span);
    }
    ~Level() { --parser_.nesting_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  // Names and types.
  Identifier parse_identifier(std::string_view what);
  Identifier parse_any_identifier();
  QualifiedName parse_qualified_name(std::string_view what);
  List<Identifier> parse_identifier_list();
  Identifier parse_alias(bool table);
  bool parse_if_exists();
  void skip_type();

  // Expressions.
  const Node* parse_expression() { return parse_binary(1); }
  const Node* parse_binary(int least);
  // Binds tighter than AND, NOT, IN: what may stand where those words mean something else.
  const Node* parse_operand();
  const Node* parse_word_operator(const Node* left, int least, bool& done);
  const Node* parse_in(const Node* left, uint32_t begin);
  const Node* parse_is(const Node* left);
  const Node* parse_prefix();
  const Node* parse_postfix(const Node* node);
  const Node* parse_subscript(const Node* node);
  const Node* parse_primary();
  const Node* parse_word_primary();
  const Node* parse_parentheses();
  const Node* parse_case();
  const Node* parse_cast();
  const Node* parse_interval();
  const Node* parse_bracket_list(std::string_view kind);
  const Node* parse_brace();
  const Node* parse_name();
  const Node* parse_star(List<Identifier> qualifier, uint32_t begin);
  const Node* parse_columns_function();
  const Node* parse_lambda();
  const Node* parse_subquery(std::string_view kind, bool yields_value);
  const Node* parse_keyword_call(std::string_view name);
  CallNode* parse_call(List<Identifier> name, const Node* receiver, uint32_t begin, bool table_function);
  void parse_arguments(CallNode& call, bool table_function);
  void parse_call_suffix(CallNode& call);
  bool at_lambda() const;
  const Window* parse_window();
  void parse_frame(Window& window);
  List<OrderItem> parse_order_by();
  List<const Node*> parse_expression_list();
  const Node* literal(LiteralKind kind);
  const Node* column(const Identifier& name);
  const Node* operation(std::string_view text, uint32_t begin, std::initializer_list<const Node*> operands);
  void adopt(Node& parent, const Node* child);

  // Queries and tables.
  Query* parse_query();
  const With* parse_with();
  CommonTable parse_common_table();
  const Body* parse_set(int least);
  const Body* parse_body();
  const Body* parse_select();
  const Body* parse_from_first();
  void parse_select_list(SelectBody& body);
  void parse_select_tail(SelectBody& body);
  void parse_group_by(SelectBody& body);
  const Body* parse_values();
  const Body* parse_table_body();
  const Body* parse_pivot_body();
  const Body* parse_describe_body();
  void parse_query_tail(Query& query);
  SelectItem parse_select_item();
  List<const TableRef*> parse_from();
  TableRef* parse_table();
  TableRef* parse_joins(TableRef* left);
  TableRef* parse_table_primary();
  TableRef* parse_parenthesised_table();
  void parse_table_suffix(TableRef& table);
  TableRef* parse_pivot_suffix(TableRef* source);
  bool at_join() const;
  void parse_join_kind(TableRef& join, bool& needs_condition);
  void skip_sample();

  // Statements.
  void parse_dml(Statement& statement);
  void parse_insert(Statement& statement);
  void parse_on_conflict(Statement& statement);
  void parse_update(Statement& statement);
  void parse_delete(Statement& statement);
  void parse_merge(Statement& statement);
  void parse_merge_action(Statement& statement);
  void parse_assignments(Statement& statement);
  void parse_returning(Statement& statement);
  void parse_target(Statement& statement);
  void parse_copy(Statement& statement);
  void parse_create(Statement& statement);
  void parse_create_table(Statement& statement);
  void parse_table_element(Statement& statement);
  void parse_column_constraints(Statement& statement);
  void parse_create_view(Statement& statement);
  void parse_drop(Statement& statement);
  void parse_alter(Statement& statement);
  void parse_truncate(Statement& statement);
  void parse_use(Statement& statement);
  void parse_explain(Statement& statement);
  void parse_describe(Statement& statement);
  void parse_opaque(Statement& statement, StatementClass statement_class);
  bool parse_session_statement(Statement& statement);
  ObjectClass parse_object_class();

  std::string_view program_;
  List<Span> unnamed_items_;
  std::span<const Token> tokens_;
  Arena& arena_;
  size_t position_ = 0;
  int nesting_ = 0;
  uint16_t deepest_ = 1;  // of the nodes made since the innermost query began
  std::optional<Error> error_;
};

}  // namespace sinan::sql

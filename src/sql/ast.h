// The syntax tree of standard SQL, as much as column lineage needs, in an Arena.
//
// Made by sql/parser.h, read by the resolver in sql/analyze.cc. Nodes are plain structs told apart by `kind`; every node has
// a span of the program text. Texts are views of the program or of the arena: the tree lives as long as both. The parser
// bounds nesting, so that a recursion over a tree ends (kMaxTreeDepth).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "sql/arena.h"
#include "sql/statement_class.h"

namespace sinan::sql {

inline constexpr int kMaxNesting = 256;     // brackets, subqueries, prefix operators
inline constexpr int kMaxTreeDepth = 2000;  // nesting and chains of operators or joins together

struct Query;
struct TableRef;

struct Identifier {
  std::string_view text;  // quotes off, case kept
  Span span;
  bool quoted = false;
};

// "t", "s.t", "d.s.t".
struct QualifiedName {
  List<Identifier> parts;
  Span span;
};

// ---- Expressions

enum class ExprNode : uint8_t { kColumn, kStar, kLiteral, kCall, kOperation, kSubquery, kLambda };

struct Node {
  ExprNode kind = ExprNode::kLiteral;
  uint16_t depth = 1;  // of the tree below
  Span span;
};

struct ColumnNode : Node {
  List<Identifier> parts;  // column; table.column; schema.table.column; column.field
};

enum class LiteralKind : uint8_t { kString, kNumber, kParameter, kWord };

struct LiteralNode : Node {
  LiteralKind literal = LiteralKind::kWord;
  std::string_view value;  // of a string its meaning, otherwise the text
};

struct SelectItem {
  const Node* expr = nullptr;
  Identifier alias;  // empty text: none
};

struct OrderItem {
  const Node* expr = nullptr;  // null: ALL
};

// * and t.*, COLUMNS(..).
struct StarNode : Node {
  List<Identifier> qualifier;
  List<Identifier> exclude;
  List<SelectItem> replace;       // REPLACE (expr AS column)
  List<SelectItem> rename;        // RENAME (column AS new): expr is a ColumnNode
  const Node* pattern = nullptr;  // COLUMNS(pattern), * LIKE pattern
  bool filtered = false;          // which columns match cannot be told without the engine
};

struct Argument {
  Identifier name;  // name := value; empty text: by position
  const Node* value = nullptr;
};

struct Window {
  Identifier name;  // OVER name, or the window this one refines
  List<const Node*> partition_by;
  List<OrderItem> order_by;
  List<const Node*> bounds;
};

struct CallNode : Node {
  List<Identifier> name;           // function; schema.function; column.function
  const Node* receiver = nullptr;  // (expr).function(..)
  List<Argument> arguments;
  List<OrderItem> order_by;  // within the arguments, or WITHIN GROUP
  const Node* filter = nullptr;
  const Window* over = nullptr;
};

// Every other combination of expressions: operators, CASE, CAST, IN (..), BETWEEN, lists, structs, field access.
struct OperationNode : Node {
  std::string_view text;  // "+", "CASE", "CAST", "[]", ".", ...
  List<const Node*> operands;
};

struct SubqueryNode : Node {
  std::string_view text;  // "" (scalar), "EXISTS", "IN", "ANY", "ARRAY"
  List<const Node*> operands;
  const Query* query = nullptr;
  bool yields_value = false;  // scalar and ARRAY: the value is the query's column
};

struct LambdaNode : Node {
  List<Identifier> parameters;
  const Node* body = nullptr;
  List<const Node*> sources;  // of [body FOR x IN source IF condition]
};

// ---- Tables

enum class JoinSide : uint8_t { kInner, kLeft, kRight, kFull };

enum class TableKind : uint8_t { kNamed, kFile, kFunction, kSubquery, kJoin, kPivot, kUnpivot };

struct TableRef {
  TableKind kind = TableKind::kNamed;
  Span span;
  QualifiedName name;              // kNamed
  std::string_view file;           // kFile
  const CallNode* call = nullptr;  // kFunction
  const Query* query = nullptr;    // kSubquery
  bool lateral = false;
  // kJoin; kPivot and kUnpivot use `left` and `expressions`.
  const TableRef* left = nullptr;
  const TableRef* right = nullptr;
  const Node* condition = nullptr;
  List<Identifier> using_columns;
  bool natural = false;
  bool left_only = false;  // SEMI, ANTI: the right side's columns are not visible
  JoinSide side = JoinSide::kInner;
  List<const Node*> expressions;
  uint16_t depth = 1;
  Identifier alias;
  List<Identifier> column_aliases;
};

// ---- Queries

struct CommonTable {
  Identifier name;
  List<Identifier> columns;
  const Query* query = nullptr;
  Span span;
};

struct With {
  bool recursive = false;
  List<CommonTable> tables;
};

enum class BodyKind : uint8_t { kSelect, kValues, kSetOperation, kNested, kDescribe };

struct Body {
  BodyKind kind = BodyKind::kSelect;
  Span span;
};

struct NamedWindow {
  Identifier name;
  const Window* window = nullptr;
};

struct SelectBody : Body {
  bool distinct = false;
  List<const Node*> distinct_on;
  List<SelectItem> items;  // empty: FROM t without SELECT, that is all columns
  List<const TableRef*> from;
  const Node* where = nullptr;
  List<const Node*> group_by;
  const Node* having = nullptr;
  const Node* qualify = nullptr;
  List<NamedWindow> windows;
};

struct ValuesBody : Body {
  List<List<const Node*>> rows;
};

// One operator over two or more branches: UNION ALL chains stay flat.
struct SetBody : Body {
  std::string_view text;  // "UNION", "INTERSECT", "EXCEPT"
  bool by_name = false;
  bool all = false;
  List<const Body*> branches;
};

struct NestedBody : Body {
  const Query* query = nullptr;
};

// DESCRIBE, SUMMARIZE, SHOW inside FROM (..).
struct DescribeBody : Body {
  const TableRef* table = nullptr;
  const Query* query = nullptr;
};

struct Query {
  Span span;
  const With* with = nullptr;
  const Body* body = nullptr;
  List<OrderItem> order_by;
  List<const Node*> limits;  // LIMIT, OFFSET
  uint16_t depth = 1;        // of the deepest expression or query in it
};

// ---- Statements

enum class ObjectClass : uint8_t {
  kNone,
  kTable,
  kView,
  kSchema,
  kDatabase,
  kMacro,
  kSequence,
  kIndex,
  kType,
  kSecret,
};

struct Assignment {
  Identifier column;
  const Node* value = nullptr;  // null: DEFAULT, *
};

struct Statement {
  StatementClass statement_class = StatementClass::kUnknown;
  ObjectClass object = ObjectClass::kNone;  // of CREATE, DROP, ALTER
  Span span;
  const With* with = nullptr;   // before INSERT, UPDATE, DELETE, MERGE
  List<QualifiedName> targets;  // several in DROP
  Identifier target_alias;
  QualifiedName new_name;  // RENAME TO
  bool temporary = false;
  bool or_replace = false;
  bool if_exists = false;  // IF EXISTS, IF NOT EXISTS
  bool has_returning = false;
  bool by_name = false;        // INSERT BY NAME
  bool reads_target = false;   // ON CONFLICT
  bool executes = false;       // EXPLAIN ANALYZE
  bool from_database = false;  // COPY FROM DATABASE: targets are the two databases
  const Query* query = nullptr;
  List<const TableRef*> from;  // FROM, USING; the table of DESCRIBE
  List<Identifier> columns;
  List<Assignment> assignments;
  List<const Node*> expressions;  // conditions, values, defaults
  List<SelectItem> returning;
  List<QualifiedName> references;    // FOREIGN KEY
  std::string_view file;             // COPY
  const Statement* inner = nullptr;  // EXPLAIN
  List<Span> unnamed_items;          // expressions of select lists, at any depth, that get no name but from their text
};

}  // namespace sinan::sql

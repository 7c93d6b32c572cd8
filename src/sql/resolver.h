// The resolver: walks a syntax tree with scopes, and records which objects it touches and where its columns come from.
//
// Used by sql/analyze.cc only. Works per statement; everything lives in the statement's Arena. A column's lineage is a set
// of source ids (table index and column index); a recursive CTE's own columns take part as placeholders, which are replaced
// once its body is known (the closure of a small graph, so nothing is resolved twice).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/analyze.h"
#include "sql/ast.h"
#include "sql/object_names.h"

namespace sinan::sql {

// Where a value comes from.
struct Lineage {
  List<uint32_t> sources;  // unique
  bool unknown = false;
};

struct ResolvedColumn {
  std::string_view name;  // as spelled; empty when the engine makes it up
  Lineage lineage;
};

// The columns that a query or table yields. With known = false there may be others beside, or instead.
struct ResolvedColumns {
  List<ResolvedColumn> columns;
  bool known = true;
};

class Resolver {
 public:
  Resolver(const Scope& scope, Arena& arena);

  // What a name may refer to within one SELECT (or DML statement), and outside it.
  struct Relation {
    std::string_view alias;  // empty for an unnamed subquery
    int32_t table = -1;      // of a base table without alias: schema.table may name it too
    ResolvedColumns shape;
    // Columns of a relation that is not known: of table `open_table` (when >= 0) or all with lineage `uniform`.
    int32_t open_table = -1;
    bool has_uniform = false;
    Lineage uniform;
  };
  struct UsingColumn {
    std::string_view name;
    JoinSide side = JoinSide::kInner;
    uint32_t first_right = 0;  // relations before it are the join's left side
    uint32_t begin = 0;        // relations of the join: [begin, end)
    uint32_t end = 0;
  };
  struct CommonTableEntry {
    std::string_view name;
    ResolvedColumns shape;
    const CommonTableEntry* outer = nullptr;
  };
  struct Frame {
    List<Relation> relations;
    List<UsingColumn> using_columns;
    List<ResolvedColumn> aliases;  // of the select items so far
    bool natural_unknown = false;  // a NATURAL join over unknown columns
    const Frame* outer = nullptr;
    const CommonTableEntry* common = nullptr;
    const List<Identifier>* parameters = nullptr;  // of a lambda
  };

  ResolvedColumns query(const Query& query, const Frame* outer, const CommonTableEntry* common);
  const CommonTableEntry* with(const With& with, const Frame* outer, const CommonTableEntry* common);
  void from(const TableRef& table, Frame& frame);
  // The base table as a relation, as the target of UPDATE is.
  void add_table(const QualifiedName& name, const Identifier& alias, Frame& frame);
  Lineage expression(const Node* node, const Frame& frame);
  void visit(const Node* node, const Frame& frame) { (void)expression(node, frame); }
  ResolvedColumns items(const List<SelectItem>& items, Frame& frame);

  void read(std::string_view kind, std::string name);
  void write(std::string_view kind, std::string name);
  void barrier(std::string_view reason, Span place);

  const Namespace& space() const { return space_; }
  std::vector<ObjectRef>& reads() { return reads_; }
  std::vector<ObjectRef>& writes() { return writes_; }
  std::vector<std::string>& calls() { return calls_; }
  const std::optional<Unknown>& barrier_reason() const { return barrier_; }
  // The public form of a resolved column.
  ColumnLineage publish(const ResolvedColumn& column) const;

 private:
  enum class Found : uint8_t { kNo, kYes, kUnsure };
  struct Table {
    std::string name;
    std::optional<std::vector<std::string>> declared;
    std::deque<std::string> columns;  // declared ones first; more as they are referred to
    std::string kind = std::string(object_kind::kTable);
  };

  ResolvedColumns body(const Body& body, const Frame* outer, const CommonTableEntry* common, Frame*& select_frame);
  ResolvedColumns select(const SelectBody& select, const Frame* outer, const CommonTableEntry* common,
                         Frame*& select_frame);
  ResolvedColumns values(const ValuesBody& values, const Frame& frame);
  ResolvedColumns set_operation(const SetBody& set, const Frame* outer, const CommonTableEntry* common);
  ResolvedColumns merge_branches(const SetBody& set, const std::vector<ResolvedColumns>& branches);
  ResolvedColumns recursive(const CommonTable& table, const Frame* outer, const CommonTableEntry* common);
  void close_over(ResolvedColumns& shape, uint32_t placeholder_table);

  void join(const TableRef& table, Frame& frame);
  void table_function(const TableRef& table, Frame& frame);
  bool file_function(const CallNode& call, Relation& relation, const Frame& frame);
  void file_relation(std::string_view path, Relation& relation);
  void named_table(const TableRef& table, Frame& frame);
  void subquery_relation(const TableRef& table, Frame& frame);
  void base_relation(uint32_t table, Relation& relation);
  void apply_aliases(const TableRef& table, Relation& relation);

  Lineage column(const ColumnNode& node, const Frame& frame);
  Lineage subquery(const SubqueryNode& node, const Frame& frame);
  void sequence_call(const CallNode& node);
  // What the call reads beyond its arguments.
  void object_call(const CallNode& node, Lineage& lineage);
  Found find_column(std::string_view name, const Frame& frame, Lineage& out);
  Found find_qualified(const List<Identifier>& parts, size_t count, const Frame& frame, Lineage& out);
  bool is_named(const Relation& relation, const List<Identifier>& parts, size_t count) const;
  Found find_in_relation(const Relation& relation, std::string_view column, Lineage& out);
  // Among relations [begin, end) of the frame. `certain`: if not there, the name would be nowhere.
  Found find_in_range(std::string_view name, const Frame& frame, uint32_t begin, uint32_t end, bool certain,
                      Lineage& out);
  Lineage call(const CallNode& node, const Frame& frame);
  void window(const Window& window, const Frame& frame);
  void star(const StarNode& node, Frame& frame, ResolvedColumns& out);
  void star_relation(const StarNode& node, const Frame& frame, uint32_t index, ResolvedColumns& out);

  // `kind` as in ColumnSource.
  uint32_t intern_table(std::string name, std::string_view kind = object_kind::kTable);
  uint32_t source(uint32_t table, std::string_view column);
  void add(Lineage& lineage, uint32_t source);
  void merge(Lineage& into, const Lineage& from);
  void add_column(ResolvedColumns& shape, std::string_view name, const Lineage& lineage);

  const Scope& scope_;
  Arena& arena_;
  Namespace space_;
  std::deque<Table> tables_;
  uint32_t placeholders_ = 0;
  bool lost_ = false;  // more tables or columns than ids: all lineage is unknown
  std::vector<ObjectRef> reads_;
  std::vector<ObjectRef> writes_;
  std::vector<std::string> calls_;
  std::optional<Unknown> barrier_;
};

}  // namespace sinan::sql

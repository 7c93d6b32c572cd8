// What FROM brings into scope: tables, CTEs, files, table functions, subqueries, joins.
#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "sql/resolver.h"

namespace sinan::sql {
namespace {

bool among(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view n) { return equals_ignore_case(n, name); });
}

constexpr std::string_view kFileFunctions[] = {"read_csv",
                                               "read_csv_auto",
                                               "sniff_csv",
                                               "read_parquet",
                                               "parquet_scan",
                                               "parquet_metadata",
                                               "parquet_schema",
                                               "parquet_file_metadata",
                                               "parquet_kv_metadata",
                                               "read_json",
                                               "read_json_auto",
                                               "read_json_objects",
                                               "read_json_objects_auto",
                                               "read_ndjson",
                                               "read_ndjson_auto",
                                               "read_ndjson_objects",
                                               "read_text",
                                               "read_blob",
                                               "glob",
                                               "read_xlsx",
                                               "st_read",
                                               "iceberg_scan",
                                               "iceberg_metadata",
                                               "iceberg_snapshots",
                                               "delta_scan",
                                               "read_avro",
                                               "read_arrow"};

// Functions that make rows of their arguments alone.
constexpr std::string_view kPureFunctions[] = {
    "range",   "generate_series",     "unnest",     "repeat",  "repeat_row",    "json_each", "json_tree",
    "explode", "generate_subscripts", "json_table", "flatten", "test_all_types"};

}  // namespace

void Resolver::from(const TableRef& table, Frame& frame) {
  switch (table.kind) {
    case TableKind::kNamed:
      return named_table(table, frame);
    case TableKind::kFunction:
      return table_function(table, frame);
    case TableKind::kSubquery:
      return subquery_relation(table, frame);
    case TableKind::kJoin:
      return join(table, frame);
    case TableKind::kFile: {
      Relation relation;
      file_relation(table.file, relation);
      apply_aliases(table, relation);
      frame.relations.push_back(arena_, relation);
      return;
    }
    case TableKind::kPivot:
    case TableKind::kUnpivot: {
      // The pivot's columns are made of values: only what it reads is known.
      Frame inner;
      inner.outer = &frame;
      inner.common = frame.common;
      from(*table.left, inner);
      for (const Node* node : table.expressions) visit(node, inner);
      Relation relation;
      relation.shape.known = false;
      relation.alias = table.alias.text;
      frame.relations.push_back(arena_, relation);
      return;
    }
  }
}

void Resolver::base_relation(uint32_t table, Relation& relation) {
  const Table& known = tables_[table];
  if (!known.declared) {
    relation.shape.known = false;
    relation.open_table = static_cast<int32_t>(table);
    return;
  }
  for (uint32_t i = 0; i < known.declared->size(); ++i) {
    Lineage lineage;
    add(lineage, (table << 16) | i);
    add_column(relation.shape, known.columns[i], lineage);
  }
}

void Resolver::add_table(const QualifiedName& name, const Identifier& alias, Frame& frame) {
  Relation relation;
  uint32_t table = intern_table(canonical_table(name, space_));
  base_relation(table, relation);
  relation.alias = alias.text.empty() ? name.parts.back().text : alias.text;
  if (alias.text.empty()) relation.table = static_cast<int32_t>(table);
  frame.relations.push_back(arena_, relation);
}

void Resolver::file_relation(std::string_view path, Relation& relation) {
  std::string file = canonical_file(path);
  base_relation(intern_table(file), relation);
  // DuckDB names the relation after the file: data/x.csv is x.
  size_t slash = path.rfind('/');
  std::string_view base = slash == std::string_view::npos ? path : path.substr(slash + 1);
  relation.alias = base.substr(0, base.find('.'));
  read(object_kind::kFile, std::move(file));
}

void Resolver::named_table(const TableRef& table, Frame& frame) {
  const QualifiedName& name = table.name;
  Relation relation;
  if (name.parts.size() == 1) {
    for (const CommonTableEntry* entry = frame.common; entry != nullptr; entry = entry->outer) {
      if (!equals_ignore_case(entry->name, name.parts.front().text)) continue;
      relation.shape = entry->shape;
      relation.alias = name.parts.front().text;
      apply_aliases(table, relation);
      frame.relations.push_back(arena_, relation);
      return;
    }
    if (name.parts.front().quoted && looks_like_file(name.parts.front().text)) {
      file_relation(name.parts.front().text, relation);
      apply_aliases(table, relation);
      frame.relations.push_back(arena_, relation);
      return;
    }
  }
  if (is_system_table(name)) {
    barrier("the statement reads the engine's catalog", table.span);
    relation.shape.known = false;
    relation.alias = name.parts.back().text;
  } else {
    std::string canonical = canonical_table(name, space_);
    if (name.parts.size() == 2 && looks_like_file(canonical)) {
      // FROM data.csv: the engine looks for the table data.csv, then for the file.
      read(object_kind::kFile, canonical_file(fmt::format("{}.{}", name.parts[0].text, name.parts[1].text)));
    }
    uint32_t base = intern_table(canonical);
    base_relation(base, relation);
    read(object_kind::kTable, std::move(canonical));
    relation.alias = name.parts.back().text;
    relation.table = static_cast<int32_t>(base);
  }
  apply_aliases(table, relation);
  frame.relations.push_back(arena_, relation);
}

void Resolver::subquery_relation(const TableRef& table, Frame& frame) {
  Relation relation;
  // Earlier tables of the same FROM are visible, as DuckDB makes subqueries lateral by itself.
  relation.shape = query(*table.query, &frame, frame.common);
  apply_aliases(table, relation);
  frame.relations.push_back(arena_, relation);
}

// AS alias (a, b): the relation gets a shape of its own.
void Resolver::apply_aliases(const TableRef& table, Relation& relation) {
  if (!table.alias.text.empty()) {
    relation.alias = table.alias.text;
    relation.table = -1;
  }
  if (table.column_aliases.empty()) return;
  ResolvedColumns renamed;
  renamed.known = relation.shape.known;
  for (size_t i = 0; i < relation.shape.columns.size(); ++i) {
    const ResolvedColumn& column = relation.shape.columns[i];
    bool has_alias = i < table.column_aliases.size();
    add_column(renamed, has_alias ? table.column_aliases[i].text : column.name, column.lineage);
  }
  // Which columns of an unknown table the new names stand for cannot be told.
  if (!relation.shape.known && !relation.has_uniform) relation.open_table = -1;
  relation.shape = renamed;
}

void Resolver::join(const TableRef& table, Frame& frame) {
  auto begin = static_cast<uint32_t>(frame.relations.size());
  from(*table.left, frame);
  auto middle = static_cast<uint32_t>(frame.relations.size());
  from(*table.right, frame);
  auto end = static_cast<uint32_t>(frame.relations.size());
  for (const Identifier& name : table.using_columns) {
    frame.using_columns.push_back(arena_, UsingColumn{name.text, table.side, middle, begin, end});
  }
  if (table.natural) {
    List<UsingColumn> shared;
    for (uint32_t r = begin; r < end; ++r)
      frame.natural_unknown = frame.natural_unknown || !frame.relations[r].shape.known;
    for (uint32_t r = middle; r < end && !frame.natural_unknown; ++r) {
      for (const ResolvedColumn& column : frame.relations[r].shape.columns) {
        Lineage ignored;
        bool on_left = false;
        for (uint32_t l = begin; l < middle; ++l) {
          on_left = on_left || find_in_relation(frame.relations[l], column.name, ignored) == Found::kYes;
        }
        if (on_left) shared.push_back(arena_, UsingColumn{column.name, table.side, middle, begin, end});
      }
    }
    for (const UsingColumn& column : shared) frame.using_columns.push_back(arena_, column);
  }
  if (table.condition != nullptr) visit(table.condition, frame);
  if (table.left_only) {
    frame.relations.truncate(middle);
    size_t kept = frame.using_columns.size();
    while (kept > 0 && frame.using_columns[kept - 1].end > middle) --kept;
    frame.using_columns.truncate(kept);
  }
}

// read_csv('f'), read_parquet(['a', 'b']). False when the files cannot be told.
bool Resolver::file_function(const CallNode& call, Relation& relation, const Frame& frame) {
  if (call.arguments.empty()) return false;
  auto path_of = [](const Node* node) -> const LiteralNode* {
    if (node->kind != ExprNode::kLiteral) return nullptr;
    const auto* literal = static_cast<const LiteralNode*>(node);
    return literal->literal == LiteralKind::kString ? literal : nullptr;
  };
  for (size_t i = 1; i < call.arguments.size(); ++i) visit(call.arguments[i].value, frame);
  const Node* first = call.arguments[0].value;
  if (const LiteralNode* path = path_of(first)) {
    file_relation(path->value, relation);
    return true;
  }
  if (first->kind != ExprNode::kOperation) return false;
  const auto& list = static_cast<const OperationNode&>(*first);
  if (list.text != "[]" || list.operands.empty()) return false;
  if (!std::ranges::all_of(list.operands, [&](const Node* item) { return path_of(item) != nullptr; })) return false;
  for (const Node* item : list.operands) read(object_kind::kFile, canonical_file(path_of(item)->value));
  relation.shape.known = false;
  return true;
}

void Resolver::table_function(const TableRef& table, Frame& frame) {
  const CallNode& call_node = *table.call;
  std::string_view name = call_node.name.back().text;
  Relation relation;
  relation.alias = name;
  if (among(name, kFileFunctions)) {
    if (!file_function(call_node, relation, frame)) {
      relation.shape.known = false;
      barrier("the statement reads files whose names are not written out", table.span);
    }
    calls_.push_back(to_lower(name));
  } else if (among(name, kPureFunctions)) {
    Lineage lineage = call(call_node, frame);
    relation.shape.known = false;
    relation.has_uniform = true;
    // Several arguments make several columns; which is whose is not told here.
    if (call_node.arguments.size() > 1 && !lineage.sources.empty()) lineage.unknown = true;
    relation.uniform = lineage;
    if (call_node.arguments.size() == 1 && table.column_aliases.size() == 1) {
      relation.shape.known = true;
      add_column(relation.shape, table.column_aliases.front().text, lineage);
    }
  } else {
    (void)call(call_node, frame);
    relation.shape.known = false;
    bool table_named = equals_ignore_case(name, "query_table") && call_node.arguments.size() == 1 &&
                       call_node.arguments[0].value->kind == ExprNode::kLiteral;
    if (table_named) {
      QualifiedName target;
      std::string_view text = static_cast<const LiteralNode*>(call_node.arguments[0].value)->value;
      for (std::string_view part : split_on(text, '.'))
        target.parts.push_back(arena_, Identifier{part, table.span, true});
      read(object_kind::kTable, canonical_table(target, space_));
    } else {
      barrier(fmt::format("what the table function {} reads is not known", to_lower(name)), table.span);
    }
  }
  apply_aliases(table, relation);
  frame.relations.push_back(arena_, relation);
}

}  // namespace sinan::sql

// Queries and their shapes: CTEs, set operations, select lists, and the bookkeeping of sources.
#include "sql/resolver.h"

#include <algorithm>

#include "base/strings.h"

namespace sinan::sql {
namespace {

// More columns than this are not followed: nested `SELECT t.*, t.*` would double them at each level.
constexpr size_t kMaxColumns = 5000;
constexpr size_t kMaxSources = 1000;
constexpr size_t kMaxRecursiveColumns = 200;
constexpr uint32_t kColumnBits = 16;
constexpr uint32_t kColumnMask = (1U << kColumnBits) - 1;
// Table numbers from here on are recursive CTEs.
constexpr uint32_t kFirstPlaceholder = 1U << 15;

}  // namespace

Resolver::Resolver(const Scope& scope, Arena& arena) : scope_(scope), arena_(arena), space_(scope) {}

void Resolver::read(std::string_view kind, std::string name) {
  reads_.push_back(ObjectRef{std::string(kind), std::move(name), 0});
}

void Resolver::write(std::string_view kind, std::string name) {
  writes_.push_back(ObjectRef{std::string(kind), std::move(name), 0});
}

void Resolver::barrier(std::string_view reason, Span place) {
  if (!barrier_) barrier_ = Unknown{std::string(reason), place};
}

uint32_t Resolver::intern_table(std::string name, std::string_view kind) {
  for (uint32_t i = 0; i < tables_.size(); ++i) {
    if (tables_[i].name == name && tables_[i].kind == kind) return i;
  }
  if (tables_.size() + 1 >= kFirstPlaceholder) {
    lost_ = true;
    return 0;
  }
  Table& table = tables_.emplace_back();
  table.kind = kind;
  if (kind == object_kind::kTable) table.declared = scope_.columns_of(name);
  table.name = std::move(name);
  if (table.declared && table.declared->size() > kMaxColumns) table.declared.reset();
  if (table.declared) table.columns.assign(table.declared->begin(), table.declared->end());
  return static_cast<uint32_t>(tables_.size() - 1);
}

// The id of a column of a table, by name; a new one if the table's columns are not declared.
uint32_t Resolver::source(uint32_t table, std::string_view column) {
  std::deque<std::string>& columns = tables_[table].columns;
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (equals_ignore_case(columns[i], column)) return (table << kColumnBits) | i;
  }
  if (columns.size() > kColumnMask) {
    lost_ = true;
    return table << kColumnBits;
  }
  columns.push_back(to_lower(column));
  return (table << kColumnBits) | static_cast<uint32_t>(columns.size() - 1);
}

void Resolver::add(Lineage& lineage, uint32_t source) {
  if (std::ranges::find(lineage.sources, source) != lineage.sources.end()) return;
  if (lineage.sources.size() >= kMaxSources) {
    lineage.unknown = true;
    return;
  }
  lineage.sources.push_back(arena_, source);
}

void Resolver::merge(Lineage& into, const Lineage& from) {
  into.unknown = into.unknown || from.unknown;
  if (into.sources.empty()) {
    // A copy of its own: lists are shared by value, and this one may grow.
    for (uint32_t source : from.sources) into.sources.push_back(arena_, source);
    return;
  }
  for (uint32_t source : from.sources) add(into, source);
}

void Resolver::add_column(ResolvedColumns& shape, std::string_view name, const Lineage& lineage) {
  if (shape.columns.size() >= kMaxColumns) {
    shape.known = false;
    return;
  }
  shape.columns.push_back(arena_, ResolvedColumn{name, lineage});
}

ColumnLineage Resolver::publish(const ResolvedColumn& column) const {
  ColumnLineage out;
  out.column = column.name;
  out.unknown = column.lineage.unknown || lost_;
  for (uint32_t source : column.lineage.sources) {
    uint32_t table = source >> kColumnBits;
    if (table >= tables_.size()) {  // a placeholder that escaped
      out.unknown = true;
      continue;
    }
    out.sources.push_back(
        {tables_[table].name, to_lower(tables_[table].columns[source & kColumnMask]), tables_[table].kind});
  }
  std::ranges::sort(out.sources);
  return out;
}

ResolvedColumns Resolver::query(const Query& query, const Frame* outer, const CommonTableEntry* common) {
  if (query.with != nullptr) common = with(*query.with, outer, common);
  if (query.body == nullptr) return {};
  Frame* frame = nullptr;
  ResolvedColumns shape = body(*query.body, outer, common, frame);
  Frame bare;
  bare.outer = outer;
  bare.common = common;
  const Frame& visible = frame != nullptr ? *frame : bare;
  for (const OrderItem& item : query.order_by) {
    if (item.expr != nullptr) visit(item.expr, visible);
  }
  for (const Node* limit : query.limits) visit(limit, visible);
  return shape;
}

const Resolver::CommonTableEntry* Resolver::with(const With& with, const Frame* outer, const CommonTableEntry* common) {
  for (const CommonTable& table : with.tables) {
    auto* entry = arena_.make<CommonTableEntry>();
    entry->name = table.name.text;
    entry->outer = common;
    if (with.recursive) {
      entry->shape = recursive(table, outer, common);
    } else {
      entry->shape = query(*table.query, outer, common);
      for (size_t i = 0; i < table.columns.size() && i < entry->shape.columns.size(); ++i) {
        entry->shape.columns[i].name = table.columns[i].text;
      }
    }
    common = entry;
  }
  return common;
}

// In WITH RECURSIVE a table may read itself. Its columns are known from the first branch of its UNION; within the other
// branches they are placeholders.
ResolvedColumns Resolver::recursive(const CommonTable& table, const Frame* outer, const CommonTableEntry* common) {
  const Query& query = *table.query;
  auto rename = [&](ResolvedColumns& shape) {
    for (size_t i = 0; i < table.columns.size() && i < shape.columns.size(); ++i) {
      shape.columns[i].name = table.columns[i].text;
    }
  };
  auto* self = arena_.make<CommonTableEntry>();
  self->name = table.name.text;
  self->outer = common;
  const CommonTableEntry* inner = query.with != nullptr ? with(*query.with, outer, common) : common;
  if (query.body == nullptr || query.body->kind != BodyKind::kSetOperation || placeholders_ + 1 >= kFirstPlaceholder) {
    // Does not read itself, or in a way no engine takes: whatever it reads under its own name is itself.
    self->shape.known = false;
    self->outer = inner;
    Frame* frame = nullptr;
    ResolvedColumns shape = query.body != nullptr ? body(*query.body, outer, self, frame) : ResolvedColumns{};
    rename(shape);
    return shape;
  }
  const auto& set = static_cast<const SetBody&>(*query.body);
  self->outer = inner;
  Frame* frame = nullptr;
  std::vector<ResolvedColumns> branches;
  branches.push_back(body(*set.branches.front(), outer, inner, frame));
  rename(branches.front());
  uint32_t placeholder = kFirstPlaceholder + placeholders_++;
  self->shape.known = branches.front().known;
  for (uint32_t i = 0; i < branches.front().columns.size(); ++i) {
    Lineage lineage;
    add(lineage, (placeholder << kColumnBits) | i);
    add_column(self->shape, branches.front().columns[i].name, lineage);
  }
  for (size_t i = 1; i < set.branches.size(); ++i) branches.push_back(body(*set.branches[i], outer, self, frame));
  ResolvedColumns shape = merge_branches(set, branches);
  close_over(shape, placeholder);
  return shape;
}

// Replaces the placeholders of a recursive CTE by what they stand for: the least solution of its equations.
void Resolver::close_over(ResolvedColumns& shape, uint32_t placeholder_table) {
  auto is_own = [&](uint32_t source) { return source >> kColumnBits == placeholder_table; };
  if (shape.columns.size() > kMaxRecursiveColumns) {
    for (ResolvedColumn& column : shape.columns) column.lineage.unknown = true;
  }
  for (bool changed = shape.columns.size() <= kMaxRecursiveColumns; changed;) {
    changed = false;
    for (ResolvedColumn& column : shape.columns) {
      for (size_t i = 0; i < column.lineage.sources.size(); ++i) {
        uint32_t source = column.lineage.sources[i];
        if (!is_own(source) || (source & kColumnMask) >= shape.columns.size()) continue;
        const Lineage& other = shape.columns[source & kColumnMask].lineage;
        if (&other == &column.lineage) continue;
        size_t before = column.lineage.sources.size();
        bool unknown = column.lineage.unknown;
        for (uint32_t another : other.sources) add(column.lineage, another);
        column.lineage.unknown = column.lineage.unknown || other.unknown;
        changed = changed || column.lineage.sources.size() != before || column.lineage.unknown != unknown;
      }
    }
  }
  for (ResolvedColumn& column : shape.columns) {
    Lineage closed;
    closed.unknown = column.lineage.unknown;
    for (uint32_t source : column.lineage.sources) {
      if (!is_own(source)) add(closed, source);
    }
    column.lineage = closed;
  }
}

ResolvedColumns Resolver::body(const Body& body, const Frame* outer, const CommonTableEntry* common,
                               Frame*& select_frame) {
  switch (body.kind) {
    case BodyKind::kSelect:
      return select(static_cast<const SelectBody&>(body), outer, common, select_frame);
    case BodyKind::kSetOperation:
      return set_operation(static_cast<const SetBody&>(body), outer, common);
    case BodyKind::kNested:
      return query(*static_cast<const NestedBody&>(body).query, outer, common);
    case BodyKind::kValues: {
      Frame frame;
      frame.outer = outer;
      frame.common = common;
      return values(static_cast<const ValuesBody&>(body), frame);
    }
    case BodyKind::kDescribe: {
      const auto& describe = static_cast<const DescribeBody&>(body);
      Frame frame;
      frame.outer = outer;
      frame.common = common;
      if (describe.query != nullptr) {
        query(*describe.query, outer, common);
      } else if (describe.table != nullptr) {
        from(*describe.table, frame);
      } else {
        barrier("SHOW reads the engine's catalog", body.span);
      }
      return ResolvedColumns{{}, false};
    }
  }
  return {};
}

ResolvedColumns Resolver::select(const SelectBody& select, const Frame* outer, const CommonTableEntry* common,
                                 Frame*& select_frame) {
  auto* frame = arena_.make<Frame>();
  select_frame = frame;
  frame->outer = outer;
  frame->common = common;
  for (const TableRef* table : select.from) from(*table, *frame);
  ResolvedColumns shape;
  if (select.items.empty()) {
    StarNode everything;
    everything.kind = ExprNode::kStar;
    star(everything, *frame, shape);
  } else {
    shape = items(select.items, *frame);
  }
  for (const Node* node : select.distinct_on) visit(node, *frame);
  for (const Node* node : {select.where, select.having, select.qualify}) {
    if (node != nullptr) visit(node, *frame);
  }
  for (const Node* node : select.group_by) visit(node, *frame);
  for (const NamedWindow& named : select.windows) window(*named.window, *frame);
  return shape;
}

ResolvedColumns Resolver::items(const List<SelectItem>& items, Frame& frame) {
  ResolvedColumns shape;
  for (const SelectItem& item : items) {
    if (item.expr->kind == ExprNode::kStar) {
      star(static_cast<const StarNode&>(*item.expr), frame, shape);
      continue;
    }
    std::string_view name = item.alias.text;
    if (name.empty() && item.expr->kind == ExprNode::kColumn) {
      name = static_cast<const ColumnNode*>(item.expr)->parts.back().text;
    }
    Lineage lineage = expression(item.expr, frame);
    add_column(shape, name, lineage);
    if (!item.alias.text.empty()) frame.aliases.push_back(arena_, ResolvedColumn{name, lineage});
  }
  return shape;
}

ResolvedColumns Resolver::values(const ValuesBody& values, const Frame& frame) {
  static constexpr std::string_view kNames[] = {"col0", "col1", "col2", "col3", "col4", "col5", "col6", "col7"};
  ResolvedColumns shape;
  for (const List<const Node*>& row : values.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      Lineage lineage = expression(row[i], frame);
      if (i == shape.columns.size()) {
        add_column(shape, i < std::size(kNames) ? kNames[i] : std::string_view(), lineage);
      } else if (i < shape.columns.size()) {
        merge(shape.columns[i].lineage, lineage);
      }
    }
  }
  return shape;
}

ResolvedColumns Resolver::set_operation(const SetBody& set, const Frame* outer, const CommonTableEntry* common) {
  std::vector<ResolvedColumns> branches;
  branches.reserve(set.branches.size());
  for (const Body* branch : set.branches) {
    Frame* frame = nullptr;
    branches.push_back(body(*branch, outer, common, frame));
  }
  return merge_branches(set, branches);
}

// Values of UNION come from all branches, those of EXCEPT and INTERSECT from the first.
ResolvedColumns Resolver::merge_branches(const SetBody& set, const std::vector<ResolvedColumns>& branches) {
  ResolvedColumns shape;
  shape.known = branches.front().known;
  for (const ResolvedColumn& column : branches.front().columns) {
    Lineage lineage;
    merge(lineage, column.lineage);
    add_column(shape, column.name, lineage);
  }
  if (set.text != "UNION") return shape;
  for (size_t b = 1; b < branches.size(); ++b) {
    const ResolvedColumns& branch = branches[b];
    if (!branch.known || !shape.known) {
      shape.known = false;
      for (ResolvedColumn& column : shape.columns) column.lineage.unknown = true;
      continue;
    }
    if (set.by_name) {
      for (const ResolvedColumn& column : branch.columns) {
        auto* same = std::ranges::find_if(
            shape.columns, [&](const ResolvedColumn& c) { return equals_ignore_case(c.name, column.name); });
        if (same != shape.columns.end()) {
          merge(same->lineage, column.lineage);
        } else {
          Lineage lineage;
          merge(lineage, column.lineage);
          add_column(shape, column.name, lineage);
        }
      }
      continue;
    }
    for (size_t i = 0; i < shape.columns.size(); ++i) {
      if (i < branch.columns.size()) {
        merge(shape.columns[i].lineage, branch.columns[i].lineage);
      } else {
        shape.columns[i].lineage.unknown = true;
      }
    }
  }
  return shape;
}

}  // namespace sinan::sql

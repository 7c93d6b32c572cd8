// Expressions and names: which column a reference means, and what an expression is computed from.
#include <algorithm>

#include "base/strings.h"
#include "sql/resolver.h"

namespace sinan::sql {
namespace {

template <class Items>
bool has_name(const Items& items, std::string_view name) {
  return std::ranges::any_of(items, [&](const Identifier& i) { return equals_ignore_case(i.text, name); });
}

const ResolvedColumn* find_alias(const Resolver::Frame& frame, std::string_view name) {
  for (const ResolvedColumn& alias : frame.aliases) {
    if (equals_ignore_case(alias.name, name)) return &alias;
  }
  return nullptr;
}

// Whether a name might be a column of the frame or of one outside it.
bool could_have(const Resolver::Frame* frame, std::string_view name) {
  for (; frame != nullptr; frame = frame->outer) {
    if (frame->parameters != nullptr && has_name(*frame->parameters, name)) return true;
    if (find_alias(*frame, name) != nullptr) return true;
    for (const Resolver::Relation& relation : frame->relations) {
      if (!relation.shape.known) return true;
      for (const ResolvedColumn& column : relation.shape.columns) {
        if (equals_ignore_case(column.name, name)) return true;
      }
    }
  }
  return false;
}

}  // namespace

Lineage Resolver::expression(const Node* node, const Frame& frame) {
  Lineage lineage;
  switch (node->kind) {
    case ExprNode::kLiteral:
      return lineage;
    case ExprNode::kColumn:
      return column(static_cast<const ColumnNode&>(*node), frame);
    case ExprNode::kCall:
      return call(static_cast<const CallNode&>(*node), frame);
    case ExprNode::kSubquery:
      return subquery(static_cast<const SubqueryNode&>(*node), frame);
    case ExprNode::kOperation:
      for (const Node* operand : static_cast<const OperationNode*>(node)->operands) {
        merge(lineage, expression(operand, frame));
      }
      return lineage;
    case ExprNode::kLambda: {
      const auto& lambda = static_cast<const LambdaNode&>(*node);
      Frame inner;
      inner.outer = &frame;
      inner.common = frame.common;
      inner.parameters = &lambda.parameters;
      for (const Node* source : lambda.sources) merge(lineage, expression(source, frame));
      merge(lineage, expression(lambda.body, inner));
      return lineage;
    }
    case ExprNode::kStar: {
      // count(*) counts rows; COLUMNS(..) and struct unpacking inside an expression are the engine's to expand.
      const auto& star_node = static_cast<const StarNode&>(*node);
      if (star_node.pattern != nullptr && star_node.pattern->kind != ExprNode::kLambda) visit(star_node.pattern, frame);
      for (const SelectItem& item : star_node.replace) visit(item.expr, frame);
      lineage.unknown = star_node.filtered || !star_node.qualifier.empty();
      return lineage;
    }
  }
  return lineage;
}

Lineage Resolver::subquery(const SubqueryNode& node, const Frame& frame) {
  Lineage lineage;
  for (const Node* operand : node.operands) merge(lineage, expression(operand, frame));
  ResolvedColumns shape = query(*node.query, &frame, frame.common);
  if (node.text == "EXISTS") return lineage;
  for (const ResolvedColumn& column : shape.columns) merge(lineage, column.lineage);
  lineage.unknown = lineage.unknown || !shape.known;
  return lineage;
}

void Resolver::sequence_call(const CallNode& node) {
  const Node* first = node.arguments.empty() ? nullptr : node.arguments[0].value;
  if (first == nullptr || first->kind != ExprNode::kLiteral) {
    return barrier("the statement uses a sequence whose name is not written out", node.span);
  }
  QualifiedName name;
  for (std::string_view part : split_on(static_cast<const LiteralNode*>(first)->value, '.')) {
    name.parts.push_back(arena_, Identifier{part, first->span, true});
  }
  std::string canonical = canonical_table(name, space_);
  read("sequence", canonical);
  if (equals_ignore_case(node.name.back().text, "nextval")) write("sequence", std::move(canonical));
}

void Resolver::object_call(const CallNode& node, Lineage& lineage) {
  const Node* first = node.arguments.empty() ? nullptr : node.arguments[0].value;
  if (node.name.size() != 1 || first == nullptr || first->kind != ExprNode::kLiteral) return;
  const auto& literal = static_cast<const LiteralNode&>(*first);
  if (literal.literal != LiteralKind::kString) return;
  auto object = scope_.read_by_call(to_lower(node.name.front().text), literal.value);
  if (!object) return;
  add(lineage, source(intern_table(object->name, object->kind), ""));
  reads_.push_back(*std::move(object));
}

Lineage Resolver::call(const CallNode& node, const Frame& frame) {
  Lineage lineage;
  std::string_view name = node.name.back().text;
  calls_.push_back(to_lower(name));
  if (equals_ignore_case(name, "nextval") || equals_ignore_case(name, "currval")) sequence_call(node);
  object_call(node, lineage);
  if (equals_ignore_case(name, "setseed")) barrier("setseed changes the session", node.span);
  if (node.receiver != nullptr) merge(lineage, expression(node.receiver, frame));
  if (node.name.size() > 1) {
    // main.f(x) names a schema, column.f(x) a receiver.
    Lineage receiver;
    size_t count = node.name.size() - 1;
    Found found = count == 1 ? find_column(node.name.front().text, frame, receiver)
                             : find_qualified(node.name, count, frame, receiver);
    if (found == Found::kYes) merge(lineage, receiver);
    lineage.unknown = lineage.unknown || found == Found::kUnsure;
  }
  for (const Argument& argument : node.arguments) merge(lineage, expression(argument.value, frame));
  for (const OrderItem& item : node.order_by) {
    if (item.expr != nullptr) visit(item.expr, frame);
  }
  if (node.filter != nullptr) visit(node.filter, frame);
  if (node.over != nullptr) window(*node.over, frame);
  return lineage;
}

void Resolver::window(const Window& window, const Frame& frame) {
  for (const Node* node : window.partition_by) visit(node, frame);
  for (const OrderItem& item : window.order_by) {
    if (item.expr != nullptr) visit(item.expr, frame);
  }
  for (const Node* node : window.bounds) visit(node, frame);
}

Lineage Resolver::column(const ColumnNode& node, const Frame& frame) {
  Lineage found;
  Found result = node.parts.size() == 1 ? find_column(node.parts.front().text, frame, found)
                                        : find_qualified(node.parts, node.parts.size(), frame, found);
  Lineage lineage;
  if (result == Found::kYes) merge(lineage, found);
  lineage.unknown = lineage.unknown || result != Found::kYes;
  return lineage;
}

Resolver::Found Resolver::find_in_relation(const Relation& relation, std::string_view column, Lineage& out) {
  if (relation.has_uniform) {
    merge(out, relation.uniform);
    return Found::kYes;
  }
  if (!relation.shape.known) {
    if (relation.open_table < 0) return Found::kUnsure;
    add(out, source(static_cast<uint32_t>(relation.open_table), column));
    return Found::kYes;
  }
  for (const ResolvedColumn& candidate : relation.shape.columns) {
    if (!equals_ignore_case(candidate.name, column)) continue;
    merge(out, candidate.lineage);
    return Found::kYes;
  }
  return Found::kNo;
}

Resolver::Found Resolver::find_in_range(std::string_view name, const Frame& frame, uint32_t begin, uint32_t end,
                                        bool certain, Lineage& out) {
  // The widest USING group of that name.
  const UsingColumn* group = nullptr;
  for (const UsingColumn& candidate : frame.using_columns) {
    if (candidate.begin < begin || candidate.end > end || !equals_ignore_case(candidate.name, name)) continue;
    if (group == nullptr || candidate.end - candidate.begin > group->end - group->begin) group = &candidate;
  }
  const Relation* match = nullptr;
  const Relation* open = nullptr;
  size_t matches = 0;
  size_t opens = 0;
  for (uint32_t i = begin; i < end; ++i) {
    if (group != nullptr && i >= group->begin && i < group->end) continue;
    const Relation& relation = frame.relations[i];
    if (!relation.shape.known) {
      open = &relation;
      ++opens;
      continue;
    }
    bool has = std::ranges::any_of(relation.shape.columns,
                                   [&](const ResolvedColumn& c) { return equals_ignore_case(c.name, name); });
    if (has) {
      match = &relation;
      ++matches;
    }
  }
  if (group != nullptr) {
    if (matches > 0) return Found::kUnsure;
    Found left = Found::kYes;
    Found right = Found::kYes;
    if (group->side != JoinSide::kRight) left = find_in_range(name, frame, group->begin, group->first_right, true, out);
    if (group->side == JoinSide::kRight || group->side == JoinSide::kFull) {
      right = find_in_range(name, frame, group->first_right, group->end, true, out);
    }
    return left == Found::kYes && right == Found::kYes ? Found::kYes : Found::kUnsure;
  }
  if (matches == 1) return find_in_relation(*match, name, out);
  if (matches > 1) return Found::kUnsure;
  if (opens == 0) return Found::kNo;
  if (opens == 1 && certain) return find_in_relation(*open, name, out);
  return Found::kUnsure;
}

Resolver::Found Resolver::find_column(std::string_view name, const Frame& frame, Lineage& out) {
  for (const Frame* f = &frame; f != nullptr; f = f->outer) {
    if (f->parameters != nullptr && has_name(*f->parameters, name)) return Found::kYes;
    if (f->natural_unknown) return Found::kUnsure;
    const ResolvedColumn* alias = find_alias(*f, name);
    bool certain = alias == nullptr && !could_have(f->outer, name);
    Found found = find_in_range(name, *f, 0, static_cast<uint32_t>(f->relations.size()), certain, out);
    if (found != Found::kNo) return found;
    if (alias != nullptr) {
      merge(out, alias->lineage);
      return Found::kYes;
    }
  }
  return Found::kNo;
}

// Whether parts[0, count) name the relation: by alias, or by schema and table.
bool Resolver::is_named(const Relation& relation, const List<Identifier>& parts, size_t count) const {
  if (!equals_ignore_case(relation.alias, parts[count - 1].text)) return false;
  if (count == 1) return true;
  if (relation.table < 0) return false;
  QualifiedName name;
  name.parts = parts;
  name.parts.truncate(count);
  return canonical_table(name, space_) == tables_[static_cast<size_t>(relation.table)].name;
}

// table.column, schema.table.column, and either of them, or a column, with field names behind.
Resolver::Found Resolver::find_qualified(const List<Identifier>& parts, size_t count, const Frame& frame,
                                         Lineage& out) {
  for (const Frame* f = &frame; f != nullptr; f = f->outer) {
    if (f->parameters != nullptr && has_name(*f->parameters, parts[0].text)) return Found::kYes;
    for (size_t at = std::min<size_t>(count - 2, 2) + 1; at-- > 0;) {
      // parts[at] as the table, what stands before as its schema and database.
      const Relation* match = nullptr;
      size_t matches = 0;
      for (const Relation& relation : f->relations) {
        if (!is_named(relation, parts, at + 1)) continue;
        match = &relation;
        ++matches;
      }
      if (matches > 1) return Found::kUnsure;
      if (matches == 1) {
        Found found = find_in_relation(*match, parts[at + 1].text, out);
        if (found != Found::kNo) return found;
      }
    }
    // column.field
    if (f->natural_unknown) return Found::kUnsure;
    Found found = find_in_range(parts[0].text, *f, 0, static_cast<uint32_t>(f->relations.size()), false, out);
    if (found != Found::kNo) return found;
    if (const ResolvedColumn* alias = find_alias(*f, parts[0].text)) {
      merge(out, alias->lineage);
      return Found::kYes;
    }
  }
  return Found::kNo;
}

void Resolver::star(const StarNode& node, Frame& frame, ResolvedColumns& out) {
  if (node.pattern != nullptr && node.pattern->kind != ExprNode::kLambda) visit(node.pattern, frame);
  if (node.filtered || (frame.natural_unknown && node.qualifier.empty())) {
    for (const SelectItem& item : node.replace) visit(item.expr, frame);
    out.known = false;
    return;
  }
  if (node.qualifier.empty()) {
    for (uint32_t i = 0; i < frame.relations.size(); ++i) star_relation(node, frame, i, out);
    if (frame.relations.empty()) out.known = false;
  } else {
    bool found = false;
    for (uint32_t i = 0; i < frame.relations.size() && !found; ++i) {
      const Relation& relation = frame.relations[i];
      found = is_named(relation, node.qualifier, node.qualifier.size());
      if (found) star_relation(node, frame, i, out);
    }
    if (!found) out.known = false;  // a struct, or a table of an outer query
  }
}

void Resolver::star_relation(const StarNode& node, const Frame& frame, uint32_t index, ResolvedColumns& out) {
  const Relation& relation = frame.relations[index];
  if (!relation.shape.known) out.known = false;
  for (const ResolvedColumn& column : relation.shape.columns) {
    if (has_name(node.exclude, column.name)) continue;
    Lineage lineage;
    merge(lineage, column.lineage);
    if (node.qualifier.empty()) {
      // A column that joins by USING comes once, where it is first.
      bool merged = false;
      bool again = false;
      for (const UsingColumn& shared : frame.using_columns) {
        if (index < shared.begin || index >= shared.end || !equals_ignore_case(shared.name, column.name)) continue;
        merged = true;
        again = again || index >= shared.first_right;
      }
      if (again) continue;
      if (merged) {
        Lineage common;
        Found found = find_in_range(column.name, frame, 0, static_cast<uint32_t>(frame.relations.size()), true, common);
        common.unknown = common.unknown || found != Found::kYes;
        lineage = common;
      }
    }
    std::string_view name = column.name;
    for (const SelectItem& item : node.replace) {
      if (equals_ignore_case(item.alias.text, name)) lineage = expression(item.expr, frame);
    }
    for (const SelectItem& item : node.rename) {
      if (equals_ignore_case(static_cast<const ColumnNode*>(item.expr)->parts.back().text, name))
        name = item.alias.text;
    }
    add_column(out, name, lineage);
  }
}

}  // namespace sinan::sql

// Lineage edges: replaced as their targets are, and walked breadth first.

#include <deque>
#include <map>
#include <set>

#include "base/strings.h"
#include "catalog/sqlite_catalog.h"

namespace sinan::catalog {
namespace {

using NameKey = std::pair<std::string, std::string>;  // kind, name

NameKey key_of(const ObjectRef& ref) { return {ref.kind, ref.name}; }

// Whether an edge at `column` of an object concerns someone who asks for `wanted` of it; "" is the whole object.
bool concerns(std::string_view column, std::string_view wanted) {
  return column.empty() || wanted.empty() || equals_ignore_case(column, wanted);
}

}  // namespace

Status SqliteCatalog::replace_lineage(const RunId& run, const StepRecord& record,
                                      const std::vector<uint32_t>& versions) {
  // Edges to an object that this step makes a version of carry the version.
  std::map<NameKey, uint32_t> made;
  for (size_t i = 0; i < record.objects.size(); ++i) made[key_of(record.objects[i].ref)] = versions[i];

  std::set<NameKey> replaced;
  for (const LineageEdge& edge : record.lineage) {
    if (!edge.adds && replaced.insert(key_of(edge.to.object)).second) {
      TRY(writer_->execute("DELETE FROM lineage WHERE to_kind = ? AND to_name = ?", edge.to.object.kind,
                           edge.to.object.name));
    }
  }
  for (const LineageEdge& edge : record.lineage) {
    const auto version = made.find(key_of(edge.to.object));
    TRY(writer_->execute("INSERT OR REPLACE INTO lineage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", edge.to.object.kind,
                         edge.to.object.name, edge.to.column, edge.from.object.kind, edge.from.object.name,
                         edge.from.column, edge.how, version == made.end() ? edge.to.object.version : version->second,
                         edge.from.object.version, run.value, record.index));
  }
  return {};
}

Result<std::vector<LineageEdge>> SqliteCatalog::lineage(const LineageNode& start, Direction direction) const {
  const bool upstream = direction == Direction::kUpstream;
  constexpr std::string_view kColumns =
      "SELECT from_kind, from_name, from_version, from_column, to_kind, to_name, to_version, to_column, how FROM "
      "lineage ";
  const std::string sql =
      std::string(kColumns) +
      (upstream ? "WHERE to_kind = ? AND to_name = ? ORDER BY to_column, from_kind, from_name, from_column"
                : "WHERE from_kind = ? AND from_name = ? ORDER BY from_column, to_kind, to_name, to_column");
  const auto node_of = [](const store::Statement& row, int at) {
    return LineageNode{
        {std::string(row.text(at)), std::string(row.text(at + 1)), static_cast<uint32_t>(row.integer(at + 2))},
        std::string(row.text(at + 3))};
  };

  std::vector<LineageEdge> result;
  std::set<std::pair<NameKey, std::string>> visited;
  std::set<LineageEdge> seen;
  std::deque<LineageNode> queue{start};
  while (!queue.empty()) {
    const LineageNode node = std::move(queue.front());
    queue.pop_front();
    if (!visited.emplace(key_of(node.object), to_lower(node.column)).second) continue;
    auto rows = TRY(reader_->prepare(sql));
    rows.bind(node.object.kind, node.object.name);
    while (TRY(rows.step())) {
      LineageEdge edge{node_of(rows, 0), node_of(rows, 4), std::string(rows.text(8))};
      const LineageNode& here = upstream ? edge.to : edge.from;
      if (!concerns(here.column, node.column) || !seen.insert(edge).second) continue;
      queue.push_back(upstream ? edge.from : edge.to);
      result.push_back(std::move(edge));
    }
  }
  return result;
}

}  // namespace sinan::catalog

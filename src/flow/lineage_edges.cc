#include <algorithm>

#include "base/strings.h"
#include "flow/plain_sql.h"

namespace sinan::flow {
namespace {

using sql::StatementClass;

// How the edge came to be; whether it stands beside earlier ones.
struct Manner {
  std::string how;
  bool adds = false;
};

std::optional<Manner> manner_of(StatementClass statement_class) {
  switch (statement_class) {
    case StatementClass::kCreateTableAs:
      return Manner{"create table as", false};
    case StatementClass::kCreateView:
      return Manner{"create view", false};
    case StatementClass::kCopyTo:
      return Manner{"copy to", false};
    case StatementClass::kCopyFrom:
      return Manner{"copy from", true};
    case StatementClass::kInsert:
      return Manner{"insert", true};
    case StatementClass::kUpdate:
      return Manner{"update", true};
    case StatementClass::kMerge:
      return Manner{"merge", true};
    default:
      return std::nullopt;
  }
}

}  // namespace

ObjectRef source_object(const Access& access, const sql::ColumnSource& source) {
  // Files are told as tables, and are what they are in the access.
  const bool is_rows = source.kind == object_kind::kTable;
  const auto found = std::ranges::find_if(access.reads, [&](const ObjectRef& read) {
    return read.name == source.table &&
           (is_rows ? read.kind == object_kind::kTable || read.kind == object_kind::kFile : read.kind == source.kind);
  });
  return found != access.reads.end() ? *found : ObjectRef{source.kind, source.table, 0};
}

std::vector<catalog::LineageEdge> lineage_of(const PlainStatement& statement) {
  std::vector<catalog::LineageEdge> edges;
  const sql::Analysis& analysis = statement.analysis;
  const auto manner = manner_of(analysis.statement_class);
  if (!manner || !analysis.target) return edges;
  const auto whole = [&](const ObjectRef& from, std::string column) {
    edges.push_back({{from, {}}, {*analysis.target, std::move(column)}, manner->how, manner->adds});
  };
  if (!analysis.columns) {
    for (const ObjectRef& read : analysis.access.reads) {
      if (read != *analysis.target) whole(read, {});
    }
    return edges;
  }
  for (size_t i = 0; i < analysis.columns->size(); ++i) {
    const sql::ColumnLineage& column = (*analysis.columns)[i];
    const std::string& name = i < analysis.target_columns.size() ? analysis.target_columns[i] : column.column;
    if (column.unknown) {
      for (const ObjectRef& read : analysis.access.reads) {
        if (read != *analysis.target) whole(read, name);
      }
      continue;
    }
    for (const sql::ColumnSource& source : column.sources) {
      edges.push_back({{source_object(analysis.access, source), source.column},
                       {*analysis.target, name},
                       manner->how,
                       manner->adds});
    }
  }
  return edges;
}

}  // namespace sinan::flow

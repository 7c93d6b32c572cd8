#include "engine/duckdb/duckdb_dialect.h"

#include <fmt/format.h>

#include <array>

#include "base/strings.h"

namespace sinan::engine {
namespace {

using arrow::TimeUnit;
using arrow::Type;
using arrow::TypeId;

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out.push_back(quote);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

// A query inside a statement of ours: without its semicolons, and closed by a line break so that a trailing comment
// ends.
std::string nested(std::string_view query) {
  query = trim(query);
  while (!query.empty() && query.back() == ';') query = trim(query.substr(0, query.size() - 1));
  return fmt::format("({}\n)", query);
}

std::string_view timestamp_name(const Type& type) {
  if (type.has_zone) return "TIMESTAMP WITH TIME ZONE";
  constexpr std::array<std::string_view, 4> kNames = {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS"};
  return kNames[static_cast<size_t>(type.unit)];
}

}  // namespace

std::string DuckDbDialect::identifier(std::string_view name) const { return quoted(name, '"'); }

std::string DuckDbDialect::literal(std::string_view text) const { return quoted(text, '\''); }

std::string DuckDbDialect::table(const TableName& name) const {
  std::string text;
  if (!name.catalog.empty()) text = identifier(name.catalog) + ".";
  // DuckDB reads "a"."b" as schema and table or as catalog and table: a catalog alone is made unambiguous.
  if (!name.schema.empty()) {
    text += identifier(name.schema) + ".";
  } else if (!name.catalog.empty()) {
    text += identifier(default_schema()) + ".";
  }
  return text + identifier(name.table);
}

std::string DuckDbDialect::type_name(const Type& type) const {
  switch (type.id) {
    case TypeId::kBool:
      return "BOOLEAN";
    case TypeId::kInt8:
      return "TINYINT";
    case TypeId::kInt16:
      return "SMALLINT";
    case TypeId::kNull:  // what DuckDB makes of a column that is only NULL
    case TypeId::kInt32:
      return "INTEGER";
    case TypeId::kInt64:
      return "BIGINT";
    case TypeId::kUInt8:
      return "UTINYINT";
    case TypeId::kUInt16:
      return "USMALLINT";
    case TypeId::kUInt32:
      return "UINTEGER";
    case TypeId::kUInt64:
      return "UBIGINT";
    case TypeId::kFloat:
      return "FLOAT";
    case TypeId::kDouble:
      return "DOUBLE";
    case TypeId::kDecimal:
      return fmt::format("DECIMAL({},{})", type.precision, type.scale);
    case TypeId::kBinary:
      return "BLOB";
    case TypeId::kDate:
      return "DATE";
    case TypeId::kTime:
      return type.unit == TimeUnit::kNano ? "TIME_NS" : "TIME";
    case TypeId::kTimestamp:
      return std::string(timestamp_name(type));
    case TypeId::kInterval:
      return "INTERVAL";
    case TypeId::kList:
      return type_name(type.children[0].type) + "[]";
    case TypeId::kDictionary:
      return type_name(type.children[0].type);
    case TypeId::kMap:
      return fmt::format("MAP({}, {})", type_name(type.children[0].type), type_name(type.children[1].type));
    case TypeId::kStruct: {
      std::vector<std::string> members;
      for (const auto& field : type.children) members.push_back(identifier(field.name) + " " + type_name(field.type));
      return fmt::format("STRUCT({})", join(members, ", "));
    }
    case TypeId::kString:
    case TypeId::kOther:
      return "VARCHAR";
  }
  return "VARCHAR";
}

std::string DuckDbDialect::create_table(const TableName& name, const arrow::Schema& schema, bool replace) const {
  std::vector<std::string> columns;
  for (const auto& field : schema.fields) {
    columns.push_back(
        fmt::format("{} {}{}", identifier(field.name), type_name(field.type), field.nullable ? "" : " NOT NULL"));
  }
  return fmt::format("CREATE {}TABLE {} ({})", replace ? "OR REPLACE " : "", table(name), join(columns, ", "));
}

std::string DuckDbDialect::create_table_as(const TableName& name, std::string_view query, bool replace,
                                           bool with_data) const {
  return fmt::format("CREATE {}TABLE {} AS {}{}", replace ? "OR REPLACE " : "", table(name), nested(query),
                     with_data ? "" : " WITH NO DATA");
}

std::string DuckDbDialect::create_temporary_table_as(const TableName& name, std::string_view query) const {
  return fmt::format("CREATE TEMPORARY TABLE {} AS {}", table(name), nested(query));
}

std::string DuckDbDialect::hashed_share(std::string_view text_expression) const {
  return fmt::format("(CAST('0x' || substr(md5({}), 1, 13) AS BIGINT) / 4503599627370496.0)", text_expression);
}

std::string DuckDbDialect::create_schema_if_missing(std::string_view schema) const {
  return "CREATE SCHEMA IF NOT EXISTS " + identifier(schema);
}

std::string DuckDbDialect::drop_table_if_exists(const TableName& name) const {
  return "DROP TABLE IF EXISTS " + table(name);
}

std::string DuckDbDialect::limit(std::string_view query, uint64_t rows) const {
  return fmt::format("SELECT * FROM {} LIMIT {}", nested(query), rows);
}

}  // namespace sinan::engine

// How the analyser names objects: canonical tables, schemas and files, and which names mean a file.
//
// The rules stand in sql/analyze.h. Pure functions but for the questions to Scope.
#pragma once

#include <string>
#include <string_view>

#include "sql/analyze.h"
#include "sql/ast.h"

namespace sinan::sql {

// The answers of Scope, asked once per statement.
struct Namespace {
  explicit Namespace(const Scope& scope);
  std::string database;  // current; empty: the home database
  std::string schema;    // current
  std::string home;      // the home database's name; empty: none
  const Scope* scope;    // outlives this
};

std::string canonical_table(const QualifiedName& name, const Namespace& space);
// "raw", "lake.raw".
std::string canonical_schema(const QualifiedName& name, const Namespace& space);
// "./a//b.csv" -> "a/b.csv".
std::string canonical_file(std::string_view path);

// Whether DuckDB may read the text as a file when it stands for a table: data.csv, "s3://b/x.parquet", "logs/*.json".
bool looks_like_file(std::string_view text);
// information_schema.tables, duckdb_tables, sqlite_master: tables that tell about all others.
bool is_system_table(const QualifiedName& name);

}  // namespace sinan::sql

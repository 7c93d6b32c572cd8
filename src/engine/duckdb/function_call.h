// The DuckDB side of a scalar function: what DuckDB calls when a statement with one is checked, when a thread begins on
// it, and for each chunk of rows.
#pragma once

#include <duckdb.h>

#include <string>

#include "arrow/type.h"
#include "base/error.h"
#include "engine/function_host.h"

namespace sinan::engine {

class FunctionRegistry;

// Makes `name`(number, arguments...), or `name`(text, arguments...) where `find` is given, known in all connections, but not
// in transactions that have run statements. `registry` must outlive the database.
Status register_function(duckdb_database database, const std::string& name, const arrow::Type& result,
                         FunctionRegistry& registry, FunctionFinder find);

}  // namespace sinan::engine

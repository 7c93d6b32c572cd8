// DuckDB's logical types as arrow::Type and back.
//
// HUGEINT and UHUGEINT are decimal(38,0), UUID and BIT are text, ARRAY is a list, TIME WITH TIME ZONE is its local
// time, ENUM is a dictionary. UNION, VARIANT, BIGNUM and GEOMETRY have no Arrow form here: kUnsupported, with the cast
// that helps.
#pragma once

#include <duckdb.h>

#include <string_view>

#include "arrow/type.h"
#include "base/error.h"
#include "engine/duckdb/handles.h"

namespace sinan::engine {

Result<arrow::Type> import_type(duckdb_logical_type type);
// Dictionaries become their value type, kOther text, kNull INTEGER.
DuckType export_type(const arrow::Type& type);

}  // namespace sinan::engine

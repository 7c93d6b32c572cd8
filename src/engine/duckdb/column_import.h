// Writes rows of an Arrow column into a DuckDB vector, by block copies where the layouts agree.
#pragma once

#include <duckdb.h>

#include <cstddef>

#include "arrow/batch.h"
#include "base/error.h"

namespace sinan::engine {

// Rows [begin, begin + count) of `column` to `target` from row `at` on. The vector must be of
// export_type(column.type()) and have the room. Text longer than 12 bytes is copied into the vector's own memory.
// Errors: kData for text that is not UTF-8 or values outside DuckDB's range.
Status import_rows(const arrow::ColumnView& column, size_t begin, size_t count, duckdb_vector target, size_t at);

}  // namespace sinan::engine

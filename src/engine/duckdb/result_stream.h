// A query's rows as Arrow batches, pulled from DuckDB chunk by chunk while it runs ahead by its small buffer.
#pragma once

#include <memory>
#include <string_view>

#include "arrow/stream.h"
#include "engine/duckdb/connection.h"
#include "engine/engine.h"

namespace sinan::engine {

// Starts the query. Errors: those of Session::query().
Result<std::unique_ptr<arrow::BatchStream>> open_result_stream(std::shared_ptr<Connection> connection,
                                                               std::string_view sql, const QueryOptions& options);

}  // namespace sinan::engine

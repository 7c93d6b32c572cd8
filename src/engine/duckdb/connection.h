// Connection: runs SQL text on one DuckDB connection. What Session, its streams and ingest share; they hold it by
// shared_ptr, so a stream outlives its session.
//
// One call at a time; interrupt() and progress() from any thread. A call that finds a stream still open answers
// kInternal.
#pragma once

#include <duckdb.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"
#include "engine/duckdb/error_map.h"
#include "engine/duckdb/function_registry.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/ingest_source.h"
#include "engine/duckdb/task_pool.h"
#include "engine/engine.h"

namespace sinan::engine {

// Shared by the engine and all its connections; the file is closed when the last of them goes.
struct Database {
  IngestSources sources;  // before `handle`: DuckDB's registered functions refer to both
  FunctionRegistry functions;
  DuckDatabase handle;
  std::string main_catalog;
  std::vector<AttachedSource> attached;  // changed only before the engine is shared
  TaskPool helpers;                      // after `handle`: its threads work for it
};

class Connection {
 public:
  static Result<std::shared_ptr<Connection>> open(std::shared_ptr<Database> database);
  explicit Connection(std::shared_ptr<Database> database) : database_(std::move(database)) {}

  // Runs every statement of the text; the result is the last one's. `streaming`: its rows are then pulled by fetch().
  Result<DuckResult> run(std::string_view sql, bool streaming);
  Result<arrow::Schema> describe(std::string_view sql);

  // A stream is open between these two. close_stream() stops the query if it is not at its end.
  void open_stream();
  void close_stream(DuckResult& result);
  // The next chunk of an open stream, or an empty handle at its end.
  Result<DuckChunk> fetch(DuckResult& result, std::string_view sql);

  void interrupt() noexcept;
  double progress() const noexcept;
  bool in_transaction() const { return in_transaction_; }
  Database& database() { return *database_; }

 private:
  class Call;
  Status begin_call();
  Result<DuckStatements> extract(std::string_view sql, idx_t* count);
  Result<DuckPrepared> prepare(const DuckStatements& statements, idx_t index, std::string_view sql);
  Result<DuckResult> run_one(const DuckStatements& statements, idx_t index, std::string_view sql, bool streaming);
  Result<arrow::Schema> describe_rewritten(const DuckStatements& statements, idx_t count, std::string_view sql);
  void run_quietly(const char* sql);
  // What DuckDB said as an Error; one of our own functions is quoted in full.
  Error explain(const char* raw, std::string_view sql, ErrorPhase phase);
  // Of a query whose stream was interrupted though nobody asked for it.
  Error find_error(std::string_view sql);

  std::shared_ptr<Database> database_;
  DuckConnection handle_;
  std::atomic<bool> running_ = false;
  std::atomic<bool> stop_ = false;
  bool stream_open_ = false;
  bool in_transaction_ = false;
};

// Names and types of a result's columns.
Result<arrow::Schema> result_schema(duckdb_result& result);

}  // namespace sinan::engine

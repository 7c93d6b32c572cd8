#include "engine/duckdb/connection.h"

#include <fmt/format.h>

#include <optional>
#include <thread>
#include <utility>

#include "base/strings.h"
#include "engine/duckdb/types.h"

namespace sinan::engine {
namespace {

// The first word of the text, lower case, behind space and comments.
std::string first_word(std::string_view sql) {
  size_t at = 0;
  while (at < sql.size()) {
    if (sql.substr(at).starts_with("--")) {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at).starts_with("/*")) {
      const size_t end = sql.find("*/", at + 2);
      at = end == std::string_view::npos ? sql.size() : end + 2;
    } else if (sql[at] == ' ' || sql[at] == '\t' || sql[at] == '\n' || sql[at] == '\r' || sql[at] == ';') {
      ++at;
    } else {
      break;
    }
  }
  size_t end = at;
  while (end < sql.size() && ((sql[end] | 0x20) >= 'a' && (sql[end] | 0x20) <= 'z')) ++end;
  return to_lower(sql.substr(at, end - at));
}

// Does the statement give rows, rather than a count or "done"?
bool gives_rows(duckdb_prepared_statement prepared) {
  switch (duckdb_prepared_statement_type(prepared)) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
    case DUCKDB_STATEMENT_TYPE_PRAGMA:
    case DUCKDB_STATEMENT_TYPE_CALL:
    case DUCKDB_STATEMENT_TYPE_EXECUTE:
    case DUCKDB_STATEMENT_TYPE_RELATION:
      return true;
    case DUCKDB_STATEMENT_TYPE_INSERT:
    case DUCKDB_STATEMENT_TYPE_UPDATE:
    case DUCKDB_STATEMENT_TYPE_DELETE:
    case DUCKDB_STATEMENT_TYPE_MERGE_INTO: {  // with RETURNING; else the one column is the count
      if (duckdb_prepared_statement_column_count(prepared) != 1) return true;
      const char* name = duckdb_prepared_statement_column_name(prepared, 0);
      const bool is_count =
          std::string_view(name) == "Count" && duckdb_prepared_statement_column_type(prepared, 0) == DUCKDB_TYPE_BIGINT;
      duckdb_free(const_cast<char*>(name));
      return !is_count;
    }
    default:
      return false;
  }
}

Result<arrow::Field> field_of(const char* name, duckdb_logical_type type) {
  auto imported = import_type(type);
  if (!imported) return fail(std::move(imported).error()).within(fmt::format("in column \"{}\"", name));
  return arrow::Field{name, *std::move(imported), true};
}

Result<arrow::Schema> prepared_schema(const DuckPrepared& prepared) {
  arrow::Schema schema;
  if (!gives_rows(prepared.get())) return schema;
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(prepared.get()); ++i) {
    const char* name = duckdb_prepared_statement_column_name(prepared.get(), i);
    const DuckType type(duckdb_prepared_statement_column_logical_type(prepared.get(), i));
    auto field = field_of(name, type.get());
    duckdb_free(const_cast<char*>(name));
    schema.fields.push_back(TRY(std::move(field)));
  }
  return schema;
}

Failure cancelled() { return fail(Code::kCancelled, "cancelled"); }

}  // namespace

Result<arrow::Schema> result_schema(duckdb_result& result) {
  arrow::Schema schema;
  if (duckdb_result_return_type(result) != DUCKDB_RESULT_TYPE_QUERY_RESULT) return schema;
  for (idx_t i = 0; i < duckdb_column_count(&result); ++i) {
    const DuckType type(duckdb_column_logical_type(&result, i));
    schema.fields.push_back(TRY(field_of(duckdb_column_name(&result, i), type.get())));
  }
  return schema;
}

// While one exists a call is running, which interrupt() may stop.
class Connection::Call {
 public:
  explicit Call(Connection& connection) : connection_(connection) {
    connection_.stop_ = false;
    connection_.running_ = true;
  }
  ~Call() { connection_.running_ = connection_.stream_open_; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  Connection& connection_;
};

Result<std::shared_ptr<Connection>> Connection::open(std::shared_ptr<Database> database) {
  auto connection = std::make_shared<Connection>(std::move(database));
  if (duckdb_connect(connection->database_->handle.get(), connection->handle_.out()) == DuckDBError) {
    return fail(Code::kInternal, "the database refused a connection");
  }
  // Progress is counted from the start, and never printed.
  connection->run_quietly("SET enable_progress_bar=true; SET enable_progress_bar_print=false; SET progress_bar_time=0");
  return connection;
}

void Connection::run_quietly(const char* sql) {
  DuckResult result;
  duckdb_query(handle_.get(), sql, &result.get());
}

Error Connection::explain(const char* raw, std::string_view sql, ErrorPhase phase) {
  const std::string_view text = raw != nullptr ? raw : "";
  if (std::optional<Error> own = database_->functions.take_error(text, sql)) return *std::move(own);
  return map_error(text, sql, phase);
}

Status Connection::begin_call() {
  if (!stream_open_) return {};
  return fail(Code::kInternal, "the session is busy: the rows of its last query have not been read to their end");
}

Result<DuckStatements> Connection::extract(std::string_view sql, idx_t* count) {
  if (sql.find('\0') != std::string_view::npos) return fail(Code::kProgram, "the SQL text contains a NUL byte");
  DuckStatements statements;
  *count = duckdb_extract_statements(handle_.get(), std::string(sql).c_str(), statements.out());
  if (*count > 0) return statements;
  const char* error = statements ? duckdb_extract_statements_error(statements.get()) : nullptr;
  if (error != nullptr) return fail(explain(error, sql, ErrorPhase::kCheck));
  return fail(Code::kProgram, "there is no statement");
}

Result<DuckPrepared> Connection::prepare(const DuckStatements& statements, idx_t index, std::string_view sql) {
  DuckPrepared prepared;
  if (duckdb_prepare_extracted_statement(handle_.get(), statements.get(), index, prepared.out()) == DuckDBError) {
    const char* error = duckdb_prepare_error(prepared.get());
    if (stop_) return cancelled();
    return fail(explain(error, sql, ErrorPhase::kCheck));
  }
  if (duckdb_nparams(prepared.get()) > 0) {
    return fail(Code::kUnsupported, "query parameters are not supported", "write the value in place of ? or $1");
  }
  return prepared;
}

Result<DuckResult> Connection::run_one(const DuckStatements& statements, idx_t index, std::string_view sql,
                                       bool streaming) {
  const DuckPrepared prepared = TRY(prepare(statements, index, sql));
  DuckPending pending;
  const duckdb_state started = streaming ? duckdb_pending_prepared_streaming(prepared.get(), pending.out())
                                         : duckdb_pending_prepared(prepared.get(), pending.out());
  if (started == DuckDBError) {
    const char* error = duckdb_pending_error(pending.get());
    return fail(explain(error, sql, ErrorPhase::kRun));
  }
  // From here on DuckDB no longer clears its own interrupt flag; one that came before is in ours.
  DuckResult result;
  duckdb_state state = DuckDBError;
  if (stop_) {
    pending = DuckPending();
    run_quietly("");
  } else {
    state = duckdb_execute_pending(pending.get(), &result.get());
  }
  const bool ends_transaction = duckdb_prepared_statement_type(prepared.get()) == DUCKDB_STATEMENT_TYPE_TRANSACTION;
  if (ends_transaction) {
    const std::string word = first_word(sql);
    // Even a COMMIT that fails ends the transaction: it is rolled back.
    if (word == "commit" || word == "end" || word == "rollback" || word == "abort") in_transaction_ = false;
    if ((word == "begin" || word == "start") && state == DuckDBSuccess) in_transaction_ = true;
  }
  if (state == DuckDBSuccess) return result;
  const char* error = duckdb_result_error(&result.get());
  if (stop_ || error == nullptr) return cancelled();
  return fail(explain(error, sql, ErrorPhase::kRun));
}

Result<DuckResult> Connection::run(std::string_view sql, bool streaming) {
  TRY(begin_call());
  const Call call(*this);
  idx_t count = 0;
  const DuckStatements statements = TRY(extract(sql, &count));
  for (idx_t i = 0; i + 1 < count; ++i) TRY(run_one(statements, i, sql, false));
  return run_one(statements, count - 1, sql, streaming);
}

Result<arrow::Schema> Connection::describe(std::string_view sql) {
  TRY(begin_call());
  const Call call(*this);
  idx_t count = 0;
  const DuckStatements statements = TRY(extract(sql, &count));
  if (count == 1) return prepared_schema(TRY(prepare(statements, 0, sql)));
  return describe_rewritten(statements, count, sql);
}

// PIVOT becomes several statements: types made from the data, then the query. They are run in a transaction that is
// rolled back; inside an open one they stay until its end.
Result<arrow::Schema> Connection::describe_rewritten(const DuckStatements& statements, idx_t count,
                                                     std::string_view sql) {
  if (to_lower(sql).find("pivot") == std::string::npos) {
    return fail(Code::kProgram, fmt::format("one statement is expected here, not {}", count));
  }
  const bool own_transaction = !in_transaction_;
  if (own_transaction) run_quietly("BEGIN TRANSACTION");
  Result<arrow::Schema> schema;
  for (idx_t i = 0; i + 1 < count && schema; ++i) {
    if (auto done = run_one(statements, i, sql, false); !done) schema = std::unexpected(std::move(done).error());
  }
  if (schema) {
    auto prepared = prepare(statements, count - 1, sql);
    schema = prepared ? prepared_schema(*prepared) : std::unexpected(std::move(prepared).error());
  }
  if (own_transaction) run_quietly("ROLLBACK");
  return schema;
}

void Connection::open_stream() {
  stream_open_ = true;
  running_ = true;
}

void Connection::close_stream(DuckResult& result) {
  result.destroy();
  // DuckDB keeps an unfinished query, its locks and its transaction until the next one begins.
  run_quietly("");
  stream_open_ = false;
  running_ = false;
}

Result<DuckChunk> Connection::fetch(DuckResult& result, std::string_view sql) {
  if (stop_) return cancelled();
  DuckChunk chunk = result.fetch();
  if (chunk) return chunk;
  const char* error = duckdb_result_error(&result.get());
  if (stop_) return cancelled();
  if (error == nullptr || *error == '\0') return DuckChunk();
  Error explained = explain(error, sql, ErrorPhase::kRun);
  if (explained.code == Code::kCancelled) return fail(find_error(sql));
  return fail(std::move(explained));
}

// A thread of DuckDB that fails sets the connection's interrupt flag, to stop the other threads. If a stream's reader sees
// the flag before it asks for the error (SimpleBufferedData::ExecuteTaskInternal of 1.5.5), the error is lost. So the query
// runs again, on a connection of its own: the transaction of this one is dead. Only a SELECT does: it writes nothing.
Error Connection::find_error(std::string_view sql) {
  constexpr std::string_view kPrefix = "EXPLAIN ANALYZE ";  // runs it, and drops its rows
  const std::string again = fmt::format("{}{}", kPrefix, sql);
  const auto run = [&]() -> Result<Error> {
    const auto other = TRY(open(database_));
    idx_t count = 0;
    const DuckStatements original = TRY(other->extract(sql, &count));
    const DuckPrepared query = TRY(other->prepare(original, 0, sql));
    if (count != 1 || duckdb_prepared_statement_type(query.get()) != DUCKDB_STATEMENT_TYPE_SELECT) {
      return fail(Code::kUnavailable, "not a query");
    }
    const DuckStatements statements = TRY(other->extract(again, &count));
    const DuckPrepared prepared = TRY(other->prepare(statements, 0, again));
    DuckPending pending;
    duckdb_pending_prepared(prepared.get(), pending.out());
    duckdb_pending_state state = DUCKDB_PENDING_RESULT_NOT_READY;
    while (!stop_ && state != DUCKDB_PENDING_ERROR && !duckdb_pending_execution_is_finished(state)) {
      state = duckdb_pending_execute_task(pending.get());
      if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) std::this_thread::yield();
    }
    if (stop_) return cancelled();
    if (state == DUCKDB_PENDING_ERROR) return explain(duckdb_pending_error(pending.get()), again, ErrorPhase::kRun);
    return fail(Code::kUnavailable, "no error");
  };
  Result<Error> found = run();
  if (stop_) return cancelled().error();
  if (!found) {
    return {Code::kUnavailable, "the query failed, and the database did not say why", "run it again", std::nullopt, {}};
  }
  if (std::optional<Span>& span = found->span; span && span->begin >= kPrefix.size()) {
    span->begin -= static_cast<uint32_t>(kPrefix.size());
    span->end -= static_cast<uint32_t>(kPrefix.size());
  } else {
    span.reset();
  }
  return *std::move(found);
}

void Connection::interrupt() noexcept {
  if (!running_) return;
  stop_ = true;
  duckdb_interrupt(handle_.get());
}

double Connection::progress() const noexcept {
  if (!running_) return -1;
  const double percentage = duckdb_query_progress(handle_.get()).percentage;
  return percentage < 0 ? -1 : percentage / 100;
}

}  // namespace sinan::engine

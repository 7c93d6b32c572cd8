#include "engine/duckdb/duckdb_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "engine/duckdb/result_stream.h"

namespace sinan::engine {
namespace {

// Statements that write answer one row with one column "Count".
int64_t rows_changed(DuckResult& result) {
  const bool counts = duckdb_column_count(&result.get()) == 1 &&
                      duckdb_column_type(&result.get(), 0) == DUCKDB_TYPE_BIGINT &&
                      std::string_view(duckdb_column_name(&result.get(), 0)) == "Count";
  if (!counts) return -1;
  const DuckChunk chunk = result.fetch();
  if (!chunk || duckdb_data_chunk_get_size(chunk.get()) == 0) return -1;
  return *static_cast<const int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
}

// The place of an error in a statement that the user did not write is of no use.
Error without_span(Error error) {
  error.span.reset();
  return error;
}

}  // namespace

Result<std::unique_ptr<arrow::BatchStream>> DuckDbSession::query(std::string_view sql, const QueryOptions& options) {
  return open_result_stream(connection_, sql, options);
}

Result<int64_t> DuckDbSession::execute(std::string_view sql) {
  DuckResult result = TRY(connection_->run(sql, true));
  if (duckdb_result_return_type(result.get()) != DUCKDB_RESULT_TYPE_QUERY_RESULT) return rows_changed(result);
  // Rows that nobody asked for are computed (they may fail, or have effects) and dropped.
  connection_->open_stream();
  for (;;) {
    const auto chunk = connection_->fetch(result, sql);
    if (chunk && *chunk) continue;
    connection_->close_stream(result);
    if (!chunk) return std::unexpected(chunk.error());
    return -1;
  }
}

Result<int64_t> DuckDbSession::ingest(const TableName& table, arrow::BatchStream& rows, IngestMode mode) {
  const auto mysql = TRY(mysql_table(table));
  if (mysql && mode != IngestMode::kAppend) {
    if (in_transaction()) return ingest_staged(*mysql, rows, mode);
    auto transaction = TRY(Transaction::begin(*this));
    const int64_t written = TRY(ingest_staged(*mysql, rows, mode));
    TRY(transaction.commit());
    return written;
  }
  const bool needs_schema =
      mode != IngestMode::kAppend && !table.schema.empty() && table.schema != dialect_.default_schema();
  if (!needs_schema) return ingest_statement(table, rows, mode);
  std::optional<Transaction> own;
  if (!in_transaction()) own.emplace(TRY(Transaction::begin(*this)));
  std::string schema = dialect_.create_schema_if_missing(table.schema);
  if (!table.catalog.empty()) {
    schema = fmt::format("CREATE SCHEMA IF NOT EXISTS {}.{}", dialect_.identifier(table.catalog),
                         dialect_.identifier(table.schema));
  }
  if (auto made = connection_->run(schema, false); !made) return fail(without_span(std::move(made).error()));
  const int64_t written = TRY(ingest_statement(table, rows, mode));
  if (own) TRY(own->commit());
  return written;
}

Result<int64_t> DuckDbSession::ingest_statement(const TableName& table, arrow::BatchStream& rows, IngestMode mode) {
  if (rows.schema()->size() == 0)
    return fail(Code::kProgram, "a table needs at least one column: " + table.to_string());
  IngestSource source{.rows = rows};
  IngestSources& sources = connection_->database().sources;
  const uint64_t number = sources.add(source);
  const std::string select = fmt::format("SELECT * FROM {}({})", kIngestFunction, number);
  const std::string sql = mode == IngestMode::kAppend
                              ? fmt::format("INSERT INTO {} BY NAME {}", dialect_.table(table), select)
                              : dialect_.create_table_as(table, select, mode == IngestMode::kReplace, true);
  auto result = connection_->run(sql, false);
  sources.remove(number);
  if (!result) return fail(source.error ? *std::move(source.error) : without_span(std::move(result).error()));
  return rows_changed(*result);
}

Result<std::optional<TableName>> DuckDbSession::mysql_table(const TableName& table) {
  const auto& sources = connection_->database().attached;
  const auto find = [&](std::string_view name) {
    return std::ranges::find_if(sources, [&](const AttachedSource& source) {
      return source.kind == SourceKind::kMySql && equals_ignore_case(source.name, name);
    });
  };
  if (std::ranges::none_of(sources, [](const auto& source) { return source.kind == SourceKind::kMySql; }))
    return std::nullopt;
  if (!table.catalog.empty()) return find(table.catalog) == sources.end() ? std::nullopt : std::optional(table);
  if (const auto source = find(table.schema); source != sources.end()) {
    return TableName{source->name, source->default_schema, table.table};
  }
  const auto rows = TRY(query("SELECT current_database(), current_schema()", {}));
  const auto batch = TRY(rows->next());
  if (!batch || batch->rows() == 0) return std::nullopt;
  const auto source = find(batch->column(0).string(0));
  if (source == sources.end()) return std::nullopt;
  return TableName{source->name, table.schema.empty() ? std::string(batch->column(1).string(0)) : table.schema,
                   table.table};
}

Result<int64_t> DuckDbSession::ingest_staged(const TableName& table, arrow::BatchStream& rows, IngestMode mode) {
  if (!staging_) staging_ = std::make_unique<MySqlStaging>(*this, dialect_);
  const TableName staged = TRY(staging_->open(table, mode == IngestMode::kReplace));
  return ingest_statement(staged, rows, IngestMode::kCreate);
}

Status DuckDbSession::begin() {
  TRY(connection_->run("BEGIN TRANSACTION", false));
  return {};
}

Status DuckDbSession::commit() {
  if (staging_) TRY(staging_->publish());
  TRY(connection_->run("COMMIT", false));
  if (staging_) staging_->clean();
  return {};
}

Status DuckDbSession::rollback() {
  TRY(connection_->run("ROLLBACK", false));
  if (staging_) staging_->clean();
  return {};
}

std::string DuckDbSession::current_schema() {
  const auto rows = query("SELECT current_schema()", {});
  if (!rows) return std::string(dialect_.default_schema());
  const auto batch = (*rows)->next();
  if (!batch || !*batch) return std::string(dialect_.default_schema());
  return std::string((*batch)->column(0).string(0));
}

}  // namespace sinan::engine

// Session on DuckDB: the interface's calls in terms of Connection, and ingest.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/duckdb_dialect.h"
#include "engine/duckdb/mysql_staging.h"
#include "engine/engine.h"

namespace sinan::engine {

class DuckDbSession final : public Session {
 public:
  explicit DuckDbSession(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  Result<arrow::Schema> describe(std::string_view sql) override { return connection_->describe(sql); }
  Result<std::unique_ptr<arrow::BatchStream>> query(std::string_view sql, const QueryOptions& options) override;
  Result<int64_t> execute(std::string_view sql) override;
  Result<int64_t> ingest(const TableName& table, arrow::BatchStream& rows, IngestMode mode) override;

  Status begin() override;
  Status commit() override;
  Status rollback() override;
  bool in_transaction() const override { return connection_->in_transaction(); }

  std::string current_schema() override;
  void interrupt() noexcept override { connection_->interrupt(); }
  double progress() const noexcept override { return connection_->progress(); }

 private:
  // The name with database and schema if it is a table of a MySQL source, which needs them.
  Result<std::optional<TableName>> mysql_table(const TableName& table);
  Result<int64_t> ingest_statement(const TableName& table, arrow::BatchStream& rows, IngestMode mode);
  Result<int64_t> ingest_staged(const TableName& table, arrow::BatchStream& rows, IngestMode mode);

  std::shared_ptr<Connection> connection_;
  DuckDbDialect dialect_;
  std::unique_ptr<MySqlStaging> staging_;  // null until something is written to a MySQL source
};

}  // namespace sinan::engine

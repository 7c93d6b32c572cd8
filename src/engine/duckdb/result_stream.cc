#include "engine/duckdb/result_stream.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/duckdb/column_export.h"

namespace sinan::engine {
namespace {

// A batch ends when text or list items reach this, long before 32-bit offsets overflow.
constexpr size_t kMostOffsetBytes = size_t{1} << 30;

class ResultStream final : public arrow::BatchStream {
 public:
  ResultStream(std::shared_ptr<Connection> connection, DuckResult result, std::string sql,
               std::shared_ptr<const arrow::Schema> schema, std::shared_ptr<ExportPool> pool,
               std::vector<std::unique_ptr<ColumnExport>> columns, size_t batch_rows)
      : connection_(std::move(connection)),
        result_(std::move(result)),
        sql_(std::move(sql)),
        schema_(std::move(schema)),
        pool_(std::move(pool)),
        columns_(std::move(columns)),
        batch_rows_(batch_rows) {
    connection_->open_stream();
  }
  ~ResultStream() override { close(); }

  const std::shared_ptr<const arrow::Schema>& schema() const override { return schema_; }

  Result<std::optional<arrow::Batch>> next() override {
    if (closed_) return std::nullopt;
    auto rows = gather();
    if (!rows || *rows == 0) {
      close();
      if (!rows) return std::unexpected(std::move(rows).error());
      return std::nullopt;
    }
    ArrowArray array;
    finish_batch(columns_, *rows, &array);
    return TRY(arrow::Batch::import(schema_, std::move(array)));
  }

 private:
  Result<size_t> gather() {
    size_t rows = 0;
    while (rows < batch_rows_ && !ended_) {
      const DuckChunk chunk = TRY(connection_->fetch(result_, sql_));
      ended_ = !chunk;
      if (ended_) break;
      const size_t count = duckdb_data_chunk_get_size(chunk.get());
      size_t most = 0;
      for (size_t i = 0; i < columns_.size(); ++i) {
        TRY(columns_[i]->append(duckdb_data_chunk_get_vector(chunk.get(), i), 0, count));
        most = std::max(most, columns_[i]->offset_bytes());
      }
      rows += count;
      if (most >= kMostOffsetBytes) break;
    }
    return rows;
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    pool_->close();
    connection_->close_stream(result_);
  }

  std::shared_ptr<Connection> connection_;
  DuckResult result_;
  std::string sql_;
  std::shared_ptr<const arrow::Schema> schema_;
  std::shared_ptr<ExportPool> pool_;
  std::vector<std::unique_ptr<ColumnExport>> columns_;
  size_t batch_rows_;
  bool ended_ = false;  // no chunks left, but perhaps a last batch
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<arrow::BatchStream>> open_result_stream(std::shared_ptr<Connection> connection,
                                                               std::string_view sql, const QueryOptions& options) {
  DuckResult result = TRY(connection->run(sql, true));
  auto schema = result_schema(result.get());
  if (!schema) {
    connection->close_stream(result);
    return std::unexpected(std::move(schema).error());
  }
  auto shared = std::make_shared<const arrow::Schema>(*std::move(schema));
  // A statement without rows is done already.
  if (shared->size() == 0) return arrow::make_stream(std::move(shared), {});
  // A batch takes whole chunks, so it can grow by almost one beyond what is asked for.
  const size_t chunk_rows = duckdb_vector_size();
  const size_t expected = options.batch_rows == 0 ? chunk_rows : options.batch_rows + chunk_rows - 1;
  auto pool = std::make_shared<ExportPool>();  // shared with the batches, which may outlive the stream
  std::vector<std::unique_ptr<ColumnExport>> columns;
  for (idx_t i = 0; i < shared->size(); ++i) {
    const DuckType type(duckdb_column_logical_type(&result.get(), i));
    auto column = ColumnExport::make(type.get(), {pool, expected});
    if (!column) {
      connection->close_stream(result);
      return std::unexpected(std::move(column).error());
    }
    columns.push_back(*std::move(column));
  }
  return std::make_unique<ResultStream>(std::move(connection), std::move(result), std::string(sql), std::move(shared),
                                        std::move(pool), std::move(columns), std::max<size_t>(options.batch_rows, 1));
}

}  // namespace sinan::engine

// ColumnExport gathers the vectors of consecutive DuckDB chunks into one Arrow array, by block copies.
//
// One per result column, and one per child of a nested column. Buffers are reserved for the rows expected, so a batch
// of a fixed-width column costs one copy from DuckDB's chunk. Not thread-safe.
//
//     auto column = TRY(ColumnExport::make(logical_type, {pool, 65'536}));
//     TRY(column->append(vector, 0, rows));   // once a chunk
//     column->finish(&array);                 // hands the buffers over and starts afresh
#pragma once

#include <duckdb.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/abi.h"
#include "base/error.h"
#include "engine/duckdb/export_buffer.h"

namespace sinan::engine {

// What the columns of one stream share.
struct ExportContext {
  std::shared_ptr<ExportPool> pool;
  size_t expected_rows = 0;  // a batch; a hint for reserving
};

class ColumnExport {
 public:
  // The type must be one that import_type() knows.
  static Result<std::unique_ptr<ColumnExport>> make(duckdb_logical_type type, const ExportContext& context);
  virtual ~ColumnExport() = default;

  // Rows [begin, begin + count) of a flat vector. Errors: kData for a value that Arrow's type cannot hold.
  Status append(duckdb_vector vector, size_t begin, size_t count);
  // The gathered rows; the array owns its buffers.
  void finish(ArrowArray* out);
  size_t rows() const { return rows_; }
  // The bytes that 32-bit offsets count (text, or list children): a batch must end before they pass 2^31.
  virtual size_t offset_bytes() const { return 0; }

 protected:
  explicit ColumnExport(const ExportContext& context)
      : expected_rows_(context.expected_rows), validity_(context.pool) {}
  size_t expected_rows() const { return expected_rows_; }

  virtual Status append_values(duckdb_vector vector, const uint64_t* validity, size_t begin, size_t count) = 0;
  // Buffers behind the validity, in Arrow's order, leaving the column empty.
  virtual std::vector<ExportBuffer> take_buffers() = 0;
  virtual std::vector<ColumnExport*> children() { return {}; }
  // Only dictionary columns fill one.
  virtual bool fill_dictionary(ArrowArray*) { return false; }
  virtual bool has_validity() const { return true; }

 private:
  void append_validity(const uint64_t* validity, size_t begin, size_t count);

  size_t expected_rows_;
  size_t rows_ = 0;
  size_t nulls_ = 0;
  ExportBuffer validity_;  // empty until the first null
};

// Bytes a value has where the memory of a flat vector, validity included, is Arrow's too; 0 where it is not.
size_t plain_width(duckdb_type id);

// A struct array of the columns' gathered rows: one record batch.
void finish_batch(std::vector<std::unique_ptr<ColumnExport>>& columns, size_t rows, ArrowArray* out);

}  // namespace sinan::engine

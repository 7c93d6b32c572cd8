// ChunkView: the columns of a DuckDB chunk as an Arrow batch, without copying where the memory is the same (numbers,
// dates, times); the other columns are copied by ColumnExport. For functions, which see a chunk only while they run.
//
// One per thread; for chunks of one set of types. Not thread-safe.
#pragma once

#include <duckdb.h>

#include <memory>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "engine/duckdb/column_export.h"

namespace sinan::engine {

class ChunkView {
 public:
  // Columns from `first` on, named argument_1, argument_2, ... Errors: kUnsupported for a type without an Arrow form.
  static Result<ChunkView> make(duckdb_data_chunk chunk, size_t first);

  const std::shared_ptr<const arrow::Schema>& schema() const { return schema_; }
  // All rows, of flat vectors. The batch borrows from `chunk`.
  Result<arrow::Batch> read(duckdb_data_chunk chunk);

 private:
  ChunkView() = default;
  size_t first_ = 0;
  std::shared_ptr<const arrow::Schema> schema_;
  std::vector<std::unique_ptr<ColumnExport>> copies_;  // null: borrowed
};

}  // namespace sinan::engine

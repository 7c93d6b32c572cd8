#include "engine/duckdb/chunk_view.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <utility>

#include "engine/duckdb/handles.h"
#include "engine/duckdb/types.h"

namespace sinan::engine {
namespace {

struct ViewedChunk {
  std::vector<ArrowArray> columns;
  std::vector<ArrowArray*> pointers;
  std::vector<std::array<const void*, 2>> buffers;  // of borrowed columns
  const void* no_validity = nullptr;
};

void release_viewed(ArrowArray* array) {
  auto* owned = static_cast<ViewedChunk*>(array->private_data);
  for (ArrowArray& column : owned->columns) {
    if (column.release != nullptr) column.release(&column);
  }
  array->release = nullptr;
  delete owned;
}

void release_borrowed(ArrowArray* array) { array->release = nullptr; }

size_t count_nulls(const uint64_t* validity, size_t rows) {
  size_t valid = 0;
  for (size_t i = 0; i < rows / 64; ++i) valid += static_cast<size_t>(std::popcount(validity[i]));
  if (const size_t rest = rows % 64; rest > 0) {
    valid += static_cast<size_t>(std::popcount(validity[rows / 64] & ((uint64_t{1} << rest) - 1)));
  }
  return rows - valid;
}

void borrow(duckdb_vector vector, size_t rows, std::array<const void*, 2>& buffers, ArrowArray* out) {
  const uint64_t* validity = duckdb_vector_get_validity(vector);
  const size_t nulls = validity == nullptr ? 0 : count_nulls(validity, rows);
  buffers = {nulls > 0 ? validity : nullptr, duckdb_vector_get_data(vector)};
  out->length = static_cast<int64_t>(rows);
  out->null_count = static_cast<int64_t>(nulls);
  out->n_buffers = 2;
  out->buffers = buffers.data();
  out->release = release_borrowed;
}

}  // namespace

Result<ChunkView> ChunkView::make(duckdb_data_chunk chunk, size_t first) {
  ChunkView view;
  view.first_ = first;
  arrow::Schema schema;
  for (idx_t i = first; i < duckdb_data_chunk_get_column_count(chunk); ++i) {
    const DuckType type(duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk, i)));
    schema.fields.push_back({fmt::format("argument_{}", i - first + 1), TRY(import_type(type.get()))});
    const bool borrowed = plain_width(duckdb_get_type_id(type.get())) > 0;
    const ExportContext context{nullptr, duckdb_vector_size()};
    view.copies_.push_back(borrowed ? nullptr : TRY(ColumnExport::make(type.get(), context)));
  }
  view.schema_ = std::make_shared<const arrow::Schema>(std::move(schema));
  return view;
}

Result<arrow::Batch> ChunkView::read(duckdb_data_chunk chunk) {
  const size_t rows = duckdb_data_chunk_get_size(chunk);
  const size_t count = copies_.size();
  auto owned = std::make_unique<ViewedChunk>();
  owned->columns.resize(count);
  owned->buffers.resize(count);
  ArrowArray array{};
  array.release = release_viewed;
  for (size_t i = 0; i < count; ++i) {
    const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, first_ + i);
    ArrowArray& column = owned->columns[i];
    owned->pointers.push_back(&column);
    if (copies_[i] == nullptr) {
      borrow(vector, rows, owned->buffers[i], &column);
      continue;
    }
    Status copied = copies_[i]->append(vector, 0, rows);
    copies_[i]->finish(&column);
    if (!copied) {
      array.private_data = owned.release();
      array.release(&array);
      return fail(std::move(copied).error());
    }
  }
  array.length = static_cast<int64_t>(rows);
  array.n_buffers = 1;
  array.buffers = &owned->no_validity;
  array.n_children = static_cast<int64_t>(count);
  array.children = owned->pointers.data();
  array.private_data = owned.release();
  return arrow::Batch::import(schema_, std::move(array));
}

}  // namespace sinan::engine

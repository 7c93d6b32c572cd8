#include "engine/duckdb/column_export.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "engine/duckdb/bit_append.h"

namespace sinan::engine {
namespace {

// What an exported array owns: its buffers, and the arrays and pointer tables that the C struct refers to.
struct ExportedArray {
  std::vector<ExportBuffer> buffers;
  std::vector<const void*> buffer_pointers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  ArrowArray dictionary = {};
};

void release_exported(ArrowArray* array) {
  auto* owned = static_cast<ExportedArray*>(array->private_data);
  for (ArrowArray& child : owned->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (owned->dictionary.release != nullptr) owned->dictionary.release(&owned->dictionary);
  array->release = nullptr;
  delete owned;
}

void publish(std::unique_ptr<ExportedArray> owned, size_t rows, size_t nulls, ArrowArray* out) {
  for (ArrowArray& child : owned->children) owned->child_pointers.push_back(&child);
  *out = {};
  out->length = static_cast<int64_t>(rows);
  out->null_count = static_cast<int64_t>(nulls);
  out->n_buffers = static_cast<int64_t>(owned->buffer_pointers.size());
  out->buffers = owned->buffer_pointers.data();
  out->n_children = static_cast<int64_t>(owned->child_pointers.size());
  out->children = owned->child_pointers.empty() ? nullptr : owned->child_pointers.data();
  out->dictionary = owned->dictionary.release != nullptr ? &owned->dictionary : nullptr;
  out->release = release_exported;
  out->private_data = owned.release();
}

size_t bitmap_bytes(size_t rows) { return (rows + 7) / 8; }

}  // namespace

Status ColumnExport::append(duckdb_vector vector, size_t begin, size_t count) {
  const uint64_t* validity = has_validity() ? duckdb_vector_get_validity(vector) : nullptr;
  TRY(append_values(vector, validity, begin, count));
  append_validity(validity, begin, count);
  rows_ += count;
  return {};
}

void ColumnExport::append_validity(const uint64_t* validity, size_t begin, size_t count) {
  if (validity == nullptr && validity_.size() == 0) return;
  // Eight bytes of slack: store_bits() writes whole words.
  const size_t needed = bitmap_bytes(rows_ + count) + 9;
  if (validity_.size() == 0) {
    validity_.reserve(std::max(needed, bitmap_bytes(expected_rows_) + 9));
    uint8_t* bits = validity_.extend(needed);
    std::memset(bits, 0, needed);
    std::memset(bits, 0xff, rows_ / 8);
    if (rows_ % 8 != 0) bits[rows_ / 8] = static_cast<uint8_t>((1U << (rows_ % 8)) - 1);
  } else if (needed > validity_.size()) {
    const size_t more = needed - validity_.size();
    std::memset(validity_.extend(more), 0, more);
  }
  for (size_t done = 0; done < count; done += 64) {
    const size_t n = std::min<size_t>(64, count - done);
    uint64_t bits = validity == nullptr ? ~uint64_t{0} : load_bits(validity, begin + done, n);
    if (n < 64) bits &= (uint64_t{1} << n) - 1;
    nulls_ += n - static_cast<size_t>(std::popcount(bits));
    store_bits(validity_.data(), rows_ + done, bits, n);
  }
}

void ColumnExport::finish(ArrowArray* out) {
  auto owned = std::make_unique<ExportedArray>();
  std::vector<ExportBuffer> values = take_buffers();
  if (has_validity()) {
    const bool nullable = nulls_ > 0;
    owned->buffers.push_back(std::move(validity_));
    owned->buffer_pointers.push_back(nullable ? owned->buffers.back().data() : nullptr);
  }
  for (ExportBuffer& buffer : values) {
    // Arrow wants a pointer even for no bytes.
    if (buffer.data() == nullptr) buffer.reserve(64);
    owned->buffer_pointers.push_back(buffer.data());
    owned->buffers.push_back(std::move(buffer));
  }
  for (ColumnExport* child : children()) child->finish(&owned->children.emplace_back());
  fill_dictionary(&owned->dictionary);
  const size_t nulls = has_validity() ? nulls_ : rows_;
  publish(std::move(owned), rows_, nulls, out);
  rows_ = 0;
  nulls_ = 0;
}

void finish_batch(std::vector<std::unique_ptr<ColumnExport>>& columns, size_t rows, ArrowArray* out) {
  auto owned = std::make_unique<ExportedArray>();
  owned->buffer_pointers.push_back(nullptr);
  for (const auto& column : columns) column->finish(&owned->children.emplace_back());
  publish(std::move(owned), rows, 0, out);
}

}  // namespace sinan::engine

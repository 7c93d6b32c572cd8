// Columns of training data in memory, in chunks of kChunkRows, append only: floats as they are, integers (category codes,
// moments) packed to the fewest bytes that hold a chunk's range. Chunks can be released one by one, so that a column can
// be turned into another form without both existing as a whole.
//
// Reading is thread-safe once appending has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "ml/data_vector.h"

namespace sinan::ml {

inline constexpr size_t kChunkRows = 65536;

class FloatColumn {
 public:
  void append(std::span<const float> values);
  size_t size() const { return size_; }
  size_t chunks() const { return chunks_.size(); }
  std::span<const float> chunk(size_t i) const;
  // Rows [begin, begin + out.size()), which must exist.
  void read(size_t begin, std::span<float> out) const;
  float at(size_t row) const { return chunks_[row / kChunkRows][row % kChunkRows]; }
  void release_chunk(size_t i) { chunks_[i].reset(); }
  void release() { chunks_.clear(), last_slab_.reset(), size_ = 0; }

 private:
  void add_chunk();

  // Shared, because the chunks of a long column lie in slabs, each of which lives as long as one of its chunks. A slab is
  // big enough to go back to the system when it is released; chunks of their own leave holes in the heap that later
  // allocations, the library's first of all, do not fit into.
  std::vector<std::shared_ptr<const float[]>> chunks_;
  std::shared_ptr<RawVector<float>> last_slab_;
  size_t slab_used_ = 0;  // chunks of the last slab
  size_t size_ = 0;
};

class IntegerColumn {
 public:
  static constexpr int64_t kMissing = std::numeric_limits<int64_t>::min();

  void append(std::span<const int64_t> values);
  // Packs what is still open; no append() after it.
  void finish();
  size_t size() const { return size_; }
  void read(size_t begin, std::span<int64_t> out) const;
  // lookup[value + 1], lookup[0] for kMissing: category codes and classes. Values must be in [-1, lookup.size() - 2].
  template <class T>
  void read_mapped(size_t begin, std::span<const T> lookup, std::span<T> out) const;
  uint64_t bytes() const;
  void release() { chunks_.clear(), size_ = 0; }

 private:
  // value = base + stored; the largest number of the width stands for kMissing.
  struct Chunk {
    int64_t base = 0;
    uint8_t width = 0;  // bytes: 1, 2, 4, 8
    size_t rows = 0;
    std::unique_ptr<std::byte[]> data;
  };
  void pack();
  template <class F>
  void visit(size_t begin, size_t rows, F&& each_run) const;

  std::vector<Chunk> chunks_;
  std::vector<int64_t> open_;
  size_t size_ = 0;
};

}  // namespace sinan::ml

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
  void release() { chunks_.clear(), size_ = 0; }

 private:
  std::vector<std::unique_ptr<float[]>> chunks_;
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

// ExportBuffer: growing bytes for Arrow arrays; ExportPool: takes the large ones back when a batch is released and
// hands them to the next batch of the same stream, so that a reader who drops each batch never makes the kernel map and
// clear new pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace sinan::engine {

// Thread-safe: batches are released by whatever thread reads them last.
class ExportPool {
 public:
  struct Block {
    uint8_t* data = nullptr;
    size_t capacity = 0;
  };
  ExportPool() = default;
  ExportPool(const ExportPool&) = delete;
  ExportPool& operator=(const ExportPool&) = delete;
  ~ExportPool() { close(); }

  // A block of at least `bytes`, at most about twice that; empty when there is none.
  Block take(size_t bytes);
  // Keeps the block or frees it.
  void give(Block block) noexcept;
  // Frees what is kept; later blocks are freed at once. For the end of a stream, which its batches may outlive.
  void close() noexcept;

 private:
  std::mutex mutex_;
  std::vector<Block> blocks_;
  size_t kept_bytes_ = 0;
  bool closed_ = false;
};

// What is behind size() is not initialised. Running out of memory throws std::bad_alloc, as operator new would.
// Move-only.
class ExportBuffer {
 public:
  ExportBuffer() = default;
  explicit ExportBuffer(std::shared_ptr<ExportPool> pool) : pool_(std::move(pool)) {}
  // The buffer moved from is empty and keeps its pool.
  ExportBuffer(ExportBuffer&& other) noexcept
      : pool_(other.pool_), block_(std::exchange(other.block_, {})), size_(std::exchange(other.size_, 0)) {}
  ExportBuffer& operator=(ExportBuffer&&) = delete;
  ~ExportBuffer();

  uint8_t* data() { return block_.data; }
  size_t size() const { return size_; }
  void reserve(size_t bytes);
  // `bytes` more, not initialised; answers where they begin. `slack`: bytes behind them that may be written, too.
  uint8_t* extend(size_t bytes, size_t slack = 0);
  template <class T>
  T* extend_by(size_t count) {
    return reinterpret_cast<T*>(extend(count * sizeof(T)));
  }

 private:
  std::shared_ptr<ExportPool> pool_;
  ExportPool::Block block_;
  size_t size_ = 0;
};

}  // namespace sinan::engine

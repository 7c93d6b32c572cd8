#include "engine/duckdb/export_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace sinan::engine {
namespace {

// Smaller blocks come from malloc's own lists cheaply.
constexpr size_t kPooledBytes = size_t{64} << 10;
constexpr size_t kMostKeptBytes = size_t{256} << 20;

}  // namespace

ExportPool::Block ExportPool::take(size_t bytes) {
  const std::lock_guard lock(mutex_);
  for (size_t i = blocks_.size(); i-- > 0;) {
    if (blocks_[i].capacity < bytes || blocks_[i].capacity > 2 * bytes + kPooledBytes) continue;
    const Block found = std::exchange(blocks_[i], blocks_.back());
    blocks_.pop_back();
    kept_bytes_ -= found.capacity;
    return found;
  }
  return {};
}

void ExportPool::give(Block block) noexcept {
  if (block.capacity >= kPooledBytes) {
    const std::lock_guard lock(mutex_);
    if (!closed_ && kept_bytes_ + block.capacity <= kMostKeptBytes) {
      try {
        blocks_.push_back(block);
        kept_bytes_ += block.capacity;
        return;
      } catch (const std::bad_alloc&) {
        // Freed below: keeping it was only a favour.
      }
    }
  }
  std::free(block.data);
}

void ExportPool::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const Block& block : blocks_) std::free(block.data);
  blocks_.clear();
  kept_bytes_ = 0;
}

ExportBuffer::~ExportBuffer() {
  if (block_.data == nullptr) return;
  if (pool_ != nullptr) {
    pool_->give(block_);
  } else {
    std::free(block_.data);
  }
}

void ExportBuffer::reserve(size_t bytes) {
  if (bytes <= block_.capacity) return;
  if (pool_ != nullptr && bytes >= kPooledBytes) {
    if (const ExportPool::Block reused = pool_->take(bytes); reused.data != nullptr) {
      if (size_ > 0) std::memcpy(reused.data, block_.data, size_);
      pool_->give(std::exchange(block_, reused));
      return;
    }
  }
  void* grown = std::realloc(block_.data, bytes);
  if (grown == nullptr) throw std::bad_alloc();
  block_ = {static_cast<uint8_t*>(grown), bytes};
}

uint8_t* ExportBuffer::extend(size_t bytes, size_t slack) {
  const size_t needed = size_ + bytes + slack;
  if (needed > block_.capacity) reserve(std::max({needed, block_.capacity * 2, size_t{64}}));
  uint8_t* begin = block_.data + size_;
  size_ += bytes;
  return begin;
}

}  // namespace sinan::engine

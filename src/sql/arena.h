// Memory of one syntax tree: nodes are carved from blocks and freed all at once, without destructors.
//
// A tree of an ordinary statement fits into the first block, which lives in the Arena itself, so that analysing a
// statement from the stack costs no allocation. Not thread-safe. Nodes must be trivially destructible.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sinan::sql {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(size_t bytes, size_t alignment) {
    size_t offset = (used_ + alignment - 1) & ~(alignment - 1);
    if (offset + bytes > size_) {
      size_ = std::max<size_t>(bytes, size_ * 2);
      blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(size_));
      current_ = blocks_.back().get();
      offset = 0;
    }
    used_ = offset + bytes;
    return current_ + offset;
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "the arena calls no destructors");
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* bytes = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }

 private:
  static constexpr size_t kFirstBlock = 12 * 1024;
  alignas(std::max_align_t) std::byte first_[kFirstBlock];
  std::byte* current_ = first_;
  size_t used_ = 0;
  size_t size_ = kFirstBlock;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

// A growing array in an Arena. Copies are shallow: grow one of them only.
template <class T>
class List {
 public:
  void push_back(Arena& arena, const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    if (size_ == capacity_) {
      capacity_ = capacity_ == 0 ? 4 : capacity_ * 2;
      constexpr size_t kItemBytes = sizeof(T);  // NOLINT(bugprone-sizeof-expression): items may be pointers
      T* grown = static_cast<T*>(arena.allocate(kItemBytes * capacity_, alignof(T)));
      std::uninitialized_copy_n(data_, size_, grown);
      data_ = grown;
    }
    std::construct_at(data_ + size_++, value);
  }

  // Drops all but the first `size` items.
  void truncate(size_t size) { size_ = static_cast<uint32_t>(size); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  const T& front() const { return data_[0]; }
  const T& back() const { return data_[size_ - 1]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

 private:
  T* data_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace sinan::sql

// RawVector: a vector whose resize() leaves new elements unwritten, for the long columns of training data: who grows one
// writes all of it, and hundreds of megabytes of zeros first would be a pass over memory for nothing.
//
// (Asking the kernel for huge pages here was measured: a third of the page faults, but more time in the kernel, which has
// to make the pages free first.)
#pragma once

#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace sinan::ml {

template <class T>
class RawAllocator : public std::allocator<T> {
  static_assert(std::is_trivial_v<T>);

 public:
  RawAllocator() = default;
  template <class U>
  RawAllocator(const RawAllocator<U>&) {}

  template <class U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
};

template <class T>
using RawVector = std::vector<T, RawAllocator<T>>;

}  // namespace sinan::ml

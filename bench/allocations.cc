#include "allocations.h"

#include <cstdlib>
#include <new>

namespace {
thread_local size_t count = 0;
}  // namespace

size_t allocations() { return count; }

[[gnu::noinline]] void* operator new(size_t size) {
  ++count;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t /*size*/) noexcept { std::free(memory); }

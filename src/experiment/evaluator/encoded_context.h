// A context as one block of bytes: how bindings of other languages hand it over in a single call. docs/formats/context.md has the
// bytes. Reading it allocates only for lists and forced groups.
//
//     EncodedContext context;
//     if (!context.read(bytes)) return ...;   // not well-formed, or more than kMostAttributes
//     evaluate(snapshot, "search.fast", context.context());
//
// Borrows from the bytes, which must outlive it. Not thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "experiment/evaluator/context.h"

namespace sinan::experiment {

class EncodedContext {
 public:
  static constexpr size_t kMostAttributes = 1000;

  enum Kind : uint8_t { kBool = 1, kInt, kDouble, kText, kTime, kList, kNow, kForcedGroup };

  // False leaves a context that must not be used.
  bool read(std::span<const std::byte> bytes);
  const Context& context() const { return context_; }

 private:
  Context context_;
  std::deque<std::vector<std::string_view>> lists_;  // does not move its elements
};

}  // namespace sinan::experiment

// Order from reads and writes: which steps must wait for which (read after write, write after read, write after write,
// barriers), and no more than that. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/object_ref.h"
#include "flow/plan.h"

namespace sinan::flow {

// Why `later` must wait for `earlier`; nothing when both may run at once.
std::optional<Dependency> conflict(const Access& earlier, const Access& later);

// For each step its dependencies on earlier ones, transitively reduced: an edge that follows from others is left out, so
// the result is the least graph with the same order. Two writers of one object are ordered as in the program.
std::vector<std::vector<Dependency>> order_steps(std::span<const Access> steps);

}  // namespace sinan::flow

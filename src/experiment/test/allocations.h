// Counts the allocations of the test program: its global operator new does.
#pragma once

#include <cstddef>

namespace sinan::experiment {
size_t allocations();
}  // namespace sinan::experiment

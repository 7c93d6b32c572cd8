// What the program calls once at its start: the statements of this room, its completion and its line of `sinan doctor`.
#pragma once

#include "flow/registry.h"

namespace sinan::solve {

void register_solve(flow::Registry& registry);

}  // namespace sinan::solve

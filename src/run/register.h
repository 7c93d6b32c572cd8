// What the program calls once at its start: the statement of this room and its completion.
#pragma once

#include "flow/registry.h"

namespace sinan::run {

void register_run(flow::Registry& registry);

}  // namespace sinan::run

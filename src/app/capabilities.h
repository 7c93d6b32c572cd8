// The one list of what this program can do. A capability is added or removed here and nowhere else.
#pragma once

#include "flow/registry.h"

namespace sinan::app {

// The registry must outlive every project opened with it.
void register_capabilities(flow::Registry& registry);

}  // namespace sinan::app

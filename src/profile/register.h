#pragma once

#include "flow/registry.h"

namespace sinan::profile {

// DESCRIBE DATA, COMPARE DATA, SPLIT.
void register_profile(flow::Registry& registry);

}  // namespace sinan::profile

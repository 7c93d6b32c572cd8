// The statements about Sinan's own records: SHOW RUNS, DESCRIBE RUN, SHOW LINEAGE FOR, SHOW STATEMENTS.
#pragma once

#include "flow/registry.h"

namespace sinan::flow {

// The registry must outlive its kinds, as it does: SHOW STATEMENTS lists it.
void register_flow(Registry& registry);

}  // namespace sinan::flow

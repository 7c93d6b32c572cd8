// The HTTP routes of experiments: OFREP 0.3.0 (`/ofrep/v1/..`), its events, and the compiled snapshot.
#pragma once

#include "flow/serve_context.h"
#include "net/router.h"

namespace sinan::experiment {

void add_experiment_routes(net::Router& router, const flow::ServeContext& context);

}  // namespace sinan::experiment

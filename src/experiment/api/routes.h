// The HTTP routes that read and change parameters, experiments and segments: `/v1/parameters`, `/v1/experiments`, `/v1/segments`,
// `/v1/configuration/..` (docs/experiments_api.md).
#pragma once

#include "flow/serve_context.h"
#include "net/router.h"

namespace sinan::experiment {

void add_configuration_routes(net::Router& router, const flow::ServeContext& context);

}  // namespace sinan::experiment

// The routes that every server has: /health/live, /health/ready, /metrics, /openapi.json.
#pragma once

#include <functional>

#include "base/metrics.h"
#include "net/openapi.h"
#include "net/router.h"

namespace sinan::net {

// `is_ready`: whether requests should be sent here; false while the server drains. Router and metrics must outlive what is
// added; the description has every route that the router has when it is first asked for.
void add_standard_routes(Router& router, const Metrics& metrics, ApiInfo info, std::function<bool()> is_ready);

}  // namespace sinan::net

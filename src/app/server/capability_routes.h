// The HTTP routes of all capabilities that have some: `void add_<room>_routes(net::Router&, const flow::ServeContext&)`.
// app/capabilities.cc, the one list of what this program can do, has them too.
#pragma once

#include "flow/serve_context.h"
#include "net/router.h"

namespace sinan::app {

void add_capability_routes(net::Router& router, const flow::ServeContext& context);

}  // namespace sinan::app

// GET /v1/session: who asks, as whom the server knows them, and what it serves. For the console's sign-in.
#pragma once

#include <functional>

#include "flow/project.h"
#include "net/router.h"

namespace sinan::app {

// `is_open`: whether the server has no tokens. The project must outlive the router.
void add_session_routes(net::Router& router, const flow::Project& project, std::function<bool()> is_open);

}  // namespace sinan::app

// /v1/session: who asks, as whom the server knows them, and what it serves; short-lived tokens in their name. For the console's
// sign-in, and for clients that can send a token in the URL only (EventSource in browsers).
#pragma once

#include "flow/project.h"
#include "net/authentication.h"
#include "net/router.h"

namespace sinan::app {

// Both must outlive the router.
void add_session_routes(net::Router& router, const flow::Project& project, const net::Authenticator& authenticator);

}  // namespace sinan::app

// What an editor knows of the language and the project: /v1/completion (what the word at the cursor may become, as Tab at the prompt),
// /v1/statements (how each statement is written, as `sinan help`).
#pragma once

#include "flow/project.h"
#include "net/router.h"

namespace sinan::app {

// The project must outlive the router.
void add_completion_routes(net::Router& router, flow::Project& project);

}  // namespace sinan::app

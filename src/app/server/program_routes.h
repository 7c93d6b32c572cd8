// /v1/programs: submit, watch and cancel programs over HTTP.
#pragma once

#include "app/server/program_runs.h"
#include "net/router.h"

namespace sinan::app {

// The runs must outlive the router.
void add_program_routes(net::Router& router, ProgramRuns& runs);

}  // namespace sinan::app

// The prompt: statements typed one after another, each run when its ';' has come. Ctrl-C cancels the statement or clears the
// half-typed one, Ctrl-D, EXIT, QUIT and \q leave.
#pragma once

#include "app/session.h"

namespace sinan::app {

// Answers the exit code: 0, whatever the statements did.
int run_prompt(ProgramRunner& runner, const flow::Registry& registry, TerminalScreen& screen, Interrupts& interrupts,
               const CommandLine& line);

}  // namespace sinan::app

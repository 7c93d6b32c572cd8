// `sinan serve`: a project folder behind HTTP, until a signal ends it. And `sinan token`, which decides who may use it.
#pragma once

#include <span>
#include <string>

#include "app/command_line.h"
#include "app/interrupts.h"
#include "app/screen.h"

namespace sinan::app {

// Both answer the exit code. `serve` ends with 0 after SIGTERM or Ctrl-C: what runs is cancelled and undone, answers that have
// begun are finished.
int run_serve(Screen& screen, Interrupts& interrupts, const CommandLine& line, std::span<const std::string> arguments);
int run_token(Screen& screen, const CommandLine& line);

}  // namespace sinan::app

// The application: from arguments to exit code. main() is nothing but a call of it.
#pragma once

#include <span>
#include <string>

namespace sinan::app {

// Called once, before the process has other threads.
int run_application(std::span<const std::string> arguments);

}  // namespace sinan::app

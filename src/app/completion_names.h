// The names that completion offers, gathered from a project: for the prompt and for editors over HTTP. Thread-safe.
#pragma once

#include <string_view>

#include "app/completion.h"
#include "flow/project.h"

namespace sinan::app {

// `before_cursor`: the statement so far, which decides what capabilities offer. What cannot be read is left out.
CompletionNames completion_names(flow::Project& project, std::string_view before_cursor);

}  // namespace sinan::app

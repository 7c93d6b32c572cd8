// The process log: one sink, structured "key=value" lines on stderr or in a file. Quiet (warnings only) by default on
// the command line. Never pass secrets. Thread-safe. The only global state besides the metrics registry.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sinan::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };
void set_level(Level level);
// Whether a line of this level would be written: for those that cost something to put together.
bool enabled(Level level);
// "debug", "info", "warning", "error", "off".
std::optional<Level> level_named(std::string_view name);
// Appends from now on to this file instead of stderr.
Status to_file(const std::string& path);
void debug(std::string_view message);
void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

}  // namespace sinan::log

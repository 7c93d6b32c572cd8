// The process log: one sink, structured "key=value" lines on stderr or in a file. Quiet (warnings only) by default on
// the command line. A line is written at once, unless a Gathering lives. Never pass secrets. Thread-safe. The only global state
// besides the metrics registry.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

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

// For those that write many lines (a server's access log). While one lives, lines below a warning are gathered, and written
// together every tenth of a second, with the next warning, or when they are 64 KiB; their order stays. A process that is killed
// loses what is gathered. At most one at a time.
class Gathering {
 public:
  Gathering();
  ~Gathering();
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ends_;
  bool ended_ = false;  // guarded by mutex_
  std::thread writer_;
};

}  // namespace sinan::log

#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>

#include "base/json.h"

namespace sinan::log {
namespace {

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("sinan", std::move(sink));
  logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l thread=%t msg=%v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::warn);
  logger->flush_on(spdlog::level::warn);
  return logger;
}

// The logger is replaced by to_file() while other threads may be writing: shared, and swapped under the lock.
struct Current {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
};

Current& current() {
  static auto* state = new Current;  // never destroyed: threads may still log while the program ends
  return *state;
}

std::shared_ptr<spdlog::logger> logger() {
  Current& state = current();
  const std::lock_guard lock(state.mutex);
  return state.logger;
}

void write(spdlog::level::level_enum level, std::string_view message) {
  const auto target = logger();
  if (target->should_log(level)) target->log(level, json_quote(message));
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::warn;
}

}  // namespace

void set_level(Level level) { logger()->set_level(to_spdlog(level)); }

bool enabled(Level level) { return logger()->should_log(to_spdlog(level)); }

std::optional<Level> level_named(std::string_view name) {
  if (name == "debug") return Level::kDebug;
  if (name == "info") return Level::kInfo;
  if (name == "warning") return Level::kWarning;
  if (name == "error") return Level::kError;
  if (name == "off") return Level::kOff;
  return std::nullopt;
}

Status to_file(const std::string& path) {
  try {
    auto next = make_logger(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
    Current& state = current();
    const std::lock_guard lock(state.mutex);
    next->set_level(state.logger->level());
    state.logger = std::move(next);
    return {};
  } catch (const spdlog::spdlog_ex& exception) {
    return fail(Code::kIo, std::string("cannot open the log file: ") + exception.what());
  }
}

void debug(std::string_view message) { write(spdlog::level::debug, message); }
void info(std::string_view message) { write(spdlog::level::info, message); }
void warning(std::string_view message) { write(spdlog::level::warn, message); }
void error(std::string_view message) { write(spdlog::level::err, message); }

}  // namespace sinan::log

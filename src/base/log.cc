#include "base/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>

#include "base/json.h"

namespace sinan::log {
namespace {

constexpr size_t kMostGathered = size_t{64} << 10;
constexpr std::chrono::milliseconds kGatheringTime{100};

std::atomic<bool> is_gathering = false;

// Writes each line at once, or gathers them.
class Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // The descriptor is closed at the end unless it is stderr's.
  explicit Sink(int file) : file_(file) {}
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink() override {
    flush_();
    if (file_ != STDERR_FILENO) close(file_);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    formatter_->format(message, lines_);
    if (!is_gathering.load(std::memory_order_relaxed) || message.level >= spdlog::level::warn ||
        lines_.size() >= kMostGathered)
      flush_();
  }
  void flush_() override {
    std::string_view left(lines_.data(), lines_.size());
    while (!left.empty()) {
      const ssize_t written = ::write(file_, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) break;  // there is nobody to tell
      left.remove_prefix(static_cast<size_t>(written));
    }
    lines_.clear();
  }

 private:
  const int file_;
  spdlog::memory_buf_t lines_;
};

std::shared_ptr<spdlog::logger> make_logger(int file) {
  auto logger = std::make_shared<spdlog::logger>("sinan", std::make_shared<Sink>(file));
  logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l thread=%t msg=%v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::warn);
  return logger;
}

// The logger is replaced by to_file() while other threads may be writing: shared, and swapped under the lock.
struct Current {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger = make_logger(STDERR_FILENO);
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
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return fail(Code::kIo, fmt::format("cannot open the log file {}: {}", path, std::strerror(errno)));
  auto next = make_logger(file);
  Current& state = current();
  const std::lock_guard lock(state.mutex);
  next->set_level(state.logger->level());
  state.logger = std::move(next);
  return {};
}

void debug(std::string_view message) { write(spdlog::level::debug, message); }
void info(std::string_view message) { write(spdlog::level::info, message); }
void warning(std::string_view message) { write(spdlog::level::warn, message); }
void error(std::string_view message) { write(spdlog::level::err, message); }

Gathering::Gathering() {
  is_gathering = true;
  writer_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!ends_.wait_for(lock, kGatheringTime, [&] { return ended_; })) logger()->flush();
  });
}

Gathering::~Gathering() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ends_.notify_all();
  writer_.join();
  is_gathering = false;
  logger()->flush();
}

}  // namespace sinan::log

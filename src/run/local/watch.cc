#include "run/local/watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/strings.h"
#include "io/file_system.h"

namespace sinan::run {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLongestLine = 4000;
constexpr size_t kLastErrors = 8;
constexpr uint64_t kMostEntries = 100'000;
constexpr std::chrono::milliseconds kBetweenLooks{100};
constexpr std::chrono::milliseconds kBetweenStops{500};

// Bytes of a pipe, as lines that can be shown.
class Lines {
 public:
  Lines(const LineSink& sink, std::deque<std::string>& last) : sink_(sink), last_(last) {}

  // False at the end of the pipe.
  bool read(int fd) {
    std::array<char, 16384> buffer;
    for (;;) {
      const ssize_t n = ::read(fd, buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return false;
      take({buffer.data(), static_cast<size_t>(n)});
    }
  }
  void finish() {
    if (!line_.empty()) give();
  }

 private:
  void take(std::string_view bytes) {
    for (const char byte : bytes) {
      if (byte == '\n') {
        give();
      } else if (line_.size() < kLongestLine) {
        line_ += byte;
      }
    }
  }
  // Nothing that a program prints may command the terminal.
  void give() {
    while (!line_.empty() && line_.back() == '\r') line_.pop_back();
    while (const auto bad = find_invalid_utf8(line_)) line_[*bad] = '?';
    for (size_t i = 0; i < line_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(line_[i]);
      if ((byte < 0x20 && byte != '\t') || byte == 0x7f) line_[i] = '?';
      if (byte != 0xc2 || i + 1 == line_.size() || static_cast<unsigned char>(line_[i + 1]) >= 0xa0) continue;
      line_.replace(i, 2, "?");  // the second set of control characters
    }
    sink_(line_);
    if (last_.size() == kLastErrors) last_.pop_front();
    last_.push_back(std::move(line_));
    line_.clear();
  }

  const LineSink& sink_;
  std::deque<std::string>& last_;
  std::string line_;
};

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

struct Walk {
  uint64_t most;
  uint64_t bytes = 0;
  uint64_t entries = 0;
  bool enough() const { return bytes > most || entries > kMostEntries; }
};

// Deep folders end the walk at the limit of open files or of a path: they count as far as they were seen.
void add_folder(int parent, const char* name, Walk& walk, int depth) {
  const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  const Folder folder(::fdopendir(fd));
  if (folder == nullptr) {
    ::close(fd);
    return;
  }
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view item = entry->d_name;
    if (item == "." || item == "..") continue;
    struct stat facts{};
    if (::fstatat(fd, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
    walk.bytes += static_cast<uint64_t>(facts.st_blocks) * 512;
    ++walk.entries;
    if (walk.enough()) return;
    if (S_ISDIR(facts.st_mode) && depth < 64) add_folder(fd, entry->d_name, walk, depth + 1);
  }
}

std::string read_small(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> buffer;
  for (ssize_t n = 0; (n = ::read(fd, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<size_t>(n));
  ::close(fd);
  return text;
}

uint64_t number_behind(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return 0;
  std::string_view rest = text.substr(at + key.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  uint64_t value = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return value;
}

struct Usage {
  uint64_t memory = 0;
  uint64_t threads = 0;
};

// Whether a process has not begun the program yet, or never will: it is a fork of ours, and its memory is ours.
bool is_our_fork(pid_t pid) {
  static const struct stat ours = [] {
    struct stat facts{};
    ::stat("/proc/self/exe", &facts);
    return facts;
  }();
  struct stat theirs{};
  return ::stat(fmt::format("/proc/{}/exe", pid).c_str(), &theirs) == 0 && theirs.st_dev == ours.st_dev &&
         theirs.st_ino == ours.st_ino;
}

// Of all that descend from a process: what is theirs alone, since libraries are shared.
void add_descendants(pid_t pid, Usage& usage, int depth) {
  const std::string folder = fmt::format("/proc/{}/task", pid);
  const Folder tasks(::opendir(folder.c_str()));
  if (tasks == nullptr || depth > 64) return;
  while (const dirent* task = ::readdir(tasks.get())) {
    if (task->d_name[0] == '.') continue;
    const std::string children = read_small(fmt::format("{}/{}/children", folder, task->d_name));
    for (const std::string_view item : split_on(children, ' ')) {
      pid_t child = 0;
      if (std::from_chars(item.data(), item.data() + item.size(), child).ec != std::errc{} || child <= 0) continue;
      const std::string status = read_small(fmt::format("/proc/{}/status", child));
      if (!is_our_fork(child)) {
        usage.memory += (number_behind(status, "\nRssAnon:") + number_behind(status, "\nRssShmem:")) * 1024;
      }
      usage.threads += number_behind(status, "\nThreads:");
      add_descendants(child, usage, depth + 1);
    }
  }
}

bool writes_too_much(const Job& job) {
  const uint64_t most = job.limits.output_bytes;
  return most > 0 && folder_bytes(job.folder / "output", most) + folder_bytes(job.folder / "tmp", most) > most;
}

Stop beyond(const Child& child, const Job& job, Clock::duration took) {
  const Limits& limits = job.limits;
  if (limits.time.count() > 0 && took >= limits.time) return Stop::kTime;
  if (writes_too_much(job)) return Stop::kOutput;
  Usage usage;
  add_descendants(child.pid, usage, 0);
  if (limits.memory_bytes > 0 && usage.memory > limits.memory_bytes) return Stop::kMemory;
  // Those that only wait for others are ours: up to two.
  if (limits.processes > 0 && usage.threads > limits.processes + 2) return Stop::kProcesses;
  return Stop::kNone;
}

std::string settings_hint(const Job& job, std::string_view setting) {
  return fmt::format("raise \"{}\" of the program \"{}\" in sinan.toml, or give it less to do", setting, job.name);
}

Failure beyond_limit(const Job& job, std::string_view what, std::string_view limit, std::string_view setting) {
  return fail(Code::kExhausted, fmt::format("the program {} its limit: {}, {}", what, job.name, limit),
              settings_hint(job, setting));
}

std::string tail(const Ended& ended) {
  std::string text;
  for (const std::string& line : ended.last_errors) text += "\n  " + line;
  return text;
}

}  // namespace

void Handle::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Pipe> Pipe::make() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(io::system_error(errno, "cannot make a pipe", "pipe"));
  return Pipe{Handle(ends[0]), Handle(ends[1])};
}

Result<Handle> open_process(pid_t pid) {
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return fail(io::system_error(errno, "cannot watch a process", fmt::format("{}", pid)));
  return Handle(fd);
}

uint64_t folder_bytes(const std::filesystem::path& folder, uint64_t most) {
  Walk walk{most};
  add_folder(AT_FDCWD, folder.c_str(), walk, 0);
  return walk.entries > kMostEntries ? std::max(walk.bytes, most + 1) : walk.bytes;
}

Ended watch(Child& child, const Job& job, const LineSink& line, const CancelToken& cancel,
            const std::function<void(pid_t)>& stop) {
  Ended ended;
  std::deque<std::string> last_output;
  Lines output(line, last_output);
  Lines errors(line, ended.last_errors);
  for (const Handle* pipe : {&child.output, &child.errors}) {
    if (pipe->open()) ::fcntl(pipe->get(), F_SETFL, O_NONBLOCK);
  }
  const Handle wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const CancelAction on_cancel(cancel, [&] { ::eventfd_write(wake.get(), 1); });
  const Clock::time_point start = Clock::now();
  Clock::time_point next_stop = start;
  for (bool alive = true; alive;) {
    std::array<pollfd, 4> events = {{{child.process.get(), POLLIN, 0},
                                     {child.output.get(), POLLIN, 0},
                                     {child.errors.get(), POLLIN, 0},
                                     {ended.stop == Stop::kNone ? wake.get() : -1, POLLIN, 0}}};
    ::poll(events.data(), events.size(), static_cast<int>(kBetweenLooks.count()));
    alive = events[0].revents == 0;
    if (events[1].revents != 0 && !output.read(child.output.get())) child.output.reset();
    if (events[2].revents != 0 && !errors.read(child.errors.get())) child.errors.reset();
    if (!alive) break;
    if (ended.stop == Stop::kNone)
      ended.stop = cancel.cancelled() ? Stop::kCancelled : beyond(child, job, Clock::now() - start);
    if (ended.stop != Stop::kNone && Clock::now() >= next_stop) {
      stop(child.pid);
      next_stop = Clock::now() + kBetweenStops;
    }
  }
  while (::waitpid(child.pid, &ended.status, 0) < 0 && errno == EINTR) {
  }
  if (child.output.open()) output.read(child.output.get());
  if (child.errors.open()) errors.read(child.errors.get());
  output.finish();
  errors.finish();
  ended.took = Clock::now() - start;
  if (ended.last_errors.empty()) ended.last_errors = std::move(last_output);
  return ended;
}

Status judge(const Job& job, const Ended& ended, int status) {
  const Limits& limits = job.limits;
  switch (ended.stop) {
    case Stop::kCancelled:
      return fail(Code::kCancelled, "cancelled");
    case Stop::kTime:
      return beyond_limit(job, "ran longer than", human_duration(limits.time), "seconds");
    case Stop::kMemory:
      return beyond_limit(job, "takes more memory than", human_bytes(limits.memory_bytes), "memory");
    case Stop::kOutput:
      return beyond_limit(job, "writes more than", human_bytes(limits.output_bytes), "output");
    case Stop::kProcesses:
      return beyond_limit(job, "starts more processes than", fmt::format("{}", limits.processes), "processes");
    case Stop::kNone:
      break;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    // What was written after the last look.
    if (writes_too_much(job)) return beyond_limit(job, "writes more than", human_bytes(limits.output_bytes), "output");
    return {};
  }
  if (WIFEXITED(status)) {
    return fail(Code::kData,
                fmt::format("the program ended with exit code {}: {}{}", WEXITSTATUS(status), job.name, tail(ended)));
  }
  const int signal = WTERMSIG(status);
  if (signal == SIGXFSZ) return beyond_limit(job, "writes more than", human_bytes(limits.output_bytes), "output");
  const char* const words = ::sigdescr_np(signal);
  return fail(Code::kData, fmt::format("the program was killed by signal {} ({}): {}{}", signal,
                                       words == nullptr ? "unknown" : words, job.name, tail(ended)));
}

}  // namespace sinan::run

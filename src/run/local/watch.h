// Watches a child process until it has ended: reads what it prints, and has it stopped when it is cancelled or goes beyond a limit.
// Who started the child decides how it is stopped; when watch() returns, it has been waited for.
//
// One thread per child.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "run/executor.h"

namespace sinan::run {

// A file descriptor that is closed.
class Handle {
 public:
  Handle() = default;
  explicit Handle(int fd) : fd_(fd) {}
  Handle(Handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Handle() { reset(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

struct Pipe {
  Handle read;
  Handle write;
  static Result<Pipe> make();  // both close on exec
};

struct Child {
  int pid = -1;
  Handle process;  // pidfd
  Handle output;   // ends of pipes, to read from
  Handle errors;
};
// Of a child just made. Errors: kIo.
Result<Handle> open_process(int pid);

enum class Stop : uint8_t { kNone, kCancelled, kTime, kMemory, kOutput, kProcesses };

struct Ended {
  Stop stop = Stop::kNone;
  int status = 0;  // as waitpid() gives it, of the child
  std::chrono::nanoseconds took{};
  std::deque<std::string> last_errors;  // the last lines of its standard error, else of its output
};

// `stop` asks the child to end; it is called again now and then until it has.
Ended watch(Child& child, const Job& job, const LineSink& line, const CancelToken& cancel,
            const std::function<void(int)>& stop);
// A child's end as the user's error. `status` is the program's own.
Status judge(const Job& job, const Ended& ended, int status);

// Bytes on disk of a folder and all in it, symbolic links not followed. Stops counting at `most`, and counts no more than 100,000
// entries: more of them are "too much" whatever they hold.
uint64_t folder_bytes(const std::filesystem::path& folder, uint64_t most);

}  // namespace sinan::run

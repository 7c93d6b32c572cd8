#include "app/interrupts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/check.h"

namespace sinan::app {
namespace {

constexpr int kExitCancelled = 130;
// What a heeded interrupt takes at most, by far.
constexpr timespec kPatience{.tv_sec = 0, .tv_nsec = 300'000'000};

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  // nohup: the caller wants the run to outlive the terminal.
  struct sigaction hang_up{};
  if (sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Interrupts& Interrupts::start() {
  static auto* interrupts = new Interrupts();  // never destroyed: its thread ends with the process
  return *interrupts;
}

Interrupts::Interrupts() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file as large as ulimit -f allows is an error like a full disk
  const sigset_t set = awaited_signals();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  CHECK(pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) == 0);
  thread_ = std::thread([this] { wait_for_signals(); });
  thread_.detach();
}

void Interrupts::wait_for_signals() {
  const sigset_t set = awaited_signals();
  bool waits_for_work = false;
  for (;;) {
    const int number = waits_for_work ? sigtimedwait(&set, nullptr, &kPatience) : sigwaitinfo(&set, nullptr);
    if (number > 0) {
      waits_for_work = on_signal(number);
    } else if (errno == EAGAIN) {
      on_patience_over();
      waits_for_work = false;
    }
  }
}

void Interrupts::die() {
  constexpr char kEraseStatus[] = "\r\x1b[J";
  if (isatty(STDERR_FILENO) != 0) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kEraseStatus, sizeof(kEraseStatus) - 1);
  }
  _exit(kExitCancelled);
}

void Interrupts::on_patience_over() {
  const std::scoped_lock lock(mutex_);
  if (!current_ || !current_->may_die_ || !current_->cancelled()) return;
  constexpr char kCancelled[] = "cancelled\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kCancelled, sizeof(kCancelled) - 1);
  die();
}

bool Interrupts::on_signal(int number) {
  const std::scoped_lock lock(mutex_);
  if (number != SIGINT) terminated_ = true;
  if (!current_) {
    if (!at_prompt_) _exit(kExitCancelled);  // reading the program, opening the project: nothing has to be undone
    const char byte = 0;
    [[maybe_unused]] const ssize_t written = write(pipe_[1], &byte, 1);  // full = it is readable already
    return false;
  }
  const auto now = std::chrono::steady_clock::now();
  if (last_ && now - *last_ < std::chrono::seconds(1)) die();
  last_ = now;
  current_->source_.cancel();
  return current_->may_die_;
}

void Interrupts::clear_idle() {
  char bytes[64];
  while (read(pipe_[0], bytes, sizeof(bytes)) > 0) {
  }
}

Interrupts::Scope::Scope(Interrupts& interrupts) : interrupts_(interrupts) {
  const std::scoped_lock lock(interrupts_.mutex_);
  interrupts_.current_ = this;
  interrupts_.last_.reset();
}

void Interrupts::Scope::may_die(bool may) {
  const std::scoped_lock lock(interrupts_.mutex_);
  may_die_ = may;
}

Interrupts::Scope::~Scope() {
  const std::scoped_lock lock(interrupts_.mutex_);
  interrupts_.current_ = nullptr;
}

}  // namespace sinan::app

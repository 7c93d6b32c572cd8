#include "app/interrupts.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/check.h"

namespace sinan::app {
namespace {

constexpr int kExitCancelled = 130;

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
  const sigset_t set = awaited_signals();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  CHECK(pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) == 0);
  thread_ = std::thread([this] { wait_for_signals(); });
  thread_.detach();
}

void Interrupts::wait_for_signals() {
  const sigset_t set = awaited_signals();
  for (;;) {
    int number = 0;
    if (sigwait(&set, &number) == 0) on_signal(number);
  }
}

void Interrupts::on_signal(int number) {
  const std::scoped_lock lock(mutex_);
  if (number != SIGINT) terminated_ = true;
  if (!current_) {
    if (!at_prompt_) _exit(kExitCancelled);  // reading the program, opening the project: nothing has to be undone
    const char byte = 0;
    [[maybe_unused]] const ssize_t written = write(pipe_[1], &byte, 1);  // full = it is readable already
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (last_ && now - *last_ < std::chrono::seconds(1)) {
    constexpr char kEraseStatus[] = "\r\x1b[J";
    if (isatty(STDERR_FILENO) != 0) {
      [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kEraseStatus, sizeof(kEraseStatus) - 1);
    }
    _exit(kExitCancelled);
  }
  last_ = now;
  current_->cancel();
}

void Interrupts::clear_idle() {
  char bytes[64];
  while (read(pipe_[0], bytes, sizeof(bytes)) > 0) {
  }
}

Interrupts::Scope::Scope(Interrupts& interrupts) : interrupts_(interrupts) {
  const std::scoped_lock lock(interrupts_.mutex_);
  interrupts_.current_ = &source_;
  interrupts_.last_.reset();
}

Interrupts::Scope::~Scope() {
  const std::scoped_lock lock(interrupts_.mutex_);
  interrupts_.current_ = nullptr;
}

}  // namespace sinan::app

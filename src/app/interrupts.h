// Interrupts: Ctrl-C, SIGTERM and SIGHUP as a cancellation, not as a death. One thread waits for the signals; the first cancels what
// runs, a second within a second ends the process at once (exit code 130). So does the first while nothing would have to be
// undone (Scope::may_die), when the work does not heed it: a read from a pipe cannot be interrupted. SIGPIPE is ignored:
// writers see EPIPE.
//
// start() must be called before any other thread exists: threads inherit the signal mask.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>

#include "base/cancel.h"

namespace sinan::app {

// What may stop a piece of work.
class Interruption {
 public:
  virtual ~Interruption() = default;
  virtual CancelToken token() const = 0;
  // From now on the process may just end when the work does not stop soon after a signal. Any number of times.
  virtual void may_die(bool may) = 0;
};

class Interrupts {
 public:
  static Interrupts& start();

  // Of the work that begins now, until the guard goes.
  class Scope final : public Interruption {
   public:
    explicit Scope(Interrupts& interrupts);
    ~Scope() override;
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    CancelToken token() const override { return source_.token(); }
    bool cancelled() const { return source_.cancelled(); }
    void may_die(bool may) override;

   private:
    friend class Interrupts;
    Interrupts& interrupts_;
    CancelSource source_;
    bool may_die_ = false;  // guarded by the Interrupts' mutex
  };

  // From now on a signal while no Scope is open is for the prompt; before, it ends the process (exit code 130).
  void serve_prompt() { at_prompt_ = true; }
  // Becomes readable when a signal comes while no Scope is open: the prompt clears its line.
  int idle_descriptor() const { return pipe_[0]; }
  // Forgets such signals.
  void clear_idle();
  // SIGTERM or SIGHUP came: the prompt is to leave.
  bool terminated() const { return terminated_; }

 private:
  Interrupts();
  void wait_for_signals();
  // Answers whether to look at the work again after kPatience.
  bool on_signal(int signal);
  void on_patience_over();
  [[noreturn]] static void die();

  std::mutex mutex_;
  Scope* current_ = nullptr;
  std::optional<std::chrono::steady_clock::time_point> last_;
  std::atomic<bool> terminated_ = false;
  std::atomic<bool> at_prompt_ = false;
  int pipe_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace sinan::app

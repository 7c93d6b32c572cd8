// Scheduler: which step runs when, on how many threads. The executor's engine room.
//
// Workers (as many as the thread budget) take the ready step with the longest chain behind it, program order among equals,
// if its least budget is free. A step of the engine holds one place; a trainer gets its share of what is free. While both
// kinds run, the engine's own pool is shrunk by what the trainers hold. The lock order is: scheduler, then step, then
// nothing; the observer has a lock of its own and is never called with the scheduler's held.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "flow/executor.h"
#include "flow/running_step.h"

namespace sinan::flow {

class Scheduler {
 public:
  Scheduler(Plan& plan, Project& project, Observer& observer, const ExecuteOptions& options, RunReport& report);
  // Returns when every step has ended. An error is the executor's own.
  Status run();

 private:
  enum class State : uint8_t { kWaiting, kReady, kRunning, kEnded };
  struct Node {
    State state = State::kWaiting;
    uint32_t waits_for = 0;
    std::vector<uint32_t> dependents;
    uint32_t chain = 0;  // steps on the longest path from here on
    Budget budget;
    uint32_t threads = 0;  // held
    RunningStep* running = nullptr;
  };

  void work();
  // The step to start now and its threads; none when nothing ready fits. Lock held.
  std::optional<uint32_t> take();
  uint32_t share(const Node& node, size_t ready) const;
  void set_engine_limits();
  void run_step(uint32_t index);
  // Runs attempts until one succeeds or retrying is of no use.
  Status attempt(uint32_t index, StepReport& step, const std::optional<Fingerprint>& key);
  Status attempt_once(uint32_t index, StepReport& step, const std::optional<Fingerprint>& key);
  bool use_earlier_work(uint32_t index, StepReport& step, std::optional<Fingerprint>& key);
  void record_unsuccessful(uint32_t index, const StepReport& step);
  catalog::StepRecord record_of(uint32_t index, const StepReport& step) const;
  void after_session_change(const PlannedStep& planned);
  // Ends the step; on failure all that depends on it.
  void end(uint32_t index);
  void skip_dependents(uint32_t index, std::vector<uint32_t>& skipped);
  void watch();
  void fail_run(Error error);

  Plan& plan_;
  Project& project_;
  Observer& observer_;
  const ExecuteOptions& options_;
  RunReport& report_;
  const uint32_t total_threads_;
  const uint64_t total_memory_;
  const std::chrono::nanoseconds begun_;

  std::mutex mutex_;  // guards nodes_ and what follows
  std::condition_variable changed_;
  std::vector<Node> nodes_;
  uint32_t free_threads_;
  uint32_t engine_threads_;
  uint64_t engine_memory_;
  size_t unfinished_;
  bool sticky_busy_ = false;
  std::optional<Error> failure_;

  std::mutex observer_mutex_;
  std::atomic<bool> stop_waiting_ = false;  // ends the wait before a retry
};

}  // namespace sinan::flow

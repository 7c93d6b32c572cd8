// ProgramRuns: the programs that clients of the server have submitted: they run side by side as ProgramGate lets them, the others
// wait their turn; the latest that have ended are kept. All of them outlive the server (program_store.h): those that waited run
// when it is there again, those that ran are interrupted. What a run prints is what `sinan run --format jsonl` prints: lines of JSON, to be had as
// they come (server-sent events) or afterwards; beside it stand the plan and the states of its steps, as they change.
//
// Thread-safe. Programs run on threads of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/program_gate.h"
#include "app/screen.h"
#include "app/server/program_store.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/random.h"
#include "flow/executor.h"
#include "flow/plan.h"
#include "flow/project.h"
#include "net/event_hub.h"

namespace sinan::app {

struct Submission {
  std::string program;
  std::string name = "api";  // of the program, in messages and in the catalog
  bool use_cache = true;
  bool resume = false;
  uint64_t seed = 42;
};

class ProgramRuns {
 public:
  ProgramRuns(flow::Project& project, ProgramGate& gate, net::EventHub& events, Metrics& metrics);
  ~ProgramRuns() { stop(); }
  ProgramRuns(const ProgramRuns&) = delete;
  ProgramRuns& operator=(const ProgramRuns&) = delete;

  // The new run's state. Errors: kBusy when too many wait, kUnavailable when the server ends.
  Result<Json> submit(Submission submission);
  // {"id", "name", "state", "submitted", "started", "ended", "run", "output_truncated"}. Errors of these: kNotFound.
  Result<Json> state(std::string_view id) const;
  Json list(size_t most) const;                           // the latest first
  Result<std::string> output(std::string_view id) const;  // lines of JSON, as far as they have come
  // {"text", "plan", "steps"}: the program, its plan (null before it is checked), and of each step that has begun the latest
  // event "step".
  Result<Json> plan(std::string_view id) const;
  // Checks a program and answers its plan; nothing runs. Errors: kBusy while a program runs that this one cannot be checked
  // beside; kCancelled when the server ends.
  Result<Json> check(Submission submission);
  // Cancels a run that has not ended, and forgets one that has; answers its state.
  Result<Json> cancel(std::string_view id);
  // Events "output" (lines of JSON), "plan", "step" and "state" from the beginning, or after the last one that the client has seen.
  Result<std::shared_ptr<net::EventSubscription>> watch(std::string_view id,
                                                        std::optional<std::string_view> last_event_id);
  // Interrupts what runs, and answers when it has ended; what waits does so until the next start.
  void stop();

 private:
  enum class State { kQueued, kRunning, kDone, kFailed, kWrong, kCancelled, kInterrupted };
  struct Run {
    std::string id;
    Submission submission;
    State state = State::kQueued;
    TimePoint submitted{};
    std::optional<TimePoint> started;
    std::optional<TimePoint> ended;
    std::string catalog_run;  // of the run record; empty when nothing was run
    std::string output;
    bool is_truncated = false;
    Json plan;                       // null before it is made
    std::map<uint32_t, Json> steps;  // by number: the latest event of each
    CancelSource cancel;
    bool is_cancelled = false;  // by a client, not by the server's end
  };
  class RunScreen;
  class StepWatch;
  static std::string_view to_string(State state);
  static std::string topic(const Run& run) { return "program/" + run.id; }
  Json to_json(const Run& run) const;    // mutex_ held
  Json record_of(const Run& run) const;  // mutex_ held
  void restore(StoredProgram program);
  void keep(const Run& run);  // mutex_ held
  void work();
  State execute(Run& run, std::unique_lock<std::mutex>& order);
  static flow::PlanOptions plan_options(const Submission& submission, flow::SessionState& session,
                                        const CancelToken& cancel);
  void save_pictures(Screen& screen, const flow::RunReport& report);
  void tell_plan(Run& run, const flow::Plan& plan);
  void tell_step(Run& run, uint32_t number, Json event);
  void add_output(Run& run, std::string lines);
  void change(Run& run, State state);                            // mutex_ held
  void forget_oldest();                                          // mutex_ held
  Result<std::shared_ptr<Run>> find(std::string_view id) const;  // mutex_ held

  flow::Project& project_;
  ProgramGate& gate_;
  ProgramStore store_;
  const std::filesystem::path folder_ = std::filesystem::current_path();  // where file names in SQL begin
  net::EventHub& events_;
  Counter& submitted_;
  Gauge& waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Random random_;
  std::map<std::string, std::shared_ptr<Run>, std::less<>> runs_;  // ids sort by time
  std::deque<std::shared_ptr<Run>> queue_;
  bool is_stopping_ = false;
  CancelSource end_;  // of checks
  std::mutex order_;  // of those that take from the queue; taken before mutex_
  std::vector<std::thread> threads_;
};

}  // namespace sinan::app

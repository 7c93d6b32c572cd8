// The local executor: runs a plan's steps in parallel on threads of this process, one CPU and memory budget for all.
//
// A step starts when all it depends on are done and its least budget is free. A failure skips its descendants only.
// Transient errors are retried with exponential backoff. Cancelling interrupts what runs, undoes it, and starts nothing more.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "flow/plan.h"

namespace sinan::flow {

struct StepReport {
  catalog::StepStatus status = catalog::StepStatus::kSkipped;
  std::optional<Error> error;
  Outcome outcome;                      // messages, tables, artefacts
  std::chrono::nanoseconds started{0};  // since the run began
  std::chrono::nanoseconds duration{0};
  std::vector<std::pair<std::string, std::chrono::nanoseconds>> stages;
  uint32_t threads = 0;
  uint32_t attempts = 0;
};

struct RunReport {
  RunId id;
  std::vector<StepReport> steps;  // one for each planned step
  std::chrono::nanoseconds duration{0};
  bool cancelled = false;
  bool ok() const;  // every step done or cached
};

// What a running step shows. A copy: safe to read any time.
struct ProgressSnapshot {
  uint32_t step = 0;
  std::string stage;
  double fraction = -1;
  int64_t rows = -1;
  std::string note;
  std::chrono::nanoseconds elapsed{0};
  std::optional<std::chrono::nanoseconds> left;  // estimated
};

// Told what happens; calls come from worker threads, one at a time.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void step_started(const PlannedStep&) {}
  virtual void step_progress(const ProgressSnapshot&) {}
  // In the order of finishing. The report stays valid until execute() returns.
  virtual void step_finished(const PlannedStep&, const StepReport&) {}
  // Where this step's query rows go. Must be callable from the step's thread.
  virtual ResultSink& results(const PlannedStep&) = 0;
};

struct ExecuteOptions {
  bool use_cache = true;
  uint64_t seed = 42;
  CancelToken cancel;
  std::string user = {};  // on whose behalf: for audit logs
};

// An error is a failure of the executor itself; failed steps are in the report.
Result<RunReport> execute(Plan& plan, Project& project, Observer& observer, const ExecuteOptions& options = {});

}  // namespace sinan::flow

// Applies an edit to the newest configuration and records it: what ChangeStep is to a program, for a request. It is a run of one
// step in the catalog, and a version of the configuration in the audit log. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "experiment/statements/edit.h"
#include "flow/project.h"

namespace sinan::experiment {

struct ChangeRequest {
  ObjectRef object;                // whose version is expected and answered
  std::vector<ObjectRef> changes;  // what the edit is about
  Edit edit;
  std::string who;
  std::string statement;             // what the run's record shows
  std::optional<uint32_t> expected;  // the object's version that the change was made from
};

struct Changed {
  std::string message;
  std::vector<std::string> warnings;
  uint64_t configuration_version = 0;
  uint32_t version = 0;  // of the object; 0 when it was dropped
};

class ChangeRecorder {
 public:
  explicit ChangeRecorder(flow::Project& project) : project_(project), random_(Random::from_system()) {}

  // Nothing when the object is of another version than `expected`. Errors: those of apply(), without a place where that would be
  // in a program; kBusy when others kept changing the configuration.
  Result<std::optional<Changed>> run(const ChangeRequest& request);

 private:
  Result<std::optional<Changed>> attempt(const ChangeRequest& request);
  Result<std::vector<uint32_t>> record(const ChangeRequest& request, const flow::Outcome& outcome);
  RunId next_run_id();

  flow::Project& project_;
  std::mutex mutex_;
  Random random_;  // guarded by mutex_
};

}  // namespace sinan::experiment

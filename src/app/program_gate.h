// ProgramGate: which programs of a server run side by side. One that writes has the project to itself among writers; those that
// only read run beside it and beside one another: each of their steps sees what was committed before it. The others wait, in the
// order they came.
//
// File names in SQL begin at the folder that the caller stands in, and a process has one current folder: programs of another
// folder wait until those that run have ended.
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/cancel.h"
#include "base/error.h"
#include "flow/plan.h"
#include "flow/project.h"

namespace sinan::app {

class ProgramGate {
 public:
  enum class Use { kRead, kWrite };
  explicit ProgramGate(size_t most_running) : most_running_(most_running) {}

  // A guard: the place of a program that is checked or runs.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), place_(other.place_) {}
    Hold& operator=(Hold&& other) noexcept {
      std::swap(gate_, other.gate_);
      std::swap(place_, other.place_);
      return *this;
    }
    ~Hold() {
      if (gate_ != nullptr) gate_->leave(place_);
    }

   private:
    friend class ProgramGate;
    struct Place {
      Use use;
      std::filesystem::path folder;
    };
    Hold(ProgramGate& gate, std::list<Place>::iterator place) : gate_(&gate), place_(place) {}
    ProgramGate* gate_ = nullptr;
    std::list<Place>::iterator place_;
  };

  // Waits for its turn; the folder is the current one from then on. `placed` is called once its place among those that wait is
  // certain. Errors: kCancelled, and those of a folder that is gone.
  Result<Hold> enter(Use use, const std::filesystem::path& folder, const CancelToken& cancel,
                     const std::function<void()>& placed = {});
  // Nothing when it would have to wait.
  Result<std::optional<Hold>> try_enter(Use use, const std::filesystem::path& folder);

 private:
  using Place = Hold::Place;
  bool may_run(std::list<Place>::const_iterator place) const;  // mutex_ held
  Result<Hold> admit(std::list<Place>::iterator place);        // mutex_ held
  void leave(std::list<Place>::iterator place);

  const size_t most_running_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Place> running_;
  std::list<Place> waiting_;  // in the order they came
};

struct AdmittedPlan {
  ProgramGate::Hold hold;  // until the program has run
  flow::Plan plan;
};
// Whether the program can do nothing but read, as far as its statements' first words tell: PREDICT and TRAIN may yet write.
bool may_read_only(const std::string& program);
// Checks a program and holds the place that it needs to run. `gate` null: there are no others. `placed`: as of enter().
Result<AdmittedPlan> plan_in_turn(ProgramGate* gate, const std::filesystem::path& folder, const std::string& program,
                                  flow::Project& project, const flow::PlanOptions& options,
                                  const std::function<void()>& placed = {});

}  // namespace sinan::app

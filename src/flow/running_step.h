// RunningStep: one attempt at a step: its session and transaction, its staging folder, its progress. The RunContext that
// Step::run() gets. What is left uncommitted when it is destroyed is rolled back and removed.
//
// run(), commit() and the RunContext belong to the step's thread; snapshot(), interrupt() may be called by any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "flow/executor.h"
#include "flow/function_session.h"
#include "flow/plan.h"
#include "flow/project.h"
#include "flow/step.h"

namespace sinan::flow {

class RunningStep final : public RunContext, private Progress {
 public:
  struct Grant {
    RunId run;
    uint32_t threads = 1;
    uint64_t memory_bytes = 0;
    uint64_t seed = 0;
    CancelToken cancel;
    std::string user;
    SessionState* session = nullptr;  // the plan's
  };
  RunningStep(const PlannedStep& planned, Project& project, ResultSink& results, Grant grant);
  ~RunningStep() override;

  Result<Outcome> run();
  // Makes the outcome visible, together with the record: docs/formats/commit.md. `record` is completed with the outcome;
  // messages about new versions are added to it.
  Status commit(Outcome& outcome, catalog::StepRecord record);

  ProgressSnapshot snapshot() const;
  void interrupt() noexcept;
  // The stages so far with their times, the present one last.
  std::vector<std::pair<std::string, std::chrono::nanoseconds>> stages() const;

  engine::Session& session() override { return *functions_; }
  Result<std::unique_ptr<engine::Session>> connect() override;
  const engine::Engine& engine() const override { return project_.engine(); }
  const catalog::Catalog& catalog() const override { return project_.catalog(); }
  uint32_t threads() const override { return grant_.threads; }
  uint64_t memory_bytes() const override { return grant_.memory_bytes; }
  const CancelToken& cancel() const override { return grant_.cancel; }
  Progress& progress() override { return *this; }
  ResultSink& results() override { return results_; }
  io::FileSystem& files() override { return project_.files(); }
  const Clock& clock() const override { return project_.clock(); }
  uint64_t seed() const override { return grant_.seed; }
  const std::string& user() const override { return grant_.user; }
  const std::filesystem::path& project_folder() const override { return project_.folder(); }
  Result<std::filesystem::path> staging() override;
  std::filesystem::path staging_relative() const override;

 private:
  void stage(std::string_view name) override;
  void fraction(double done) override;
  void rows(int64_t total_so_far) override;
  void note(std::string_view text) override;

  void track(engine::Session* session);
  void untrack(engine::Session* session);
  Status open_session();
  Status commit_engine(catalog::StepRecord& record, std::vector<uint32_t>& versions);
  Status keep_staging(const Outcome& outcome);
  bool writes_to_engine(const Outcome& outcome) const;
  void roll_back();
  void end_stage();

  const PlannedStep& planned_;
  Project& project_;
  ResultSink& results_;
  Grant grant_;

  std::unique_ptr<engine::Session> own_session_;
  std::unique_lock<std::mutex> sticky_lock_;
  engine::Session* session_ = nullptr;
  CatalogScope objects_;
  std::optional<FunctionSession> functions_;  // of session_: what the step sees
  bool staged_ = false;
  bool kept_ = false;  // the staging folder belongs to the catalog now, or may

  mutable std::mutex mutex_;  // guards what follows
  std::vector<engine::Session*> interruptible_;
  std::string stage_ = "running";
  std::chrono::nanoseconds begun_;
  std::chrono::nanoseconds stage_begun_;
  double fraction_ = -1;
  int64_t rows_ = -1;
  std::string note_;
  std::vector<std::pair<std::string, std::chrono::nanoseconds>> stages_;
};

}  // namespace sinan::flow

// A project in a temporary folder, with what its programs showed: for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "flow/executor.h"
#include "flow/plan.h"
#include "flow/project.h"
#include "flow/registry.h"
#include "io/temp_dir.h"

namespace sinan::flow {

// Keeps the rows of every step as text, values separated by '|'.
class TextSink final : public ResultSink {
 public:
  Status begin(const std::shared_ptr<const arrow::Schema>& schema) override;
  Result<bool> write(arrow::Batch batch) override;
  Status end() override { return {}; }
  std::vector<std::string> rows;
};

class Recorder final : public Observer {
 public:
  void step_started(const PlannedStep& step) override;
  void step_finished(const PlannedStep& step, const StepReport& report) override;
  ResultSink& results(const PlannedStep& step) override;

  std::function<void(const PlannedStep&)> on_start;
  std::mutex mutex;
  std::vector<uint32_t> started;
  std::vector<uint32_t> finished;
  std::map<uint32_t, TextSink> sinks;
};

class ProjectTest : public testing::Test {
 protected:
  ProjectTest();

  void open();
  void close() { project_.reset(); }
  void reopen() {
    close();
    open();
  }
  Plan plan(std::string program, PlanOptions options = {});
  // Plans and executes; fails the test when the plan has errors.
  RunReport run(std::string program, ExecuteOptions options = {});
  // Rows of one query.
  std::vector<std::string> rows(std::string query);
  std::vector<std::string> status_of(const RunReport& report) const;
  std::vector<std::string> errors_of(const Plan& plan) const;

  io::TempDir dir_;
  Registry registry_;
  ProjectOptions options_;
  std::unique_ptr<Project> project_;
  Recorder recorder_;
};

}  // namespace sinan::flow

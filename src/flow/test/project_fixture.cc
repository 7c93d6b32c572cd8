#include "flow/test/project_fixture.h"

#include "flow/statements/register.h"

namespace sinan::flow {

Status TextSink::begin(const std::shared_ptr<const arrow::Schema>&) {
  rows.clear();
  return {};
}

Result<bool> TextSink::write(arrow::Batch batch) {
  for (size_t row = 0; row < batch.rows(); ++row) {
    std::string line;
    for (size_t column = 0; column < batch.columns(); ++column) {
      if (column > 0) line += '|';
      line += batch.column(column).to_text(row);
    }
    rows.push_back(std::move(line));
  }
  return true;
}

void Recorder::step_started(const PlannedStep& step) {
  {
    const std::lock_guard lock(mutex);
    started.push_back(step.statement.index);
  }
  if (on_start) on_start(step);
}

void Recorder::step_finished(const PlannedStep& step, const StepReport&) {
  const std::lock_guard lock(mutex);
  finished.push_back(step.statement.index);
}

ResultSink& Recorder::results(const PlannedStep& step) {
  const std::lock_guard lock(mutex);
  return sinks[step.statement.index];
}

ProjectTest::ProjectTest() : dir_(io::TempDir::make().value()) {
  register_flow(registry_);
  options_.folder = dir_.path();
  options_.command_line = "flow_test";
}

void ProjectTest::open() {
  auto opened = Project::open(options_, registry_);
  ASSERT_TRUE(opened) << opened.error().to_string();
  project_ = std::move(*opened);
}

Plan ProjectTest::plan(std::string program, PlanOptions options) {
  if (!project_) open();
  auto made = make_plan(std::move(program), *project_, options);
  EXPECT_TRUE(made) << made.error().to_string();
  return made ? std::move(*made) : Plan{};
}

RunReport ProjectTest::run(std::string program, ExecuteOptions options) {
  PlanOptions plan_options;
  plan_options.use_cache = options.use_cache;
  plan_options.seed = options.seed;
  Plan made = plan(std::move(program), plan_options);
  for (const std::string& error : errors_of(made)) ADD_FAILURE() << error;
  if (!made.ok()) return {};
  recorder_.started.clear();
  recorder_.finished.clear();
  recorder_.sinks.clear();
  auto report = execute(made, *project_, recorder_, options);
  EXPECT_TRUE(report) << report.error().to_string();
  return report ? std::move(*report) : RunReport{};
}

std::vector<std::string> ProjectTest::rows(std::string query) {
  const RunReport report = run(std::move(query));
  for (const StepReport& step : report.steps) {
    if (step.error) ADD_FAILURE() << step.error->to_string();
  }
  return recorder_.sinks.empty() ? std::vector<std::string>{} : recorder_.sinks.rbegin()->second.rows;
}

std::vector<std::string> ProjectTest::status_of(const RunReport& report) const {
  std::vector<std::string> result;
  for (const StepReport& step : report.steps) {
    result.emplace_back(to_string(step.status));
    if (step.error && step.status != catalog::StepStatus::kFailed) result.back() += ": " + step.error->to_string();
  }
  return result;
}

std::vector<std::string> ProjectTest::errors_of(const Plan& plan) const {
  std::vector<std::string> result;
  for (const Diagnostic& diagnostic : plan.diagnostics) {
    if (diagnostic.is_warning) continue;
    std::string text = diagnostic.error.message;
    if (!diagnostic.error.hint.empty()) text += " (" + diagnostic.error.hint + ")";
    if (diagnostic.error.span) {
      text += " at \"" +
              plan.program->substr(diagnostic.error.span->begin,
                                   diagnostic.error.span->end - diagnostic.error.span->begin) +
              "\"";
    }
    result.push_back(std::move(text));
  }
  return result;
}

}  // namespace sinan::flow

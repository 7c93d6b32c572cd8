#include "flow/executor.h"

#include <fmt/format.h>

#include "base/id.h"
#include "base/random.h"
#include "flow/scheduler.h"

namespace sinan::flow {

bool RunReport::ok() const {
  for (const StepReport& step : steps) {
    if (step.status != catalog::StepStatus::kDone && step.status != catalog::StepStatus::kCached) return false;
  }
  return true;
}

Result<RunReport> execute(Plan& plan, Project& project, Observer& observer, const ExecuteOptions& options) {
  RunReport report;
  Random random = Random::from_system();
  report.id = make_run_id(project.clock().now(), random);
  report.steps.resize(plan.steps.size());
  const auto begun = project.clock().monotonic();

  catalog::RunRecord record;
  record.id = report.id;
  record.program_name = plan.program_name;
  record.program = *plan.program;
  record.started = project.clock().now();
  record.status = "running";
  TRY(project.catalog().begin_run(record));
  Status failure = Scheduler(plan, project, observer, options, report).run();

  report.cancelled = options.cancel.cancelled();
  report.duration = project.clock().monotonic() - begun;
  const std::string_view status = report.ok() ? "done" : report.cancelled ? "cancelled" : "failed";
  TRY(project.catalog().finish_run(report.id, failure ? status : "failed", report.duration));
  if (!failure) return fail(std::move(failure).error());
  return report;
}

}  // namespace sinan::flow

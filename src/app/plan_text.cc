#include "app/plan_text.h"

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

std::string names(const std::vector<ObjectRef>& objects) {
  std::string text;
  for (const ObjectRef& object : objects) {
    if (!text.empty()) text += ", ";
    // Tables are the most of them: their kind goes without saying.
    text += object.kind == object_kind::kTable ? object.name : object.to_string();
  }
  return text;
}

std::string after(const flow::PlannedStep& step) {
  std::string text;
  for (const flow::Dependency& dependency : step.depends_on)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", dependency.on + 1);
  return text;
}

std::string state(const flow::PlannedStep& step) {
  if (step.resumed) return "done before";
  if (step.cached) return "unchanged";
  if (step.step && step.step->access().barrier) return "runs alone: " + *step.step->access().barrier;
  return "";
}

}  // namespace

arrow::Batch plan_table(const flow::Plan& plan) {
  arrow::BatchBuilder rows({{"step", arrow::int32_type()},
                            {"statement", arrow::string_type()},
                            {"reads", arrow::string_type()},
                            {"writes", arrow::string_type()},
                            {"after", arrow::string_type()},
                            {"note", arrow::string_type()}});
  for (const flow::PlannedStep& step : plan.steps) {
    rows.column(0).append(static_cast<int64_t>(step.statement.index) + 1);
    rows.column(1).append(step.title);
    rows.column(2).append(step.step ? names(step.step->access().reads) : "");
    rows.column(3).append(step.step ? names(step.step->access().writes) : "");
    rows.column(4).append(after(step));
    rows.column(5).append(state(step));
  }
  return rows.finish();
}

plot::Chart timeline(const flow::Plan& plan, const flow::RunReport& report) {
  plot::Timeline steps;
  size_t done = 0;
  for (size_t i = 0; i < report.steps.size() && i < plan.steps.size(); ++i) {
    const flow::StepReport& step = report.steps[i];
    plot::Timeline::Item item{.label = plan.steps[i].title,
                              .start_seconds = std::chrono::duration<double>(step.started).count(),
                              .duration_seconds = std::chrono::duration<double>(step.duration).count(),
                              .status = std::string(catalog::to_string(step.status)),
                              .depends_on = {}};
    for (const flow::Dependency& dependency : plan.steps[i].depends_on) item.depends_on.push_back(dependency.on);
    steps.items.push_back(std::move(item));
    if (step.status == catalog::StepStatus::kDone || step.status == catalog::StepStatus::kCached) ++done;
  }
  const std::string count = done == report.steps.size() ? fmt::format("{} steps", done)
                                                        : fmt::format("{} of {} steps", done, report.steps.size());
  return {.title = fmt::format("{} in {}", count, human_duration(report.duration)),
          .subtitle = "",
          .body = std::move(steps)};
}

}  // namespace sinan::app

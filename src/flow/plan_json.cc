#include "base/strings.h"
#include "flow/plan.h"

namespace sinan::flow {
namespace {

std::string_view to_string(Hazard hazard) {
  switch (hazard) {
    case Hazard::kReadAfterWrite:
      return "read after write";
    case Hazard::kWriteAfterRead:
      return "write after read";
    case Hazard::kWriteAfterWrite:
      return "write after write";
    case Hazard::kBarrier:
      return "barrier";
  }
  return "";
}

Json names_of(const std::vector<ObjectRef>& objects) {
  Json::Array names;
  for (const ObjectRef& object : objects) names.emplace_back(object.to_string());
  return names;
}

Json to_json(const PlannedStep& step) {
  const Access& access = step.step->access();
  Json::Array dependencies;
  for (const Dependency& dependency : step.depends_on) {
    Json item = Json::object({{"step", dependency.on + 1}, {"hazard", to_string(dependency.hazard)}});
    if (!dependency.object.name.empty()) item.set("object", dependency.object.to_string());
    dependencies.push_back(std::move(item));
  }
  Json json = Json::object({{"step", step.statement.index + 1},
                            {"kind", step.kind},
                            {"title", step.title},
                            {"reads", names_of(access.reads)},
                            {"writes", names_of(access.writes)},
                            {"depends_on", std::move(dependencies)},
                            {"cached", step.cached}});
  if (access.barrier) json.set("barrier", *access.barrier);
  if (step.cached) json.set("cached_from", step.cached_from);
  return json;
}

Json to_json(const Diagnostic& diagnostic, std::string_view program) {
  const Error& error = diagnostic.error;
  Json json = Json::object({{"severity", diagnostic.is_warning ? "warning" : "error"},
                            {"code", to_string(error.code)},
                            {"message", error.message},
                            {"hint", error.hint}});
  if (error.span) {
    const LineColumn place = line_column(program, error.span->begin);
    json.set("line", place.line);
    json.set("column", place.column);
    json.set("offset", error.span->begin);
    json.set("length", error.span->end - error.span->begin);
  }
  return json;
}

}  // namespace

Json to_json(const Plan& plan) {
  Json::Array steps;
  for (const PlannedStep& step : plan.steps) steps.push_back(to_json(step));
  Json::Array diagnostics;
  for (const Diagnostic& diagnostic : plan.diagnostics) diagnostics.push_back(to_json(diagnostic, *plan.program));
  return Json::object({{"program", plan.program_name},
                       {"ok", plan.ok()},
                       {"steps", std::move(steps)},
                       {"diagnostics", std::move(diagnostics)}});
}

}  // namespace sinan::flow

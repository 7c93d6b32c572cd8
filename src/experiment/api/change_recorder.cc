#include "experiment/api/change_recorder.h"

#include <algorithm>
#include <utility>

#include "base/id.h"
#include "experiment/statements/publish.h"
#include "experiment/statements/stored_configuration.h"
#include "flow/outcome.h"

namespace sinan::experiment {
namespace {

constexpr int kMostAttempts = 20;

// Of the newest version; 0 when there is none.
Result<uint32_t> version_of(const catalog::Catalog& catalog, const ObjectRef& ref) {
  auto known = catalog.object(ref);
  if (known) return known->ref.version;
  if (known.error().code == Code::kNotFound) return 0;
  return std::unexpected(std::move(known).error());
}

}  // namespace

Result<std::optional<Changed>> ChangeRecorder::run(const ChangeRequest& request) {
  for (int attempts = 1;; ++attempts) {
    auto changed = attempt(request);
    if (changed || changed.error().code != Code::kBusy || attempts == kMostAttempts) return changed;
  }
}

Result<std::optional<Changed>> ChangeRecorder::attempt(const ChangeRequest& request) {
  const catalog::Catalog& catalog = project_.catalog();
  const Configuration before = TRY(stored_configuration(catalog));
  Changed changed;
  changed.version = TRY(version_of(catalog, request.object));
  if (request.expected && changed.version != 0 && changed.version != *request.expected) return std::nullopt;
  auto applied = apply(request.edit, before);
  if (!applied) {
    // There is no program for places of names; those in the text of a condition stay.
    if (applied.error().span == Span{}) applied.error().span.reset();
    return std::unexpected(std::move(applied).error());
  }
  changed.message = std::move(applied->message);
  changed.warnings = std::move(applied->warnings);
  flow::Outcome outcome;
  outcome.messages.push_back(changed.message);
  store_changes(before, applied->configuration, {request.who, request.edit.reason}, outcome);
  changed.configuration_version = before.version;
  if (outcome.objects.empty()) return changed;
  const std::vector<uint32_t> versions = TRY(record(request, outcome));
  for (size_t i = 0; i < versions.size(); ++i) {
    if (outcome.objects[i].ref == request.object) changed.version = versions[i];
    if (outcome.objects[i].ref == configuration_ref()) changed.configuration_version = versions[i];
  }
  if (std::ranges::find(outcome.dropped, request.object) != outcome.dropped.end()) changed.version = 0;
  return changed;
}

Result<std::vector<uint32_t>> ChangeRecorder::record(const ChangeRequest& request, const flow::Outcome& outcome) {
  catalog::Catalog& catalog = project_.catalog();
  const auto begun = project_.clock().monotonic();
  catalog::RunRecord run;
  run.id = next_run_id();
  run.program_name = "api";
  run.program = request.statement;
  run.started = project_.clock().now();
  run.status = "running";
  TRY(catalog.begin_run(run));

  catalog::StepRecord step;
  step.statement = request.statement;
  step.kind = "API";
  step.started = run.started;
  step.details = Json::object({{"messages", Json::array({outcome.messages.front()})}});
  step.access.writes = request.changes;
  step.access.writes.push_back(configuration_ref());
  step.objects = outcome.objects;
  step.dropped = outcome.dropped;
  auto versions = catalog.record_step(run.id, step);
  TRY(catalog.finish_run(run.id, versions ? "done" : "failed", project_.clock().monotonic() - begun));
  return versions;
}

RunId ChangeRecorder::next_run_id() {
  const std::lock_guard lock(mutex_);
  return make_run_id(project_.clock().now(), random_);
}

}  // namespace sinan::experiment

#include "ml/statements/train_resampled.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "ml/resampling.h"
#include "ml/trial_tables.h"
#include "ml/tuning.h"

namespace sinan::ml {
namespace {

std::string search_summary(const Tuned& tuned, const TrainRequest& request) {
  const Trial& best = tuned.trials[tuned.best];
  const Candidate& candidate = request.candidates[best.candidate];
  std::string text = fmt::format("Tuned {}: {} trials, best {} {:.4g} in trial {}", request.clause.into.text,
                                 tuned.trials.size(), tuned.metric, best.value(), tuned.best + 1);
  if (request.candidates.size() > 1) text += " with " + candidate.estimator;
  if (!best.point.empty()) text += fmt::format(" ({})", candidate.space.to_text(best.point));
  return text + ".";
}

void add_search_messages(const Tuned& tuned, const TrainRequest& request, std::vector<std::string>& messages) {
  messages.push_back(search_summary(tuned, request));
  if (tuned.from_earlier_runs > 0)
    messages.push_back(
        fmt::format("{} of the trials were taken over from a run that did not end.", tuned.from_earlier_runs));
  if (tuned.ran_out_of_time)
    messages.push_back(fmt::format("tune.timeout ended the search after {} trials.", tuned.trials.size()));
  const auto failed = std::ranges::count_if(tuned.trials, [](const Trial& trial) { return !trial.is_done(); });
  if (failed > 0) messages.push_back(fmt::format("Warning: {} of the trials failed; the table says why.", failed));
}

}  // namespace

Status keep_usable(TrainRequest& request, Task task, std::vector<std::string>& messages) {
  if (request.trainer != nullptr) return {};
  std::erase_if(request.candidates, [&](const Candidate& candidate) {
    if (!(task == Task::kRegression ? candidate.regresses : candidate.classifies)) return true;
    const flow::DoctorFinding finding = candidate.trainer->doctor();
    if (finding.works) return false;
    messages.push_back(fmt::format("{} is left out: {}.", candidate.estimator, finding.detail));
    return true;
  });
  if (!request.candidates.empty()) return {};
  return fail(Code::kUnsupported, fmt::format("no estimator is there to try: {}", to_string(task)),
              "sinan doctor says what is missing")
      .at(request.clause.estimator.span);
}

Result<DecidedModel> decide_and_train(const TrainRequest& request, const HeldRows& rows,
                                      const TrainingResources& resources, TrainObserver& observer,
                                      flow::RunContext& context) {
  DecidedModel out;
  TrainRequest final_request = request;
  if (!request.candidates.empty()) {
    out.tuned = TRY(tune(request, rows, resources.seed, context));
    const Trial& best = out.tuned->trials[out.tuned->best];
    final_request = request_of(request, best);
    if (request.folds.count > 0) fix_rounds(final_request, best.rounds);
  } else {
    out.folds = TRY(cross_validate(request, rows, resources.seed, context));
    fix_rounds(final_request, mean_of(out.folds->rounds));
  }
  out.trained = TRY(fit_all(final_request, rows, resources, observer));
  return out;
}

Result<ResampledModel> train_resampled(const TrainRequest& asked, TrainingData read, const TrainingResources& resources,
                                       flow::RunContext& context) {
  ResampledModel out;
  TrainRequest request = asked;
  TRY(keep_usable(request, read.data.task(), out.messages));
  auto held = hold_rows(read.data, read.fold_plan(request), resources.seed);
  if (!held) return fail(std::move(held).error()).at(request.folds.place);
  read.raw.reset();

  TrainingProgress progress(context);
  DecidedModel decided = TRY(decide_and_train(request, *held, resources, progress, context));
  out.trained = std::move(decided.trained);
  Json& metrics = out.trained.package.metrics;
  if (std::optional<Tuned>& tuned = decided.tuned) {
    add_search_messages(*tuned, request, out.messages);
    if (request.tune.into) out.trial_rows = trial_rows(*tuned, request);
    metrics.set("trials", trials_json(*tuned, request));
    out.journal = std::move(tuned->journal);
  }
  if (decided.folds) metrics.set("folds", folds_json(*decided.folds));
  out.tables = trial_tables(metrics);
  out.artefacts = trial_charts(metrics);
  return out;
}

}  // namespace sinan::ml

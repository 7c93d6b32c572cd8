#include "ml/statements/train_resampled.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "ml/resampling.h"
#include "ml/trial_tables.h"
#include "ml/tuning.h"

namespace sinan::ml {
namespace {

// Leaves out estimators of TO TRAIN auto that do not fit the task or whose library is not there.
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

Result<ResampledModel> train_resampled(const TrainRequest& asked, TrainingData read, const TrainingResources& resources,
                                       flow::RunContext& context) {
  ResampledModel out;
  TrainRequest request = asked;
  TRY(keep_usable(request, read.data.task(), out.messages));
  if (read.data.task() == Task::kRanking) {
    return fail(Code::kUnsupported, "trials and folds of a ranking are not available in this build",
                "train it with one value for each attribute")
        .at(request.clause.estimator.span);
  }
  auto held = hold_rows(read.data, request.folds.count, read.marks.fold_keys, resources.seed);
  if (!held) return fail(std::move(held).error()).at(request.folds.place);
  const HeldRows& rows = *held;

  TrainRequest final_request = request;
  std::optional<Tuned> tuned;
  Json folds;
  if (!request.candidates.empty()) {
    tuned = TRY(tune(request, rows, resources.seed, context));
    final_request = request_of(request, tuned->trials[tuned->best]);
    if (request.folds.count > 0) fix_rounds(final_request, tuned->trials[tuned->best].rounds);
    add_search_messages(*tuned, request, out.messages);
    if (request.tune.into) out.trial_rows = trial_rows(*tuned, request);
  } else {
    const FoldMetrics scores = TRY(cross_validate(request, rows, resources.seed, context));
    folds = folds_json(scores);
    fix_rounds(final_request, mean_of(scores.rounds));
  }
  TrainingProgress progress(context);
  out.trained = TRY(fit_all(final_request, rows, resources, progress));
  Json& metrics = out.trained.package.metrics;
  if (tuned) metrics.set("trials", trials_json(*tuned, request));
  if (!folds.is_null()) metrics.set("folds", std::move(folds));
  out.tables = trial_tables(metrics);
  out.artefacts = trial_charts(metrics);
  if (tuned) out.journal = std::move(tuned->journal);
  return out;
}

}  // namespace sinan::ml

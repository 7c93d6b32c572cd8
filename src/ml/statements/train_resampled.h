// TO TRAIN with a search or folds: runs them (ml/tuning.h, ml/resampling.h) and trains the model that they decide on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "flow/outcome.h"
#include "flow/step.h"
#include "ml/statements/train_rows.h"
#include "ml/training.h"
#include "ml/trial_journal.h"
#include "ml/tuning.h"

namespace sinan::ml {

// A model whose attributes trials decided, or that folds have scored.
struct DecidedModel {
  TrainedModel trained;
  std::optional<Tuned> tuned;
  std::optional<FoldMetrics> folds;
};
// Errors: those of tune(), cross_validate() and fit_all().
Result<DecidedModel> decide_and_train(const TrainRequest& request, const HeldRows& rows,
                                      const TrainingResources& resources, TrainObserver& observer,
                                      flow::RunContext& context);

// Leaves out estimators of TO TRAIN auto that do not fit the task or whose library is not there, and says so. Errors
// (kUnsupported): none is left.
Status keep_usable(TrainRequest& request, Task task, std::vector<std::string>& messages);

struct ResampledModel {
  TrainedModel trained;  // its metrics hold the trials and folds
  std::vector<std::string> messages;
  std::vector<flow::ResultTable> tables;
  std::vector<flow::Artefact> artefacts;
  std::optional<arrow::Batch> trial_rows;  // for tune.into
  std::unique_ptr<TrialJournal> journal;   // to forget() when the model is saved; null without trials
};

// Errors: those of tune() and cross_validate(); kUnsupported when no estimator of TO TRAIN auto is there for the task.
Result<ResampledModel> train_resampled(const TrainRequest& request, TrainingData read,
                                       const TrainingResources& resources, flow::RunContext& context);

}  // namespace sinan::ml

// Training one model, apart from the statement that asks for it: rows in memory become a package, and a package becomes what
// the statement hands back. TO TRAIN uses it once, and for every trial, fold and group.
//
//     TrainedModel trained = TRY(train_model(request, training_rows(data), {seed, threads, memory}, observer));
//     flow::Outcome outcome = TRY(save_model("zoo.m", trained, context));
//
// train_model() is thread-safe: any number of trainings may go on at once, each with rows (MatrixSource) of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flow/step.h"
#include "ml/attributes.h"
#include "ml/data_set.h"
#include "ml/model.h"
#include "ml/search_space.h"
#include "ml/trainer.h"
#include "ml/trial_strategy.h"
#include "sql/clause.h"

namespace sinan::ml {

// An estimator that a search tries, with the values that are fixed and those to be found.
struct Candidate {
  const Trainer* trainer = nullptr;
  std::string estimator;  // canonical
  AttributeValues attributes;
  SearchSpace space;
  bool classifies = true;
  bool regresses = true;
};

// tune.*
struct TuneOptions {
  size_t trials = 0;
  StrategyKind strategy = StrategyKind::kTpe;
  std::string metric;  // empty = the task's loss
  Span metric_place;
  std::optional<double> timeout_seconds;
  std::optional<sql::Name> into;  // a table for the trials
};

// validation.folds, validation.key
struct FoldOptions {
  size_t count = 0;  // 0 = none
  std::string key;   // column; empty = by position
  Span place;
};

// A TRAIN statement as far as it is decided without rows (made by ml/statements/train_check.h).
struct TrainRequest {
  const Trainer* trainer = nullptr;
  std::string estimator;  // canonical
  sql::Train clause;
  std::string statement;  // the whole text
  AttributeValues attributes;
  std::string query;
  Span query_place;
  std::string validation_query;  // empty = none
  Span validation_place;
  std::optional<uint64_t> seed;       // given with the attributes; nothing = the run's
  DataSpec data;                      // seed and threads are filled in by the run
  std::vector<Candidate> candidates;  // of a search; empty = there is none
  TuneOptions tune;
  FoldOptions folds;
  uint64_t least_group_rows = 1;  // GROUP BY: smaller groups have no model
  bool group_fallback = false;    // GROUP BY: rows of such groups, and of new ones, have a model of all rows
  // USING: the model to go on from, opened by the run. Its plan encodes the rows.
  std::shared_ptr<const Model> continued;

  // Whether models are trained on some of the rows and scored on others before the last one is.
  bool resamples() const { return folds.count > 0 || !candidates.empty(); }
};

// Rows and what they mean. Borrowed.
struct TrainingRows {
  const FeaturePlan& plan;
  const LabelMap& label;
  Task task = Task::kRegression;
  size_t classes = 0;  // of the label map; 0 for regression
  MatrixSource& train;
  MatrixSource* validation = nullptr;  // null = none
  DataIdentity data;                   // of the training query's rows
};
TrainingRows training_rows(DataSet& data);

struct TrainingResources {
  uint64_t seed = 0;
  uint32_t threads = 1;
  uint64_t memory_bytes = 0;
  std::filesystem::path scratch;  // an empty folder for files that are needed meanwhile; empty = none
  CancelToken cancel;             // of what is not a round: scoring
};

struct TrainedModel {
  ModelPackage package;
  uint64_t validation_rows = 0;
  std::vector<std::string> warnings;
};

// Errors: the trainer's, at the estimator's place.
Result<TrainedModel> train_model(const TrainRequest& request, const TrainingRows& rows,
                                 const TrainingResources& resources, TrainObserver& observer);

// Writes the package to the step's staging folder; messages, tables, charts, details and the new object of the outcome,
// without lineage. Errors: a model that cannot be opened again, and those of writing.
Result<flow::Outcome> save_model(std::string_view name, const TrainedModel& trained, flow::RunContext& context);

// Turns a trainer's rounds into the step's progress; ends the training when the step is cancelled.
class TrainingProgress final : public TrainObserver {
 public:
  explicit TrainingProgress(flow::RunContext& context) : context_(context) {}
  void stage(std::string_view name) override { context_.progress().stage(name); }
  bool round(uint32_t done, uint32_t total, std::span<const std::pair<std::string, double>> metrics) override;

 private:
  flow::RunContext& context_;
};

}  // namespace sinan::ml

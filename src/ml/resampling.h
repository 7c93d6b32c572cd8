// Resampling: training on some rows and scoring the others, all of them in memory. What cross-validation and the trials of a
// search are made of.
//
// HeldRows is immutable while in use; everything here is thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "flow/step.h"
#include "ml/held_matrix.h"
#include "ml/held_out_score.h"
#include "ml/training.h"

namespace sinan::ml {

// The rows of a query as they came, so that features can be fitted on some of them.
struct RawRows {
  DataSpec spec;
  arrow::Schema schema;
  std::vector<arrow::Batch> batches;
};
// Whether features depend on which rows they are fitted on by more than being there: vocabularies, functions of COLUMN. Then
// what a fold is scored on must not have been seen by them: a mean of labels by category knows the labels.
bool fits_features(const DataSpec& spec, const arrow::Schema& schema);

// One fold, with features fitted on the rows outside of it.
struct FoldRows {
  FeaturePlan plan;
  HeldMatrix train;
  HeldMatrix held_out;
};

// The rows of a TRAIN, for many trainings.
struct HeldRows {
  FeaturePlan plan;
  LabelMap label;
  Task task = Task::kRegression;
  size_t classes = 0;
  HeldMatrix train;
  std::optional<HeldMatrix> validation;
  std::vector<uint32_t> fold;  // of each training row; empty: scored on `validation`
  size_t folds = 0;
  DataIdentity data = {};            // of the training query's rows
  std::vector<FoldRows> refitted{};  // by fold; empty: features are the same whatever rows they are fitted on

  // Trainings whose scores are one trial's.
  size_t splits() const { return folds == 0 ? 1 : folds; }
};
// How rows are dealt to folds: by position, each class evenly, unless they have keys.
struct FoldPlan {
  size_t folds = 0;                          // 0 = none
  std::span<const uint64_t> keys = {};       // of each row of the query; rows of one stay together
  bool deals_keys = false;                   // evenly, whatever their values: ranking groups
  std::span<const int32_t> row_groups = {};  // GROUP BY: each group's rows are dealt by themselves
  const RawRows* raw = nullptr;              // null: the features of `data` serve all folds
};
// Errors (kData): too few rows; those of fitting features.
Result<HeldRows> hold_rows(DataSet& data, const FoldPlan& plan, uint64_t seed);
// Some of the training and validation rows, ascending, with their folds: of one group.
Result<HeldRows> part_of(const HeldRows& rows, const std::vector<uint32_t>& train,
                         const std::vector<uint32_t>& validation);

// Trains on the rows outside of a split (a share of them, drawn with the seed) and scores those in it.
Result<HeldOutScore> fit_and_score(const TrainRequest& request, const HeldRows& rows, size_t split, double row_share,
                                   const TrainingResources& resources, TrainObserver& observer);

// Trains on everything; the held validation rows are watched.
Result<TrainedModel> fit_all(const TrainRequest& request, const HeldRows& rows, const TrainingResources& resources,
                             TrainObserver& observer);

// A training on all rows has none to stop early by: gives it the number of rounds that the trainings on fewer rows kept, on
// average, in place of early_stopping_rounds. Does nothing when early stopping was not asked for.
void fix_rounds(TrainRequest& request, double rounds);

// Ends a training when the step is cancelled or its time is over; says nothing of its rounds.
class QuietObserver final : public TrainObserver {
 public:
  // `deadline`: of the clock's monotonic(); none = no end.
  QuietObserver(flow::RunContext& context, std::optional<std::chrono::nanoseconds> deadline)
      : context_(context), deadline_(deadline) {}
  void stage(std::string_view) override {}
  bool round(uint32_t, uint32_t, std::span<const std::pair<std::string, double>>) override { return !is_over(); }
  bool is_over() const;

 private:
  flow::RunContext& context_;
  std::optional<std::chrono::nanoseconds> deadline_;
};

// How the threads of a step are shared by `jobs` trainings: as many at a time as there are threads, each with its part.
struct ThreadShare {
  uint32_t at_once = 1;
  uint32_t each = 1;
};
ThreadShare share_threads(uint32_t threads, size_t jobs);

// Out-of-fold metrics: the values of each by fold.
struct FoldMetrics {
  std::vector<std::string> metrics;
  std::vector<std::vector<double>> values;  // by metric, by fold
  std::vector<double> rounds;               // by fold
};
// Trains without each fold, in parallel, and scores it. Errors: the first fold's that has one.
Result<std::vector<HeldOutScore>> score_folds(const TrainRequest& request, const HeldRows& rows, uint64_t seed,
                                              flow::RunContext& context);
// The same with the usual metrics of the task and its loss.
Result<FoldMetrics> cross_validate(const TrainRequest& request, const HeldRows& rows, uint64_t seed,
                                   flow::RunContext& context);

double mean_of(std::span<const double> values);
// Of a sample: divided by n - 1; 0 for one value.
double sd_of(std::span<const double> values);

}  // namespace sinan::ml

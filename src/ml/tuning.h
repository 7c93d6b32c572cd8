// Tuning: the trials of TO TRAIN .. WITH eta=log_range(..), tune.trials=20, and of TO TRAIN auto. Trials run in parallel, each
// with its part of the step's threads, and are scored on held-out rows; the best one's attributes train the model.
//
// For one seed, data and number of threads the trials are the same whatever ends first (ml/trial_strategy.h), and those of a
// run that was interrupted are not run again (ml/trial_journal.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ml/resampling.h"
#include "ml/search_space.h"
#include "ml/training.h"
#include "ml/trial_journal.h"

namespace sinan::ml {

struct Trial {
  size_t candidate = 0;        // of the request
  Point point;                 // empty: the estimator's defaults
  uint64_t rows = 0;           // trained on, the mean of the folds
  bool competes = true;        // on all rows: it can be the best
  std::vector<double> values;  // of the metric, by fold
  double rounds = 0;           // kept of the model, the mean of the folds
  double seconds = 0;          // of all its folds
  std::string error;           // it failed; `values` are empty

  bool is_done() const { return error.empty(); }
  double value() const { return mean_of(values); }
};

struct Tuned {
  std::string metric;
  bool lower_is_better = true;
  std::vector<Trial> trials;  // in the order proposed
  size_t best = 0;
  size_t from_earlier_runs = 0;
  bool ran_out_of_time = false;
  std::unique_ptr<TrialJournal> journal;  // to forget() when the model is saved
};

// Errors: kCancelled; what all trials of the first batch fail with; kExhausted when no trial ended in time; an unknown
// metric, or one that does not fit the data.
Result<Tuned> tune(const TrainRequest& request, const HeldRows& rows, uint64_t seed, flow::RunContext& context);

// The request that trains what a trial did.
TrainRequest request_of(const TrainRequest& request, const Trial& trial);

}  // namespace sinan::ml

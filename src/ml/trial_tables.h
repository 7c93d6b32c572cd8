// Trials and folds as people see them: JSON inside the model's metrics ("trials", "folds"), from it the tables and pictures that
// TO TRAIN and DESCRIBE MODEL show, and the rows of tune.into. Pure functions.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "arrow/batch.h"
#include "base/json.h"
#include "flow/outcome.h"
#include "ml/resampling.h"
#include "ml/training.h"
#include "ml/tuning.h"

namespace sinan::ml {

// {"metric", "lower_is_better", "best": 12, "estimators": [..], "trials": [{"trial", "estimator", "attributes": {..}, "rows",
// "rounds", "value", "sd", "error"}]}; nothing that differs between two runs of the same search.
Json trials_json(const Tuned& tuned, const TrainRequest& request);
// {"rounds": [..], "metrics": {"log_loss": [by fold]}}
Json folds_json(const FoldMetrics& folds);

// Of a model's metrics; empty when it was neither tuned nor cross-validated. An estimator search has a leaderboard too.
std::vector<flow::ResultTable> trial_tables(const Json& metrics);
// Every trial and the best so far; the best of each estimator.
std::vector<flow::Artefact> trial_charts(const Json& metrics);

// The rows of tune.into: trial, estimator, a column for each searched attribute (where several estimators compete: one text,
// `attributes`), train_rows, rounds, metric, metric_value, metric_sd, seconds, is_best, error.
arrow::Batch trial_rows(const Tuned& tuned, const TrainRequest& request);
// Its columns, as far as they are known before the run.
arrow::Schema trial_schema(const TrainRequest& request);

}  // namespace sinan::ml

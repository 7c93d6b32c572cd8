// What a freshly trained model says about rows that were held out of its training: for trials and folds, whose rows are in
// memory already. (TO EVALUATE scores a query: ml/evaluation.h.) Pure; thread-safe.
#pragma once

#include "base/error.h"
#include "ml/matrix.h"
#include "ml/metrics.h"
#include "ml/model.h"

namespace sinan::ml {

// Errors: the predictor's.
Result<Scored> score_held_out(const Model& model, MatrixSource& rows);

// Whether a smaller value of the metric is better: errors and losses.
bool is_lower_better(const MetricSpec& metric);

}  // namespace sinan::ml

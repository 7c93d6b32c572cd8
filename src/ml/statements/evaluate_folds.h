// EVALUATE .. WITH validation.folds: cross-validation of what trained a model. Its estimator, attributes and COLUMN clause
// learn again from the query's rows without each fold, features included, and score the fold. The model itself stays as it is.
#pragma once

#include <string>
#include <vector>

#include "flow/step.h"
#include "ml/held_out_score.h"
#include "ml/statements/model_query.h"
#include "ml/training.h"
#include "sql/tokens.h"

namespace sinan::ml {

struct FoldedEvaluation {
  sql::Name model;
  std::optional<sql::Name> label;  // of models that learn one
  FoldOptions folds;
  double threshold = 0.5;  // of two classes
};

struct FoldScores {
  Task task = Task::kRegression;
  std::vector<HeldOutScore> folds;
  std::vector<uint64_t> rows;  // of each
};

// Errors: those of recipe_of(), of reading rows as TO TRAIN does, and of training.
Result<FoldScores> evaluate_folds(const ModelQuery& query, const FoldedEvaluation& request, const Trainers& trainers,
                                  flow::RunContext& context);

}  // namespace sinan::ml

// SQLFlow's names for forests and boosted trees, as other words for XGBoost: RandomForests, BoostedTreesClassifier,
// BoostedTreesRegressor. Their models are XGBoost's files: scored and explained as those are. Stateless; thread-safe.
#pragma once

#include <memory>

#include "ml/trainer.h"

namespace sinan::ml::native {

// `boosted` trains "xgboost.gbtree".
std::unique_ptr<Trainer> make_tree_trainer(std::unique_ptr<Trainer> boosted);

}  // namespace sinan::ml::native

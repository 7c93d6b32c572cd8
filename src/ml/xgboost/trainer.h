// The XGBoost trainer: estimators xgboost.gbtree, xgboost.dart and scikit-learn's names for them. Models are saved as UBJSON
// and scored by our own evaluator (ml/trees), without the library.
#pragma once

#include <filesystem>
#include <memory>

#include "ml/trainer.h"

namespace sinan::ml::xgboost {

struct TrainerOptions {
  std::filesystem::path library;  // empty = the usual places (ml/xgboost/library.h)
};
std::unique_ptr<Trainer> make_trainer(TrainerOptions options = {});

}  // namespace sinan::ml::xgboost

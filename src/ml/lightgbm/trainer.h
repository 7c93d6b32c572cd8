// The LightGBM trainer: estimators lightgbm.gbdt, dart, rf, goss and scikit-learn's names for them. Models are saved as
// LightGBM's own text and scored by our own evaluator (ml/trees), without the library.
#pragma once

#include <filesystem>
#include <memory>

#include "ml/trainer.h"

namespace sinan::ml::lightgbm {

struct TrainerOptions {
  std::filesystem::path library;  // empty = the usual places (ml/lightgbm/library.h)
};
std::unique_ptr<Trainer> make_trainer(TrainerOptions options = {});

}  // namespace sinan::ml::lightgbm

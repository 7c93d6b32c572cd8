// Predictors whose margins agree with a double sum of the trees (LightGBM's) far below float's last digits, through the same
// float evaluators. Trees of one output are dealt out to several outputs, a few consecutive trees each, whose short sums lose
// little; these are then added in double.
#pragma once

#include <memory>

#include "ml/predictor.h"
#include "ml/trees/ensemble.h"
#include "ml/trees/predictor.h"

namespace sinan::ml {

// As make_predictor() (ml/trees/predictor.h). Holds its own copy of the trees.
std::unique_ptr<Predictor> make_double_sum_predictor(std::shared_ptr<const TreeEnsemble> ensemble,
                                                     Kernel kernel = Kernel::kBest);

}  // namespace sinan::ml

// Models whose zeros mean missing (LightGBM's zero_as_missing): the evaluators know missing values only as NaN, so zeros of
// these features are replaced before they see them.
//
// Both answer `inner` itself when the ensemble has no such feature. Immutable; thread-safe as `inner` is.
#pragma once

#include <memory>

#include "ml/predictor.h"
#include "ml/trees/ensemble.h"

namespace sinan::ml {

std::unique_ptr<Predictor> with_zero_missing(std::unique_ptr<Predictor> inner,
                                             std::shared_ptr<const TreeEnsemble> ensemble);
std::unique_ptr<Explainer> with_zero_missing(std::unique_ptr<Explainer> inner,
                                             std::shared_ptr<const TreeEnsemble> ensemble);

}  // namespace sinan::ml

// Models over sparse features: their evaluators know plain columns only, so the features that they ask for are made plain, some
// rows at a time.
//
// Both answer `inner` itself when the model has no sparse feature. `used`: by feature; the others all look absent. `absent`: what a
// position that a row does not list is: NaN to XGBoost, 0 to others. Immutable; thread-safe as `inner` is.
#pragma once

#include <memory>
#include <vector>

#include "ml/predictor.h"
#include "ml/trees/ensemble.h"

namespace sinan::ml {

std::unique_ptr<Predictor> with_sparse_features(std::unique_ptr<Predictor> inner, const FeatureSchema& features,
                                                std::vector<bool> used, float absent);
std::unique_ptr<Explainer> with_sparse_features(std::unique_ptr<Explainer> inner, const FeatureSchema& features,
                                                std::vector<bool> used, float absent);
// Those that splits ask for.
std::vector<bool> used_features(const TreeEnsemble& ensemble);

}  // namespace sinan::ml

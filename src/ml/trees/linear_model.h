// LinearModel: weights of numeric features, as XGBoost's gblinear learns them. Its predictor adds in float, feature by
// feature, as XGBoost does, so that results agree to the last bit; its contributions are weight times value. Constant once
// built, so any thread may read it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "ml/matrix.h"
#include "ml/predictor.h"
#include "ml/trees/ensemble.h"

namespace sinan::ml {

struct LinearModel {
  FeatureSchema features;  // numeric; a missing value adds nothing
  size_t outputs = 1;
  std::vector<float> weights;  // features x outputs
  std::vector<float> bias;     // one an output
  Link link = Link::kIdentity;
};

std::unique_ptr<Predictor> make_linear_predictor(std::shared_ptr<const LinearModel> model);
std::unique_ptr<Explainer> make_linear_explainer(std::shared_ptr<const LinearModel> model);

}  // namespace sinan::ml

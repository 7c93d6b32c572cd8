// Reader of XGBoost's model files (UBJSON or JSON, as of 1.7 to 3.x): boosters gbtree and dart into a TreeEnsemble, gblinear
// into a LinearModel.
// The XGBoost library is not needed.
//
// The file is foreign: every index is checked, trees are proved to be trees, and whatever does not fit is refused with
// kData. What is valid but not ours (vector leaves, objectives we do not know) is kUnsupported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/error.h"
#include "ml/matrix.h"
#include "ml/trees/ensemble.h"
#include "ml/trees/linear_model.h"

namespace sinan::ml {

// `features` are those the model was trained on, in order; a different number or kind is kData. `rounds` limits the
// boosting rounds used (early stopping: best round + 1); 0 = all.
//
// binary:logitraw gets the logistic link, so that predictions of every two-class objective but binary:hinge are
// probabilities; multi:softmax gives probabilities as multi:softprob does.
Result<std::shared_ptr<const TreeEnsemble>> read_xgboost(std::span<const std::byte> file, const FeatureSchema& features,
                                                         uint32_t rounds = 0);

// A file of either kind; one of the two is set.
struct XgboostModel {
  std::shared_ptr<const TreeEnsemble> trees;
  std::shared_ptr<const LinearModel> linear;
};
Result<XgboostModel> read_xgboost_model(std::span<const std::byte> file, const FeatureSchema& features);

}  // namespace sinan::ml

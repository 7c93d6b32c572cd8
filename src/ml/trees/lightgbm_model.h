// Reader of LightGBM's model text (versions v3 and v4, as of LightGBM 2.3 to 4.x) into a TreeEnsemble. The LightGBM library
// is not needed.
//
// What differs from our form is translated while reading: a numeric split `x <= t` becomes `x < the next float above t`; a
// category in a split's set goes left there and right here, so siblings change places; a random forest's average becomes
// leaves divided by the rounds; missing values that count as zero go where zero goes.
//
// The file is foreign: every index is checked, trees are proved to be trees, and whatever does not fit is refused with
// kData. What is valid but not ours (linear trees, objectives we do not know, features whose zeros are missing in some trees
// only) is kUnsupported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/error.h"
#include "ml/matrix.h"
#include "ml/trees/ensemble.h"

namespace sinan::ml {

// `features` are those the model was trained on, in order; a different number or kind is kData. `rounds` limits the
// boosting rounds used; 0 = all.
//
// multiclassova gives each class its own probability, as LightGBM does: they need not sum to one.
Result<std::shared_ptr<const TreeEnsemble>> read_lightgbm(std::span<const std::byte> file,
                                                          const FeatureSchema& features, uint32_t rounds = 0);

}  // namespace sinan::ml

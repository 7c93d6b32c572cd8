// TreePredictor: scores rows with a TreeEnsemble. One row walks the trees; blocks of rows go through a vectorised kernel
// where the machine and the trees allow it (ml/trees/mask_kernel.h), with results equal to the last bit.
#pragma once

#include <cstdint>
#include <memory>

#include "ml/predictor.h"
#include "ml/trees/ensemble.h"

namespace sinan::ml {

enum class Kernel : uint8_t {
  kBest,    // what this machine does fastest
  kWalk,    // from the root to a leaf, row by row
  kAvx2,    // masks, 32 rows at a time
  kAvx512,  // masks, 64 rows at a time
};
bool available(Kernel kernel);

// The ensemble is shared between predictor and explainer. `kernel` must be available; kernels that cannot hold the trees
// (too deep, too many categories) walk instead.
std::unique_ptr<Predictor> make_predictor(std::shared_ptr<const TreeEnsemble> ensemble, Kernel kernel = Kernel::kBest);

}  // namespace sinan::ml

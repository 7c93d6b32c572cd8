// The plain evaluator: from the root to a leaf, eight rows side by side. For single rows, small blocks, trees that the mask
// kernel cannot hold (deep or leaf-wise ones), and as the reference of the others.
#pragma once

#include <span>

#include "ml/trees/ensemble.h"

namespace sinan::ml {

// Margins of rows [begin, end) of the columns, row-major, into `out` (its first value is row `begin`'s).
void walk_rows(const TreeEnsemble& ensemble, std::span<const FeatureColumn> columns, size_t begin, size_t end,
               float* out);

}  // namespace sinan::ml

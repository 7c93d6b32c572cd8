#include "ml/trees/walk_kernel.h"

#include <algorithm>

namespace sinan::ml {

void walk_rows(const TreeEnsemble& ensemble, std::span<const FeatureColumn> columns, size_t begin, size_t end,
               float* out) {
  // Rows in small blocks: a block's features stay in the cache while a tree is read once for all of them.
  constexpr size_t kBlock = 64;
  const size_t outputs = ensemble.outputs();
  for (size_t first = begin; first < end; first += kBlock) {
    const size_t last = std::min(first + kBlock, end);
    float* block = out + (first - begin) * outputs;
    for (size_t row = first; row < last; ++row)
      std::copy(ensemble.base_margin.begin(), ensemble.base_margin.end(), block + (row - first) * outputs);
    for (const Tree& tree : ensemble.trees) {
      float* to = block + tree.output;
      for (size_t row = first; row < last; ++row, to += outputs) *to += leaf_value(ensemble, tree, columns, row);
    }
  }
}

}  // namespace sinan::ml

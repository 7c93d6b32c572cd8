#include "ml/trees/ensemble.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace sinan::ml {

void leaves_of(const TreeEnsemble& ensemble, const MatrixBlock& block, std::span<int32_t> out) {
  CHECK(block.features.size() == ensemble.features.size());
  CHECK(out.size() == block.rows * ensemble.trees.size());
  for (size_t i = 0; i < block.rows; ++i) {
    for (size_t t = 0; t < ensemble.trees.size(); ++t) {
      const TreeNode& leaf = leaf_of(ensemble, ensemble.trees[t], block.features, i);
      out[i * ensemble.trees.size() + t] = static_cast<int32_t>(leaf.number());
    }
  }
}

void apply_link(Link link, size_t outputs, std::span<float> margins, float scale) {
  if (scale != 1) {
    for (float& x : margins) x *= scale;
  }
  switch (link) {
    case Link::kIdentity:
      return;
    case Link::kLogistic:
      // exp(88.7) is the largest finite one; the tiny term keeps the sum above one as XGBoost has it.
      for (float& x : margins) x = 1.0f / (std::exp(std::min(-x, 88.7f)) + 1.0f + 1e-16f);
      return;
    case Link::kExp:
      for (float& x : margins) x = std::exp(x);
      return;
    case Link::kStep:
      for (float& x : margins) x = x > 0.0f ? 1.0f : 0.0f;
      return;
    case Link::kSquare:
      for (float& x : margins) x *= std::abs(x);
      return;
    case Link::kSoftplus:
      for (float& x : margins) x = std::max(x, 0.0f) + std::log1p(std::exp(-std::abs(x)));
      return;
    case Link::kAscending:
      for (size_t at = 0; at < margins.size(); at += outputs) std::ranges::sort(margins.subspan(at, outputs));
      return;
    case Link::kSoftmax:
      for (size_t at = 0; at < margins.size(); at += outputs) {
        const std::span<float> row = margins.subspan(at, outputs);
        const float most = *std::max_element(row.begin(), row.end());
        double sum = 0;
        for (float& x : row) {
          x = std::exp(x - most);
          sum += static_cast<double>(x);
        }
        for (float& x : row) x /= static_cast<float>(sum);
      }
      return;
  }
}

}  // namespace sinan::ml

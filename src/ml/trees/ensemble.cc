#include "ml/trees/ensemble.h"

#include <algorithm>
#include <cmath>

namespace sinan::ml {

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

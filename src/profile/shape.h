// Shape: a distribution at a glance, as one line of blocks for a screen, and as counts for a table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "profile/distribution.h"

namespace sinan::profile {

struct Shape {
  std::vector<double> edges;   // n + 1, ascending; empty for texts
  std::vector<double> shares;  // n; of the values that are not missing
};

// Bins of equal width between the least and the greatest value; for texts one for each of the most frequent. Nothing when there
// are no values.
Shape shape_of(const Distribution& distribution, size_t bins);

// "▂▄█▆▃▁▁▁": the highest bin is a whole block, an empty one a blank. Empty when there are no values.
std::string sparkline(const Distribution& distribution);
// "0..10: 0.25, 10..20: 0.75"; absent when there are no values.
std::optional<std::string> histogram_text(const Distribution& distribution);

}  // namespace sinan::profile

// Association: how much one column alone tells of the label, and hints at columns that know it too well: what is filled in
// after the fact, the label under another name, identifiers.
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profile/sample.h"

namespace sinan::profile {

struct Association {
  // 0 = nothing, 1 = everything. Classes: the share of the label's entropy that the column's bins take away (the uncertainty
  // coefficient, Theil 1970), less what chance would take (Miller 1955). Numbers: the share of the label's variance that
  // lies between the bins (the correlation ratio, Fisher 1925), adjusted for their number.
  double strength = 0;
  // Of two classes and a column with an order: the area under the ROC curve of its values, from 0.5 (nothing) to 1.
  std::optional<double> auc;
  std::optional<std::string> hint;  // why it looks like a leak; absent = it does not
};

// What the label is to a model: classes up to this many different values when they are whole numbers.
inline constexpr size_t kMostClassNumbers = 20;

// Of every column but the label, in their order; rows without a label do not count. Columns are cut into at most 20 bins of
// equal counts, texts into their 50 most frequent; what is missing is a bin.
std::vector<Association> associations(const std::vector<SampledColumn>& columns, size_t label);

}  // namespace sinan::profile

// Charts for the tests: one of each kind, and random ones with every nasty value that a double or a text can have.
#pragma once

#include <vector>

#include "base/random.h"
#include "plot/chart.h"

namespace sinan::plot {

Chart random_chart(Random& random);
// One empty chart of each kind.
std::vector<Chart> empty_charts();

}  // namespace sinan::plot

// A concrete context and unit for a box, and its replay through the production evaluator.
#pragma once

#include <optional>
#include <string>

#include "experiment/overlap.h"

namespace sinan::experiment {

// Values for every dimension of the box, with units whose buckets fall into it; nothing when no unit was found in a bounded
// search, or a set could not be sampled (`reason` says which).
std::optional<Witness> make_witness(const Regions& regions, const Box& box, std::string& reason);

// Compiles the two experiments (running, at their maximal rollout) with all that decides over what they test, once with the
// parameter left to the first and once to the second, and asks the evaluator. True when each time the experiment decides; fills in
// the groups.
bool replay(const Bound& bound, uint32_t first, uint32_t second, uint32_t parameter, Witness& witness);

}  // namespace sinan::experiment

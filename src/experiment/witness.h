// A concrete context and unit for a box, and its replay through the production evaluator.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "experiment/overlap.h"

namespace sinan::experiment {

// What the search for units of one verdict may cost, in hashes; a box gets kMaxOfOneBox of it at most.
struct SearchBudget {
  static constexpr size_t kMaxOfOneBox = 400'000;
  size_t hashes = 2'000'000;
};

// Values for every dimension of the box, with units whose buckets fall into it; nothing when no unit was found within the budget,
// or a set could not be sampled (`reason` says which).
std::optional<Witness> make_witness(const Regions& regions, const Box& box, SearchBudget& budget, std::string& reason);

// Compiles the two experiments (running, at their maximal rollout) with all that decides over what they test, once with the
// parameter left to the first and once to the second, and asks the evaluator. True when each time the experiment decides; fills in
// the groups.
bool replay(const Bound& bound, uint32_t first, uint32_t second, uint32_t parameter, Witness& witness);

}  // namespace sinan::experiment

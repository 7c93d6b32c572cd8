// What must hold before a configuration is published: names resolve, and no two experiments that hold a region can ever decide
// over the same parameter for the same unit.
#pragma once

#include <string>
#include <vector>

#include "experiment/model.h"
#include "experiment/overlap.h"

namespace sinan::experiment {

struct Publishable {
  std::vector<std::string> warnings;  // one sentence each
};

// An overlap, or the lack of a proof, in words.
Error overlap_error(const Overlap& overlap, const Bound& bound);

// Adds the types of attributes that the configuration uses for the first time, gives it the next version, and checks it. Only
// experiments that the change touches are proved against the others. Errors (kProgram): as bind()'s; an overlap, with its witness
// and the smallest change that removes it.
Result<Publishable> make_publishable(const Configuration& before, Configuration& after);

}  // namespace sinan::experiment

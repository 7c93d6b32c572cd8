// The way of a change into a configuration, and what must hold before one is published: names resolve, and no two experiments that
// hold a region can ever decide over the same parameter for the same unit.
#pragma once

#include <string>
#include <vector>

#include "experiment/model.h"
#include "experiment/overlap.h"
#include "experiment/statements/edit.h"

namespace sinan::experiment {

struct Publishable {
  std::vector<std::string> warnings;  // one sentence each
};

// An overlap, or the lack of a proof, in words.
Error overlap_error(const Overlap& overlap, const Bound& bound);

// Adds to the types of attributes that are known what conditions and units use for the first time. Errors: as infer_attributes() of
// one condition.
Status infer_attributes(Configuration& configuration);

// Adds the types of attributes that the configuration uses for the first time, gives it the next version, and checks it. Only
// experiments that the change touches are proved against the others. Errors (kProgram): as bind()'s; an overlap, with its witness
// and the smallest change that removes it.
Result<Publishable> make_publishable(const Configuration& before, Configuration& after);

// The configuration after an edit, with all that must hold of it. Errors that have no place of their own are at the edit's object.
struct Applied {
  Configuration configuration;
  std::string message;
  std::vector<std::string> warnings;
};
Result<Applied> apply(const Edit& edit, const Configuration& before);

}  // namespace sinan::experiment

// What can be proved of an experiment before it runs: that it competes with no other, or who would be in both; what no context can
// reach; what is left of its parameters. CHECK EXPERIMENT shows it, and so does the HTTP API, also of a draft that is not stored.
//
// The cost is that of the experiments that share a parameter with it, or decide over what these test; others are not looked at.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "experiment/bound.h"
#include "experiment/overlap.h"

namespace sinan::experiment {

struct ExperimentCheck {
  std::unique_ptr<const Configuration> configuration;  // what `bound` borrows from: the part that matters
  Bound bound;
  std::vector<Overlap> pairs;  // `first` is the experiment
  std::vector<Dead> dead;
  std::vector<std::pair<uint32_t, OverlapChecker::Remainder>> open;  // of each of its parameters

  // The worst of the pairs'; kDisjoint when there are none.
  Verdict verdict() const;
};

// Looks at the experiment as if it ran, instead of what the configuration has of that name. Errors (kProgram): those of bind().
Result<ExperimentCheck> check_experiment(const Configuration& configuration, Experiment experiment);

// The contexts of a parameter that no experiment captures, and its rules that none can reach.
struct ParameterCheck {
  OverlapChecker::Remainder open;
  std::vector<Dead> dead;
};
Result<ParameterCheck> check_parameter(const Configuration& configuration, const Parameter& parameter);

}  // namespace sinan::experiment

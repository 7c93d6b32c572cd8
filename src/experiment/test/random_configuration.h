// Configurations and contexts from a seed: small domains, so that conditions often hold, and every type, operator, missing values
// and values of another type occur.
#pragma once

#include "base/random.h"
#include "experiment/evaluator/context.h"
#include "experiment/test/model_evaluator.h"

namespace sinan::experiment {

struct RandomShape {
  int parameters = 4;
  int experiments = 5;
  int depth = 2;
  bool rollouts = true;
  bool schedules = true;
};

Condition random_condition(Random& random, const Configuration& configuration, int depth, int below_parameter);
// Parameters only test those before them: no circles.
Configuration random_configuration(Random& random, const RandomShape& shape);
ModelContext random_context(Random& random);
// Borrows from `context` and `lists`.
Context to_context(const ModelContext& context, std::vector<std::vector<std::string_view>>& lists);

}  // namespace sinan::experiment

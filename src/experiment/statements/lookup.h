// Objects of a configuration by the names that a program writes. Errors: kNotFound with the nearest name, at
// the place of the name where it has one (a name from a request has none).
#pragma once

#include <functional>

#include "experiment/model.h"
#include "sql/tokens.h"

namespace sinan::experiment {

Result<std::reference_wrapper<const Parameter>> find_parameter(const Configuration& configuration,
                                                               const sql::Name& name);
Result<std::reference_wrapper<Parameter>> find_parameter(Configuration& configuration, const sql::Name& name);
Result<std::reference_wrapper<const Experiment>> find_experiment(const Configuration& configuration,
                                                                 const sql::Name& name);
Result<std::reference_wrapper<Experiment>> find_experiment(Configuration& configuration, const sql::Name& name);
Result<std::reference_wrapper<const Segment>> find_segment(const Configuration& configuration, const sql::Name& name);
Result<std::reference_wrapper<Segment>> find_segment(Configuration& configuration, const sql::Name& name);

}  // namespace sinan::experiment

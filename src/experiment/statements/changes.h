// What a change does to a configuration, whoever asks for it: a statement or the HTTP API. Each function answers what was done, as
// one sentence or several. Pure; errors are at the names they were given (kNotFound, kExists, kProgram).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiment/model.h"
#include "sql/tokens.h"

namespace sinan::experiment {

// Names of what is made are lower case, as the catalog keeps them.
Status check_new_name(const sql::Name& name);

Result<std::string> add_parameter(const sql::Name& name, Parameter parameter, Configuration& configuration);
// Refused while an experiment that has not ended sets it.
Result<std::string> drop_parameter(const sql::Name& name, Configuration& configuration);

Result<std::string> add_segment(const sql::Name& name, Condition condition, Configuration& configuration);
Result<std::string> set_segment(const sql::Name& name, Condition condition, Configuration& configuration);
Result<std::string> drop_segment(const sql::Name& name, Configuration& configuration);

// It becomes a draft, whatever its state says.
Result<std::string> add_experiment(const sql::Name& name, Experiment experiment, Configuration& configuration);
// Only a draft can be dropped.
Result<std::string> drop_experiment(const sql::Name& name, Configuration& configuration);

// Changes of an experiment that has not ended.
Status check_not_ended(const Experiment& experiment);
Result<std::string> set_rollout(Experiment& experiment, uint32_t extent, std::optional<uint32_t> most);
Result<std::string> set_schedule(Experiment& experiment, std::vector<Window> schedule);
Result<std::string> set_plan(Experiment& experiment, std::vector<Branch> branches);                   // begins an epoch
Result<std::string> split(Experiment& experiment, const sql::Name& group, std::vector<Group> parts);  // begins an epoch

// draft -> running <-> paused -> ended.
Result<std::string> start_experiment(const sql::Name& name, Configuration& configuration);
Result<std::string> pause_experiment(const sql::Name& name, Configuration& configuration);

struct Winner {
  sql::Name group;
  bool to_audience = false;  // a rule for the contexts of the experiment, rather than everybody's default
};
// The winner's values become defaults or rules in the same version that drops the experiment's overrides.
Result<std::string> end_experiment(const sql::Name& name, const std::optional<Winner>& winner,
                                   Configuration& configuration);

struct Ending {
  sql::Name experiment;
  std::optional<Winner> winner;
};
// All of them or, with an error, none that counts: the configuration is then to be thrown away. A line for each.
Result<std::string> end_experiments(const std::vector<Ending>& endings, Configuration& configuration);

}  // namespace sinan::experiment

// Configurations for the tests: the example of the documentation, and short-hands to build others.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/model.h"

namespace sinan::experiment {

Condition condition(std::string_view text);  // that must parse

Parameter text_parameter(std::string name, std::string fallback, std::vector<std::string> legal = {});

// Running, over user_id, all in, with the groups' names and widths in buckets, and one branch.
Experiment running(std::string name, std::vector<std::pair<std::string, uint32_t>> groups);
void add_branch(Experiment& experiment, std::string_view when, std::string parameter,
                std::vector<std::pair<std::string, Value>> by_group);

// The parameters and experiments of the statement reference: slices decide over traffic_slice, button_black runs in slice A.
Configuration button_configuration();

}  // namespace sinan::experiment

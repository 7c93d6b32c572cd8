#include "experiment/test/test_configuration.h"

#include "base/check.h"

namespace sinan::experiment {

Condition condition(std::string_view text) {
  auto parsed = parse_condition(text);
  CHECK(parsed.has_value());
  return *std::move(parsed);
}

Parameter text_parameter(std::string name, std::string fallback, std::vector<std::string> legal) {
  Parameter parameter;
  parameter.name = std::move(name);
  parameter.type = ValueType::kString;
  parameter.fallback = std::move(fallback);
  for (std::string& value : legal) parameter.legal.emplace_back(std::move(value));
  return parameter;
}

Experiment running(std::string name, std::vector<std::pair<std::string, uint32_t>> groups) {
  Experiment experiment;
  experiment.name = std::move(name);
  experiment.unit = {"user_id"};
  experiment.state = State::kRunning;
  experiment.buckets = 0;
  for (auto& [group, width] : groups) {
    experiment.groups.push_back({std::move(group), experiment.buckets, experiment.buckets + width - 1, {}});
    experiment.buckets += width;
  }
  return experiment;
}

void add_branch(Experiment& experiment, std::string_view when, std::string parameter,
                std::vector<std::pair<std::string, Value>> by_group) {
  Branch branch;
  branch.condition = condition(when);
  branch.treatments.push_back({std::move(parameter), std::move(by_group)});
  experiment.branches.push_back(std::move(branch));
}

Configuration button_configuration() {
  Configuration configuration;
  configuration.version = 7;
  configuration.attributes = {{"user_id", AttributeType::kString}, {"device_id", AttributeType::kString},
                              {"city", AttributeType::kString},    {"app_version", AttributeType::kSemver},
                              {"age", AttributeType::kInt},        {"score", AttributeType::kDouble},
                              {"beta", AttributeType::kBool},      {"seen", AttributeType::kTimestamp},
                              {"address", AttributeType::kIp},     {"tags", AttributeType::kList}};
  configuration.segments.push_back({"staff", condition("user_id IN ('u1', 'u2')")});
  configuration.parameters.push_back(text_parameter("traffic_slice", "none", {"none", "A", "B"}));
  configuration.parameters.push_back(text_parameter("checkout.button_color", "green", {"green", "black", "blue"}));
  Experiment slices = running("slices", {{"a", 5}, {"b", 5}});
  add_branch(slices, "TRUE", "traffic_slice", {{"a", std::string("A")}, {"b", std::string("B")}});
  Experiment button = running("button_black", {{"control", 50}, {"treatment", 50}});
  button.groups[1].children = {{"t1", 50, 74, {}}, {"t2", 75, 99, {}}};
  button.rollout = 50'000;
  add_branch(button, "city = 'San Francisco' AND app_version >= '3.2.0' AND traffic_slice = 'A'",
             "checkout.button_color",
             {{"control", std::string("green")}, {"t1", std::string("black")}, {"t2", std::string("blue")}});
  configuration.experiments = {slices, button};
  return configuration;
}

}  // namespace sinan::experiment

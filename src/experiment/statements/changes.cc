#include "experiment/statements/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "experiment/configuration_json.h"
#include "experiment/statements/lookup.h"

namespace sinan::experiment {
namespace {

Failure exists(std::string_view kind, const sql::Name& name, std::string hint) {
  return fail(Code::kExists, fmt::format("{} exists already: \"{}\"", kind, name.text), std::move(hint)).at(name.span);
}

bool asks_for(const Condition& condition, std::string_view parameter) {
  if (condition.kind != Condition::Kind::kSegment && condition.subject == parameter) return true;
  return std::ranges::any_of(condition.children, [&](const Condition& child) { return asks_for(child, parameter); });
}

// What asks for the parameter in a condition that counts, such as "segment staff"; empty when nothing does. Without the parameter
// its name would be that of an attribute.
std::string who_asks_for(std::string_view parameter, const Configuration& configuration) {
  for (const Experiment& experiment : configuration.experiments) {
    if (experiment.state == State::kEnded) continue;
    for (const Branch& branch : experiment.branches) {
      if (asks_for(branch.condition, parameter)) return "experiment " + experiment.name;
    }
  }
  for (const Parameter& other : configuration.parameters) {
    if (other.name == parameter) continue;
    for (const Rule& rule : other.rules) {
      if (asks_for(rule.condition, parameter)) return "a rule of parameter " + other.name;
    }
  }
  for (const Segment& segment : configuration.segments) {
    if (asks_for(segment.condition, parameter)) return "segment " + segment.name;
  }
  for (const Implication& implication : configuration.implications) {
    if (asks_for(implication.premise, parameter) || asks_for(implication.conclusion, parameter)) {
      return "implication " + implication.name;
    }
  }
  return {};
}

std::string percent(uint32_t rollout) { return fmt::format("{}%", rollout_percent(rollout)); }

// What units see changes, so what is measured before and after does not belong together.
std::string begin_epoch(Experiment& experiment) {
  if (experiment.state == State::kDraft) return "";
  ++experiment.epoch;
  return fmt::format(" Epoch {} begins.", experiment.epoch);
}

// A change of the state: from any of `from`.
Result<std::string> change_state(const sql::Name& name, std::initializer_list<State> from, State to,
                                 std::string_view done, Configuration& configuration) {
  Experiment& experiment = TRY(find_experiment(configuration, name));
  if (std::ranges::find(from, experiment.state) == from.end()) {
    return fail(Code::kProgram, fmt::format("experiment is {}: {}", to_string(experiment.state), name.text))
        .at(name.span);
  }
  experiment.state = to;
  return fmt::format("Experiment {} {}.", name.text, done);
}

// Names from the root to the group; empty when there is none of that name.
bool find_path(const std::vector<Group>& groups, std::string_view name, std::vector<std::string_view>& path) {
  for (const Group& group : groups) {
    path.push_back(group.name);
    if (group.name == name || find_path(group.children, name, path)) return true;
    path.pop_back();
  }
  return false;
}

Result<std::string> ship(const Experiment& experiment, const Winner& winner, Configuration& configuration) {
  std::vector<std::string_view> path;
  if (!find_path(experiment.groups, winner.group.text, path)) {
    return fail(Code::kNotFound, fmt::format("{} has no group \"{}\"", experiment.name, winner.group.text))
        .at(winner.group.span);
  }
  std::string said;
  for (Parameter& parameter : configuration.parameters) {
    std::vector<Rule> rules;
    for (const Branch& branch : experiment.branches) {
      const auto treatment = std::ranges::find(branch.treatments, parameter.name, &Treatment::parameter);
      const Value* value = treatment == branch.treatments.end() ? nullptr : value_of(*treatment, path);
      if (value != nullptr) rules.push_back({branch.condition, *value});
    }
    if (rules.empty()) continue;
    if (winner.to_audience) {
      parameter.rules.insert(parameter.rules.begin(), rules.begin(), rules.end());
      said += fmt::format(" {} is {} where the experiment ran.", parameter.name, to_text(rules.front().value));
      continue;
    }
    if (std::ranges::any_of(rules, [&](const Rule& rule) { return rule.value != rules.front().value; })) {
      return fail(Code::kProgram,
                  fmt::format("branches give the group different values of {}: {}", parameter.name, winner.group.text),
                  "ship to the audience instead: SHIP group TO AUDIENCE")
          .at(winner.group.span);
    }
    parameter.fallback = rules.front().value;
    said += fmt::format(" The default of {} is {}.", parameter.name, to_text(parameter.fallback));
  }
  if (!said.empty()) return said;
  return fail(Code::kProgram, fmt::format("the group has no values to ship: {}", winner.group.text))
      .at(winner.group.span);
}

}  // namespace

Status check_new_name(const sql::Name& name) {
  const std::string lower = to_lower(name.text);
  if (lower == name.text) return {};
  return fail(Code::kProgram,
              fmt::format("names of parameters, experiments and segments are lower case: \"{}\"", name.text),
              fmt::format("write {}", lower))
      .at(name.span);
}

Result<std::string> add_parameter(const sql::Name& name, Parameter parameter, Configuration& configuration) {
  TRY(check_new_name(name));
  if (find_parameter(configuration, name)) return exists("parameter", name, "choose another name");
  std::string message = fmt::format("Parameter {} is {} by default.", name.text, to_text(parameter.fallback));
  parameter.name = name.text;
  configuration.parameters.push_back(std::move(parameter));
  return message;
}

Result<std::string> drop_parameter(const sql::Name& name, Configuration& configuration) {
  TRY(find_parameter(configuration, name));
  if (const std::string who = who_asks_for(name.text, configuration); !who.empty()) {
    return fail(Code::kProgram, fmt::format("a condition asks for the parameter: {}", who), "change or drop that first")
        .at(name.span);
  }
  for (Experiment& experiment : configuration.experiments) {
    for (Branch& branch : experiment.branches) {
      const auto used = std::ranges::find(branch.treatments, name.text, &Treatment::parameter);
      if (used == branch.treatments.end()) continue;
      if (experiment.state != State::kEnded) {
        return fail(Code::kProgram, fmt::format("an experiment sets the parameter: {}", experiment.name),
                    fmt::format("END EXPERIMENT {} first", experiment.name))
            .at(name.span);
      }
      branch.treatments.erase(used);
    }
  }
  std::erase_if(configuration.parameters, [&](const Parameter& parameter) { return parameter.name == name.text; });
  return fmt::format("Dropped parameter {}.", name.text);
}

Result<std::string> add_segment(const sql::Name& name, Condition condition, Configuration& configuration) {
  TRY(check_new_name(name));
  if (std::ranges::find(configuration.segments, name.text, &Segment::name) != configuration.segments.end()) {
    return exists("segment", name, "choose another name");
  }
  std::string message = fmt::format("Segment {} is {}.", name.text, to_text(condition));
  configuration.segments.push_back({name.text, std::move(condition)});
  return message;
}

Result<std::string> set_segment(const sql::Name& name, Condition condition, Configuration& configuration) {
  Segment& segment = TRY(find_segment(configuration, name));
  segment.condition = std::move(condition);
  return fmt::format("Segment {} is {}.", name.text, to_text(segment.condition));
}

Result<std::string> drop_segment(const sql::Name& name, Configuration& configuration) {
  TRY(find_segment(configuration, name));
  std::erase_if(configuration.segments, [&](const Segment& segment) { return segment.name == name.text; });
  return fmt::format("Dropped segment {}.", name.text);
}

Result<std::string> add_experiment(const sql::Name& name, Experiment experiment, Configuration& configuration) {
  TRY(check_new_name(name));
  if (find_experiment(configuration, name)) {
    return exists("experiment", name, "names are never used again: choose another");
  }
  experiment.name = name.text;
  experiment.state = State::kDraft;
  configuration.experiments.push_back(std::move(experiment));
  return fmt::format("Experiment {} is a draft: START EXPERIMENT {} lets it assign.", name.text, name.text);
}

Result<std::string> drop_experiment(const sql::Name& name, Configuration& configuration) {
  const Experiment& experiment = TRY(find_experiment(configuration, name));
  if (experiment.state != State::kDraft) {
    return fail(Code::kProgram, fmt::format("experiment is {}: {}", to_string(experiment.state), name.text),
                fmt::format("END EXPERIMENT {}", name.text))
        .at(name.span);
  }
  std::erase_if(configuration.experiments, [&](const Experiment& each) { return each.name == name.text; });
  return fmt::format("Dropped experiment {}.", name.text);
}

Status check_not_ended(const Experiment& experiment) {
  if (experiment.state != State::kEnded) return {};
  return fail(Code::kProgram, fmt::format("experiment has ended: {}", experiment.name),
              "create another one; its record stays as it is");
}

Result<std::string> set_rollout(Experiment& experiment, uint32_t extent, std::optional<uint32_t> most) {
  const uint32_t before = std::exchange(experiment.rollout, extent);
  if (most) experiment.max_rollout = *most;
  return fmt::format("The rollout of {} goes from {} to {}.", experiment.name, percent(before), percent(extent));
}

Result<std::string> set_schedule(Experiment& experiment, std::vector<Window> schedule) {
  experiment.schedule = std::move(schedule);
  return experiment.schedule.empty()
             ? fmt::format("{} runs at any time.", experiment.name)
             : fmt::format("{} runs in {} windows of time.", experiment.name, experiment.schedule.size());
}

Result<std::string> set_plan(Experiment& experiment, std::vector<Branch> branches) {
  experiment.branches = std::move(branches);
  return fmt::format("{} has a new plan.{}", experiment.name, begin_epoch(experiment));
}

Result<std::string> split(Experiment& experiment, const sql::Name& group, std::vector<Group> parts) {
  const size_t count = parts.size();
  if (auto status = split_group(experiment, group.text, std::move(parts)); !status) {
    return fail(std::move(status).error()).at(group.span);
  }
  return fmt::format("Group {} of {} is split into {}; nobody changes value.{}", group.text, experiment.name, count,
                     begin_epoch(experiment));
}

Result<std::string> start_experiment(const sql::Name& name, Configuration& configuration) {
  return change_state(name, {State::kDraft, State::kPaused}, State::kRunning, "is running", configuration);
}

Result<std::string> pause_experiment(const sql::Name& name, Configuration& configuration) {
  return change_state(name, {State::kRunning}, State::kPaused, "is paused", configuration);
}

Result<std::string> end_experiment(const sql::Name& name, const std::optional<Winner>& winner,
                                   Configuration& configuration) {
  std::string message =
      TRY(change_state(name, {State::kRunning, State::kPaused}, State::kEnded, "has ended", configuration));
  if (!winner) return message;
  const Experiment experiment = TRY(find_experiment(configuration, name)).get();
  return message + TRY(ship(experiment, *winner, configuration));
}

Result<std::string> end_experiments(const std::vector<Ending>& endings, Configuration& configuration) {
  std::vector<std::string> said;
  for (auto each = endings.begin(); each != endings.end(); ++each) {
    const auto is_same = [&](const Ending& other) { return other.experiment.text == each->experiment.text; };
    if (std::any_of(endings.begin(), each, is_same)) {
      return fail(Code::kProgram, fmt::format("experiment is there twice: {}", each->experiment.text))
          .at(each->experiment.span);
    }
    said.push_back(TRY(end_experiment(each->experiment, each->winner, configuration)));
  }
  return join(said, "\n");
}

}  // namespace sinan::experiment

#include "experiment/statements/experiments.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ranges>

#include "experiment/configuration_json.h"
#include "experiment/statements/definition.h"
#include "experiment/statements/lookup.h"

namespace sinan::experiment {
namespace {

using Alteration = std::function<Result<std::string>(Experiment&, const Configuration&)>;

Status check_not_ended(const Experiment& experiment) {
  if (experiment.state != State::kEnded) return {};
  return fail(Code::kProgram, fmt::format("experiment has ended: {}", experiment.name),
              "create another one; its record stays as it is");
}

// What units see changes, so what is measured before and after does not belong together.
std::string begin_epoch(Experiment& experiment) {
  if (experiment.state == State::kDraft) return "";
  ++experiment.epoch;
  return fmt::format(" Epoch {} begins.", experiment.epoch);
}

std::string percent(uint32_t rollout) { return fmt::format("{}%", rollout_percent(rollout)); }

Result<Alteration> parse_setting(sql::Tokens& tokens) {
  if (tokens.accept_word("ROLLOUT")) {
    return [rollout = TRY(parse_rollout(tokens))](Experiment& experiment, const Configuration&) -> Result<std::string> {
      const uint32_t before = experiment.rollout;
      experiment.rollout = rollout.extent;
      if (rollout.most) experiment.max_rollout = *rollout.most;
      return fmt::format("The rollout of {} goes from {} to {}.", experiment.name, percent(before),
                         percent(rollout.extent));
    };
  }
  if (tokens.accept_word("SCHEDULE")) {
    return
        [schedule = TRY(parse_schedule(tokens))](Experiment& experiment, const Configuration&) -> Result<std::string> {
          experiment.schedule = schedule;
          return schedule.empty() ? fmt::format("{} runs at any time.", experiment.name)
                                  : fmt::format("{} runs in {} windows of time.", experiment.name, schedule.size());
        };
  }
  if (tokens.accept_word("OWNER")) {
    return [owner = TRY(tokens.expect_string("the owner")).text](Experiment& experiment,
                                                                 const Configuration&) -> Result<std::string> {
      experiment.owner = owner;
      return fmt::format("{} belongs to {}.", experiment.name, owner);
    };
  }
  if (tokens.accept_word("DESCRIPTION")) {
    return [text = TRY(tokens.expect_string("the description")).text](Experiment& experiment,
                                                                      const Configuration&) -> Result<std::string> {
      experiment.description = text;
      return fmt::format("{}: {}", experiment.name, text);
    };
  }
  return tokens.unexpected("ROLLOUT, SCHEDULE, OWNER or DESCRIPTION", {"ROLLOUT", "SCHEDULE", "OWNER", "DESCRIPTION"});
}

Result<Alteration> parse_alteration(sql::Tokens& tokens) {
  if (tokens.accept_word("SET")) return parse_setting(tokens);
  if (tokens.accept_word("PLAN")) {
    return [branches = TRY(parse_branches(tokens))](Experiment& experiment,
                                                    const Configuration& configuration) -> Result<std::string> {
      experiment.branches = TRY(resolve(branches, configuration));
      return fmt::format("{} has a new plan.{}", experiment.name, begin_epoch(experiment));
    };
  }
  if (tokens.accept_phrase("SPLIT GROUP")) {
    const sql::Name group = TRY(tokens.expect_name("a group's name"));
    TRY(tokens.expect_word("INTO"));
    TRY(tokens.expect_symbol(sql::Symbol::kLeftParen, "("));
    std::vector<Group> parts = TRY(parse_groups(tokens));
    TRY(tokens.expect_symbol(sql::Symbol::kRightParen, ")"));
    return [group, parts = std::move(parts)](Experiment& experiment, const Configuration&) -> Result<std::string> {
      if (auto status = split_group(experiment, group.text, parts); !status)
        return fail(std::move(status).error()).at(group.span);
      return fmt::format("Group {} of {} is split into {}; nobody changes value.{}", group.text, experiment.name,
                         parts.size(), begin_epoch(experiment));
    };
  }
  return tokens.unexpected("SET, PLAN or SPLIT GROUP", {"SET", "PLAN", "SPLIT"});
}

// A change of the state: from any of `from`.
Edit transition(sql::Name name, std::vector<State> from, State to, std::string_view done) {
  Edit edit;
  edit.object = std::move(name);
  edit.apply = [name = edit.object, from = std::move(from), to,
                done](Configuration& configuration) -> Result<std::string> {
    Experiment& experiment = TRY(find_experiment(configuration, name));
    if (std::ranges::find(from, experiment.state) == from.end()) {
      return fail(Code::kProgram, fmt::format("experiment is {}: {}", to_string(experiment.state), name.text))
          .at(name.span);
    }
    experiment.state = to;
    return fmt::format("Experiment {} {}.", name.text, done);
  };
  return edit;
}

const Value* value_of(const Treatment& treatment, const std::vector<std::string_view>& path) {
  for (const std::string_view group : std::views::reverse(path)) {
    const auto found =
        std::ranges::find(treatment.by_group, group, [](const auto& entry) { return std::string_view(entry.first); });
    if (found != treatment.by_group.end()) return &found->second;
  }
  return nullptr;
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

struct Winner {
  sql::Name group;
  bool to_audience = false;  // a rule for the contexts of the experiment, rather than everybody's default
};

// The winner's values become defaults or rules in the same version that drops the experiment's overrides.
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

flow::Help CreateExperiment::help() const {
  return {.summary = "Define an experiment: who is drawn into which group, and what each group sees.",
          .synopsis =
              "CREATE EXPERIMENT name ON UNIT attribute|(attribute, ..) [BUCKETS n] [HASH scheme] [SALT 'text']\n"
              "  GROUPS group [first..last] [(part [first..last], ..)], ..\n"
              "  [WHEN condition] SET parameter = CASE GROUP WHEN group THEN value .. END [, ..] [WHEN .. SET ..]\n"
              "  [ROLLOUT p% [MAX p%]] [SCHEDULE FROM 'time' TO 'time', ..] [OWNER 'text'] [DESCRIPTION 'text'] "
              "[BECAUSE 'text']",
          .details =
              "The experiment is a draft until START EXPERIMENT. A unit's bucket comes from a keyed hash of its id; "
              "groups are "
              "ranges\nof buckets and tile all of them. A group without a value of its own has that of the group "
              "around it, and "
              "without any\nthe experiment passes it through. The rollout is a second, independent draw: it lets units "
              "in and "
              "moves none between\ngroups. Two experiments may set the same parameter only where nobody can ever be in "
              "both; "
              "that is proved at the\nlargest rollout (MAX) before anything is published. CHECK EXPERIMENT shows the "
              "proof.",
          .example =
              "CREATE EXPERIMENT button_black ON UNIT user_id BUCKETS 100\n"
              "  GROUPS control [0..49], treatment [50..99] (t1 [50..74], t2 [75..99])\n"
              "  WHEN city = 'San Francisco' AND app_version >= '3.2.0'\n"
              "  SET checkout.button_color = CASE GROUP WHEN control THEN 'green' WHEN t1 THEN 'black' WHEN t2 THEN "
              "'blue' END\n"
              "  ROLLOUT 5%"};
}

Result<Edit> CreateExperiment::parse_edit(sql::Tokens& tokens) const {
  WrittenExperiment written = TRY(parse_experiment(tokens));
  Edit edit;
  edit.object = written.name;
  edit.apply = [written = std::move(written)](Configuration& configuration) -> Result<std::string> {
    if (find_experiment(configuration, written.name)) {
      return fail(Code::kExists, fmt::format("experiment exists already: \"{}\"", written.name.text),
                  "names are never used again: choose another")
          .at(written.name.span);
    }
    Experiment experiment = written.fixed;
    experiment.branches = TRY(resolve(written.branches, configuration));
    configuration.experiments.push_back(std::move(experiment));
    return fmt::format("Experiment {} is a draft: START EXPERIMENT {} lets it assign.", written.name.text,
                       written.name.text);
  };
  return edit;
}

flow::Help AlterExperiment::help() const {
  return {
      .summary = "Change the rollout, schedule, plan or groups of an experiment.",
      .synopsis =
          "ALTER EXPERIMENT name SET ROLLOUT p% [MAX p%]\n"
          "ALTER EXPERIMENT name SET SCHEDULE FROM 'time' TO 'time', .. | ALWAYS\n"
          "ALTER EXPERIMENT name SET OWNER 'text' | SET DESCRIPTION 'text'\n"
          "ALTER EXPERIMENT name SPLIT GROUP group INTO (part [first..last], ..)\n"
          "ALTER EXPERIMENT name PLAN [WHEN condition] SET parameter = CASE GROUP .. END ..\n"
          "each may end with BECAUSE 'text', which goes into the audit log",
      .details =
          "Growing a rollout lets units in and moves nobody between groups. A new plan and a split begin a new epoch: "
          "what "
          "is\nmeasured before and after is kept apart. Unit, buckets and salt stay: others are another experiment.",
      .example = "ALTER EXPERIMENT button_black SET ROLLOUT 20%"};
}

Result<Edit> AlterExperiment::parse_edit(sql::Tokens& tokens) const {
  Edit edit;
  edit.object = TRY(tokens.expect_name_or_string("an experiment's name"));
  edit.apply = [name = edit.object,
                alter = TRY(parse_alteration(tokens))](Configuration& configuration) -> Result<std::string> {
    Experiment& experiment = TRY(find_experiment(configuration, name));
    TRY(check_not_ended(experiment));
    return alter(experiment, configuration);
  };
  return edit;
}

flow::Help StartExperiment::help() const {
  return {
      .summary = "Let a draft or paused experiment assign units.",
      .synopsis = "START EXPERIMENT name [BECAUSE 'text']",
      .details = "Refused when it could overlap with another running or paused experiment on one of its parameters.",
      .example = "START EXPERIMENT button_black"};
}

Result<Edit> StartExperiment::parse_edit(sql::Tokens& tokens) const {
  return transition(TRY(tokens.expect_name_or_string("an experiment's name")), {State::kDraft, State::kPaused},
                    State::kRunning, "is running");
}

flow::Help PauseExperiment::help() const {
  return {.summary = "Stop an experiment from assigning, for now.",
          .synopsis = "PAUSE EXPERIMENT name [BECAUSE 'text']",
          .details = "Everybody sees the default. Its region stays taken, so it can be started again at any time.",
          .example = "PAUSE EXPERIMENT button_black BECAUSE 'checkout errors'"};
}

Result<Edit> PauseExperiment::parse_edit(sql::Tokens& tokens) const {
  return transition(TRY(tokens.expect_name_or_string("an experiment's name")), {State::kRunning}, State::kPaused,
                    "is paused");
}

flow::Help EndExperiment::help() const {
  return {.summary = "End an experiment for good, and ship the winner.",
          .synopsis = "END EXPERIMENT name [SHIP group [TO AUDIENCE]] [BECAUSE 'text']",
          .details =
              "SHIP makes the group's values the parameters' defaults in the same version that removes the "
              "experiment's overrides: "
              "nobody\nsees a gap. With TO AUDIENCE they become rules for the contexts in which the experiment ran.",
          .example = "END EXPERIMENT button_black SHIP t1 BECAUSE 'two percent more orders'"};
}

Result<Edit> EndExperiment::parse_edit(sql::Tokens& tokens) const {
  const sql::Name name = TRY(tokens.expect_name_or_string("an experiment's name"));
  std::optional<Winner> winner;
  if (tokens.accept_word("SHIP")) {
    winner.emplace();
    winner->group = TRY(tokens.expect_name("a group's name"));
    winner->to_audience = tokens.accept_phrase("TO AUDIENCE");
  }
  Edit edit = transition(name, {State::kRunning, State::kPaused}, State::kEnded, "has ended");
  if (!winner) return edit;
  edit.apply = [end = std::move(edit.apply), name,
                winner = *winner](Configuration& configuration) -> Result<std::string> {
    std::string message = TRY(end(configuration));
    const Experiment experiment = TRY(find_experiment(configuration, name)).get();
    return message + TRY(ship(experiment, winner, configuration));
  };
  return edit;
}

flow::Help DropExperiment::help() const {
  return {.summary = "Remove an experiment that has never run.",
          .synopsis = "DROP EXPERIMENT name [BECAUSE 'text']",
          .details = "One that has run is ended instead: its record is needed for its analysis.",
          .example = "DROP EXPERIMENT button_black"};
}

Result<Edit> DropExperiment::parse_edit(sql::Tokens& tokens) const {
  Edit edit;
  edit.object = TRY(tokens.expect_name_or_string("an experiment's name"));
  edit.apply = [name = edit.object](Configuration& configuration) -> Result<std::string> {
    const Experiment& experiment = TRY(find_experiment(configuration, name));
    if (experiment.state != State::kDraft) {
      return fail(Code::kProgram, fmt::format("experiment is {}: {}", to_string(experiment.state), name.text),
                  fmt::format("END EXPERIMENT {}", name.text))
          .at(name.span);
    }
    std::erase_if(configuration.experiments, [&](const Experiment& each) { return each.name == name.text; });
    return fmt::format("Dropped experiment {}.", name.text);
  };
  return edit;
}

}  // namespace sinan::experiment

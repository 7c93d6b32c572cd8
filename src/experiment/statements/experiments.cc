#include "experiment/statements/experiments.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "experiment/statements/changes.h"
#include "experiment/statements/definition.h"
#include "experiment/statements/lookup.h"
#include "experiment/statements/stored_configuration.h"

namespace sinan::experiment {
namespace {

using Alteration = std::function<Result<std::string>(Experiment&, const Configuration&)>;

Result<Alteration> parse_setting(sql::Tokens& tokens) {
  if (tokens.accept_word("ROLLOUT")) {
    return [rollout = TRY(parse_rollout(tokens))](Experiment& experiment, const Configuration&) {
      return set_rollout(experiment, rollout.extent, rollout.most);
    };
  }
  if (tokens.accept_word("SCHEDULE")) {
    return [schedule = TRY(parse_schedule(tokens))](Experiment& experiment, const Configuration&) {
      return set_schedule(experiment, schedule);
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
      return set_plan(experiment, TRY(resolve(branches, configuration)));
    };
  }
  if (tokens.accept_phrase("SPLIT GROUP")) {
    const sql::Name group = TRY(tokens.expect_name("a group's name"));
    TRY(tokens.expect_word("INTO"));
    TRY(tokens.expect_symbol(sql::Symbol::kLeftParen, "("));
    std::vector<Group> parts = TRY(parse_groups(tokens));
    TRY(tokens.expect_symbol(sql::Symbol::kRightParen, ")"));
    return [group, parts = std::move(parts)](Experiment& experiment, const Configuration&) {
      return split(experiment, group, parts);
    };
  }
  return tokens.unexpected("SET, PLAN or SPLIT GROUP", {"SET", "PLAN", "SPLIT"});
}

struct Endings final : flow::Parsed {
  std::vector<Ending> endings;
  std::string reason;
};

Result<Ending> parse_ending(sql::Tokens& tokens) {
  Ending ending{TRY(tokens.expect_name_or_string("an experiment's name")), {}};
  if (tokens.accept_word("SHIP")) {
    ending.winner.emplace();
    ending.winner->group = TRY(tokens.expect_name("a group's name"));
    ending.winner->to_audience = tokens.accept_phrase("TO AUDIENCE");
  }
  return ending;
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
    Experiment experiment = written.fixed;
    experiment.branches = TRY(resolve(written.branches, configuration));
    return add_experiment(written.name, std::move(experiment), configuration);
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
  return edit_of(TRY(tokens.expect_name_or_string("an experiment's name")), start_experiment);
}

flow::Help PauseExperiment::help() const {
  return {.summary = "Stop an experiment from assigning, for now.",
          .synopsis = "PAUSE EXPERIMENT name [BECAUSE 'text']",
          .details = "Everybody sees the default. Its region stays taken, so it can be started again at any time.",
          .example = "PAUSE EXPERIMENT button_black BECAUSE 'checkout errors'"};
}

Result<Edit> PauseExperiment::parse_edit(sql::Tokens& tokens) const {
  return edit_of(TRY(tokens.expect_name_or_string("an experiment's name")), pause_experiment);
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
  const Ending ending = TRY(parse_ending(tokens));
  Edit edit;
  edit.object = ending.experiment;
  edit.apply = [ending](Configuration& configuration) {
    return end_experiment(ending.experiment, ending.winner, configuration);
  };
  return edit;
}

flow::Help EndExperiments::help() const {
  return {.summary = "End several experiments at once: all of them, or none.",
          .synopsis = "END EXPERIMENTS name [SHIP group [TO AUDIENCE]], .. [BECAUSE 'text']",
          .details = "One version of the configuration. SHOW STALE EXPERIMENTS lists those that could go.",
          .example = "END EXPERIMENTS banner, old_search BECAUSE 'nobody reads them any more'"};
}

Result<std::unique_ptr<flow::Parsed>> EndExperiments::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto parsed = std::make_unique<Endings>();
  TRY(tokens.expect_phrase(phrase()));
  do {
    parsed->endings.push_back(TRY(parse_ending(tokens)));
  } while (tokens.accept_symbol(sql::Symbol::kComma));
  parsed->reason = TRY(parse_reason(tokens));
  return parsed;
}

Result<std::unique_ptr<flow::Step>> EndExperiments::check(const flow::Parsed& parsed,
                                                          flow::CheckContext& context) const {
  const auto& words = static_cast<const Endings&>(parsed);
  const std::vector<Ending>& endings = words.endings;
  std::vector<ObjectRef> objects;
  for (const Ending& each : endings) objects.push_back({std::string(kExperimentKind), each.experiment.text});
  Edit edit;
  edit.object = endings.front().experiment;
  edit.reason = words.reason;
  edit.apply = [endings](Configuration& configuration) { return end_experiments(endings, configuration); };
  return check_edit(std::move(edit), std::move(objects), context);
}

flow::Help DropExperiment::help() const {
  return {.summary = "Remove an experiment that has never run.",
          .synopsis = "DROP EXPERIMENT name [BECAUSE 'text']",
          .details = "One that has run is ended instead: its record is needed for its analysis.",
          .example = "DROP EXPERIMENT button_black"};
}

Result<Edit> DropExperiment::parse_edit(sql::Tokens& tokens) const {
  return edit_of(TRY(tokens.expect_name_or_string("an experiment's name")), drop_experiment);
}

}  // namespace sinan::experiment

#include "experiment/api/edits.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "experiment/api/body.h"
#include "experiment/configuration_json.h"
#include "experiment/statements/changes.h"
#include "experiment/statements/lookup.h"

namespace sinan::experiment {
namespace {

Result<sql::Name> name_member(const Json& body, std::string_view key = "name") {
  sql::Name name{TRY(text_member(body, key)), {}};
  if (body.find(key) == nullptr) return fail(Code::kArgument, fmt::format("the request's body has no \"{}\"", key));
  if (name.text.empty()) return fail(Code::kArgument, fmt::format("\"{}\" is empty", key));
  return name;
}

Edit make_edit(const std::string& name, const Json& body,
               std::function<Result<std::string>(const sql::Name&, Configuration&)> apply) {
  const sql::Name object{name, {}};
  return {.apply = [object,
                    apply = std::move(apply)](Configuration& configuration) { return apply(object, configuration); },
          .object = object,
          .reason = std::string(body.at("reason").string_view())};
}

// "default, rules": the members in which two forms of an object differ.
std::vector<std::string> differing(const Json& before, const Json& after) {
  std::vector<std::string> names;
  for (const auto& [key, value] : after.members()) {
    if (before.at(key) != value) names.push_back(key);
  }
  for (const auto& [key, value] : before.members()) {
    if (after.find(key) == nullptr) names.push_back(key);
  }
  return names;
}

std::string changed_text(std::string_view object, const Json& before, const Json& after) {
  const std::vector<std::string> names = differing(before, after);
  if (names.empty()) return fmt::format("Nothing of {} changes.", object);
  return fmt::format("Changed of {}: {}.", object, join(names, ", "));
}

// An experiment that has run keeps whom it draws into which group.
Status check_randomisation(const Experiment& before, const Experiment& after) {
  if (before.unit == after.unit && before.buckets == after.buckets && before.scheme == after.scheme &&
      before.effective_salt() == after.effective_salt() && before.groups == after.groups) {
    return {};
  }
  return fail(Code::kProgram,
              fmt::format("unit, buckets, hash, salt and groups stay: experiment is {}: {}", to_string(before.state),
                          before.name),
              "split a group, or create another experiment");
}

// The members of `body` instead of those of `base`. A statement cannot be without a plan, so a body may not.
Result<Experiment> with_members(const Experiment& base, const Json& body, const Configuration& configuration) {
  Experiment experiment = TRY(experiment_from_json(merged(to_json(base), body), configuration));
  if (!experiment.branches.empty()) return experiment;
  return fail(Code::kProgram, "experiment has no branch: " + experiment.name,
              "one that is for everybody has the condition TRUE");
}

// What "ship" and "to_audience" say.
Result<std::optional<Winner>> winner_in(const Json& body) {
  std::optional<Winner> winner;
  if (body.find("ship") != nullptr) winner = Winner{TRY(name_member(body, "ship"))};
  if (const Json* to_audience = body.find("to_audience")) {
    if (!to_audience->is_bool()) {
      return fail(Code::kArgument, "wrong value for \"to_audience\": expected true or false");
    }
    if (!winner) return fail(Code::kArgument, "\"to_audience\" is for a group that is shipped", "add \"ship\"");
    winner->to_audience = *to_audience->as_bool();
  }
  return winner;
}

Result<std::string> alter_experiment(const Json& body, const sql::Name& name, Configuration& configuration) {
  Experiment& experiment = TRY(find_experiment(configuration, name));
  TRY(check_not_ended(experiment));
  Experiment after = TRY(with_members(experiment, body, configuration));
  std::string message = changed_text("experiment " + name.text, to_json(experiment), to_json(after));
  if (experiment.state != State::kDraft) {
    TRY(check_randomisation(experiment, after));
    if (after.branches != experiment.branches) message += " " + TRY(set_plan(experiment, after.branches));
    if (after.rollout != experiment.rollout) {
      message += " " + TRY(set_rollout(experiment, after.rollout, after.max_rollout));
    }
    after.epoch = experiment.epoch;
  }
  experiment = std::move(after);
  return message;
}

}  // namespace

Result<Experiment> draft_from_json(std::string_view name, const Json& body, const Configuration& configuration) {
  const auto stored = std::ranges::find(configuration.experiments, name, &Experiment::name);
  Experiment base;
  base.name = name;
  if (stored != configuration.experiments.end()) base = *stored;
  return with_members(base, body, configuration);
}

Result<Edit> create_parameter_edit(const Json& body) {
  return make_edit(TRY(name_member(body)).text, body,
                   [body](const sql::Name& name, Configuration& configuration) -> Result<std::string> {
                     return add_parameter(name, TRY(parameter_from_json(merged(Json(), body))), configuration);
                   });
}

Edit alter_parameter_edit(const std::string& name, const Json& body) {
  return make_edit(name, body, [body](const sql::Name& object, Configuration& configuration) -> Result<std::string> {
    Parameter& parameter = TRY(find_parameter(configuration, object));
    const Json before = to_json(parameter);
    parameter = TRY(parameter_from_json(merged(before, body)));
    return changed_text("parameter " + object.text, before, to_json(parameter));
  });
}

Result<Edit> create_segment_edit(const Json& body) {
  return make_edit(TRY(name_member(body)).text, body,
                   [body](const sql::Name& name, Configuration& configuration) -> Result<std::string> {
                     Segment segment = TRY(segment_from_json(merged(Json(), body)));
                     return add_segment(name, std::move(segment.condition), configuration);
                   });
}

Edit alter_segment_edit(const std::string& name, const Json& body) {
  return make_edit(name, body, [body](const sql::Name& object, Configuration& configuration) -> Result<std::string> {
    const Segment& segment = TRY(find_segment(configuration, object));
    return set_segment(object, TRY(segment_from_json(merged(to_json(segment), body))).condition, configuration);
  });
}

Result<Edit> create_experiment_edit(const Json& body) {
  return make_edit(TRY(name_member(body)).text, body,
                   [body](const sql::Name& name, Configuration& configuration) -> Result<std::string> {
                     Experiment experiment = TRY(draft_from_json(name.text, body, configuration));
                     return add_experiment(name, std::move(experiment), configuration);
                   });
}

Edit alter_experiment_edit(const std::string& name, const Json& body) {
  return make_edit(name, body, [body](const sql::Name& object, Configuration& configuration) {
    return alter_experiment(body, object, configuration);
  });
}

Result<Edit> split_group_edit(const std::string& name, const Json& body) {
  return make_edit(name, body,
                   [group = TRY(name_member(body, "group")), parts = TRY(groups_from_json(body.at("into")))](
                       const sql::Name& object, Configuration& configuration) -> Result<std::string> {
                     Experiment& experiment = TRY(find_experiment(configuration, object));
                     TRY(check_not_ended(experiment));
                     return split(experiment, group, parts);
                   });
}

Result<Edit> end_experiment_edit(const std::string& name, const Json& body) {
  return make_edit(name, body, [winner = TRY(winner_in(body))](const sql::Name& object, Configuration& configuration) {
    return end_experiment(object, winner, configuration);
  });
}

Result<BulkEdit> end_experiments_edit(const Json& body) {
  const Json& items = body.at("experiments");
  if (!items.is_array() || items.items().empty()) {
    return fail(Code::kArgument, "wrong value for \"experiments\": expected a list of experiments to end",
                R"(write it as [{"name": "a", "ship": "treatment"}])");
  }
  std::vector<Ending> endings;
  BulkEdit out;
  for (const Json& item : items.items()) {
    if (!item.is_object()) return fail(Code::kArgument, "wrong value in \"experiments\": expected an object");
    TRY(check_members(item, {"name", "ship", "to_audience"}, "an experiment to end"));
    endings.push_back({TRY(name_member(item)), TRY(winner_in(item))});
    out.names.push_back(endings.back().experiment.text);
  }
  out.edit = {.apply = [endings](Configuration& configuration) { return end_experiments(endings, configuration); },
              .object = endings.front().experiment,
              .reason = std::string(body.at("reason").string_view())};
  return out;
}

}  // namespace sinan::experiment

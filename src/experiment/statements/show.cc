#include "experiment/statements/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "arrow/builder.h"
#include "base/strings.h"
#include "experiment/configuration_json.h"
#include "experiment/statements/lookup.h"
#include "experiment/statements/question_step.h"
#include "experiment/statements/stale.h"
#include "experiment/statements/stored_configuration.h"
#include "experiment/statements/usage.h"

namespace sinan::experiment {
namespace {

struct NamedObject final : flow::Parsed {
  std::optional<sql::Name> name;
  bool is_experiment = false;  // of SHOW CHANGES
};

struct StaleWords final : flow::Parsed {
  int64_t days = kStaleDays;
};

std::string percent(uint32_t rollout) { return fmt::format("{}%", rollout_percent(rollout)); }

// "control [0..49], treatment [50..99] (t1 [50..74], t2 [75..99])"
std::string groups_text(const std::vector<Group>& groups) {
  std::vector<std::string> parts;
  for (const Group& group : groups) {
    std::string part = fmt::format("{} [{}..{}]", group.name, group.first, group.last);
    if (!group.children.empty()) part += fmt::format(" ({})", groups_text(group.children));
    parts.push_back(std::move(part));
  }
  return join(parts, ", ");
}

// Each group on a line of its own, indented by depth, with its share of the units.
void add_groups(const std::vector<Group>& groups, uint32_t buckets, size_t depth, arrow::BatchBuilder& rows) {
  for (const Group& group : groups) {
    const double share = 100.0 * (group.last - group.first + 1) / buckets;
    rows.column(0).append(std::string_view(std::string(2 * depth, ' ') + group.name));
    rows.column(1).append(static_cast<int64_t>(group.first));
    rows.column(2).append(static_cast<int64_t>(group.last));
    rows.column(3).append(share);
    add_groups(group.children, buckets, depth + 1, rows);
  }
}

std::string parameters_text(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const Branch& branch : experiment.branches) {
    for (const Treatment& treatment : branch.treatments) {
      if (std::ranges::find(names, treatment.parameter) == names.end()) names.push_back(treatment.parameter);
    }
  }
  return join(names, ", ");
}

std::string schedule_text(const std::vector<Window>& windows) {
  const auto time = [](const std::optional<int64_t>& micros) {
    return micros ? to_iso8601(TimePoint(std::chrono::microseconds(*micros))) : std::string("..");
  };
  std::vector<std::string> parts;
  for (const Window& window : windows) parts.push_back(fmt::format("{} to {}", time(window.begin), time(window.end)));
  return parts.empty() ? "always" : join(parts, ", ");
}

// Running or paused experiments that set the parameter.
std::vector<std::string> users_of(const Configuration& configuration, std::string_view parameter) {
  std::vector<std::string> out;
  for (const Experiment& experiment : configuration.experiments) {
    if (experiment.state != State::kRunning && experiment.state != State::kPaused) continue;
    const bool sets = std::ranges::any_of(experiment.branches, [&](const Branch& branch) {
      return std::ranges::find(branch.treatments, parameter, &Treatment::parameter) != branch.treatments.end();
    });
    if (sets) out.push_back(experiment.name);
  }
  return out;
}

std::string values_text(const std::vector<Value>& values) {
  std::vector<std::string> texts;
  for (const Value& value : values) texts.push_back(to_text(value));
  return join(texts, ", ");
}

class Properties {
 public:
  void add(std::string_view property, std::string_view value) {
    if (value.empty()) return;
    rows_.column(0).append(property);
    rows_.column(1).append(value);
  }
  flow::ResultTable finish() { return {"", rows_.finish()}; }

 private:
  arrow::BatchBuilder rows_{{{"property", arrow::string_type()}, {"value", arrow::string_type()}}};
};

Result<flow::Outcome> show_parameters(const Configuration& configuration) {
  arrow::BatchBuilder rows({{"parameter", arrow::string_type()},
                            {"type", arrow::string_type()},
                            {"default", arrow::string_type()},
                            {"values", arrow::string_type()},
                            {"rules", arrow::int64_type()},
                            {"experiments", arrow::string_type()},
                            {"owner", arrow::string_type()}});
  for (const Parameter& parameter : configuration.parameters) {
    rows.column(0).append(std::string_view(parameter.name));
    rows.column(1).append(to_string(parameter.type));
    rows.column(2).append(std::string_view(to_text(parameter.fallback)));
    rows.column(3).append(std::string_view(values_text(parameter.legal)));
    rows.column(4).append(static_cast<int64_t>(parameter.rules.size()));
    rows.column(5).append(std::string_view(join(users_of(configuration, parameter.name), ", ")));
    rows.column(6).append(std::string_view(parameter.owner));
  }
  flow::Outcome outcome;
  if (rows.rows() == 0) outcome.messages.emplace_back("There is no parameter yet: CREATE PARAMETER makes one.");
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

Result<flow::Outcome> show_experiments(const Configuration& configuration) {
  arrow::BatchBuilder rows({{"experiment", arrow::string_type()},
                            {"state", arrow::string_type()},
                            {"rollout", arrow::string_type()},
                            {"unit", arrow::string_type()},
                            {"groups", arrow::string_type()},
                            {"parameters", arrow::string_type()},
                            {"epoch", arrow::int64_type()},
                            {"owner", arrow::string_type()}});
  for (const Experiment& experiment : configuration.experiments) {
    rows.column(0).append(std::string_view(experiment.name));
    rows.column(1).append(to_string(experiment.state));
    rows.column(2).append(std::string_view(percent(experiment.rollout)));
    rows.column(3).append(std::string_view(join(experiment.unit, ", ")));
    rows.column(4).append(std::string_view(groups_text(experiment.groups)));
    rows.column(5).append(std::string_view(parameters_text(experiment)));
    rows.column(6).append(static_cast<int64_t>(experiment.epoch));
    rows.column(7).append(std::string_view(experiment.owner));
  }
  flow::Outcome outcome;
  if (rows.rows() == 0) outcome.messages.emplace_back("There is no experiment yet: CREATE EXPERIMENT makes one.");
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

Result<flow::Outcome> show_stale(const catalog::Catalog& catalog, TimePoint now, int64_t days) {
  const Configuration configuration = TRY(stored_configuration(catalog));
  std::map<std::string, TimePoint, std::less<>> changed;
  for (const auto& object : TRY(catalog.objects(kExperimentKind))) changed[object.ref.name] = object.created;
  const StaleQuestion question{
      .now = now, .days = days, .usage = TRY(stored_usage(catalog)), .changed = [&](const Experiment& experiment) {
        return changed[experiment.name];
      }};
  arrow::BatchBuilder rows({{"experiment", arrow::string_type()},
                            {"risk", arrow::string_type()},
                            {"state", arrow::string_type()},
                            {"reasons", arrow::string_type()},
                            {"days", arrow::int64_type()},
                            {"parameters", arrow::string_type()},
                            {"reads", arrow::int64_type()},
                            {"last_read", arrow::timestamp_type()},
                            {"owner", arrow::string_type()},
                            {"todo", arrow::string_type()}});
  for (const Stale& stale : stale_experiments(configuration, question)) {
    rows.column(0).append(std::string_view(stale.experiment->name));
    rows.column(1).append(to_string(stale.risk));
    rows.column(2).append(to_string(stale.experiment->state));
    rows.column(3).append(std::string_view(join(stale.reasons, "; ")));
    rows.column(4).append(stale.idle_days);
    rows.column(5).append(std::string_view(join(stale.parameters, ", ")));
    if (question.usage.since) {
      rows.column(6).append(static_cast<int64_t>(stale.reads));
    } else {
      rows.column(6).append_null();
    }
    if (stale.last_read) {
      rows.column(7).append(static_cast<int64_t>(stale.last_read->time_since_epoch().count()));
    } else {
      rows.column(7).append_null();
    }
    rows.column(8).append(std::string_view(stale.experiment->owner));
    rows.column(9).append(std::string_view(stale.todo));
  }
  flow::Outcome outcome;
  if (rows.rows() == 0) outcome.messages.push_back(fmt::format("No experiment is stale after {} days.", days));
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

Result<flow::Outcome> describe_parameter(const catalog::Catalog& catalog, const sql::Name& name) {
  const Configuration configuration = TRY(stored_configuration(catalog));
  const Parameter& parameter = TRY(find_parameter(configuration, name));
  const Usage usage = TRY(stored_usage(catalog));
  const Usage::Reads* reads = usage.find(parameter.name);
  Properties properties;
  properties.add("parameter", parameter.name);
  properties.add("type", to_string(parameter.type));
  properties.add("default", to_text(parameter.fallback));
  properties.add("values", values_text(parameter.legal));
  properties.add("owner", parameter.owner);
  properties.add("description", parameter.description);
  properties.add("experiments", join(users_of(configuration, parameter.name), ", "));
  if (usage.since) {
    properties.add("reads", fmt::format("{} since {}", reads == nullptr ? 0 : reads->count, to_iso8601(*usage.since)));
  }
  if (reads != nullptr) properties.add("last read", to_iso8601(reads->last));
  flow::Outcome outcome;
  outcome.tables.push_back(properties.finish());
  if (parameter.rules.empty()) return outcome;
  arrow::BatchBuilder rules(
      {{"rule", arrow::int64_type()}, {"when", arrow::string_type()}, {"value", arrow::string_type()}});
  for (const Rule& rule : parameter.rules) {
    rules.column(0).append(static_cast<int64_t>(rules.rows() + 1));
    rules.column(1).append(std::string_view(to_text(rule.condition)));
    rules.column(2).append(std::string_view(to_text(rule.value)));
  }
  outcome.tables.push_back({"Rules", rules.finish()});
  return outcome;
}

Result<flow::Outcome> describe_experiment(const Configuration& configuration, const sql::Name& name) {
  const Experiment& experiment = TRY(find_experiment(configuration, name));
  Properties properties;
  properties.add("experiment", experiment.name);
  properties.add("state", to_string(experiment.state));
  properties.add("unit", join(experiment.unit, ", "));
  properties.add("buckets", fmt::format("{} ({})", experiment.buckets, to_string(experiment.scheme)));
  properties.add("salt", experiment.effective_salt());
  properties.add("epoch", fmt::format("{}", experiment.epoch));
  properties.add("rollout",
                 fmt::format("{} of at most {}", percent(experiment.rollout), percent(experiment.max_rollout)));
  properties.add("schedule", schedule_text(experiment.schedule));
  properties.add("owner", experiment.owner);
  properties.add("description", experiment.description);
  flow::Outcome outcome;
  outcome.tables.push_back(properties.finish());
  arrow::BatchBuilder groups({{"group", arrow::string_type()},
                              {"first", arrow::int64_type()},
                              {"last", arrow::int64_type()},
                              {"share_percent", arrow::double_type()}});
  add_groups(experiment.groups, experiment.buckets, 0, groups);
  outcome.tables.push_back({"Groups", groups.finish()});
  arrow::BatchBuilder plan({{"branch", arrow::int64_type()},
                            {"when", arrow::string_type()},
                            {"parameter", arrow::string_type()},
                            {"group", arrow::string_type()},
                            {"value", arrow::string_type()}});
  for (size_t i = 0; i < experiment.branches.size(); ++i) {
    const Branch& branch = experiment.branches[i];
    for (const Treatment& treatment : branch.treatments) {
      for (const auto& [group, value] : treatment.by_group) {
        plan.column(0).append(static_cast<int64_t>(i + 1));
        plan.column(1).append(std::string_view(to_text(branch.condition)));
        plan.column(2).append(std::string_view(treatment.parameter));
        plan.column(3).append(std::string_view(group));
        plan.column(4).append(std::string_view(to_text(value)));
      }
    }
  }
  outcome.tables.push_back({"Plan", plan.finish()});
  return outcome;
}

Result<flow::Outcome> show_changes(const catalog::Catalog& catalog, const std::string& object) {
  arrow::BatchBuilder rows({{"version", arrow::int64_type()},
                            {"time", arrow::timestamp_type()},
                            {"who", arrow::string_type()},
                            {"object", arrow::string_type()},
                            {"member", arrow::string_type()},
                            {"before", arrow::string_type()},
                            {"after", arrow::string_type()},
                            {"why", arrow::string_type()}});
  const auto text = [](const Json& json) { return json.is_string() ? json.string_view() : std::string_view(); };
  std::vector<catalog::ObjectVersion> versions;
  if (auto known = catalog.versions(configuration_ref())) {
    versions = *std::move(known);
  } else if (known.error().code != Code::kNotFound) {
    return std::unexpected(std::move(known).error());
  }
  for (const auto& version : versions) {
    for (const Json& change : version.payload.at("changes").items()) {
      if (!object.empty() && text(change.at("object")) != object) continue;
      rows.column(0).append(static_cast<int64_t>(version.ref.version));
      rows.column(1).append(static_cast<int64_t>(version.created.time_since_epoch().count()));
      rows.column(2).append(text(version.payload.at("who")));
      rows.column(3).append(text(change.at("object")));
      rows.column(4).append(text(change.at("member")));
      rows.column(5).append(text(change.at("before")));
      rows.column(6).append(text(change.at("after")));
      rows.column(7).append(text(version.payload.at("why")));
    }
  }
  flow::Outcome outcome;
  if (rows.rows() == 0) outcome.messages.emplace_back("Nothing has been changed yet.");
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

Result<std::unique_ptr<flow::Parsed>> parse_plain(std::string_view phrase, sql::Tokens& tokens) {
  TRY(tokens.expect_phrase(phrase));
  TRY(tokens.expect_end());
  return std::make_unique<NamedObject>();
}

Result<std::unique_ptr<flow::Parsed>> parse_named(std::string_view phrase, std::string_view what, sql::Tokens& tokens) {
  auto parsed = std::make_unique<NamedObject>();
  TRY(tokens.expect_phrase(phrase));
  parsed->name = TRY(tokens.expect_name_or_string(what));
  TRY(tokens.expect_end());
  return parsed;
}

}  // namespace

flow::Help ShowParameters::help() const {
  return {.summary = "List the parameters that services read.",
          .synopsis = "SHOW PARAMETERS",
          .details = "With the running and paused experiments that set them.",
          .example = "SHOW PARAMETERS"};
}
Result<std::unique_ptr<flow::Parsed>> ShowParameters::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return parse_plain(phrase(), tokens);
}
Result<std::unique_ptr<flow::Step>> ShowParameters::check(const flow::Parsed&, flow::CheckContext&) const {
  return make_question(show_parameters);
}

flow::Help ShowExperiments::help() const {
  return {.summary = "List experiments with their state, rollout and groups.",
          .synopsis = "SHOW EXPERIMENTS",
          .details = "",
          .example = "SHOW EXPERIMENTS"};
}
Result<std::unique_ptr<flow::Parsed>> ShowExperiments::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return parse_plain(phrase(), tokens);
}
Result<std::unique_ptr<flow::Step>> ShowExperiments::check(const flow::Parsed&, flow::CheckContext&) const {
  return make_question(show_experiments);
}

flow::Help ShowStaleExperiments::help() const {
  return {
      .summary = "List the experiments that have outlived their purpose, riskiest first, and what to do.",
      .synopsis = "SHOW STALE EXPERIMENTS [OLDER THAN n DAYS]",
      .details =
          "Unchanged for n days (30), the same for all groups, paused, their schedule over, a draft never started, not "
          "read; and\nparameters that an ended one has left the same for everybody. Risk is high where ending it "
          "changes what somebody sees.",
      .example = "SHOW STALE EXPERIMENTS OLDER THAN 60 DAYS"};
}
Result<std::unique_ptr<flow::Parsed>> ShowStaleExperiments::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto parsed = std::make_unique<StaleWords>();
  TRY(tokens.expect_phrase(phrase()));
  if (tokens.accept_word("OLDER")) {
    TRY(tokens.expect_word("THAN"));
    const Span place = tokens.here();
    parsed->days = TRY(tokens.expect_integer("a number of days"));
    if (parsed->days < 0 || parsed->days > kMostStaleDays) {
      return fail(Code::kProgram, fmt::format("days must be from 0 to {}: {}", kMostStaleDays, parsed->days)).at(place);
    }
    if (!tokens.accept_word("DAY")) TRY(tokens.expect_word("DAYS"));
  }
  TRY(tokens.expect_end({"OLDER"}));
  return parsed;
}
Result<std::unique_ptr<flow::Step>> ShowStaleExperiments::check(const flow::Parsed& parsed, flow::CheckContext&) const {
  return make_catalog_question(
      [days = static_cast<const StaleWords&>(parsed).days](const catalog::Catalog& catalog, const Clock& clock) {
        return show_stale(catalog, clock.now(), days);
      });
}

flow::Help DescribeParameter::help() const {
  return {.summary = "Show a parameter: type, default, values, rules, and the experiments that set it.",
          .synopsis = "DESCRIBE PARAMETER name",
          .details =
              "With how often services have read it one by one (OFREP) from a server of this project, and when last.",
          .example = "DESCRIBE PARAMETER checkout.button_color"};
}
Result<std::unique_ptr<flow::Parsed>> DescribeParameter::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return parse_named(phrase(), "a parameter's name", tokens);
}
Result<std::unique_ptr<flow::Step>> DescribeParameter::check(const flow::Parsed& parsed,
                                                             flow::CheckContext& context) const {
  const sql::Name name = *static_cast<const NamedObject&>(parsed).name;
  TRY(find_parameter(TRY(configuration_in(context)), name));
  return make_catalog_question(
      [name](const catalog::Catalog& catalog, const Clock&) { return describe_parameter(catalog, name); });
}

flow::Help DescribeExperiment::help() const {
  return {.summary = "Show an experiment: its groups, its plan, rollout and schedule.",
          .synopsis = "DESCRIBE EXPERIMENT name",
          .details = "SHOW CHANGES OF EXPERIMENT name tells its history.",
          .example = "DESCRIBE EXPERIMENT button_black"};
}
Result<std::unique_ptr<flow::Parsed>> DescribeExperiment::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return parse_named(phrase(), "an experiment's name", tokens);
}
Result<std::unique_ptr<flow::Step>> DescribeExperiment::check(const flow::Parsed& parsed,
                                                              flow::CheckContext& context) const {
  const sql::Name name = *static_cast<const NamedObject&>(parsed).name;
  TRY(find_experiment(TRY(configuration_in(context)), name));
  return make_question([name](const Configuration& configuration) { return describe_experiment(configuration, name); });
}

flow::Help ShowChanges::help() const {
  return {.summary = "The audit log of parameters and experiments: who changed what, when and why.",
          .synopsis = "SHOW CHANGES [OF PARAMETER name | OF EXPERIMENT name | OF SEGMENT name]",
          .details =
              "Every change makes a version of the configuration; the newest comes first. BECAUSE 'text' at the end of "
              "a statement is its why.",
          .example = "SHOW CHANGES OF EXPERIMENT button_black"};
}
Result<std::unique_ptr<flow::Parsed>> ShowChanges::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto parsed = std::make_unique<NamedObject>();
  TRY(tokens.expect_phrase(phrase()));
  if (tokens.accept_word("OF")) {
    std::string kind;
    for (const std::string_view each : {kParameterKind, kExperimentKind, kSegmentKind}) {
      if (kind.empty() && tokens.accept_word(each == kParameterKind    ? "PARAMETER"
                                             : each == kExperimentKind ? "EXPERIMENT"
                                                                       : "SEGMENT"))
        kind = each;
    }
    if (kind.empty())
      return tokens.unexpected("PARAMETER, EXPERIMENT or SEGMENT", {"PARAMETER", "EXPERIMENT", "SEGMENT"});
    sql::Name name = TRY(tokens.expect_name_or_string("a name"));
    name.text = ObjectRef{kind, name.text}.to_string();
    parsed->name = std::move(name);
  }
  TRY(tokens.expect_end({"OF"}));
  return parsed;
}
Result<std::unique_ptr<flow::Step>> ShowChanges::check(const flow::Parsed& parsed, flow::CheckContext&) const {
  const auto& name = static_cast<const NamedObject&>(parsed).name;
  return make_catalog_question(
      [object = name ? name->text : std::string()](const catalog::Catalog& catalog, const Clock&) {
        return show_changes(catalog, object);
      });
}

}  // namespace sinan::experiment

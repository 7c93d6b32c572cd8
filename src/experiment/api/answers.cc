#include "experiment/api/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "experiment/configuration_json.h"
#include "experiment/evaluator/evaluate.h"
#include "experiment/evaluator/typed_text.h"
#include "experiment/ofrep/evaluation.h"
#include "experiment/statements/lookup.h"
#include "experiment/statements/stale.h"
#include "experiment/statements/stored_configuration.h"

namespace sinan::experiment {
namespace {

Json value_json(const ContextValue& value) {
  return std::visit(
      []<class T>(const T& v) {
        if constexpr (std::is_same_v<T, std::monostate>) {
          return Json();
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          Json list = Json::array();
          for (const std::string& each : v) list.push_back(each);
          return list;
        } else {
          return Json(v);
        }
      },
      value);
}

Json witness_json(const Witness& witness) {
  Json context = Json::object();
  for (const auto& [name, value] : witness.context) context.set(name, value_json(value));
  Json out = Json::object({{"text", witness.to_text()},
                           {"context", std::move(context)},
                           {"group", witness.first_group},
                           {"other_group", witness.second_group}});
  if (witness.time) out.set("time", to_iso8601(TimePoint(std::chrono::microseconds(*witness.time))));
  return out;
}

Json pair_json(const Bound& bound, const Overlap& overlap) {
  Json out = Json::object({{"parameter", bound.parameters[overlap.parameter].source->name},
                           {"other", bound.experiments[overlap.second].source->name},
                           {"verdict", to_string(overlap.verdict)}});
  Json certificate = Json::array();
  for (const Separation& each : overlap.certificate) {
    Json item = Json::object({{"dimension", each.dimension}, {"first", each.first}, {"second", each.second}});
    if (std::ranges::find(certificate.items(), item) == certificate.items().end()) {
      certificate.push_back(std::move(item));
    }
  }
  if (overlap.verdict == Verdict::kDisjoint) out.set("certificate", std::move(certificate));
  if (overlap.witness) out.set("witness", witness_json(*overlap.witness));
  if (!overlap.reason.empty()) out.set("reason", overlap.reason);
  if (overlap.remedy) out.set("remedy", "AND " + to_text(*overlap.remedy));
  return out;
}

Json dead_json(const std::vector<Dead>& dead) {
  Json list = Json::array();
  for (const Dead& each : dead) list.push_back(Json::object({{"what", each.what}, {"reason", each.reason}}));
  return list;
}

Json open_json(const OverlapChecker::Remainder& open) {
  Json boxes = Json::array();
  for (const std::string& box : open.boxes) boxes.push_back(box);
  return Json::object({{"boxes", std::move(boxes)}, {"complete", open.complete}});
}

void add_state(const ConfigurationView& view, std::string_view kind, const std::string& name, Json& item) {
  if (const auto* state = view.state({std::string(kind), name})) {
    item.set("version", state->version);
    item.set("changed", to_iso8601(state->changed));
  }
}

Json reads_json(const Usage& usage, std::string_view parameter) {
  if (!usage.since) return {};
  const Usage::Reads* reads = usage.find(parameter);
  return Json::object({{"count", reads == nullptr ? 0 : reads->count},
                       {"last", reads == nullptr ? Json() : Json(to_iso8601(reads->last))},
                       {"since", to_iso8601(*usage.since)}});
}

bool sets(const Experiment& experiment, std::string_view parameter) {
  return std::ranges::any_of(experiment.branches, [&](const Branch& branch) {
    return std::ranges::find(branch.treatments, parameter, &Treatment::parameter) != branch.treatments.end();
  });
}

}  // namespace

Json check_json(const ExperimentCheck& check) {
  Json pairs = Json::array();
  for (const Overlap& each : check.pairs) pairs.push_back(pair_json(check.bound, each));
  Json open = Json::array();
  for (const auto& [parameter, remainder] : check.open) {
    Json item = open_json(remainder);
    item.set("parameter", check.bound.parameters[parameter].source->name);
    open.push_back(std::move(item));
  }
  return Json::object({{"verdict", to_string(check.verdict())},
                       {"pairs", std::move(pairs)},
                       {"dead", dead_json(check.dead)},
                       {"open", std::move(open)}});
}

Json listed(const ConfigurationView& view, const Parameter& parameter) {
  Json item = to_json(parameter);
  Json experiments = Json::array();
  for (const Experiment& each : view.configuration().experiments) {
    if (each.state != State::kEnded && sets(each, parameter.name)) {
      experiments.push_back(Json::object({{"name", each.name}, {"state", to_string(each.state)}}));
    }
  }
  item.set("experiments", std::move(experiments));
  add_state(view, kParameterKind, parameter.name, item);
  return item;
}

Json listed(const ConfigurationView& view, const Experiment& experiment) {
  Json item = to_json(experiment);
  Json parameters = Json::array();
  for (const Branch& branch : experiment.branches) {
    for (const Treatment& treatment : branch.treatments) {
      const Json name = treatment.parameter;
      if (std::ranges::find(parameters.items(), name) == parameters.items().end()) parameters.push_back(name);
    }
  }
  item.set("parameters", std::move(parameters));
  add_state(view, kExperimentKind, experiment.name, item);
  return item;
}

Json listed(const ConfigurationView& view, const Segment& segment) {
  Json item = to_json(segment);
  add_state(view, kSegmentKind, segment.name, item);
  return item;
}

Result<Json> parameter_answer(const ConfigurationView& view, const Usage& usage, const Parameter& parameter) {
  const ParameterCheck check = TRY(check_parameter(view.configuration(), parameter));
  return Json::object({{"parameter", listed(view, parameter)},
                       {"reads", reads_json(usage, parameter.name)},
                       {"open", open_json(check.open)},
                       {"dead", dead_json(check.dead)},
                       {"configuration_version", view.configuration().version}});
}

Json stale_answer(const ConfigurationView& view, Usage usage, TimePoint now, int64_t days) {
  const auto changed = [&](const Experiment& experiment) {
    const auto* state = view.state({std::string(kExperimentKind), experiment.name});
    return state == nullptr ? now : state->changed;
  };
  const StaleQuestion question{.now = now, .days = days, .usage = std::move(usage), .changed = changed};
  const auto& since = question.usage.since;
  Json list = Json::array();
  for (const Stale& stale : stale_experiments(view.configuration(), question)) {
    Json reasons = Json::array();
    for (const std::string& reason : stale.reasons) reasons.push_back(reason);
    Json parameters = Json::array();
    for (const std::string& parameter : stale.parameters) parameters.push_back(parameter);
    list.push_back(Json::object({{"experiment", stale.experiment->name},
                                 {"risk", to_string(stale.risk)},
                                 {"state", to_string(stale.experiment->state)},
                                 {"reasons", std::move(reasons)},
                                 {"days", stale.idle_days},
                                 {"parameters", std::move(parameters)},
                                 {"reads", since ? Json(stale.reads) : Json()},
                                 {"last_read", stale.last_read ? Json(to_iso8601(*stale.last_read)) : Json()},
                                 {"owner", stale.experiment->owner},
                                 {"todo", stale.todo}}));
  }
  return Json::object({{"stale", std::move(list)},
                       {"counted_since", since ? Json(to_iso8601(*since)) : Json()},
                       {"configuration_version", view.configuration().version}});
}

Result<Json> experiment_answer(const ConfigurationView& view, const Experiment& experiment) {
  Json check;
  if (experiment.state != State::kEnded) check = check_json(TRY(check_experiment(view.configuration(), experiment)));
  return Json::object({{"experiment", listed(view, experiment)},
                       {"check", std::move(check)},
                       {"configuration_version", view.configuration().version}});
}

Result<Json> explain_answer(const ConfigurationView& view, std::string_view parameter, std::string_view body) {
  TRY(find_parameter(view.configuration(), {std::string(parameter), {}}));
  const auto request = TRY(RequestContext::read(body));
  const Json more = body.empty() ? Json::object() : TRY(Json::parse(body));
  Context context = request->context();
  if (const Json* time = more.find("time")) {
    const auto micros = parse_timestamp(time->string_view());
    if (!micros) return fail(Code::kData, "\"time\" is no point in time", "write it as 2026-11-22T09:00:00Z");
    context.at(*micros);
  }
  for (const auto& [experiment, group] : more.at("force").members()) {
    TRY(find_experiment(view.configuration(), {experiment, {}}));
    if (!group.is_string()) return fail(Code::kData, "\"force\" has an experiment without a group: " + experiment);
    context.force_group(experiment, group.string_view());
  }
  const Snapshot& snapshot = TRY(view.snapshot());
  Json answer = TRY(Json::parse(evaluate_flag(snapshot, parameter, context, Access::kPrefetch).body));
  Json decisions = Json::array();
  for (const Step& step : explain(snapshot, parameter, context)) {
    decisions.push_back(Json::object({{"depth", step.depth}, {"text", step.text}}));
  }
  answer.set("decisions", std::move(decisions));
  return answer;
}

Json change_json(const catalog::ObjectVersion& version, std::string_view object) {
  Json changes = Json::array();
  for (const Json& change : version.payload.at("changes").items()) {
    if (object.empty() || change.at("object").string_view() == object) changes.push_back(change);
  }
  if (changes.items().empty()) return {};
  return Json::object({{"version", version.ref.version},
                       {"time", to_iso8601(version.created)},
                       {"who", version.payload.at("who").string_view()},
                       {"why", version.payload.at("why").string_view()},
                       {"changes", std::move(changes)}});
}

}  // namespace sinan::experiment

#include "experiment/configuration_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "experiment/evaluator/digest.h"

namespace sinan::experiment {
namespace {

constexpr size_t kMaxItems = 200'000;  // of one list
constexpr int kMaxGroupDepth = 30;

std::string time_text(int64_t micros) { return to_iso8601(TimePoint(std::chrono::microseconds(micros))); }

Json strings_json(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

void set_text(Json& object, std::string key, const std::string& text) {
  if (!text.empty()) object.set(std::move(key), text);
}

Json groups_json(const std::vector<Group>& groups) {
  Json list = Json::array();
  for (const Group& group : groups) {
    Json item = Json::object({{"name", group.name}, {"first", group.first}, {"last", group.last}});
    if (!group.children.empty()) item.set("groups", groups_json(group.children));
    list.push_back(std::move(item));
  }
  return list;
}

Json branches_json(const std::vector<Branch>& branches) {
  Json list = Json::array();
  for (const Branch& branch : branches) {
    Json set = Json::object();
    for (const Treatment& treatment : branch.treatments) {
      Json values = Json::object();
      for (const auto& [group, value] : treatment.by_group) values.set(group, to_json(value));
      set.set(treatment.parameter, std::move(values));
    }
    list.push_back(Json::object({{"when", to_text(branch.condition)}, {"set", std::move(set)}}));
  }
  return list;
}

Json without_hash(const Configuration& configuration) {
  Json attributes = Json::object();
  for (const auto& [name, type] : configuration.attributes) attributes.set(name, to_string(type));
  Json segments = Json::array();
  for (const Segment& segment : configuration.segments) {
    segments.push_back(to_json(segment));
  }
  Json implications = Json::array();
  for (const Implication& implication : configuration.implications) {
    implications.push_back(to_json(implication));
  }
  Json parameters = Json::array();
  for (const Parameter& parameter : configuration.parameters) parameters.push_back(to_json(parameter));
  Json experiments = Json::array();
  for (const Experiment& experiment : configuration.experiments) experiments.push_back(to_json(experiment));
  Json document = Json::object({{"format", kConfigurationFormat},
                                {"version", configuration.version},
                                {"attributes", std::move(attributes)},
                                {"segments", std::move(segments)}});
  if (!configuration.implications.empty()) document.set("implications", std::move(implications));
  document.set("parameters", std::move(parameters));
  document.set("experiments", std::move(experiments));
  return document;
}

// A JSON value with its path, for messages.
class Node {
 public:
  Node(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  Failure error(std::string_view what, std::string hint = {}) const {
    return fail(Code::kData, fmt::format("{} at {}", what, path_.empty() ? "the top" : path_), std::move(hint));
  }
  // An object whose members are all among `known`, each once.
  Status only(std::initializer_list<std::string_view> known) const {
    if (!json_.is_object()) return error("expected an object");
    for (const auto& [key, value] : json_.members()) {
      if (std::ranges::find(known, key) == known.end()) {
        const std::vector<std::string> names(known.begin(), known.end());
        return error(fmt::format("unknown member \"{}\"", key), did_you_mean(key, names));
      }
      if (json_.find(key) != &value) return error(fmt::format("member \"{}\" is there twice", key));
    }
    return {};
  }
  bool has(std::string_view key) const { return json_.find(key) != nullptr; }
  Node at(std::string_view key) const { return {json_.at(key), path_ + (path_.empty() ? "" : ".") + std::string(key)}; }
  const Json& json() const { return json_; }

  Result<std::string> text() const {
    if (!json_.is_string()) return error("expected a string");
    return std::string(json_.string_view());
  }
  Result<std::string> text_or_empty(std::string_view key) const {
    return has(key) ? at(key).text() : Result<std::string>(std::string());
  }
  Result<uint32_t> number() const {
    const auto value = json_.as_int();
    if (!value || *value < 0 || *value > int64_t{0xFFFF'FFFF})
      return error("expected a whole number from 0 to 4294967295");
    return static_cast<uint32_t>(*value);
  }
  // The items of a list; a missing one has none.
  Result<std::vector<Node>> items() const {
    std::vector<Node> result;
    if (json_.is_null()) return result;
    if (!json_.is_array()) return error("expected a list");
    if (json_.items().size() > kMaxItems) return error(fmt::format("more than {} items", kMaxItems));
    for (size_t i = 0; i < json_.items().size(); ++i)
      result.emplace_back(json_.items()[i], fmt::format("{}[{}]", path_, i));
    return result;
  }
  Result<std::vector<std::pair<std::string, Node>>> members() const {
    std::vector<std::pair<std::string, Node>> result;
    if (json_.is_null()) return result;
    if (!json_.is_object()) return error("expected an object");
    if (json_.members().size() > kMaxItems) return error(fmt::format("more than {} members", kMaxItems));
    std::set<std::string_view> seen;
    for (const auto& [key, value] : json_.members()) {
      if (!seen.insert(key).second) return error(fmt::format("member \"{}\" is there twice", key));
      result.emplace_back(key, Node(value, path_ + "." + key));
    }
    return result;
  }
  Result<Condition> condition() const {
    auto parsed = parse_condition(TRY(text()));
    if (!parsed) return fail(std::move(parsed).error()).within(fmt::format("in the condition at {}", path_));
    return parsed;
  }
  Result<Value> value(ValueType type) const {
    switch (type) {
      case ValueType::kBool:
        if (auto v = json_.as_bool()) return Value(*v);
        break;
      case ValueType::kInt:
        if (auto v = json_.as_int()) return Value(*v);
        break;
      case ValueType::kDouble:
        if (auto v = json_.as_double()) return Value(*v);
        break;
      case ValueType::kString:
        if (json_.is_string()) return Value(std::string(json_.string_view()));
        break;
      case ValueType::kJson:
        return Value(JsonText{json_.dump()});
    }
    return error(fmt::format("expected a value of type {}", to_string(type)));
  }
  Result<uint32_t> percent() const {
    const auto value = json_.as_double();
    if (!value) return error("expected a percentage");
    auto rollout = rollout_from_percent(*value);
    if (!rollout) return error(rollout.error().message);
    return rollout;
  }
  Result<int64_t> time() const {
    auto parsed = from_iso8601(TRY(text()));
    if (!parsed) return error("expected a point in time", "2026-11-22T17:31:37Z");
    return parsed->time_since_epoch().count();
  }

 private:
  const Json& json_;
  std::string path_;
};

template <class Enum>
Result<Enum> one_of(const Node& node, std::optional<Enum> (*named)(std::string_view)) {
  const std::string name = TRY(node.text());
  const auto value = named(name);
  if (!value) return node.error(fmt::format("unknown word \"{}\"", name));
  return *value;
}

Result<Segment> read_segment(const Node& node) {
  TRY(node.only({"name", "when"}));
  return Segment{TRY(node.at("name").text()), TRY(node.at("when").condition())};
}

Result<Parameter> read_parameter(const Node& node) {
  TRY(node.only({"name", "type", "default", "values", "rules", "owner", "description"}));
  Parameter parameter;
  parameter.name = TRY(node.at("name").text());
  parameter.type = TRY(one_of(node.at("type"), value_type_named));
  if (!node.has("default")) return node.error("a parameter needs a default");
  parameter.fallback = TRY(node.at("default").value(parameter.type));
  for (const Node& item : TRY(node.at("values").items())) parameter.legal.push_back(TRY(item.value(parameter.type)));
  for (const Node& item : TRY(node.at("rules").items())) {
    TRY(item.only({"when", "value"}));
    parameter.rules.push_back({TRY(item.at("when").condition()), TRY(item.at("value").value(parameter.type))});
  }
  parameter.owner = TRY(node.text_or_empty("owner"));
  parameter.description = TRY(node.text_or_empty("description"));
  return parameter;
}

Result<std::vector<Group>> read_groups(const Node& node, int depth) {
  if (depth > kMaxGroupDepth) return node.error("groups are nested too deeply");
  std::vector<Group> groups;
  for (const Node& item : TRY(node.items())) {
    TRY(item.only({"name", "first", "last", "groups"}));
    groups.push_back({TRY(item.at("name").text()), TRY(item.at("first").number()), TRY(item.at("last").number()),
                      TRY(read_groups(item.at("groups"), depth + 1))});
  }
  return groups;
}

using Types = std::map<std::string, ValueType, std::less<>>;

Result<Branch> read_branch(const Node& node, const Types& types) {
  TRY(node.only({"when", "set"}));
  Branch branch;
  branch.condition = TRY(node.at("when").condition());
  for (const auto& [parameter, values] : TRY(node.at("set").members())) {
    const auto type = types.find(parameter);
    if (type == types.end()) return values.error(fmt::format("unknown parameter \"{}\"", parameter));
    Treatment treatment = {.parameter = parameter, .by_group = {}};
    for (const auto& [group, value] : TRY(values.members()))
      treatment.by_group.emplace_back(group, TRY(value.value(type->second)));
    branch.treatments.push_back(std::move(treatment));
  }
  return branch;
}

Result<Experiment> read_experiment(const Node& node, const Types& types) {
  TRY(node.only({"name", "state", "unit", "buckets", "hash", "salt", "epoch", "rollout", "max_rollout", "groups",
                 "branches", "schedule", "owner", "description"}));
  Experiment experiment;
  experiment.name = TRY(node.at("name").text());
  experiment.state = TRY(one_of(node.at("state"), state_named));
  for (const Node& item : TRY(node.at("unit").items())) experiment.unit.push_back(TRY(item.text()));
  experiment.buckets = TRY(node.at("buckets").number());
  const std::string scheme = TRY(node.at("hash").text());
  if (hash_scheme_named(scheme) == kHashSchemes)
    return node.at("hash").error(fmt::format("unknown word \"{}\"", scheme));
  experiment.scheme = static_cast<HashScheme>(hash_scheme_named(scheme));
  experiment.salt = TRY(node.at("salt").text());
  experiment.epoch = TRY(node.at("epoch").number());
  experiment.rollout = TRY(node.at("rollout").percent());
  experiment.max_rollout = node.has("max_rollout") ? TRY(node.at("max_rollout").percent()) : kRolloutBuckets;
  experiment.groups = TRY(read_groups(node.at("groups"), 0));
  for (const Node& item : TRY(node.at("branches").items()))
    experiment.branches.push_back(TRY(read_branch(item, types)));
  for (const Node& item : TRY(node.at("schedule").items())) {
    TRY(item.only({"begin", "end"}));
    Window window;
    if (item.has("begin")) window.begin = TRY(item.at("begin").time());
    if (item.has("end")) window.end = TRY(item.at("end").time());
    experiment.schedule.push_back(window);
  }
  experiment.owner = TRY(node.text_or_empty("owner"));
  experiment.description = TRY(node.text_or_empty("description"));
  return experiment;
}

Result<Configuration> read_configuration(const Json& document) {
  const Node top(document, "");
  if (!document.is_object()) return top.error("expected an object");
  const auto format = document.at("format").as_int();
  if (!format) return top.at("format").error("expected a number");
  if (*format != kConfigurationFormat) {
    return fail(Code::kUnsupported,
                fmt::format("configuration has format {}, this build reads {}", *format, kConfigurationFormat));
  }
  TRY(top.only(
      {"format", "version", "attributes", "segments", "implications", "parameters", "experiments", "content_hash"}));
  Configuration configuration;
  const auto version = document.at("version").as_int();
  if (!version || *version < 0) return top.at("version").error("expected a whole number");
  configuration.version = static_cast<uint64_t>(*version);
  for (const auto& [name, type] : TRY(top.at("attributes").members())) {
    configuration.attributes[name] = TRY(one_of(type, attribute_type_named));
  }
  for (const Node& item : TRY(top.at("segments").items())) configuration.segments.push_back(TRY(read_segment(item)));
  if (top.has("implications")) {
    for (const Node& item : TRY(top.at("implications").items())) {
      TRY(item.only({"name", "when", "then"}));
      configuration.implications.push_back(
          {TRY(item.at("name").text()), TRY(item.at("when").condition()), TRY(item.at("then").condition())});
    }
  }
  Types types;
  for (const Node& item : TRY(top.at("parameters").items())) {
    configuration.parameters.push_back(TRY(read_parameter(item)));
    types[configuration.parameters.back().name] = configuration.parameters.back().type;
  }
  for (const Node& item : TRY(top.at("experiments").items()))
    configuration.experiments.push_back(TRY(read_experiment(item, types)));
  if (top.has("content_hash") && TRY(top.at("content_hash").text()) != content_hash(configuration)) {
    return top.at("content_hash")
        .error("content does not fit its hash",
               "the document was changed or damaged; leave the member out to write one by hand");
  }
  return configuration;
}

}  // namespace

Json to_json(const Value& value) {
  if (const JsonText* json = std::get_if<JsonText>(&value)) {
    auto parsed = Json::parse(json->text);
    return parsed ? *std::move(parsed) : Json(json->text);
  }
  return std::visit(
      []<class T>(const T& v) {
        if constexpr (std::is_same_v<T, JsonText>) {
          return Json();
        } else {
          return Json(v);
        }
      },
      value);
}

Json to_json(const Segment& segment) {
  return Json::object({{"name", segment.name}, {"when", to_text(segment.condition)}});
}

Json to_json(const Implication& implication) {
  return Json::object(
      {{"name", implication.name}, {"when", to_text(implication.premise)}, {"then", to_text(implication.conclusion)}});
}

Json to_json(const Parameter& parameter) {
  Json item = Json::object(
      {{"name", parameter.name}, {"type", to_string(parameter.type)}, {"default", to_json(parameter.fallback)}});
  if (!parameter.legal.empty()) {
    Json list = Json::array();
    for (const Value& value : parameter.legal) list.push_back(to_json(value));
    item.set("values", std::move(list));
  }
  if (!parameter.rules.empty()) {
    Json list = Json::array();
    for (const Rule& rule : parameter.rules)
      list.push_back(Json::object({{"when", to_text(rule.condition)}, {"value", to_json(rule.value)}}));
    item.set("rules", std::move(list));
  }
  set_text(item, "owner", parameter.owner);
  set_text(item, "description", parameter.description);
  return item;
}

Json to_json(const Experiment& experiment) {
  Json item = Json::object({{"name", experiment.name},
                            {"state", to_string(experiment.state)},
                            {"unit", strings_json(experiment.unit)},
                            {"buckets", experiment.buckets},
                            {"hash", to_string(experiment.scheme)},
                            {"salt", experiment.effective_salt()},
                            {"epoch", experiment.epoch},
                            {"rollout", rollout_percent(experiment.rollout)},
                            {"max_rollout", rollout_percent(experiment.max_rollout)},
                            {"groups", groups_json(experiment.groups)},
                            {"branches", branches_json(experiment.branches)}});
  if (!experiment.schedule.empty()) {
    Json list = Json::array();
    for (const Window& window : experiment.schedule) {
      Json one = Json::object();
      if (window.begin) one.set("begin", time_text(*window.begin));
      if (window.end) one.set("end", time_text(*window.end));
      list.push_back(std::move(one));
    }
    item.set("schedule", std::move(list));
  }
  set_text(item, "owner", experiment.owner);
  set_text(item, "description", experiment.description);
  return item;
}

Json to_json(const Configuration& configuration) {
  Json document = without_hash(configuration);
  document.set("content_hash", "sha256:" + sha256_hex(document.dump()));
  return document;
}

std::string content_hash(const Configuration& configuration) {
  return "sha256:" + sha256_hex(without_hash(configuration).dump());
}

Result<Configuration> configuration_from_json(std::string_view text) {
  if (text.size() > kMaxConfigurationBytes)
    return fail(Code::kData, fmt::format("configuration is larger than {} bytes", kMaxConfigurationBytes));
  const auto document = Json::parse(text);
  if (!document) return fail(document.error()).within("while reading a configuration");
  return configuration_from_document(*document);
}

Result<Configuration> configuration_from_document(const Json& document) {
  auto configuration = read_configuration(document);
  if (!configuration && configuration.error().code == Code::kData) {
    configuration.error().message.insert(0, "configuration: ");
  }
  return configuration;
}

Result<Segment> segment_from_json(const Json& json) { return read_segment(Node(json, "")); }

Result<Parameter> parameter_from_json(const Json& json) { return read_parameter(Node(json, "")); }

Result<Experiment> experiment_from_json(const Json& json, const Configuration& configuration) {
  Types types;
  for (const Parameter& parameter : configuration.parameters) types[parameter.name] = parameter.type;
  return read_experiment(Node(json, ""), types);
}

Result<std::vector<Group>> groups_from_json(const Json& json) { return read_groups(Node(json, ""), 0); }

Result<uint32_t> rollout_from_percent(double percent) {
  if (!(percent >= 0 && percent <= 100))
    return fail(Code::kProgram, fmt::format("rollout must be from 0 to 100 percent: {}", percent));
  const double millionths = percent * (kRolloutBuckets / 100.0);
  const double whole = std::round(millionths);
  if (std::abs(whole - millionths) > 1e-6 * std::max(1.0, millionths)) {
    return fail(Code::kProgram, fmt::format("rollout has more than four digits behind the point: {}", percent));
  }
  return static_cast<uint32_t>(whole);
}

double rollout_percent(uint32_t rollout) { return static_cast<double>(rollout) / (kRolloutBuckets / 100.0); }

}  // namespace sinan::experiment

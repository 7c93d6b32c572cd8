#include "experiment/statements/stored_configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "experiment/configuration_json.h"

namespace sinan::experiment {
namespace {

constexpr std::array kLists = {std::pair{kSegmentKind, std::string_view("segments")},
                               std::pair{kImplicationKind, std::string_view("implications")},
                               std::pair{kParameterKind, std::string_view("parameters")},
                               std::pair{kExperimentKind, std::string_view("experiments")}};

// One line of the audit log.
struct Change {
  std::string object;  // "experiment button_black"
  std::string member;  // "rollout"; "created" or "dropped" for the object as a whole
  std::string before;  // empty: there was none
  std::string after;
};

std::string text_of(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? std::string(value.string_view()) : value.dump();
}

void compare_members(const std::string& object, const Json& before, const Json& after, std::vector<Change>& out) {
  for (const auto& [key, value] : after.members()) {
    const std::string was = text_of(before.at(key));
    const std::string is = text_of(value);
    if (was != is) out.push_back({object, key, was, is});
  }
  for (const auto& [key, value] : before.members()) {
    if (after.find(key) == nullptr) out.push_back({object, key, text_of(value), ""});
  }
}

Json change_json(const Change& change) {
  Json out = Json::object({{"object", change.object}, {"member", change.member}});
  if (!change.before.empty()) out.set("before", change.before);
  if (!change.after.empty()) out.set("after", change.after);
  return out;
}

// What differs between two lists of one kind of object, into the outcome and the audit log. Objects that are equal cost no JSON.
template <class Object>
void store_list(std::string_view kind, const std::vector<Object>& before, const std::vector<Object>& after,
                flow::Outcome& outcome, std::vector<Change>& changes) {
  std::map<std::string_view, const Object*> old;
  for (const Object& object : before) old[object.name] = &object;
  for (const Object& object : after) {
    const ObjectRef ref{std::string(kind), object.name};
    const auto found = old.find(object.name);
    if (found == old.end()) {
      changes.push_back({ref.to_string(), "created", "", ""});
      outcome.objects.push_back({ref, {}, to_json(object), {}});
      continue;
    }
    const Object& was = *found->second;
    old.erase(found);
    if (was == object) continue;
    const size_t known = changes.size();
    Json item = to_json(object);
    compare_members(ref.to_string(), to_json(was), item, changes);
    if (changes.size() > known) outcome.objects.push_back({ref, {}, std::move(item), {}});
  }
  for (const auto& [name, object] : old) {
    const ObjectRef ref{std::string(kind), object->name};
    changes.push_back({ref.to_string(), "dropped", "", ""});
    outcome.dropped.push_back(ref);
  }
}

Json attributes_json(const Configuration& configuration) {
  Json out = Json::object();
  for (const auto& [name, type] : configuration.attributes) out.set(name, to_string(type));
  return out;
}

}  // namespace

ObjectRef configuration_ref() { return {std::string(kConfigurationKind), "experiments"}; }

Result<Configuration> stored_configuration(const catalog::Catalog& catalog) {
  Json document = Json::object({{"format", kConfigurationFormat}, {"version", 0}, {"attributes", Json::object()}});
  for (const auto& object : TRY(catalog.objects(kConfigurationKind))) {
    document.set("version", object.ref.version);
    document.set("attributes", object.payload.at("attributes"));
  }
  for (const auto& [kind, list] : kLists) {
    Json items = Json::array();
    for (auto& object : TRY(catalog.objects(kind))) items.push_back(std::move(object.payload));
    document.set(std::string(list), std::move(items));
  }
  auto configuration = configuration_from_document(document);
  if (!configuration) return fail(std::move(configuration).error()).within("while reading the catalog's experiments");
  return configuration;
}

Result<Configuration> configuration_in(const flow::ObjectScope& scope) {
  const auto planned = scope.planned(configuration_ref());
  if (const auto* known = dynamic_cast<const PlannedConfiguration*>(planned.get())) return known->configuration;
  return stored_configuration(scope.catalog());
}

void store_changes(const Configuration& before, const Configuration& after, const Author& author,
                   flow::Outcome& outcome) {
  std::vector<Change> changes;
  Json attributes = attributes_json(after);
  compare_members("attributes", attributes_json(before), attributes, changes);
  store_list(kExperimentKind, before.experiments, after.experiments, outcome, changes);
  store_list(kImplicationKind, before.implications, after.implications, outcome, changes);
  store_list(kParameterKind, before.parameters, after.parameters, outcome, changes);
  store_list(kSegmentKind, before.segments, after.segments, outcome, changes);
  if (outcome.objects.empty() && outcome.dropped.empty()) return;
  Json list = Json::array();
  for (const Change& change : changes) list.push_back(change_json(change));
  Json record =
      Json::object({{"who", author.who}, {"changes", std::move(list)}, {"attributes", std::move(attributes)}});
  if (!author.why.empty()) record.set("why", author.why);
  outcome.objects.push_back({configuration_ref(), {}, std::move(record), static_cast<uint32_t>(before.version)});
}

}  // namespace sinan::experiment

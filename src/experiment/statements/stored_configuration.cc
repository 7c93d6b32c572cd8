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

using Objects = std::map<ObjectRef, Json>;  // by reference without a version

// A configuration as the catalog keeps it.
struct Stored {
  Json attributes;
  Objects objects;
};

Stored stored_form(const Configuration& configuration) {
  const Json document = to_json(configuration);
  Stored out{document.at("attributes"), {}};
  for (const auto& [kind, list] : kLists) {
    for (const Json& item : document.at(list).items()) {
      out.objects[{std::string(kind), std::string(item.at("name").string_view())}] = item;
    }
  }
  return out;
}

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

std::vector<Change> changes_between(const Stored& before, const Stored& after) {
  const auto& [old_attributes, old] = before;
  const auto& [attributes, now] = after;
  std::vector<Change> out;
  compare_members("attributes", old_attributes, attributes, out);
  for (const auto& [ref, item] : now) {
    const std::string object = ref.to_string();
    const auto was = old.find(ref);
    if (was == old.end()) {
      out.push_back({object, "created", "", ""});
    } else {
      compare_members(object, was->second, item, out);
    }
  }
  for (const auto& [ref, item] : old) {
    if (!now.contains(ref)) out.push_back({ref.to_string(), "dropped", "", ""});
  }
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
  auto configuration = configuration_from_json(document.dump());
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
  const Stored was_stored = stored_form(before);
  const Stored is_stored = stored_form(after);
  const Objects& old = was_stored.objects;
  const Objects& now = is_stored.objects;
  for (const auto& [ref, item] : now) {
    const auto was = old.find(ref);
    if (was == old.end() || was->second.dump() != item.dump()) outcome.objects.push_back({ref, {}, item, {}});
  }
  for (const auto& [ref, item] : old) {
    if (!now.contains(ref)) outcome.dropped.push_back(ref);
  }
  if (outcome.objects.empty() && outcome.dropped.empty()) return;
  Json changes = Json::array();
  for (const Change& change : changes_between(was_stored, is_stored)) changes.push_back(change_json(change));
  Json record =
      Json::object({{"who", author.who}, {"changes", std::move(changes)}, {"attributes", is_stored.attributes}});
  if (!author.why.empty()) record.set("why", author.why);
  outcome.objects.push_back({configuration_ref(), {}, std::move(record), static_cast<uint32_t>(before.version)});
}

}  // namespace sinan::experiment

#include "experiment/importers/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/strings.h"
#include "experiment/importers/platforms.h"
#include "experiment/importers/target.h"

namespace sinan::experiment {
namespace {

constexpr size_t kMaxDepth = 60;

struct Known {
  std::string_view name;
  std::string_view title;
  Status (*import)(const Json& document, Target& target);
};
constexpr std::array<Known, 5> kPlatforms = {{{"growthbook", "GrowthBook", import_growthbook},
                                              {"flagd", "flagd", import_flagd},
                                              {"unleash", "Unleash", import_unleash},
                                              {"eppo", "Eppo", import_eppo},
                                              {"planout", "PlanOut", import_planout}}};

// JSON parsers differ over members that are there twice; a document that has some means nothing for sure.
Status check_shape(const Element& element, size_t depth) {
  if (depth > kMaxDepth) return element.malformed(fmt::format("more than {} levels", kMaxDepth));
  if (element.json().is_array()) {
    for (const Element& item : TRY(element.items())) TRY(check_shape(item, depth + 1));
  } else if (element.json().is_object()) {
    std::set<std::string_view> seen;
    for (const auto& [key, value] : element.json().members()) {
      if (!seen.insert(key).second) return element.malformed(fmt::format("member \"{}\" is there twice", key));
    }
    for (const auto& [key, value] : TRY(element.members())) TRY(check_shape(value, depth + 1));
  }
  return {};
}

template <class Item>
std::set<std::string> lower_names(const std::vector<Item>& items) {
  std::set<std::string> out;
  for (const Item& item : items) out.insert(to_lower(item.name));
  return out;
}

// The catalog does not tell upper from lower case.
template <class Item>
Status add_new(const std::vector<Item>& added, std::string_view what, std::vector<Item>& items) {
  std::set<std::string> taken = lower_names(items);
  for (const Item& item : added) {
    if (!taken.insert(to_lower(item.name)).second) {
      return fail(Code::kExists, fmt::format("{} exists already: \"{}\"", what, item.name),
                  "put a prefix before all names: WITH prefix = 'moved.'");
    }
    items.push_back(item);
  }
  return {};
}

}  // namespace

std::optional<Platform> platform_named(std::string_view name) {
  const auto found = std::ranges::find(kPlatforms, to_lower(name), &Known::name);
  if (found == kPlatforms.end()) return std::nullopt;
  return static_cast<Platform>(found - kPlatforms.begin());
}

std::vector<std::string> platform_names() {
  std::vector<std::string> out;
  for (const Known& known : kPlatforms) out.emplace_back(known.name);
  return out;
}

Result<Imported> import_configuration(Platform platform, std::string_view text, const ImportOptions& options,
                                      const Configuration& before) {
  const Known& known = kPlatforms[static_cast<size_t>(platform)];
  const std::string reading = fmt::format("while reading a configuration of {}", known.title);
  if (text.size() > kMaxImportBytes) {
    return fail(Code::kData, fmt::format("malformed configuration: more than {} bytes", kMaxImportBytes))
        .within(reading);
  }
  if (!options.defaults.is_null() && !options.defaults.is_object()) {
    return fail(Code::kArgument, "defaults must be a JSON object: flag to value");
  }
  auto document = Json::parse(text);
  if (!document) return fail(std::move(document).error()).within(reading);
  Target target(options, before);
  auto status = check_shape(Element(*document, ""), 0);
  if (status) status = known.import(*document, target);
  if (!status) return fail(std::move(status).error()).within(reading);
  return std::move(target).finish();
}

Status add_imported(const Imported& imported, Configuration& configuration) {
  Configuration after = configuration;
  for (const auto& [name, type] : imported.attributes) {
    const auto [place, added] = after.attributes.try_emplace(name, type);
    if (added || place->second == type) continue;
    // An attribute that the project declares to be whole numbers is compared as those.
    if (place->second == AttributeType::kInt && type == AttributeType::kDouble) continue;
    return fail(Code::kUnsupported, fmt::format("attribute \"{}\" is {} in this project and {} in the file", name,
                                                to_string(place->second), to_string(type)));
  }
  TRY(add_new(imported.parameters, "parameter", after.parameters));
  TRY(add_new(imported.experiments, "experiment", after.experiments));
  configuration = std::move(after);
  return {};
}

}  // namespace sinan::experiment

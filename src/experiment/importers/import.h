// Configurations of other platforms, read into ours. Everything that is carried over gives the same answers as the platform's own
// SDK, buckets included; what cannot be is refused with its path in the document, never changed in silence. What differs without
// touching an answer is said in a note. docs/import_experiments.md has the tables.
//
//     Imported imported = TRY(import_configuration(Platform::kFlagd, text, {}, configuration));
//     TRY(add_imported(imported, configuration));
//
// Pure functions. Errors: kData (the document is none of the platform's, or beyond a limit), kUnsupported (a construct that has no
// exact counterpart), kExists (a name that is taken), kArgument (an option).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "experiment/model.h"

namespace sinan::experiment {

enum class Platform : uint8_t { kGrowthBook, kFlagd, kUnleash, kEppo, kPlanOut };
std::optional<Platform> platform_named(std::string_view name);  // "growthbook", in any case
std::vector<std::string> platform_names();

inline constexpr size_t kMaxImportBytes = 64U << 20;
inline constexpr size_t kMaxImportedFlags = 20'000;

struct ImportOptions {
  std::string prefix;  // before the name of every parameter
  std::string unit;    // the attribute that stands for the platform's subject; empty: the platform's own name for it
  std::string salt;    // PlanOut: the name of the experiment, which its scripts do not hold
  std::vector<std::string> lists;  // attributes that hold lists of texts, where the document does not tell
  Json defaults;  // an object, flag to value: for flags whose platform leaves the default to the caller
};

struct Imported {
  std::map<std::string, AttributeType, std::less<>> attributes;
  std::vector<Parameter> parameters;
  std::vector<Experiment> experiments;  // running
  std::vector<std::string> notes;       // one sentence each
};

// `before` tells the types of attributes that are known already.
Result<Imported> import_configuration(Platform platform, std::string_view text, const ImportOptions& options,
                                      const Configuration& before);
// All or nothing: the configuration is as it was when a name is taken or an attribute has another type.
Status add_imported(const Imported& imported, Configuration& configuration);

}  // namespace sinan::experiment

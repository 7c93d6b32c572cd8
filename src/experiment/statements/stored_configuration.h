// The configuration in the catalog. Every parameter, experiment, segment and implication is an object with versions of its own, whose payload is
// its JSON; the object "configuration" counts the published configurations, and its payloads are the audit log and the
// attributes' types.
//
// A change is an Outcome: the objects it changes and the configuration's next version, which fails to be recorded (kBusy, and
// the step runs again) when another change came in between. So check and commit are one atomic step.
//
// Thread-safe, as the catalog is.
#pragma once

#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "experiment/model.h"
#include "flow/object_scope.h"
#include "flow/outcome.h"

namespace sinan::experiment {

inline constexpr std::string_view kParameterKind = "parameter";
inline constexpr std::string_view kExperimentKind = "experiment";
inline constexpr std::string_view kSegmentKind = "segment";
inline constexpr std::string_view kImplicationKind = "implication";
inline constexpr std::string_view kConfigurationKind = "configuration";

// Every statement that changes the configuration writes this object, every one that evaluates reads it.
ObjectRef configuration_ref();

// Errors: kData when an object of the catalog cannot be read.
Result<Configuration> stored_configuration(const catalog::Catalog& catalog);
// As the earlier statements of a program that is being checked will leave it.
Result<Configuration> configuration_in(const flow::ObjectScope& scope);

struct PlannedConfiguration final : flow::PlannedObject {
  explicit PlannedConfiguration(Configuration what) : configuration(std::move(what)) {}
  const Configuration configuration;
};

// Who made a change, and why.
struct Author {
  std::string who;
  std::string why;
};

// Puts new versions of what differs, and the audit record, into the outcome; nothing when nothing differs.
void store_changes(const Configuration& before, const Configuration& after, const Author& author,
                   flow::Outcome& outcome);

}  // namespace sinan::experiment

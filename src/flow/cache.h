// The unchanged-input cache: may a step be skipped because it was done before and nothing it depends on has changed?
//
// A step's key is its own fingerprint, the engine's version, the session's settings, the seed where it matters and the state of
// each input: of a table what the step that wrote it left in the catalog, of files their path, size and time of change, of a model
// its version. A step is skipped when a step with that key was done and its outputs are still what that step left.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/hash.h"
#include "flow/plan.h"
#include "flow/project.h"

namespace sinan::flow {

// None when the step must always run: it has no fingerprint, or an input's content cannot be known (a remote file, a table
// of an attached database).
Result<std::optional<Fingerprint>> cache_key(const PlannedStep& step, uint64_t seed, Project& project);
// The run that did it; none when it has to run.
Result<std::optional<RunId>> find_cached(const Fingerprint& key, Project& project);

}  // namespace sinan::flow

// What the API answers: configuration objects and what is proved of them, as JSON. Pure functions.
#pragma once

#include <string_view>

#include "base/json.h"
#include "catalog/catalog.h"
#include "experiment/api/newest_configuration.h"
#include "experiment/statements/experiment_check.h"
#include "experiment/statements/usage.h"

namespace sinan::experiment {

// {"verdict", "pairs": [..], "dead": [..], "open": [..]}
Json check_json(const ExperimentCheck& check);

// An object as it stands in a configuration, with "version" and "changed" of its newest version; a parameter with the
// "experiments" that set it and have not ended, an experiment with the "parameters" that it sets.
Json listed(const ConfigurationView& view, const Parameter& parameter);
Json listed(const ConfigurationView& view, const Experiment& experiment);
Json listed(const ConfigurationView& view, const Segment& segment);

// {"parameter", "reads": {"count", "last", "since"}, "open", "dead", "configuration_version"}; "reads" is null until counting
// began, "last" until there was one. Errors: those of bind().
Result<Json> parameter_answer(const ConfigurationView& view, const Usage& usage, const Parameter& parameter);
// {"stale": [{"experiment", "risk", "state", "reasons", "days", "parameters", "reads", "last_read", "owner", "todo"}],
// "counted_since", "configuration_version"}: SHOW STALE EXPERIMENTS. "reads" and "counted_since" are null until counting began.
Json stale_answer(const ConfigurationView& view, Usage usage, TimePoint now, int64_t days);

// {"experiment", "check", "configuration_version"}; "check" is null of one that has ended.
Result<Json> experiment_answer(const ConfigurationView& view, const Experiment& experiment);

// {"value", "reason", "variant", "metadata", "decisions": [{"depth", "text"}]}, as OFREP has it, for {"context", "time", "force"}.
// Counts no access. Errors: kArgument, kNotFound.
Result<Json> explain_answer(const ConfigurationView& view, std::string_view parameter, std::string_view body);

// One version of the configuration, as the audit log has it; null when nothing in it is of `object` ("experiment x"; "" = any).
Json change_json(const catalog::ObjectVersion& version, std::string_view object);

}  // namespace sinan::experiment

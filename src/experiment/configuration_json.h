// The JSON form of a configuration: what is stored, delivered and read by people (docs/formats/configuration.md). Conditions
// stand in it as text. The content hash is SHA-256 of the canonical form without the hash itself; a document whose hash does not
// fit, with a member that is not known, or beyond the limits is refused.
//
// Errors: kData (with the path of the member), kUnsupported for another format version, kProgram from conditions and bind().
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "experiment/model.h"

namespace sinan::experiment {

inline constexpr int64_t kConfigurationFormat = 1;
inline constexpr size_t kMaxConfigurationBytes = 256U << 20;

Json to_json(const Configuration& configuration);  // with its content hash
std::string content_hash(const Configuration& configuration);

// Reads and checks the document; names are resolved by bind().
Result<Configuration> configuration_from_json(std::string_view text);
Result<Configuration> configuration_from_document(const Json& document);

// One object as it stands in the document. Errors name the member's path within it.
Json to_json(const Segment& segment);
Json to_json(const Implication& implication);
Json to_json(const Parameter& parameter);
Json to_json(const Experiment& experiment);
Json to_json(const Value& value);
Result<Segment> segment_from_json(const Json& json);
Result<Parameter> parameter_from_json(const Json& json);
// The types of its values are those of the configuration's parameters.
Result<Experiment> experiment_from_json(const Json& json, const Configuration& configuration);
Result<std::vector<Group>> groups_from_json(const Json& json);

// "5%" is 50000 millionths; at most four digits behind the point. And back: 5, 2.5.
Result<uint32_t> rollout_from_percent(double percent);
double rollout_percent(uint32_t rollout);

}  // namespace sinan::experiment

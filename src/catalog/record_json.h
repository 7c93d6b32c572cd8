// Step records as JSON, for the commits in flight and the access column (docs/formats/catalog.md). Reading checks
// everything: the bytes may come from a damaged file.
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "catalog/catalog.h"

namespace sinan::catalog {

Json to_json(const ObjectRef& ref);
Result<ObjectRef> object_ref_from_json(const Json& json);
Json to_json(const Access& access);
Result<Access> access_from_json(const Json& json);
Json to_json(const StepRecord& record);
Result<StepRecord> step_record_from_json(const Json& json);

Result<Fingerprint> fingerprint_from_hex(std::string_view hex);
Result<StepStatus> step_status_named(std::string_view name);

}  // namespace sinan::catalog

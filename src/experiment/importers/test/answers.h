// What an imported configuration answers: compiled and asked as services do.
#pragma once

#include "base/error.h"
#include "base/json.h"

namespace sinan::experiment {

// {"platform", "document" (JSON) or "text", "options" {prefix, unit, salt, defaults}, "contexts" [..]}; answers {"answers" [{parameter:
// value}, ..], "notes" [..]}. Errors as those of the import, and of what is checked before a configuration is published.
Result<Json> answers_to(const Json& request);

}  // namespace sinan::experiment

// One function a platform: its document into the target. Errors as in import.h.
#pragma once

#include "base/error.h"
#include "base/json.h"

namespace sinan::experiment {

class Target;

Status import_growthbook(const Json& document, Target& target);  // the features of the SDK endpoint
Status import_flagd(const Json& document, Target& target);       // a file of flags
Status import_unleash(const Json& document, Target& target);     // the features of the client API
Status import_eppo(const Json& document, Target& target);        // the universal flag configuration, format SERVER
Status import_planout(const Json& document, Target& target);     // a compiled script

}  // namespace sinan::experiment

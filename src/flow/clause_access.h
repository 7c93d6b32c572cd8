// What a clause reads and writes as far as its words tell: enough to know that an error about a model is the consequence
// of the failed TO TRAIN before it. The exact Access of a checked statement comes from its Step.
#pragma once

#include "base/object_ref.h"
#include "flow/statement_kind.h"

namespace sinan::flow {

// Empty when the statement has no clause; of one that does not parse, what it would have written.
Access clause_access(const Statement& statement);

}  // namespace sinan::flow

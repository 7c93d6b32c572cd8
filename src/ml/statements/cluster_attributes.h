// Attributes that told SQLFlow's cluster what to do. Programs that were written for it have them; there is no cluster here.
#pragma once

#include <span>
#include <vector>

#include "flow/statement_kind.h"
#include "ml/attributes.h"
#include "sql/clause.h"

namespace sinan::ml {

// `given` without them; each is warned of. Those that `specs` has, too, stay.
std::vector<sql::Attribute> without_cluster_attributes(std::vector<sql::Attribute> given,
                                                       std::span<const AttributeSpec> specs,
                                                       flow::CheckContext& context);

}  // namespace sinan::ml

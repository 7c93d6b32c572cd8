// Constraints by name: a feature's own, or that of a query's column, which stands for all features made from it.
//
// Pure; thread-safe.
#pragma once

#include <string>

#include "base/error.h"
#include "ml/attributes.h"
#include "ml/matrix.h"

namespace sinan::ml::lightgbm {

// "monotone_constraints=0,1,-1", one sign a feature, from [area:1, age:-1]; "" when none are given.
// Errors (kArgument, at the attribute): an unknown name (nearest), a sign other than 1, 0, -1, a category.
Result<std::string> monotone_parameter(const AttributeValues& values, const FeatureSchema& schema);

// "interaction_constraints=[0,2],[1]" from "[[area, rooms], [age]]"; "" when none are given. Names with signs of their own
// stand in quotes. Errors (kArgument, at the attribute): what is no list of lists, an unknown name (nearest).
Result<std::string> interaction_parameter(const AttributeValues& values, const FeatureSchema& schema);

}  // namespace sinan::ml::lightgbm

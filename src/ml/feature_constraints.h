// Constraints of trees by name: a feature's own, or that of a query's column, which stands for all features made from it.
// The attributes monotone_constraints and interaction_constraints, for every trainer that has them.
//
// Pure; thread-safe.
#pragma once

#include <vector>

#include "base/error.h"
#include "ml/attributes.h"
#include "ml/matrix.h"

namespace sinan::ml {

// 1 rises, -1 falls, 0 free, one a feature: from [area:1, age:-1], or [0, 1, -1] with as many signs as features; empty when
// none are given. Errors (kArgument, at the attribute): an unknown name (nearest), a sign other than 1, 0, -1, a category.
Result<std::vector<int>> monotone_signs(const AttributeValues& values, const FeatureSchema& schema);

// Groups of features that may meet in a tree, from "[[area, rooms], [age]]"; empty when none are given. Names with signs of
// their own stand in quotes; a number that is no name counts features from 0. Errors (kArgument, at the attribute): what is
// no list of lists, an unknown name (nearest).
Result<std::vector<std::vector<size_t>>> interaction_groups(const AttributeValues& values, const FeatureSchema& schema);

}  // namespace sinan::ml

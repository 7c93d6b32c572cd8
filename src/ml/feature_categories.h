// What the values of features are called, for tables and pictures. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ml/feature_plan.h"
#include "ml/matrix.h"

namespace sinan::ml {

// By code, of those that the training had. The slot for what a cut vocabulary left out is "(others)"; codes without a text are
// numbers.
std::vector<std::string> category_names(const FeaturePlan& plan, size_t feature);
// "12.5", "mail", "missing".
std::string value_text(const FeaturePlan& plan, size_t feature, const FeatureColumn& column, size_t row);

// The feature of that name. Errors (kArgument, without a place): none, with the nearest name.
Result<size_t> find_feature(const FeatureSchema& schema, const std::string& name);

}  // namespace sinan::ml

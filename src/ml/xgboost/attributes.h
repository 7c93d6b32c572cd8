// The way from a WITH clause's checked attributes to XGBoost's own parameters, by the tables of xgboost/spec.h.
//
// Pure; thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ml/attributes.h"
#include "ml/trainer.h"
#include "ml/xgboost/spec.h"

namespace sinan::ml::xgboost {

// Any case, with or without "xgboost."; null = none of ours.
const Estimator* find_estimator(std::string_view name);
std::span<const AttributeSpec> attributes_of(const Estimator& estimator);

std::optional<Task> task_of(std::string_view objective);
// The objective given, or the estimator's, or the usual one for what the label turned out to be.
std::string objective_for(const Estimator& estimator, const AttributeValues& values, Task task);

using Parameters = std::vector<std::pair<std::string, std::string>>;
// (name, value) for XGBoosterSetParam: the attributes given that are the library's, the estimator's own defaults, objective
// and class count. Errors (kArgument): constraints that name no feature.
Result<Parameters> parameters(const Estimator& estimator, const AttributeValues& values, const std::string& objective,
                              size_t classes, const FeatureSchema& schema);
// Errors (kArgument): an eval_metric that XGBoost does not have, with the nearest that it has; quantiles that do not ascend;
// attributes that contradict each other.
Status check_values(const Estimator& estimator, const AttributeValues& values);
// Attributes that are accepted and do nothing here.
std::vector<std::string> warnings(const Estimator& estimator, const AttributeValues& values,
                                  const std::string& objective);

}  // namespace sinan::ml::xgboost

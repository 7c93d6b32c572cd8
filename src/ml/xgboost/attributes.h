// What a WITH clause may say to XGBoost's estimators: one table for checks, completion and documentation, and the way from
// checked attributes to the library's own parameters.
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

namespace sinan::ml::xgboost {

struct Estimator {
  std::string_view name;  // canonical: "xgboost.gbtree"
  std::string_view booster;
  std::string_view objective;  // default; empty = by the label
  bool is_classifier = false;
  bool is_forest = false;  // many trees in one round instead of many rounds
};
// In the order in which they are offered.
std::span<const Estimator> estimators();
// Any case, with or without "xgboost."; null = none of ours.
const Estimator* find_estimator(std::string_view name);

std::span<const AttributeSpec> attributes_of(const Estimator& estimator);

// The task an objective is for; none for one that this build does not train.
std::optional<Task> task_of(std::string_view objective);
// The objective given, or the estimator's, or the usual one for what the label turned out to be.
std::string objective_for(const Estimator& estimator, const AttributeValues& values, Task task);

// (name, value) for XGBoosterSetParam: the attributes given that are the library's, the estimator's own defaults, objective
// and class count.
std::vector<std::pair<std::string, std::string>> parameters(const Estimator& estimator, const AttributeValues& values,
                                                            const std::string& objective, size_t classes);
// Errors (kArgument): an eval_metric that XGBoost does not have, with the nearest that it has.
Status check_metrics(const AttributeValues& values);
// Attributes that are accepted and do nothing here.
std::vector<std::string> warnings(const AttributeValues& values, const std::string& objective);

}  // namespace sinan::ml::xgboost

// What a WITH clause may say to LightGBM's estimators: one table for checks, completion and documentation, and the way from
// checked attributes to the library's own parameters. Names, aliases, ranges and defaults are LightGBM's own.
//
// Pure; thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ml/attributes.h"
#include "ml/trainer.h"

namespace sinan::ml::lightgbm {

struct Estimator {
  std::string_view name;       // canonical: "lightgbm.gbdt"
  std::string_view boosting;   // "gbdt", "dart", "rf", "goss"
  std::string_view aliases;    // "lightgbm"
  std::optional<Task> task{};  // what scikit-learn's names are for; kMulticlass stands for two classes, too
};
// In the order in which they are offered.
std::span<const Estimator> estimators();
// Any case; LGBMClassifier and its like also without "lightgbm."; null = none of ours.
const Estimator* find_estimator(std::string_view name);

std::span<const AttributeSpec> attributes_of(const Estimator& estimator);
// LightGBM's name of an attribute; empty for those that are ours alone.
std::string_view parameter_of(std::string_view attribute);

// LightGBM's first name of an objective under any of its names: "l2" -> "regression".
std::string_view canonical_objective(std::string_view name);
Task task_of(std::string_view canonical_objective);
// The objective given, or the usual one for what the label turned out to be.
std::string objective_for(const AttributeValues& values, Task task);

// "name=value name=value": the attributes given and the estimator's own defaults. Without what needs the data or the run:
// seed, threads, constraints, categories.
std::string parameters(const Estimator& estimator, const AttributeValues& values, const std::string& objective,
                       size_t classes);
// Errors (kArgument, at the attribute): a metric LightGBM does not have (nearest), attributes that exclude each other.
Status check_values(const Estimator& estimator, const AttributeValues& values);
// Whether the same data could split differently the next round: if not, a round without a split is the end.
bool is_random(const Estimator& estimator, const AttributeValues& values);
// Attributes that do nothing here.
std::vector<std::string> warnings(const AttributeValues& values, const std::string& objective);

}  // namespace sinan::ml::lightgbm

// The estimators that Sinan trains itself, and the attributes of each: one table for checks, completion, help and docs.
// Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ml/attributes.h"
#include "ml/trainer.h"

namespace sinan::ml::native {

enum class Family : uint8_t { kLinear, kClusters, kScoreCard, kSvm };

struct Estimator {
  std::string_view name;  // canonical: "LinearClassifier"
  Family family;
  bool is_classifier = false;  // of linear ones
  // How the penalties are written: SQLFlow's names, or scikit-learn's (alpha, or C, and l1_ratio).
  enum class Penalty : uint8_t { kStrengths, kAlpha, kC } penalty = Penalty::kStrengths;
  std::string_view defaults = {};  // other than the table's: "alpha=1|l1_ratio=0.5"
};
std::span<const Estimator> estimators();
// Any case, with or without "sqlflow_models."; null = none of ours.
const Estimator* find_estimator(std::string_view name);
std::span<const AttributeSpec> attributes_of(const Estimator& estimator);
// "train.batch_size has no effect with LinearClassifier", of those given.
std::vector<std::string> warnings(const Estimator& estimator, const AttributeValues& values);

// Rows of a table of attributes that other trainers accept too.
std::vector<AttributeSpec> validation_attributes();
// What SQLFlow's programs say to TensorFlow: accepted, and told to be without effect.
std::vector<AttributeSpec> tensorflow_attributes();
std::vector<std::string> no_effect(std::span<const AttributeSpec> specs, const AttributeValues& values,
                                   std::string_view estimator);

}  // namespace sinan::ml::native

// Baseline: how the rows lay that a model learnt from: what COMPARE DATA MODEL holds the rows of now against. Of a sample of the
// training query's rows, those set aside for validation included; what the model predicted only of rows it had not learnt
// from, because on the others it is surer than it will ever be again. Part of the model package; its size does not depend on the
// number of rows.
//
// Values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"
#include "base/json.h"
#include "ml/feature_plan.h"
#include "profile/distribution.h"

namespace sinan::ml {

struct Baseline {
  std::vector<profile::Distribution> inputs;         // of the plan's inputs(), in their order; empty: nothing is kept
  std::optional<profile::Distribution> label;        // of models with one
  std::optional<profile::Distribution> predictions;  // values, probabilities of the second class, or classes

  bool is_empty() const { return inputs.empty(); }
};

// Draws the columns of `schema` that have these names; others are not there.
profile::Sampler baseline_sampler(const arrow::Schema& schema, std::span<const std::string> names, uint64_t seed);
// Of what was drawn; nothing when it lacks an input.
Baseline baseline_of(const std::vector<profile::SampledColumn>& sample, const FeaturePlan& plan, const LabelMap& label);
// Of predictions as `Predictor` gives them for one number a row; of more than two classes their numbers.
profile::Distribution predictions_distribution(std::span<const float> predicted, const LabelMap& label);

Json to_json(const Baseline& baseline);  // null when nothing is kept
// Errors (kData): malformed, or not of so many inputs.
Result<Baseline> baseline_from_json(const Json& json, size_t inputs);

}  // namespace sinan::ml

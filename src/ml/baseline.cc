#include "ml/baseline.h"

#include <algorithm>

namespace sinan::ml {
namespace {

// Enough that a share is within 1 %; numbers in memory meanwhile are bounded too.
constexpr size_t kMostRows = 20'000;
constexpr size_t kLeastRows = 1'000;
constexpr size_t kMostValues = 20'000'000;
// Of all inputs together, in the package.
constexpr size_t kMostPoints = 500'000;
constexpr size_t kLeastPoints = 17;

size_t points_of(size_t inputs) {
  return std::clamp(kMostPoints / std::max<size_t>(inputs, 1), kLeastPoints, profile::kKeptPoints);
}

}  // namespace

profile::Sampler baseline_sampler(const arrow::Schema& schema, std::span<const std::string> names, uint64_t seed) {
  std::vector<size_t> columns;
  for (size_t i = 0; i < schema.size(); ++i)
    if (std::ranges::find(names, schema[i].name) != names.end()) columns.push_back(i);
  const size_t rows = std::clamp(kMostValues / std::max<size_t>(columns.size(), 1), kLeastRows, kMostRows);
  return {schema, std::move(columns), {.sample_rows = rows, .seed = seed}};
}

Baseline baseline_of(const std::vector<profile::SampledColumn>& sample, const FeaturePlan& plan,
                     const LabelMap& label) {
  Baseline out;
  for (const arrow::Field& input : plan.inputs()) {
    const auto found = std::ranges::find(sample, input.name, &profile::SampledColumn::name);
    if (found == sample.end()) return {};
    out.inputs.push_back(thinned(profile::distribution_of(*found), points_of(plan.inputs().size())));
  }
  const auto found = std::ranges::find(sample, label.column, &profile::SampledColumn::name);
  if (!label.column.empty() && found != sample.end()) out.label = thinned(profile::distribution_of(*found));
  return out;
}

profile::Distribution predictions_distribution(std::span<const float> predicted, const LabelMap& label) {
  profile::SampledColumn column;
  column.missing.resize(predicted.size());
  const bool is_class = label.classes.size() > 2;
  column.kind = is_class ? profile::ValueKind::kText : profile::ValueKind::kNumber;
  for (const float value : predicted) {
    if (is_class) {
      column.texts.push_back(label.classes[static_cast<size_t>(value)]);
    } else {
      column.values.push_back(static_cast<double>(value));
    }
  }
  return thinned(profile::distribution_of(column));
}

Json to_json(const Baseline& baseline) {
  if (baseline.is_empty()) return {};
  Json inputs = Json::array();
  for (const profile::Distribution& one : baseline.inputs) inputs.push_back(profile::to_json(one));
  Json out = Json::object({{"inputs", std::move(inputs)}});
  if (baseline.label) out.set("label", profile::to_json(*baseline.label));
  if (baseline.predictions) out.set("predictions", profile::to_json(*baseline.predictions));
  return out;
}

Result<Baseline> baseline_from_json(const Json& json, size_t inputs) {
  Baseline out;
  if (json.is_null()) return out;
  for (const Json& one : json.at("inputs").items()) out.inputs.push_back(TRY(profile::distribution_from_json(one)));
  if (out.inputs.size() != inputs) return fail(Code::kData, "the distributions do not fit the inputs");
  if (const Json* one = json.find("label")) out.label = TRY(profile::distribution_from_json(*one));
  if (const Json* one = json.find("predictions")) out.predictions = TRY(profile::distribution_from_json(*one));
  return out;
}

}  // namespace sinan::ml

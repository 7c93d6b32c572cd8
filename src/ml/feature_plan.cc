#include "ml/feature_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "ml/feature_plan_input.h"

namespace sinan::ml {

FeaturePlan::FeaturePlan(std::vector<Transform> transforms, std::vector<arrow::Field> inputs)
    : transforms_(std::move(transforms)), inputs_(std::move(inputs)) {
  for (const Transform& transform : transforms_) {
    Feature feature{transform.feature, transform.column, FeatureKind::kNumeric, 0};
    if (transform.kind == Transform::Kind::kVocabulary) {
      feature.kind = FeatureKind::kCategorical;
      feature.categories = static_cast<uint32_t>(transform.vocabulary.size() + 1);
    }
    schema_.features.push_back(std::move(feature));
  }
}

Result<FeaturePlan::Binding> FeaturePlan::bind(const arrow::Schema& query) const {
  Binding binding;
  for (const arrow::Field& input : inputs_) {
    const auto at = query.index_of(input.name);
    if (!at) {
      const std::string near = did_you_mean(input.name, query.names());
      return fail(Code::kProgram,
                  fmt::format("the model needs a column that the query does not have: \"{}\"", input.name),
                  near.empty() ? "select it, or give it that name with AS" : near);
    }
    const arrow::Type& type = query[*at].type;
    const auto wanted = input_kind(input.type);
    const auto found = input_kind(type);
    if (type.id != arrow::TypeId::kNull && found != wanted) {
      return fail(Code::kProgram,
                  fmt::format("column has another type than in training: \"{}\" is {}, was {}", input.name,
                              type.to_string(), input.type.to_string()),
                  fmt::format("the model needs {}: cast it in the query", wanted ? describe(*wanted) : "another type"));
    }
    binding.columns.push_back(*at);
  }
  return binding;
}

FeaturePlan FeaturePlan::with_groups(RowGroups groups, const std::vector<arrow::Field>& fields) const {
  FeaturePlan plan = *this;
  for (const arrow::Field& field : fields) {
    const auto same = [&](const arrow::Field& input) { return equals_ignore_case(input.name, field.name); };
    if (std::ranges::none_of(plan.inputs_, same)) plan.inputs_.push_back(field);
  }
  std::string name = "group";
  while (std::ranges::find(schema_.features, name, &Feature::name) != schema_.features.end()) name += "_model";
  plan.schema_.features.push_back(
      {name, groups.columns.front(), FeatureKind::kCategorical, static_cast<uint32_t>(groups.groups.size() + 1)});
  plan.groups_ = std::make_shared<const RowGroups>(std::move(groups));
  return plan;
}

FeaturePlan FeaturePlan::without_groups() const {
  if (!groups_) return *this;
  FeaturePlan plan = *this;
  plan.schema_.features.pop_back();
  plan.groups_ = nullptr;
  return plan;
}

}  // namespace sinan::ml

#include "ml/feature_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "ml/feature_values.h"

namespace sinan::ml {

std::vector<Feature> Transform::features() const {
  Feature made{feature, column};
  if (!function) {
    if (kind == Kind::kVocabulary) {
      made.kind = FeatureKind::kCategorical;
      made.categories = static_cast<uint32_t>(vocabulary.size() + 1);
    }
    return {made};
  }
  if (function->output == FeatureFunction::Output::kCategory) {
    made.kind = FeatureKind::kCategorical;
    made.categories = static_cast<uint32_t>(function->classes() + 1);
    return {made};
  }
  made.is_sparse = function->is_sparse();
  std::vector<Feature> features;
  features.reserve(width());
  const size_t counted = width() - (function->flags_missing ? 1 : 0);
  for (size_t k = 0; k < width(); ++k) {
    made.name = k >= counted ? feature + "_missing" : counted == 1 ? feature : fmt::format("{}_{}", feature, k);
    features.push_back(made);
  }
  return features;
}

std::string feature_kind(const Transform& transform) {
  const size_t width = transform.width();
  const bool is_category = transform.kind == Transform::Kind::kVocabulary ||
                           (transform.function && transform.function->output == FeatureFunction::Output::kCategory);
  if (is_category) return "category";
  if (width == 1) return "number";
  return fmt::format("{} {}numbers", human_count(width), transform.function->is_sparse() ? "sparse " : "");
}

FeaturePlan::FeaturePlan(std::vector<Transform> transforms, std::vector<arrow::Field> inputs)
    : transforms_(std::move(transforms)), inputs_(std::move(inputs)) {
  for (const Transform& transform : transforms_) {
    first_features_.push_back(schema_.size());
    for (Feature& feature : transform.features()) schema_.features.push_back(std::move(feature));
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
    const auto wanted = value_type(input.type);
    const auto found = value_type(type);
    if (type.id != arrow::TypeId::kNull && !(found && is_alike(*wanted, *found))) {
      return fail(
          Code::kProgram,
          fmt::format("column has another type than in training: \"{}\" is {}, was {}", input.name, type.to_string(),
                      input.type.to_string()),
          fmt::format("the model needs {}: cast it in the query",
                      wanted->kind == ValueKind::kIntegers && !wanted->is_list ? "a number" : describe(*wanted)));
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

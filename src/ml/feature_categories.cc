#include "ml/feature_categories.h"

#include <fmt/format.h>

#include <cmath>

#include "base/strings.h"
#include "plot/scale.h"

namespace sinan::ml {
namespace {

// The texts of the transform's codes; null when it has none.
const std::vector<std::string>* texts_of(const Transform& transform) {
  if (!transform.function) return &transform.vocabulary;
  const FeatureFunction& function = *transform.function;
  if (function.output != FeatureFunction::Output::kCategory || function.terms.size() != 1) return nullptr;
  return &function.terms.front().classing.vocabulary;
}

// Whether the training had rows of the slot for values without a code of their own.
bool has_others(const Transform& transform) {
  if (!transform.function) return transform.is_cut;
  return transform.function->terms.size() == 1 && transform.function->terms.front().classing.is_cut;
}

}  // namespace

std::vector<std::string> category_names(const FeaturePlan& plan, size_t feature) {
  size_t count = plan.schema().features[feature].categories;
  const std::vector<std::string>* texts = nullptr;
  for (size_t t = 0; t < plan.transforms().size(); ++t) {
    if (plan.first_feature(t) != feature) continue;
    texts = texts_of(plan.transforms()[t]);
    if (count > 0 && !has_others(plan.transforms()[t])) --count;
  }
  std::vector<std::string> out;
  for (size_t code = 0; code < count; ++code) {
    const bool has_texts = texts != nullptr && !texts->empty();
    out.push_back(has_texts && code < texts->size() ? (*texts)[code]
                  : has_texts                       ? "(others)"
                                                    : fmt::format("{}", code));
  }
  return out;
}

std::string value_text(const FeaturePlan& plan, size_t feature, const FeatureColumn& column, size_t row) {
  if (column.codes.empty()) {
    const auto value = static_cast<double>(column.values[row]);
    return std::isnan(value) ? "missing" : plot::format_value(value);
  }
  const int32_t code = column.codes[row];
  const std::vector<std::string> names = category_names(plan, feature);
  return code < 0 || static_cast<size_t>(code) >= names.size() ? "missing" : names[static_cast<size_t>(code)];
}

Result<size_t> find_feature(const FeatureSchema& schema, const std::string& name) {
  std::vector<std::string> names;
  for (size_t j = 0; j < schema.size(); ++j) {
    if (equals_ignore_case(schema.features[j].name, name)) return j;
    names.push_back(schema.features[j].name);
  }
  const std::string near = did_you_mean(name, names);
  constexpr size_t kShown = 12;
  const bool all = names.size() <= kShown;
  if (!all) names.resize(kShown);
  return fail(Code::kArgument, fmt::format("the model has no feature \"{}\"", name),
              near.empty() ? fmt::format("its features are {}{}", join(names, ", "), all ? "" : ", ...") : near);
}

}  // namespace sinan::ml

// XGBoost's model files, as much as importing them needs beside the trees: names, kinds and categories of features, classes.

#include <fmt/format.h>

#include <algorithm>

#include "ml/exchange/foreign_model.h"
#include "ml/trees/ubjson.h"

namespace sinan::ml {
namespace {

constexpr int64_t kMostFeatures = 1 << 20;
constexpr int64_t kMostClasses = 1 << 14;
constexpr int64_t kMostCategories = 1 << 20;

Failure damaged(std::string_view what) { return fail(Code::kData, fmt::format("the model file is damaged: {}", what)); }

Result<std::vector<std::string>> texts(const ModelValue& list) {
  std::vector<std::string> out;
  for (const ModelValue& item : list.items()) out.emplace_back(item.text());
  return out;
}

Task task_of(std::string_view objective, int64_t classes) {
  if (objective.starts_with("multi:") || classes > 1) return Task::kMulticlass;
  if (objective.starts_with("binary:")) return Task::kBinary;
  return objective.starts_with("rank:") ? Task::kRanking : Task::kRegression;
}

// One feature's categories: texts by their ends in one run of bytes, or integers.
Result<std::vector<std::string>> categories_of(const ModelValue& encoder) {
  std::vector<std::string> out;
  const auto values = TRY(encoder.at("values").integers("values"));
  if (!encoder.has("offsets")) {
    for (const int64_t value : values) out.push_back(fmt::format("{}", value));
    return out;
  }
  const auto offsets = TRY(encoder.at("offsets").integers("offsets"));
  for (size_t i = 1; i < offsets.size(); ++i) {
    if (offsets[i - 1] < 0 || offsets[i] < offsets[i - 1] || offsets[i] > std::ssize(values))
      return damaged("a category lies outside its array");
    std::string text;
    for (int64_t at = offsets[i - 1]; at < offsets[i]; ++at) {
      const int64_t byte = values[static_cast<size_t>(at)];
      if (byte < -128 || byte > 255) return damaged("a category is no text");
      text += static_cast<char>(byte);
    }
    out.push_back(std::move(text));
  }
  return out;
}

// The largest code that a split on each feature names; -1 where there is none.
Result<std::vector<int64_t>> largest_codes(const ModelValue& trees, size_t features) {
  std::vector<int64_t> out(features, -1);
  for (const ModelValue& tree : trees.items()) {
    if (!tree.has("categories")) continue;
    const auto nodes = TRY(tree.at("categories_nodes").integers("categories_nodes"));
    const auto begins = TRY(tree.at("categories_segments").integers("categories_segments"));
    const auto sizes = TRY(tree.at("categories_sizes").integers("categories_sizes"));
    const auto codes = TRY(tree.at("categories").integers("categories"));
    const auto split = TRY(tree.at("split_indices").integers("split_indices"));
    if (begins.size() != nodes.size() || sizes.size() != nodes.size())
      return damaged("the category arrays of a tree differ in length");
    for (size_t i = 0; i < nodes.size(); ++i) {
      const bool fits = nodes[i] >= 0 && nodes[i] < std::ssize(split) && begins[i] >= 0 && sizes[i] >= 0 &&
                        begins[i] <= std::ssize(codes) && sizes[i] <= std::ssize(codes) - begins[i];
      if (!fits) return damaged("a category set lies outside its array");
      const int64_t feature = split[static_cast<size_t>(nodes[i])];
      if (feature < 0 || feature >= std::ssize(out)) return damaged("a feature is not there");
      for (int64_t at = begins[i]; at < begins[i] + sizes[i]; ++at) {
        int64_t& most = out[static_cast<size_t>(feature)];
        most = std::max(most, codes[static_cast<size_t>(at)]);
      }
    }
  }
  return out;
}

}  // namespace

Result<ForeignModel> inspect_xgboost(std::span<const std::byte> file) {
  const ModelValue document = TRY(read_model_document(file));
  const ModelValue& learner = document.at("learner");
  if (!learner.is_object()) return damaged("it has no \"learner\"");
  const ModelValue& parameters = learner.at("learner_model_param");
  ForeignModel out;
  out.library = "xgboost";
  out.native_name = is_json_document(file) ? "xgboost.json" : "xgboost.ubj";
  const ModelValue& booster = learner.at("gradient_booster");
  out.estimator = fmt::format("xgboost.{}", booster.at("name").text());
  out.objective = learner.at("objective").at("name").text();
  std::vector<std::string> version;
  for (const int64_t part : TRY(document.at("version").integers("version"))) version.push_back(fmt::format("{}", part));
  out.library_version = fmt::format("{}", fmt::join(version, "."));
  const int64_t features = TRY(parameters.at("num_feature").integer("num_feature"));
  const int64_t classes = TRY(parameters.at("num_class").integer("num_class"));
  if (features < 1 || features > kMostFeatures) return damaged("\"num_feature\" is out of range");
  if (classes < 0 || classes > kMostClasses) return damaged("\"num_class\" is out of range");
  out.task = task_of(out.objective, classes);
  out.class_count = out.task == Task::kBinary ? 2 : static_cast<size_t>(classes);

  const auto names = TRY(texts(learner.at("feature_names")));
  const auto kinds = TRY(texts(learner.at("feature_types")));
  const auto count = static_cast<size_t>(features);
  for (const size_t size : {names.size(), kinds.size()})
    if (size != 0 && size != count) return damaged("names and types of features differ in number");
  const ModelValue& model = booster.has("gbtree") ? booster.at("gbtree").at("model") : booster.at("model");
  const auto largest = TRY(largest_codes(model.at("trees"), count));
  const ModelValue::Array& encoders = model.at("cats").at("enc").items();
  out.features.resize(count);
  for (size_t i = 0; i < count; ++i) {
    ForeignFeature& feature = out.features[i];
    if (!names.empty()) feature.name = names[i];
    feature.is_category = largest[i] >= 0 || (!kinds.empty() && kinds[i] == "c");
    if (!feature.is_category) continue;
    if (encoders.size() == count) feature.vocabulary = TRY(categories_of(encoders[i]));
    if (!feature.vocabulary.empty()) continue;
    // The codes themselves. One beyond the largest is in no split's set, as XGBoost treats it.
    if (largest[i] >= kMostCategories) return damaged("a category is out of range");
    for (int64_t code = 0; code <= largest[i]; ++code) feature.vocabulary.push_back(fmt::format("{}", code));
    feature.has_unseen_slot = true;
  }
  return out;
}

}  // namespace sinan::ml

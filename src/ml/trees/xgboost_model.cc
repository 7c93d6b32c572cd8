#include "ml/trees/xgboost_model.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "base/strings.h"
#include "ml/trees/ubjson.h"

namespace sinan::ml {
namespace {

constexpr int64_t kMaxOutputs = 1 << 14;
constexpr uint32_t kMaxDepth = 4096;  // XGBoost's own trees stay far below; bounds the walk

Failure damaged(std::string_view what) { return fail(Code::kData, fmt::format("the model file is damaged: {}", what)); }

struct Objective {
  std::string_view name;
  Link link;
  bool logistic_base = false;  // base_score is a probability
  bool log_base = false;       // base_score is a value whose margin is its logarithm
};

constexpr Objective kObjectives[] = {
    {"reg:squarederror", Link::kIdentity},
    {"reg:linear", Link::kIdentity},
    {"reg:squaredlogerror", Link::kIdentity},
    {"reg:pseudohubererror", Link::kIdentity},
    {"reg:absoluteerror", Link::kIdentity},
    {"reg:quantileerror", Link::kAscending},
    {"reg:expectileerror", Link::kIdentity},
    {"rank:ndcg", Link::kIdentity},
    {"rank:map", Link::kIdentity},
    {"rank:pairwise", Link::kIdentity},
    {"reg:logistic", Link::kLogistic, true},
    {"binary:logistic", Link::kLogistic, true},
    {"binary:logitraw", Link::kLogistic},
    {"binary:hinge", Link::kStep},
    {"multi:softmax", Link::kSoftmax},
    {"multi:softprob", Link::kSoftmax},
    {"reg:gamma", Link::kExp, false, true},
    {"reg:tweedie", Link::kExp, false, true},
    {"count:poisson", Link::kExp, false, true},
    {"survival:cox", Link::kExp, false, true},
    {"survival:aft", Link::kExp, false, true},
};

// "[3.5E-1,1E0]", as of XGBoost 3, or "5E-1".
Result<std::vector<float>> parse_base_score(std::string_view text) {
  std::string_view body = trim(text);
  if (body.starts_with('[') && body.ends_with(']')) body = body.substr(1, body.size() - 2);
  std::vector<float> scores;
  for (const std::string_view part : split_on(body, ',')) {
    const std::string_view digits = trim(part);
    float score = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), score);
    if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(score)) {
      return damaged("\"base_score\" is no number");
    }
    scores.push_back(score);
  }
  return scores;
}

float base_to_margin(const Objective& objective, float score) {
  if (objective.logistic_base) return -std::log(1.0f / score - 1.0f);
  if (objective.log_base) return std::log(score);
  return score;
}

// One tree of the file, as its parallel arrays.
struct FileTree {
  std::vector<int64_t> left, right, feature, default_left, split_type;
  std::vector<float> condition, cover, gain;
  std::vector<int64_t> category_nodes, category_segments, category_sizes, categories;
};

Result<FileTree> read_tree(const ModelValue& tree) {
  if (tree.at("tree_param").has("size_leaf_vector") &&
      TRY(tree.at("tree_param").at("size_leaf_vector").integer("size_leaf_vector")) > 1) {
    return fail(Code::kUnsupported, "models with several targets in one tree cannot be scored",
                "train with multi_strategy=\"one_output_per_tree\"");
  }
  FileTree out;
  out.left = TRY(tree.at("left_children").integers("left_children"));
  out.right = TRY(tree.at("right_children").integers("right_children"));
  out.feature = TRY(tree.at("split_indices").integers("split_indices"));
  out.default_left = TRY(tree.at("default_left").integers("default_left"));
  out.condition = TRY(tree.at("split_conditions").floats("split_conditions"));
  out.cover = TRY(tree.at("sum_hessian").floats("sum_hessian"));
  out.gain = TRY(tree.at("loss_changes").floats("loss_changes"));
  const size_t nodes = out.left.size();
  if (tree.has("split_type")) {
    out.split_type = TRY(tree.at("split_type").integers("split_type"));
    out.category_nodes = TRY(tree.at("categories_nodes").integers("categories_nodes"));
    out.category_segments = TRY(tree.at("categories_segments").integers("categories_segments"));
    out.category_sizes = TRY(tree.at("categories_sizes").integers("categories_sizes"));
    out.categories = TRY(tree.at("categories").integers("categories"));
  } else {
    out.split_type.assign(nodes, 0);
  }
  if (nodes == 0) return damaged("a tree has no nodes");
  for (const size_t size : {out.right.size(), out.feature.size(), out.default_left.size(), out.condition.size(),
                            out.cover.size(), out.gain.size(), out.split_type.size()}) {
    if (size != nodes) return damaged("the arrays of a tree differ in length");
  }
  if (out.category_segments.size() != out.category_nodes.size() ||
      out.category_sizes.size() != out.category_nodes.size()) {
    return damaged("the category arrays of a tree differ in length");
  }
  return out;
}

class Builder {
 public:
  Builder(TreeEnsemble& out) : out_(out) {}

  // Renumbers the nodes breadth first, siblings side by side. Every node is met once, or the file holds no tree.
  Status add(const FileTree& tree, uint32_t output, float weight) {
    std::vector<uint32_t> set_of(tree.left.size(), kNoSet);
    for (size_t i = 0; i < tree.category_nodes.size(); ++i) {
      const int64_t node = tree.category_nodes[i];
      if (node < 0 || static_cast<size_t>(node) >= set_of.size()) return damaged("a category set has no node");
      set_of[static_cast<size_t>(node)] = TRY(add_set(tree, i));
    }
    const auto root = static_cast<uint32_t>(out_.nodes.size());
    if (out_.nodes.size() + tree.left.size() >= TreeNode::kCategorical) return damaged("it has too many nodes");
    struct Open {
      size_t from;
      uint32_t to;
      uint32_t depth;
    };
    std::vector<Open> open = {{0, root, 0}};
    out_.nodes.emplace_back();
    uint32_t depth = 0;
    for (size_t next = 0; next < open.size(); ++next) {
      if (open.size() > tree.left.size()) return damaged("a tree's nodes form a circle");
      const auto [from, to, level] = open[next];
      depth = std::max(depth, level);
      if (depth > kMaxDepth) return damaged("a tree is too deep");
      TreeNode node;
      node.cover = tree.cover[from];
      if (!std::isfinite(node.cover) || node.cover < 0) return damaged("a node's cover is no positive number");
      const int64_t left = tree.left[from];
      const int64_t right = tree.right[from];
      if (left == -1) {
        node.value = tree.condition[from] * weight;
        node.split = static_cast<uint32_t>(from);
        if (right != -1) return damaged("a node has one child");
        if (!std::isfinite(node.value)) return damaged("a leaf's value is no number");
      } else {
        for (const int64_t child : {left, right})
          if (child <= 0 || static_cast<size_t>(child) >= tree.left.size()) return damaged("a child is not there");
        TRY(set_split(tree, from, set_of[from], node));
        FeatureUse& use = out_.feature_use[node.feature()];
        ++use.splits;
        use.gain += static_cast<double>(tree.gain[from]);
        use.cover += static_cast<double>(node.cover);
        node.left = static_cast<uint32_t>(out_.nodes.size());
        open.push_back({static_cast<size_t>(left), node.left, level + 1});
        open.push_back({static_cast<size_t>(right), node.left + 1, level + 1});
        out_.nodes.resize(out_.nodes.size() + 2);
      }
      out_.nodes[to] = node;
    }
    out_.trees.push_back({root, output, depth});
    return {};
  }

 private:
  static constexpr uint32_t kNoSet = UINT32_MAX;

  Status set_split(const FileTree& tree, size_t from, uint32_t set, TreeNode& node) const {
    const int64_t feature = tree.feature[from];
    if (feature < 0 || static_cast<size_t>(feature) >= out_.features.size()) return damaged("a feature is not there");
    const bool categorical = tree.split_type[from] == 1;
    const FeatureKind kind = out_.features.features[static_cast<size_t>(feature)].kind;
    if (categorical != (kind == FeatureKind::kCategorical)) {
      return damaged(fmt::format("a split's kind does not fit feature \"{}\"",
                                 out_.features.features[static_cast<size_t>(feature)].name));
    }
    node.split = static_cast<uint32_t>(feature) | (tree.default_left[from] != 0 ? TreeNode::kDefaultLeft : 0) |
                 (categorical ? TreeNode::kCategorical : 0);
    if (categorical) {
      if (set == kNoSet) return damaged("a categorical split has no categories");
      node.value = std::bit_cast<float>(set);
    } else {
      node.value = tree.condition[from];
      if (std::isnan(node.value)) return damaged("a threshold is no number");
    }
    return {};
  }

  Result<uint32_t> add_set(const FileTree& tree, size_t index) {
    const int64_t begin = tree.category_segments[index];
    const int64_t size = tree.category_sizes[index];
    if (begin < 0 || size < 0 || begin > std::ssize(tree.categories) || size > std::ssize(tree.categories) - begin) {
      return damaged("a category set lies outside its array");
    }
    const auto codes = std::span(tree.categories).subspan(static_cast<size_t>(begin), static_cast<size_t>(size));
    CategorySet set{.first_word = static_cast<uint32_t>(out_.set_words.size()), .words = 0};
    for (const int64_t code : codes) {
      if (code < 0 || code >= 1 << 24) return damaged("a category is out of range");
      set.words = std::max(set.words, static_cast<uint32_t>(code / 64 + 1));
    }
    if (out_.set_words.size() + set.words > kMaxSetWords) return damaged("its category sets are too large");
    out_.set_words.resize(out_.set_words.size() + set.words);
    for (const int64_t code : codes)
      out_.set_words[set.first_word + static_cast<size_t>(code / 64)] |= uint64_t{1} << (code % 64);
    out_.sets.push_back(set);
    return static_cast<uint32_t>(out_.sets.size() - 1);
  }

  static constexpr size_t kMaxSetWords = size_t{1} << 28;
  TreeEnsemble& out_;
};

Status read_forest(const ModelValue& booster, uint32_t rounds, TreeEnsemble& out) {
  const std::string_view name = booster.at("name").text();
  // Up to 2.x dart wraps a gbtree and keeps the weights beside it; since 3.x they lie in the model.
  const ModelValue& model = booster.has("gbtree") ? booster.at("gbtree").at("model") : booster.at("model");
  const ModelValue& weight_value = booster.has("weight_drop") ? booster.at("weight_drop") : model.at("weight_drop");
  if (name != "gbtree" && name != "dart") {
    return fail(Code::kUnsupported, fmt::format("models of this booster cannot be scored: \"{}\"", name),
                "train with xgboost.gbtree or xgboost.dart");
  }
  const ModelValue::Array& trees = model.at("trees").items();
  std::vector<int64_t> tree_info = TRY(model.at("tree_info").integers("tree_info"));
  if (tree_info.size() != trees.size()) return damaged("trees and their outputs differ in number");
  // Also keeps what is allocated later in proportion to the file.
  if (out.outputs() > 1 && trees.size() < out.outputs()) return damaged("there are classes without trees");
  std::vector<float> weights(trees.size(), 1.0f);
  if (model.has("weight_drop") || booster.has("weight_drop")) {
    weights = TRY(weight_value.floats("weight_drop"));
    if (weights.empty()) weights.assign(trees.size(), 1.0f);
    if (weights.size() != trees.size()) return damaged("trees and their weights differ in number");
  }
  size_t used = trees.size();
  if (rounds != 0) {
    if (model.has("iteration_indptr")) {
      const std::vector<int64_t> ends = TRY(model.at("iteration_indptr").integers("iteration_indptr"));
      if (rounds < ends.size()) {
        if (ends[rounds] < 0 || static_cast<size_t>(ends[rounds]) > trees.size())
          return damaged("a round has no trees");
        used = static_cast<size_t>(ends[rounds]);
      }
    } else {
      const int64_t parallel = TRY(model.at("gbtree_model_param").at("num_parallel_tree").integer("num_parallel_tree"));
      if (parallel < 1 || parallel > 1'000'000) return damaged("\"num_parallel_tree\" is out of range");
      used = std::min(used, rounds * out.outputs() * static_cast<size_t>(parallel));
    }
  }
  Builder builder(out);
  for (size_t i = 0; i < used; ++i) {
    if (tree_info[i] < 0 || static_cast<size_t>(tree_info[i]) >= out.outputs()) return damaged("a tree has no output");
    TRY(builder.add(TRY(read_tree(trees[i])), static_cast<uint32_t>(tree_info[i]), weights[i]));
  }
  return {};
}

bool is_linear(const ModelValue& document) {
  return document.at("learner").at("gradient_booster").at("name").text() == "gblinear";
}

Result<std::shared_ptr<const TreeEnsemble>> read_ensemble(const ModelValue& document, const FeatureSchema& features,
                                                          uint32_t rounds) {
  const ModelValue& learner = document.at("learner");
  if (!learner.is_object()) return damaged("it has no \"learner\"");
  auto out = std::make_shared<TreeEnsemble>();
  out->features = features;
  out->feature_use.resize(features.size());

  const ModelValue& parameters = learner.at("learner_model_param");
  const int64_t feature_count = TRY(parameters.at("num_feature").integer("num_feature"));
  if (feature_count != std::ssize(features.features)) {
    return fail(Code::kData,
                fmt::format("the model file does not fit its feature plan: it has {} features, the plan {}",
                            feature_count, features.size()));
  }
  out->objective = learner.at("objective").at("name").text();
  const auto* objective = std::find_if(std::begin(kObjectives), std::end(kObjectives),
                                       [&](const Objective& o) { return o.name == out->objective; });
  if (objective == std::end(kObjectives)) {
    return fail(Code::kUnsupported, fmt::format("models of this objective cannot be scored: \"{}\"", out->objective));
  }
  out->link = objective->link;
  const int64_t classes = TRY(parameters.at("num_class").integer("num_class"));
  const int64_t targets = parameters.has("num_target") ? TRY(parameters.at("num_target").integer("num_target")) : 1;
  if (classes < 0 || classes > kMaxOutputs) return damaged("\"num_class\" is out of range");
  if (targets < 0 || targets > kMaxOutputs) return damaged("\"num_target\" is out of range");
  // One output a quantile. Other objectives with several targets turn margins into predictions in ways of their own.
  if (targets > 1 && (classes > 1 || out->objective != "reg:quantileerror"))
    return fail(Code::kUnsupported, "models with several targets cannot be scored");
  const auto outputs = static_cast<size_t>(std::max<int64_t>({1, classes, targets}));

  std::vector<float> scores = TRY(parse_base_score(parameters.at("base_score").text()));
  if (scores.size() == 1) scores.assign(outputs, scores.front());
  if (scores.size() != outputs) return damaged("base scores and classes differ in number");
  for (const float score : scores) out->base_margin.push_back(base_to_margin(*objective, score));
  for (const float margin : out->base_margin)
    if (!std::isfinite(margin)) return damaged("\"base_score\" is out of range");

  if (!is_linear(document)) TRY(read_forest(learner.at("gradient_booster"), rounds, *out));
  return out;
}

Result<std::shared_ptr<const LinearModel>> read_weights(const ModelValue& document, const FeatureSchema& features) {
  // What both boosters have in common: objective, outputs, base scores.
  const std::shared_ptr<const TreeEnsemble> common = TRY(read_ensemble(document, features, 0));
  for (const Feature& feature : features.features) {
    if (feature.kind == FeatureKind::kCategorical)
      return damaged(fmt::format("a linear model has a weight for a category, \"{}\"", feature.name));
  }
  auto out = std::make_shared<LinearModel>();
  out->features = features;
  out->outputs = common->outputs();
  out->link = common->link;
  out->weights = TRY(document.at("learner").at("gradient_booster").at("model").at("weights").floats("weights"));
  if (out->weights.size() != (features.size() + 1) * out->outputs)
    return damaged("weights and features differ in number");
  for (const float weight : out->weights)
    if (!std::isfinite(weight)) return damaged("a weight is no number");
  out->bias.assign(out->weights.end() - std::ssize(common->base_margin), out->weights.end());
  // The library takes the first base score for all outputs of a linear model, in training and in scoring.
  for (float& bias : out->bias) bias += common->base_margin.front();
  out->weights.resize(features.size() * out->outputs);
  return out;
}

}  // namespace

Result<std::shared_ptr<const TreeEnsemble>> read_xgboost(std::span<const std::byte> file, const FeatureSchema& features,
                                                         uint32_t rounds) {
  const ModelValue document = TRY(read_model_document(file));
  if (is_linear(document)) return fail(Code::kUnsupported, "models of this booster are no trees: \"gblinear\"");
  return read_ensemble(document, features, rounds);
}

Result<XgboostModel> read_xgboost_model(std::span<const std::byte> file, const FeatureSchema& features) {
  const ModelValue document = TRY(read_model_document(file));
  if (is_linear(document)) return XgboostModel{nullptr, TRY(read_weights(document, features))};
  return XgboostModel{TRY(read_ensemble(document, features, 0)), nullptr};
}

}  // namespace sinan::ml

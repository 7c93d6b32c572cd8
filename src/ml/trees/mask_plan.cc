#include "ml/trees/mask_plan.h"

#include <algorithm>
#include <limits>

namespace sinan::ml {
namespace {

// A chunk's byte columns should stay in the cache; beyond this the walk is as fast.
constexpr size_t kMostColumns = 4096;
// 32768 categories: sixty-four tables of 512.
constexpr uint32_t kMostSetWords = 512;

class Planner {
 public:
  Planner(const TreeEnsemble& ensemble, MaskPlan& plan) : ensemble_(ensemble), plan_(plan) {}

  bool fits() const {
    if (ensemble_.trees.empty()) return false;
    return std::ranges::all_of(ensemble_.trees, [](const Tree& tree) { return tree.depth <= MaskPlan::kMaxDepth; });
  }

  bool collect_features() {
    std::vector<std::vector<float>> thresholds(ensemble_.features.size());
    std::vector<uint32_t> words(ensemble_.features.size());
    for (const TreeNode& node : ensemble_.nodes) {
      if (node.is_leaf()) continue;
      if (node.categorical())
        words[node.feature()] = std::max(words[node.feature()], std::max(1u, ensemble_.sets[node.set()].words));
      else
        thresholds[node.feature()].push_back(node.value + 0.0f);  // -0 is 0
    }
    index_.resize(ensemble_.features.size());
    for (uint32_t j = 0; j < thresholds.size(); ++j) {
      std::vector<float>& values = thresholds[j];
      std::sort(values.begin(), values.end());
      values.erase(std::unique(values.begin(), values.end()), values.end());
      if (!values.empty()) add_numeric(j, values);
      if (words[j] > 0) {
        if (words[j] > kMostSetWords) return false;
        index_[j] = static_cast<uint32_t>(plan_.categorical_features.size());
        plan_.categorical_features.push_back({j, (words[j] + 7) / 8 * 8});
      }
    }
    return plan_.columns <= kMostColumns;
  }

  void add_trees() {
    for (const Tree& tree : ensemble_.trees) {
      MaskPlan::MaskTree to{.output = tree.output, .depth = tree.depth};
      to.first_numeric = static_cast<uint32_t>(plan_.numerics.size());
      to.first_categorical = static_cast<uint32_t>(plan_.categoricals.size());
      to.first_leaf = static_cast<uint32_t>(plan_.leaves.size());
      plan_.leaves.resize(plan_.leaves.size() + (size_t{1} << tree.depth));
      add_node(tree.root, 0, 0, to);
      to.numerics = static_cast<uint32_t>(plan_.numerics.size()) - to.first_numeric;
      to.categoricals = static_cast<uint32_t>(plan_.categoricals.size()) - to.first_categorical;
      plan_.trees.push_back(to);
    }
  }

 private:
  void add_numeric(uint32_t feature, const std::vector<float>& values) {
    index_[feature] = static_cast<uint32_t>(plan_.numeric_features.size());
    MaskPlan::Thresholds to{.feature = feature, .count = static_cast<uint32_t>(values.size())};
    to.padded = std::bit_ceil(to.count + 1);
    to.first = static_cast<uint32_t>(plan_.thresholds.size());
    to.first_column = plan_.columns;
    plan_.columns += (to.count + MaskPlan::kMaxRank - 1) / MaskPlan::kMaxRank;
    plan_.thresholds.insert(plan_.thresholds.end(), values.begin(), values.end());
    plan_.thresholds.resize(to.first + to.padded, std::numeric_limits<float>::infinity());
    plan_.numeric_features.push_back(to);
  }

  // `position` in the complete tree; `first` the leftmost leaf slot below it, as a share of the deepest level.
  void add_node(uint32_t at, uint32_t position, uint32_t level, const MaskPlan::MaskTree& tree) {
    const TreeNode& node = ensemble_.nodes[at];
    if (node.is_leaf()) {
      const uint32_t width = 1u << (tree.depth - level);
      const uint32_t within = position - ((1u << level) - 1);
      std::fill_n(plan_.leaves.begin() + tree.first_leaf + within * width, width, node.value);
      return;
    }
    const auto place = static_cast<uint8_t>(position);
    if (node.categorical()) {
      const MaskPlan::Categories& feature = plan_.categorical_features[index_[node.feature()]];
      const CategorySet& set = ensemble_.sets[node.set()];
      plan_.categoricals.push_back(
          {index_[node.feature()], static_cast<uint32_t>(plan_.set_words.size()), node.default_left(), place});
      const auto words = ensemble_.set_words.begin() + set.first_word;
      plan_.set_words.insert(plan_.set_words.end(), words, words + set.words);
      plan_.set_words.resize(plan_.set_words.size() + feature.words - set.words);
    } else {
      const MaskPlan::Thresholds& feature = plan_.numeric_features[index_[node.feature()]];
      const auto begin = plan_.thresholds.begin() + feature.first;
      const auto rank = static_cast<uint32_t>(std::lower_bound(begin, begin + feature.count, node.value) - begin);
      plan_.numerics.push_back({feature.first_column + rank / MaskPlan::kMaxRank,
                                static_cast<uint8_t>(rank % MaskPlan::kMaxRank + 1), node.default_left(), place});
    }
    add_node(node.left, 2 * position + 1, level + 1, tree);
    add_node(node.left + 1, 2 * position + 2, level + 1, tree);
  }

  const TreeEnsemble& ensemble_;
  MaskPlan& plan_;
  std::vector<uint32_t> index_;  // by feature: in numeric_features or categorical_features
};

}  // namespace

std::optional<MaskPlan> make_mask_plan(const TreeEnsemble& ensemble) {
  MaskPlan plan;
  Planner planner(ensemble, plan);
  if (!planner.fits() || !planner.collect_features()) return std::nullopt;
  planner.add_trees();
  return plan;
}

}  // namespace sinan::ml

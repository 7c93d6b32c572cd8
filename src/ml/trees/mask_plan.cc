#include "ml/trees/mask_plan.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <vector>

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
      // A tree may bring as many splits as it has nodes.
      if (plan_.groups.empty() || numerics_.size() + categoricals_.size() + (1u << tree.depth) > MaskPlan::kMostSplits)
        begin_group();
      MaskPlan::MaskTree to{.output = tree.output, .depth = tree.depth};
      to.first_split = static_cast<uint32_t>(plan_.splits.size());
      to.first_leaf = static_cast<uint32_t>(plan_.leaves.size());
      plan_.splits.resize(plan_.splits.size() + (size_t{1} << tree.depth) - 1);
      plan_.leaves.resize(plan_.leaves.size() + (size_t{1} << tree.depth));
      add_node(tree.root, 0, 0, to);
      ++plan_.groups.back().trees;
      plan_.trees.push_back(to);
    }
    end_group();
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

  void begin_group() {
    if (!plan_.groups.empty()) end_group();
    plan_.groups.push_back({.first_numeric = static_cast<uint32_t>(plan_.numerics.size()),
                            .first_categorical = static_cast<uint32_t>(plan_.categoricals.size()),
                            .first_tree = static_cast<uint32_t>(plan_.trees.size())});
    first_split_ = plan_.splits.size();
  }

  void end_group() {
    MaskPlan::Group& group = plan_.groups.back();
    group.numerics = static_cast<uint32_t>(numerics_.size());
    group.categoricals = static_cast<uint32_t>(categoricals_.size());
    const auto ordered = order_numerics();
    for (size_t i = first_split_; i < plan_.splits.size(); ++i) {
      uint16_t& split = plan_.splits[i];
      if (split > UINT16_MAX - group.categoricals) {
        split = static_cast<uint16_t>(group.numerics + UINT16_MAX - split);
      } else if (group.numerics > 0) {
        split = ordered[split];
      }
    }
    plan_.categoricals.insert(plan_.categoricals.end(), categoricals_.begin(), categoricals_.end());
    numerics_.clear();
    categoricals_.clear();
  }

  // Appends the group's numeric splits column by column, each column read from the cache. By number: its place there.
  std::vector<uint16_t> order_numerics() {
    std::vector<uint16_t> place(numerics_.size());
    uint16_t next = 0;
    for (const auto& [split, number] : numerics_) {
      place[number] = next++;
      plan_.numerics.push_back({std::get<0>(split), std::get<1>(split), std::get<2>(split)});
    }
    return place;
  }

  // The number of the node's split among the group's different ones.
  uint16_t numeric_split(const TreeNode& node) {
    const MaskPlan::Thresholds& feature = plan_.numeric_features[index_[node.feature()]];
    const auto begin = plan_.thresholds.begin() + feature.first;
    const auto rank = static_cast<uint32_t>(std::lower_bound(begin, begin + feature.count, node.value) - begin);
    const auto split = std::tuple(feature.first_column + rank / MaskPlan::kMaxRank,
                                  static_cast<uint8_t>(rank % MaskPlan::kMaxRank + 1), node.default_left());
    return numerics_.emplace(split, static_cast<uint16_t>(numerics_.size())).first->second;
  }

  void add_categorical(const TreeNode& node) {
    const MaskPlan::Categories& feature = plan_.categorical_features[index_[node.feature()]];
    const CategorySet& set = ensemble_.sets[node.set()];
    categoricals_.push_back(
        {index_[node.feature()], static_cast<uint32_t>(plan_.set_words.size()), node.default_left()});
    const auto words = ensemble_.set_words.begin() + set.first_word;
    plan_.set_words.insert(plan_.set_words.end(), words, words + set.words);
    plan_.set_words.resize(plan_.set_words.size() + feature.words - set.words);
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
    const uint32_t place = tree.first_split + position;
    if (node.categorical()) {
      // Counted from the end until the group's numeric splits are known.
      plan_.splits[place] = static_cast<uint16_t>(UINT16_MAX - categoricals_.size());
      add_categorical(node);
    } else {
      plan_.splits[place] = numeric_split(node);
    }
    add_node(node.left, 2 * position + 1, level + 1, tree);
    add_node(node.left + 1, 2 * position + 2, level + 1, tree);
  }

  const TreeEnsemble& ensemble_;
  MaskPlan& plan_;
  std::vector<uint32_t> index_;  // by feature: in numeric_features or categorical_features
  // Of the group at work: column, rank and default direction of each numeric split, and its number.
  std::map<std::tuple<uint32_t, uint8_t, bool>, uint16_t> numerics_;
  std::vector<MaskPlan::Categorical> categoricals_;
  size_t first_split_ = 0;
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

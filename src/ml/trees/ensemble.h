// TreeEnsemble: a forest of decision trees in our own compact form, whatever library grew it. Read by the evaluators
// (ml/trees/predictor.h) and by TreeSHAP (ml/trees/explainer.h); made and checked by the readers of model files
// (ml/trees/xgboost_model.h). Constant once built, so any thread may read it.
//
// A row's margin for output k is base_margin[k] plus the leaf values of the trees of output k, added in float, tree by
// tree: the order in which XGBoost adds, so that results agree to the last bit. LightGBM adds in double
// (ml/trees/double_sum.h).
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ml/matrix.h"
#include "ml/predictor.h"

namespace sinan::ml {

// What turns margins into predictions. Square keeps the sign: x * |x|; softplus is log(1 + exp(x)); ascending puts a row's
// outputs in order, as quantiles must be.
enum class Link : uint8_t { kIdentity, kLogistic, kExp, kSoftmax, kStep, kSquare, kSoftplus, kAscending };

// Siblings lie beside each other: right = left + 1.
struct TreeNode {
  static constexpr uint32_t kDefaultLeft = 1u << 31;
  static constexpr uint32_t kCategorical = 1u << 30;

  float value = 0;     // numeric split: x < value goes left; leaf: its value (with its tree's weight); else set()
  uint32_t left = 0;   // index in nodes; 0 = leaf
  uint32_t split = 0;  // feature and two flags: where missing values go, what kind of split it is; of a leaf number()
  float cover = 0;     // of the training rows (sum of hessians)

  bool is_leaf() const { return left == 0; }
  uint32_t feature() const { return split & (kCategorical - 1); }
  bool default_left() const { return (split & kDefaultLeft) != 0; }
  uint32_t number() const { return split; }  // of a leaf, as the library's file counts
  bool categorical() const { return (split & kCategorical) != 0; }
  uint32_t set() const { return std::bit_cast<uint32_t>(value); }  // of a categorical split: index in sets
};

// Codes whose bit is set go right; codes beyond the words go left.
struct CategorySet {
  uint32_t first_word = 0;
  uint32_t words = 0;
};

struct Tree {
  uint32_t root = 0;  // index in nodes
  uint32_t output = 0;
  uint32_t depth = 0;  // splits on the longest way to a leaf
};

struct TreeEnsemble {
  FeatureSchema features;
  std::vector<Tree> trees;
  std::vector<TreeNode> nodes;
  std::vector<CategorySet> sets;
  std::vector<uint64_t> set_words;
  std::vector<float> base_margin;       // one an output
  std::vector<FeatureUse> feature_use;  // by feature
  Link link = Link::kIdentity;
  float link_scale = 1;                // margins are multiplied by it before the link
  std::vector<uint32_t> zero_missing;  // features whose zeros mean missing (ml/trees/zero_missing.h), ascending
  std::string objective;

  size_t outputs() const { return base_margin.size(); }
  size_t prediction_width() const { return outputs(); }
  bool in_set(uint32_t set, uint32_t code) const {
    const CategorySet& s = sets[set];
    return code / 64 < s.words && ((set_words[s.first_word + code / 64] >> (code % 64)) & 1) != 0;
  }
};

// The leaf in which row `row` of the block ends.
inline const TreeNode& leaf_of(const TreeEnsemble& ensemble, const Tree& tree, std::span<const FeatureColumn> columns,
                               size_t row) {
  const TreeNode* nodes = ensemble.nodes.data();
  const TreeNode* node = nodes + tree.root;
  while (!node->is_leaf()) {
    const FeatureColumn& column = columns[node->feature()];
    bool right = false;
    if (!node->categorical()) {
      const float x = column.values[row];
      right = x != x ? !node->default_left() : x >= node->value;
    } else {
      const int32_t code = column.codes[row];
      right = code < 0 ? !node->default_left() : ensemble.in_set(node->set(), static_cast<uint32_t>(code));
    }
    node = nodes + node->left + static_cast<uint32_t>(right);
  }
  return *node;
}

// Predictor::leaves() of an ensemble.
void leaves_of(const TreeEnsemble& ensemble, const MatrixBlock& block, std::span<int32_t> out);

// Margins, row-major rows x outputs, turned into predictions in place.
void apply_link(Link link, size_t outputs, std::span<float> margins, float scale = 1);

}  // namespace sinan::ml

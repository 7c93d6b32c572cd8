#include "ml/trees/explainer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "base/check.h"

namespace sinan::ml {
namespace {

// Rows are explained 64 at a time, in four groups of 16 lanes. Decisions and o_j are kept as 0.0 and 1.0, so that all work
// is plain float arithmetic that the compiler maps to whatever vectors the machine has.
constexpr size_t kRows = 64;
constexpr size_t kLanes = 16;
constexpr size_t kGroups = kRows / kLanes;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
struct alignas(64) Rows {
  Lanes group[kGroups];
};
// For containers, which forget the alignment of bare Lanes.
struct alignas(64) OneGroup {
  Lanes lanes;
};

// Points and weights of Gauss-Legendre quadrature on [0, 1], by Newton's method on the Legendre polynomial.
struct Quadrature {
  std::vector<float> point;
  std::vector<float> weight;

  explicit Quadrature(size_t n) {
    for (size_t i = 0; i < n; ++i) {
      double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (static_cast<double>(n) + 0.5));
      double slope = 1;
      for (int step = 0; step < 100; ++step) {
        double previous = 1;
        double current = x;
        for (size_t k = 2; k <= n; ++k) {
          const auto order = static_cast<double>(k);
          const double next = ((2 * order - 1) * x * current - (order - 1) * previous) / order;
          previous = std::exchange(current, next);
        }
        slope = static_cast<double>(n) * (x * current - previous) / (x * x - 1);
        const double change = current / slope;
        x -= change;
        if (std::abs(change) < 1e-15) break;
      }
      point.push_back(static_cast<float>(0.5 * (1 - x)));
      weight.push_back(static_cast<float>(1 / ((1 - x * x) * slope * slope)));
    }
  }
};

// Beyond 64 points (128 features on one path) the rule is no longer exact, but its error stays far below float's.
constexpr size_t kMostPoints = 64;
constexpr size_t kUnrolled = 8;

// What a thread works with: sized once for the deepest tree.
struct Scratch {
  struct Frame {
    uint32_t node = 0;
    uint32_t visited = 0;  // children
    uint32_t slot = 0;     // the element that the step to this child changed
    bool pushed = false;   // it was a new one
    float old_share = 0;
  };
  // `pairs`: interactions are wanted too, of so many pairs of features.
  Scratch(size_t depth, size_t contributions, size_t most_nodes, size_t pairs)
      : frame(depth + 1),
        old_passed(depth + 1),
        feature(depth + 1),
        share(depth + 1),
        passed(depth + 1),
        prefix(depth + 1),
        weight(depth + 1),
        contribution(contributions),
        decision(most_nodes),
        term(depth + 1),
        suffix(depth + 2),
        pair_weight(pairs > 0 ? (depth + 1) * depth / 2 : 0),
        interaction(pairs) {}
  std::vector<Frame> frame;
  std::vector<Rows> old_passed;
  // The path's elements: z_j and o_j of each feature met.
  std::vector<uint32_t> feature;
  std::vector<float> share;
  std::vector<Rows> passed;
  std::vector<OneGroup> prefix, weight;
  std::vector<Rows> contribution;  // outputs x features
  std::vector<Rows> decision;      // by node of the tree: 1 = right
  // For interactions: of the path's elements, of their pairs, and of pairs of features, outputs x pair_of().
  std::vector<OneGroup> term, suffix, pair_weight;
  std::vector<Rows> interaction;
};

size_t pairs_of(size_t features) { return features * (features - 1) / 2; }
size_t pair_of(size_t one, size_t other) {
  const size_t above = std::max(one, other);
  return above * (above - 1) / 2 + std::min(one, other);
}

struct View {  // everything the vector code reads, so that it calls nothing
  const TreeEnsemble* ensemble;
  const Quadrature* quadrature;  // [n - 1]
  Scratch* scratch;
};

template <size_t M>
__attribute__((always_inline)) inline void add_leaf(const View& view, float value, Rows* out) {
  const Quadrature& rule = view.quadrature[(M + 1) / 2 - 1];
  const Scratch& scratch = *view.scratch;
  for (size_t g = 0; g < kGroups; ++g) {
    Lanes weight[M] = {};
    for (size_t q = 0; q < (M + 1) / 2; ++q) {
      const float t = rule.point[q];
      Lanes term[M];
      Lanes prefix[M];
      Lanes product = Lanes{} + rule.weight[q];
      for (size_t j = 0; j < M; ++j) {
        term[j] = scratch.passed[j].group[g] * t + scratch.share[j] * (1 - t);
        prefix[j] = product;
        product *= term[j];
      }
      Lanes suffix = Lanes{} + 1.0f;
      for (size_t j = M; j-- > 0;) {
        weight[j] += prefix[j] * suffix;
        suffix *= term[j];
      }
    }
    for (size_t j = 0; j < M; ++j)
      out[scratch.feature[j]].group[g] += (scratch.passed[j].group[g] - scratch.share[j]) * value * weight[j];
  }
}

__attribute__((always_inline)) inline void add_leaf_of(const View& view, size_t m, float value, Rows* out) {
  Scratch& scratch = *view.scratch;
  const Quadrature& rule = view.quadrature[std::min((m + 1) / 2, kMostPoints) - 1];
  const size_t points = std::min((m + 1) / 2, kMostPoints);
  for (size_t g = 0; g < kGroups; ++g) {
    for (size_t j = 0; j < m; ++j) scratch.weight[j].lanes = Lanes{};
    for (size_t q = 0; q < points; ++q) {
      const float t = rule.point[q];
      Lanes product = Lanes{} + rule.weight[q];
      for (size_t j = 0; j < m; ++j) {
        scratch.prefix[j].lanes = product;
        product *= scratch.passed[j].group[g] * t + scratch.share[j] * (1 - t);
      }
      Lanes suffix = Lanes{} + 1.0f;
      for (size_t j = m; j-- > 0;) {
        scratch.weight[j].lanes += scratch.prefix[j].lanes * suffix;
        suffix *= scratch.passed[j].group[g] * t + scratch.share[j] * (1 - t);
      }
    }
    for (size_t j = 0; j < m; ++j)
      out[scratch.feature[j]].group[g] +=
          (scratch.passed[j].group[g] - scratch.share[j]) * value * scratch.weight[j].lanes;
  }
}

// A leaf of value v adds to the interaction of features i and j (half of it each way):
// v / 2 (o_i - z_i) (o_j - z_j) * integral over t of the other features' product, a polynomial of degree m - 2.
__attribute__((always_inline)) inline void add_pairs(const View& view, size_t m, float value, Rows* out) {
  Scratch& s = *view.scratch;
  const size_t points = std::min(m / 2, kMostPoints);
  const Quadrature& rule = view.quadrature[points - 1];
  for (size_t g = 0; g < kGroups; ++g) {
    for (size_t k = 0; k < m * (m - 1) / 2; ++k) s.pair_weight[k].lanes = Lanes{};
    for (size_t q = 0; q < points; ++q) {
      const float t = rule.point[q];
      s.suffix[m].lanes = Lanes{} + 1.0f;
      for (size_t j = m; j-- > 0;) {
        s.term[j].lanes = s.passed[j].group[g] * t + s.share[j] * (1 - t);
        s.suffix[j].lanes = s.suffix[j + 1].lanes * s.term[j].lanes;
      }
      Lanes before = Lanes{} + rule.weight[q];
      OneGroup* weight = s.pair_weight.data();
      for (size_t i = 0; i < m; ++i) {
        Lanes product = before;
        for (size_t j = i + 1; j < m; ++j) {
          (weight++)->lanes += product * s.suffix[j + 1].lanes;
          product *= s.term[j].lanes;
        }
        before *= s.term[i].lanes;
      }
    }
    const OneGroup* weight = s.pair_weight.data();
    for (size_t i = 0; i < m; ++i) {
      const Lanes one = (s.passed[i].group[g] - s.share[i]) * (value / 2);
      for (size_t j = i + 1; j < m; ++j) {
        // Spelt out: a call would not be compiled for the vectors at hand.
        const size_t above = s.feature[i] > s.feature[j] ? s.feature[i] : s.feature[j];
        const size_t below = s.feature[i] > s.feature[j] ? s.feature[j] : s.feature[i];
        out[above * (above - 1) / 2 + below].group[g] += one * (s.passed[j].group[g] - s.share[j]) * (weight++)->lanes;
      }
    }
  }
}

// Adds one tree's contributions, and with kPairs its interactions, for the rows whose decisions lie in the scratch.
template <bool kPairs>
__attribute__((always_inline)) inline void explain_tree(const View& view, const Tree& tree, Rows* out, Rows* pairs) {
  Scratch& s = *view.scratch;
  const TreeNode* nodes = view.ensemble->nodes.data();
  size_t depth = 0;
  size_t elements = 0;
  s.frame[0] = {.node = tree.root};
  while (true) {
    Scratch::Frame& frame = s.frame[depth];
    const TreeNode& node = nodes[frame.node];
    if (node.is_leaf() && node.value != 0) {
      switch (elements) {
        case 0:
          break;
        case 1:
          add_leaf<1>(view, node.value, out);
          break;
        case 2:
          add_leaf<2>(view, node.value, out);
          break;
        case 3:
          add_leaf<3>(view, node.value, out);
          break;
        case 4:
          add_leaf<4>(view, node.value, out);
          break;
        case 5:
          add_leaf<5>(view, node.value, out);
          break;
        case 6:
          add_leaf<6>(view, node.value, out);
          break;
        case 7:
          add_leaf<7>(view, node.value, out);
          break;
        case 8:
          add_leaf<8>(view, node.value, out);
          break;
        default:
          add_leaf_of(view, elements, node.value, out);
      }
      if (kPairs && elements > 1) add_pairs(view, elements, node.value, pairs);
    }
    if (node.is_leaf() || frame.visited == 2) {
      if (depth == 0) return;
      if (frame.pushed) {
        --elements;
      } else {
        s.share[frame.slot] = frame.old_share;
        s.passed[frame.slot] = s.old_passed[depth];
      }
      --depth;
      continue;
    }
    const bool right = frame.visited++ == 1;
    const uint32_t child = node.left + (right ? 1 : 0);
    const float ratio = node.cover > 0 ? nodes[child].cover / node.cover : 0.5f;
    const Rows& decision = s.decision[frame.node - tree.root];
    const uint32_t feature = node.feature();
    size_t slot = 0;
    while (slot < elements && s.feature[slot] != feature) ++slot;
    ++depth;
    s.frame[depth] = {.node = child, .slot = static_cast<uint32_t>(slot), .pushed = slot == elements};
    if (slot == elements) {
      ++elements;
      s.feature[slot] = feature;
      s.share[slot] = ratio;
      for (size_t g = 0; g < kGroups; ++g)
        s.passed[slot].group[g] = right ? decision.group[g] : 1.0f - decision.group[g];
    } else {
      s.frame[depth].old_share = s.share[slot];
      s.old_passed[depth] = s.passed[slot];
      s.share[slot] *= ratio;
      for (size_t g = 0; g < kGroups; ++g)
        s.passed[slot].group[g] *= right ? decision.group[g] : 1.0f - decision.group[g];
    }
  }
}

template <bool kPairs>
void explain_tree_baseline(const View& view, const Tree& tree, Rows* out, Rows* pairs) {
  explain_tree<kPairs>(view, tree, out, pairs);
}
#if defined(__x86_64__)
template <bool kPairs>
__attribute__((target("avx2,fma"))) void explain_tree_avx2(const View& view, const Tree& tree, Rows* out, Rows* pairs) {
  explain_tree<kPairs>(view, tree, out, pairs);
}
template <bool kPairs>
__attribute__((target("avx512f,avx512vl,avx512dq,fma"))) void explain_tree_avx512(const View& view, const Tree& tree,
                                                                                  Rows* out, Rows* pairs) {
  explain_tree<kPairs>(view, tree, out, pairs);
}
#endif

using ExplainTree = void (*)(const View&, const Tree&, Rows* out, Rows* pairs);
template <bool kPairs>
ExplainTree best_for_this_machine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return explain_tree_avx512<kPairs>;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return explain_tree_avx2<kPairs>;
#endif
  return explain_tree_baseline<kPairs>;
}

// Cover-weighted mean of a tree's leaves: what it answers when nothing is known about a row.
double expected_value(const TreeEnsemble& ensemble, const Tree& tree, uint32_t end) {
  std::vector<double> mean(end - tree.root);
  for (uint32_t at = end; at-- > tree.root;) {  // children lie behind their parent
    const TreeNode& node = ensemble.nodes[at];
    double& value = mean[at - tree.root];
    if (node.is_leaf()) {
      value = static_cast<double>(node.value);
      continue;
    }
    const uint32_t left = node.left - tree.root;
    const double share = node.cover > 0 ? static_cast<double>(ensemble.nodes[node.left].cover / node.cover) : 0.5;
    const double other = node.cover > 0 ? static_cast<double>(ensemble.nodes[node.left + 1].cover / node.cover) : 0.5;
    value = share * mean[left] + other * mean[left + 1];
  }
  return mean[0];
}

class TreeExplainer final : public Explainer {
 public:
  explicit TreeExplainer(std::shared_ptr<const TreeEnsemble> ensemble) : ensemble_(std::move(ensemble)) {
    bias_.assign(ensemble_->base_margin.begin(), ensemble_->base_margin.end());
    for (size_t i = 0; i < ensemble_->trees.size(); ++i) {
      const Tree& tree = ensemble_->trees[i];
      const auto end = i + 1 < ensemble_->trees.size() ? ensemble_->trees[i + 1].root
                                                       : static_cast<uint32_t>(ensemble_->nodes.size());
      bias_[tree.output] += expected_value(*ensemble_, tree, end);
      most_nodes_ = std::max(most_nodes_, end - tree.root);
      depth_ = std::max(depth_, tree.depth);
      end_.push_back(end);
    }
    const size_t most = std::max(kUnrolled, std::min<size_t>(depth_, ensemble_->features.size()));
    for (size_t n = 1; n <= std::min((most + 1) / 2, kMostPoints); ++n) rules_.emplace_back(n);
  }

  size_t outputs() const override { return ensemble_->outputs(); }
  std::vector<FeatureUse> feature_use() const override { return ensemble_->feature_use; }

  Status explain(const MatrixBlock& block, std::span<float> contributions) const override {
    const size_t features = ensemble_->features.size();
    CHECK(contributions.size() == block.rows * outputs() * (features + 1));
    Scratch scratch(depth_, outputs() * features, most_nodes_, 0);
    for (size_t first = 0; first < block.rows; first += kRows) {
      const size_t rows = std::min(kRows, block.rows - first);
      explain_rows(block, first, rows, explain_, scratch);
      write(scratch, first, rows, contributions);
    }
    return {};
  }

  Status explain_interactions(const MatrixBlock& block, std::span<float> interactions) const override {
    const size_t features = ensemble_->features.size();
    CHECK(interactions.size() == block.rows * outputs() * (features + 1) * (features + 1));
    Scratch scratch(depth_, outputs() * features, most_nodes_, outputs() * pairs_of(features));
    for (size_t first = 0; first < block.rows; first += kRows) {
      const size_t rows = std::min(kRows, block.rows - first);
      explain_rows(block, first, rows, explain_pairs_, scratch);
      write_interactions(scratch, first, rows, interactions);
    }
    return {};
  }

 private:
  // Fills the scratch's contributions, and its interactions when it has room for them.
  void explain_rows(const MatrixBlock& block, size_t first, size_t rows, ExplainTree run, Scratch& scratch) const {
    const size_t features = ensemble_->features.size();
    CHECK(block.features.size() == features);
    const View view{ensemble_.get(), rules_.data(), &scratch};
    std::fill(scratch.contribution.begin(), scratch.contribution.end(), Rows{});
    std::fill(scratch.interaction.begin(), scratch.interaction.end(), Rows{});
    for (size_t i = 0; i < ensemble_->trees.size(); ++i) {
      const Tree& tree = ensemble_->trees[i];
      decide(tree, end_[i], block.features, first, rows, scratch);
      run(view, tree, scratch.contribution.data() + tree.output * features,
          scratch.interaction.data() + tree.output * (scratch.interaction.size() / outputs()));
    }
  }

  void decide(const Tree& tree, uint32_t end, std::span<const FeatureColumn> columns, size_t first, size_t rows,
              Scratch& scratch) const {
    for (uint32_t at = tree.root; at < end; ++at) {
      const TreeNode& node = ensemble_->nodes[at];
      if (node.is_leaf()) continue;
      float* right = reinterpret_cast<float*>(&scratch.decision[at - tree.root]);
      const FeatureColumn& column = columns[node.feature()];
      if (node.categorical()) {
        for (size_t i = 0; i < rows; ++i) {
          const int32_t code = column.codes[first + i];
          const bool goes =
              code < 0 ? !node.default_left() : ensemble_->in_set(node.set(), static_cast<uint32_t>(code));
          right[i] = goes ? 1.0f : 0.0f;
        }
      } else if (node.default_left()) {
        for (size_t i = 0; i < rows; ++i) right[i] = column.values[first + i] >= node.value ? 1.0f : 0.0f;
      } else {
        for (size_t i = 0; i < rows; ++i) right[i] = column.values[first + i] < node.value ? 0.0f : 1.0f;
      }
      std::fill(right + rows, right + kRows, 0.0f);
    }
  }

  void write(const Scratch& scratch, size_t first, size_t rows, std::span<float> contributions) const {
    const size_t features = ensemble_->features.size();
    const float* from = reinterpret_cast<const float*>(scratch.contribution.data());
    for (size_t row = 0; row < rows; ++row) {
      float* to = contributions.data() + (first + row) * outputs() * (features + 1);
      for (size_t k = 0; k < outputs(); ++k) {
        for (size_t j = 0; j < features; ++j) *to++ = from[(k * features + j) * kRows + row];
        *to++ = static_cast<float>(bias_[k]);
      }
    }
  }

  // The matrix of each row and output is symmetric; a feature's own value is what its pairs leave of its contribution.
  void write_interactions(const Scratch& scratch, size_t first, size_t rows, std::span<float> interactions) const {
    const size_t features = ensemble_->features.size();
    const size_t width = features + 1;
    const float* single = reinterpret_cast<const float*>(scratch.contribution.data());
    const float* pairs = reinterpret_cast<const float*>(scratch.interaction.data());
    for (size_t row = 0; row < rows; ++row) {
      for (size_t k = 0; k < outputs(); ++k) {
        float* to = interactions.data() + ((first + row) * outputs() + k) * width * width;
        std::fill_n(to, width * width, 0.0f);
        for (size_t i = 0; i < features; ++i) {
          float own = single[(k * features + i) * kRows + row];
          for (size_t j = 0; j < features; ++j) {
            if (j == i) continue;
            to[i * width + j] = pairs[(k * pairs_of(features) + pair_of(i, j)) * kRows + row];
            own -= to[i * width + j];
          }
          to[i * width + i] = own;
        }
        to[width * width - 1] = static_cast<float>(bias_[k]);
      }
    }
  }

  std::shared_ptr<const TreeEnsemble> ensemble_;
  std::vector<double> bias_;
  std::vector<uint32_t> end_;  // of each tree's nodes
  std::vector<Quadrature> rules_;
  uint32_t most_nodes_ = 0;
  uint32_t depth_ = 0;
  ExplainTree explain_ = best_for_this_machine<false>();
  ExplainTree explain_pairs_ = best_for_this_machine<true>();
};

}  // namespace

std::unique_ptr<Explainer> make_explainer(std::shared_ptr<const TreeEnsemble> ensemble) {
  return std::make_unique<TreeExplainer>(std::move(ensemble));
}

}  // namespace sinan::ml

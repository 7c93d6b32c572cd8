#include "ml/trees/walk_kernel.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace sinan::ml {
namespace {

// Rows that walk a tree side by side: while one waits for its node, the others go on.
constexpr size_t kLanes = 8;
// Rows in small blocks: a block's values stay in the cache while a tree is read once for all of them. Wide data have fewer.
constexpr size_t kMostRows = 64;
constexpr size_t kMostValues = 16384;  // of a block

// A block's values: rows in groups of kLanes, then by feature, the group's rows side by side. Codes lie there as their
// bits; lanes without a row have zeros.
class Block {
 public:
  Block(std::span<const FeatureColumn> columns, std::vector<uint32_t>& memory) : columns_(columns), values_(memory) {}

  void load(size_t begin, size_t rows) {
    const size_t groups = (rows + kLanes - 1) / kLanes;
    values_.resize(groups * columns_.size() * kLanes);
    for (size_t f = 0; f < columns_.size(); ++f) {
      const FeatureColumn& column = columns_[f];
      const void* const from = column.codes.empty() ? static_cast<const void*>(column.values.data() + begin)
                                                    : static_cast<const void*>(column.codes.data() + begin);
      for (size_t group = 0; group < groups; ++group) {
        uint32_t* const to = &values_[(group * columns_.size() + f) * kLanes];
        const size_t count = std::min(kLanes, rows - group * kLanes);
        std::memset(to, 0, kLanes * sizeof(uint32_t));
        std::memcpy(to, static_cast<const uint32_t*>(from) + group * kLanes, count * sizeof(uint32_t));
      }
    }
  }
  const uint32_t* group(size_t group) const { return &values_[group * columns_.size() * kLanes]; }

 private:
  std::span<const FeatureColumn> columns_;
  std::vector<uint32_t>& values_;
};

// Whether a value goes right: 1 or 0, without a branch, which would be guessed wrong half the time.
inline uint32_t goes_right(const TreeNode& node, uint32_t bits) {
  const float x = std::bit_cast<float>(bits);
  const auto is_above = static_cast<uint32_t>(x >= node.value);
  const auto is_missing = static_cast<uint32_t>(x != x);
  return is_above | (is_missing & ~(node.split >> 31));
}

inline uint32_t code_goes_right(const TreeEnsemble& ensemble, const TreeNode& node, uint32_t bits) {
  const auto code = static_cast<int32_t>(bits);
  if (code < 0) return node.default_left() ? 0 : 1;
  return ensemble.in_set(node.set(), bits) ? 1 : 0;
}

// Leaves in which the rows of a group end. A row that has arrived stays where it is until all have.
template <bool kHasCategories>
inline void find_leaves(const TreeEnsemble& ensemble, const Tree& tree, const uint32_t* values, uint32_t* at) {
  const TreeNode* const nodes = ensemble.nodes.data();
  uint32_t here[kLanes];
  for (uint32_t& node : here) node = tree.root;
  uint32_t open = tree.depth;
  while (open != 0) {
    open = 0;
#pragma GCC unroll 8
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const TreeNode& node = nodes[here[lane]];
      const uint32_t bits = values[size_t{node.feature()} * kLanes + lane];
      uint32_t right = 0;
      if (kHasCategories && node.categorical() && !node.is_leaf()) {
        right = code_goes_right(ensemble, node, bits);
      } else {
        right = goes_right(node, bits);
      }
      open |= node.left;
      here[lane] = node.left == 0 ? here[lane] : node.left + right;
    }
  }
  std::copy(here, here + kLanes, at);
}

template <bool kHasCategories>
void walk_block(const TreeEnsemble& ensemble, const Block& block, size_t rows, float* out) {
  const size_t outputs = ensemble.outputs();
  for (const Tree& tree : ensemble.trees) {
    float* to = out + tree.output;
    for (size_t first = 0; first < rows; first += kLanes) {
      uint32_t leaves[kLanes];
      find_leaves<kHasCategories>(ensemble, tree, block.group(first / kLanes), leaves);
      const size_t count = std::min(kLanes, rows - first);
      for (size_t lane = 0; lane < count; ++lane, to += outputs) *to += ensemble.nodes[leaves[lane]].value;
    }
  }
}

void walk_one_by_one(const TreeEnsemble& ensemble, std::span<const FeatureColumn> columns, size_t begin, size_t end,
                     float* out) {
  const size_t outputs = ensemble.outputs();
  for (const Tree& tree : ensemble.trees) {
    float* to = out + tree.output;
    for (size_t row = begin; row < end; ++row, to += outputs) *to += leaf_of(ensemble, tree, columns, row).value;
  }
}

}  // namespace

void walk_rows(const TreeEnsemble& ensemble, std::span<const FeatureColumn> columns, size_t begin, size_t end,
               float* out) {
  const size_t outputs = ensemble.outputs();
  for (size_t row = 0; row < end - begin; ++row) std::ranges::copy(ensemble.base_margin, out + row * outputs);
  if (end - begin < kLanes || columns.empty()) {
    walk_one_by_one(ensemble, columns, begin, end, out);
    return;
  }
  // Kept between calls: a small block costs no allocation.
  thread_local std::vector<uint32_t> memory;
  Block block(columns, memory);
  const size_t most = std::clamp(kMostValues / columns.size() / kLanes * kLanes, kLanes, kMostRows);
  for (size_t first = begin; first < end; first += most) {
    const size_t rows = std::min(most, end - first);
    block.load(first, rows);
    float* const to = out + (first - begin) * outputs;
    if (ensemble.sets.empty()) {
      walk_block<false>(ensemble, block, rows, to);
    } else {
      walk_block<true>(ensemble, block, rows, to);
    }
  }
}

}  // namespace sinan::ml

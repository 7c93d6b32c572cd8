// MaskPlan: trees laid out for evaluation without branches, many rows at once.
//
// Every split is decided for a whole chunk of rows by comparing one column of bytes: numeric values are replaced by the
// number of their feature's thresholds that they reach (a feature with more than 255 gets several byte columns), so that
// `x >= threshold` is `bin >= rank` in bytes; categories are looked up in bit sets. One bit a row and split results. Trees
// ask the same questions again and again (a histogram has 255 thresholds a feature): equal splits of a group of trees are
// decided once. The bits then choose each row's leaf: level by level, of two sibling subtrees' bits the one that the parent's
// bit names.
//
// Missing values: the column exists twice, with missing as the lowest and as the highest bin, and a split reads the one
// that sends them its default way. Trees up to kMaxDepth deep; constant once built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ml/trees/ensemble.h"

namespace sinan::ml {

struct MaskPlan {
  static constexpr uint32_t kMaxDepth = 8;
  static constexpr size_t kRows = 512;  // of a chunk: eight words of bits a split
  static constexpr size_t kWords = kRows / 64;
  static constexpr uint32_t kMaxRank = 255;

  // A numeric feature's thresholds, ascending, padded with NaN-free infinity to a power of two.
  struct Thresholds {
    uint32_t feature = 0;
    uint32_t count = 0;
    uint32_t padded = 0;        // power of two, above count
    uint32_t first = 0;         // in thresholds
    uint32_t first_column = 0;  // of its byte columns, ceil(count / 255)
  };
  struct Categories {
    uint32_t feature = 0;
    uint32_t words = 0;  // 64-bit words that hold all codes its splits name
  };

  struct Numeric {
    uint32_t column = 0;  // byte column
    uint8_t rank = 0;     // goes right when bin >= rank
    bool default_left = false;
  };
  struct Categorical {
    uint32_t feature = 0;  // index in categorical_features
    uint32_t set = 0;      // first word in set_words
    bool default_left = false;
  };
  struct MaskTree {
    uint32_t output = 0;
    uint32_t depth = 0;
    uint32_t first_split = 0;  // 2^depth - 1 places in splits: root, its children, theirs, ...
    uint32_t first_leaf = 0;   // 2^depth values in leaves, absent splits filled with what lies below
  };
  // Trees one after another, whose different splits' bits fit the cache: the numeric ones first.
  struct Group {
    uint32_t first_numeric = 0, numerics = 0;
    uint32_t first_categorical = 0, categoricals = 0;
    uint32_t first_tree = 0, trees = 0;
  };
  static constexpr uint32_t kMostSplits = 8192;  // of a group: 512 KiB of bits

  std::vector<float> thresholds;
  std::vector<Thresholds> numeric_features;
  std::vector<Categories> categorical_features;
  uint32_t columns = 0;  // byte columns
  std::vector<Group> groups;
  std::vector<MaskTree> trees;
  std::vector<uint16_t> splits;  // by tree and place: which of its group's splits; absent ones: any
  std::vector<Numeric> numerics;
  std::vector<Categorical> categoricals;
  std::vector<uint64_t> set_words;
  std::vector<float> leaves;
};

// None when the trees do not fit: too deep, too many categories or byte columns.
std::optional<MaskPlan> make_mask_plan(const TreeEnsemble& ensemble);

}  // namespace sinan::ml

// The vectorised evaluators over a MaskPlan: AVX-512 (64 rows a compare) and AVX2 (32). Each lives in its own file, is
// compiled for its instructions function by function, and may be called only where the machine has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ml/trees/mask_plan.h"

namespace sinan::ml {

// One bit for each row of a chunk.
struct alignas(64) RowBits {
  uint64_t word[MaskPlan::kWords];
};

// A thread's buffers, for one plan; made once a call of predict().
struct MaskScratch {
  explicit MaskScratch(const MaskPlan& plan, size_t outputs);

  struct alignas(64) Bytes {
    uint8_t row[MaskPlan::kRows];
  };
  struct alignas(64) Floats {
    float row[MaskPlan::kRows];
  };
  // By byte column: missing as lowest and as highest bin. Equal pointers when the chunk misses nothing there.
  std::vector<Bytes> low, high;
  std::vector<const uint8_t*> low_column, high_column;
  // By categorical feature: the byte of a 64-byte table that holds a code's bit, and, for each table of 512 codes, that bit,
  // 0 where the code lies in another table, is missing or named by no split.
  std::vector<Bytes> code_byte;
  std::vector<Bytes> code_bit;        // tables one after another
  std::vector<uint32_t> first_table;  // by categorical feature: in code_bit
  std::vector<RowBits> missing;       // by categorical feature
  std::vector<RowBits> right;         // by split of a group: the rows that go right
  std::vector<Floats> sum;            // by output
};

// Fills `out`, row-major, with the margins of rows [begin, begin + rows) of the columns; 0 < rows <= kRows.
using MaskKernel = void (*)(const MaskPlan& plan, std::span<const float> base_margin,
                            std::span<const FeatureColumn> columns, size_t begin, size_t rows, MaskScratch& scratch,
                            float* out);
void mask_chunk_avx512(const MaskPlan& plan, std::span<const float> base_margin, std::span<const FeatureColumn> columns,
                       size_t begin, size_t rows, MaskScratch& scratch, float* out);
void mask_chunk_avx2(const MaskPlan& plan, std::span<const float> base_margin, std::span<const FeatureColumn> columns,
                     size_t begin, size_t rows, MaskScratch& scratch, float* out);

// ---- what both are made of ----

// Byte columns of a feature whose bins do not fit one, from bins as integers; NaN rows have the bin UINT32_MAX.
void split_bins(const MaskPlan::Thresholds& feature, std::span<const uint32_t> bins, MaskScratch& scratch);
// The code columns of all categorical features.
void load_codes(const MaskPlan& plan, std::span<const FeatureColumn> columns, size_t begin, size_t rows,
                MaskScratch& scratch);
void start_sums(std::span<const float> base_margin, MaskScratch& scratch);
void write_sums(const MaskScratch& scratch, size_t outputs, size_t rows, float* out);

// From the rows that go right at each split to the bits of each row's leaf number, the root's first. `splits`: the tree's.
__attribute__((always_inline)) inline void choose_leaves(const RowBits* right, const uint16_t* splits, uint32_t depth,
                                                         RowBits* leaf_bits) {
  typedef uint64_t Vector __attribute__((vector_size(sizeof(RowBits))));
  Vector level[size_t{1} << (MaskPlan::kMaxDepth - 1)];
  Vector chosen[MaskPlan::kMaxDepth] = {};
  if (depth > 0) __builtin_memcpy(&chosen[0], &right[splits[0]], sizeof(RowBits));
  for (uint32_t d = 1; d < depth; ++d) {
    // Of two siblings the one that their parent names, straight from memory; then of their results likewise.
    size_t width = size_t{1} << (d - 1);
    const uint32_t first = (uint32_t{1} << d) - 1;
    const Vector last = chosen[d - 1];
    for (uint32_t i = 0; i < width; ++i) {
      Vector left_child;
      Vector right_child;
      __builtin_memcpy(&left_child, &right[splits[first + 2 * i]], sizeof(RowBits));
      __builtin_memcpy(&right_child, &right[splits[first + 2 * i + 1]], sizeof(RowBits));
      level[i] = (last & right_child) | (~last & left_child);
    }
    for (uint32_t parent = d - 1; parent-- > 0;) {
      width /= 2;
      const Vector by = chosen[parent];
      for (size_t i = 0; i < width; ++i) level[i] = (by & level[2 * i + 1]) | (~by & level[2 * i]);
    }
    chosen[d] = level[0];
  }
  for (uint32_t d = 0; d < depth; ++d) __builtin_memcpy(&leaf_bits[d], &chosen[d], sizeof(RowBits));
}

// A MaskKernel's work around the four functions of `Lanes` that use its instructions; they are inlined with it into a
// function that is compiled for them.
template <class Lanes>
__attribute__((always_inline)) inline void score_chunk(const MaskPlan& plan, std::span<const float> base_margin,
                                                       std::span<const FeatureColumn> columns, size_t begin,
                                                       size_t rows, MaskScratch& scratch, float* out) {
  for (const MaskPlan::Thresholds& feature : plan.numeric_features)
    Lanes::load_numbers(plan, feature, columns[feature.feature].values.subspan(begin, rows), scratch);
  load_codes(plan, columns, begin, rows, scratch);
  start_sums(base_margin, scratch);
  RowBits* right = scratch.right.data();
  RowBits leaf_bits[MaskPlan::kMaxDepth] = {};
  for (const MaskPlan::Group& group : plan.groups) {
    for (uint32_t i = 0; i < group.numerics; ++i) {
      const MaskPlan::Numeric& split = plan.numerics[group.first_numeric + i];
      const uint8_t* bins = split.default_left ? scratch.low_column[split.column] : scratch.high_column[split.column];
      Lanes::decide_numeric(bins, split.rank, right[i]);
    }
    for (uint32_t i = 0; i < group.categoricals; ++i) {
      const MaskPlan::Categorical& split = plan.categoricals[group.first_categorical + i];
      Lanes::decide_categorical(plan, split, scratch, right[group.numerics + i]);
    }
    for (uint32_t i = 0; i < group.trees; ++i) {
      const MaskPlan::MaskTree& tree = plan.trees[group.first_tree + i];
      choose_leaves(right, plan.splits.data() + tree.first_split, tree.depth, leaf_bits);
      Lanes::add_leaves(plan.leaves.data() + tree.first_leaf, tree.depth, leaf_bits, scratch.sum[tree.output].row);
    }
  }
  write_sums(scratch, base_margin.size(), rows, out);
}

}  // namespace sinan::ml

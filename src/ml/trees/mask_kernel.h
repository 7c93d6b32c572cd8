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
  std::vector<RowBits> right;         // by position in the tree: the rows that go right
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

// From the rows that go right at each split to the bits of each row's leaf number, the root's first.
__attribute__((always_inline)) inline void choose_leaves(const RowBits* right, uint32_t depth, RowBits* leaf_bits) {
  typedef uint64_t Vector __attribute__((vector_size(sizeof(RowBits))));
  Vector level[size_t{1} << (MaskPlan::kMaxDepth - 1)];
  Vector chosen[MaskPlan::kMaxDepth] = {};
  for (uint32_t d = 0; d < depth; ++d) {
    const RowBits* nodes = right + ((size_t{1} << d) - 1);
    size_t width = size_t{1} << d;
    for (size_t i = 0; i < width; ++i) __builtin_memcpy(&level[i], &nodes[i], sizeof(RowBits));
    for (uint32_t parent = d; parent-- > 0;) {
      width /= 2;
      const Vector by = chosen[parent];
      for (size_t i = 0; i < width; ++i) level[i] = (by & level[2 * i + 1]) | (~by & level[2 * i]);
    }
    chosen[d] = level[0];
    __builtin_memcpy(&leaf_bits[d], &chosen[d], sizeof(RowBits));
  }
}

}  // namespace sinan::ml

#include "ml/trees/mask_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cmath>

#define SINAN_AVX2 __attribute__((target("avx2,bmi2")))

namespace sinan::ml {
namespace {

// How many thresholds a value reaches. NaN: 0.
inline uint32_t bin_of(float x, const float* thresholds, uint32_t padded) {
  uint32_t at = 0;
  for (uint32_t step = padded / 2; step > 0; step /= 2) at += thresholds[at + step - 1] <= x ? step : 0;
  return at;
}

void load_numbers(const MaskPlan& plan, std::span<const FeatureColumn> columns, size_t begin, size_t rows,
                  MaskScratch& scratch) {
  uint32_t bins[MaskPlan::kRows];
  for (const MaskPlan::Thresholds& feature : plan.numeric_features) {
    const float* values = columns[feature.feature].values.data() + begin;
    const float* thresholds = plan.thresholds.data() + feature.first;
    for (size_t i = 0; i < rows; ++i) {
      const uint32_t bin = std::min(bin_of(values[i], thresholds, feature.padded), feature.count);
      bins[i] = std::isnan(values[i]) ? UINT32_MAX : bin;
    }
    split_bins(feature, std::span(bins, rows), scratch);
  }
}

SINAN_AVX2 inline uint64_t reached(const uint8_t* bins, __m256i rank) {
  const __m256i bin = _mm256_load_si256(reinterpret_cast<const __m256i*>(bins));
  return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(bin, rank), bin)));
}

SINAN_AVX2 inline void decide_numeric(const uint8_t* bins, uint8_t rank, RowBits& right) {
  const __m256i at_least = _mm256_set1_epi8(static_cast<char>(rank));
  for (size_t w = 0; w < MaskPlan::kWords; ++w)
    right.word[w] = reached(bins + w * 64, at_least) | reached(bins + w * 64 + 32, at_least) << 32;
}

void decide_categorical(const MaskPlan& plan, const MaskPlan::Categorical& split, const MaskScratch& scratch,
                        RowBits& right) {
  const uint32_t tables = plan.categorical_features[split.feature].words / 8;
  const uint8_t* byte = scratch.code_byte[split.feature].row;
  const MaskScratch::Bytes* bits = &scratch.code_bit[scratch.first_table[split.feature]];
  const auto* set = reinterpret_cast<const uint8_t*>(plan.set_words.data() + split.set);
  for (size_t w = 0; w < MaskPlan::kWords; ++w) {
    uint64_t found = split.default_left ? 0 : scratch.missing[split.feature].word[w];
    for (uint32_t t = 0; t < tables; ++t) {
      for (size_t i = 0; i < 64; ++i) {
        const bool in = (set[t * 64 + byte[w * 64 + i]] & bits[t].row[w * 64 + i]) != 0;
        found |= static_cast<uint64_t>(in) << i;
      }
    }
    right.word[w] = found;
  }
}

// Adds each row's leaf to its sum.
SINAN_AVX2 inline void add_leaves(const float* leaves, uint32_t depth, const RowBits* leaf_bits, float* sum) {
  const __m256i spread =
      _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i one_bit = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201ull));
  alignas(32) uint8_t number[32];
  for (size_t w = 0; w < 2 * MaskPlan::kWords; ++w) {
    __m256i numbers = _mm256_setzero_si256();
    for (uint32_t d = 0; d < depth; ++d) {
      const __m256i word = _mm256_set1_epi32(static_cast<int>(leaf_bits[d].word[w / 2] >> (w % 2 * 32)));
      const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(word, spread), one_bit), one_bit);
      numbers =
          _mm256_or_si256(numbers, _mm256_and_si256(set, _mm256_set1_epi8(static_cast<char>(1u << (depth - 1 - d)))));
    }
    _mm256_store_si256(reinterpret_cast<__m256i*>(number), numbers);
    for (size_t i = 0; i < 32; ++i) sum[w * 32 + i] += leaves[number[i]];
  }
}

}  // namespace

SINAN_AVX2 void mask_chunk_avx2(const MaskPlan& plan, std::span<const float> base_margin,
                                std::span<const FeatureColumn> columns, size_t begin, size_t rows, MaskScratch& scratch,
                                float* out) {
  load_numbers(plan, columns, begin, rows, scratch);
  load_codes(plan, columns, begin, rows, scratch);
  start_sums(base_margin, scratch);
  RowBits* right = scratch.right.data();
  RowBits leaf_bits[MaskPlan::kMaxDepth] = {};
  for (const MaskPlan::MaskTree& tree : plan.trees) {
    for (uint32_t i = 0; i < tree.numerics; ++i) {
      const MaskPlan::Numeric& split = plan.numerics[tree.first_numeric + i];
      const uint8_t* bins = split.default_left ? scratch.low_column[split.column] : scratch.high_column[split.column];
      decide_numeric(bins, split.rank, right[split.position]);
    }
    for (uint32_t i = 0; i < tree.categoricals; ++i) {
      const MaskPlan::Categorical& split = plan.categoricals[tree.first_categorical + i];
      decide_categorical(plan, split, scratch, right[split.position]);
    }
    choose_leaves(right, tree.depth, leaf_bits);
    add_leaves(plan.leaves.data() + tree.first_leaf, tree.depth, leaf_bits, scratch.sum[tree.output].row);
  }
  write_sums(scratch, base_margin.size(), rows, out);
}

}  // namespace sinan::ml
#endif

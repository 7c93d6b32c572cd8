#include "ml/trees/mask_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cmath>

#define SINAN_AVX2 __attribute__((target("avx2,bmi2")))

namespace sinan::ml {
namespace {

// Values searched for side by side: each search waits for its own steps only.
constexpr size_t kTogether = 16;

// How many thresholds each of kTogether values reaches. NaN: 0.
inline void bins_of(const float* x, const float* thresholds, uint32_t padded, uint32_t* bins) {
  uint32_t at[kTogether] = {};
  for (uint32_t step = padded / 2; step > 0; step /= 2) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kTogether; ++i) at[i] += thresholds[at[i] + step - 1] <= x[i] ? step : 0;
  }
  std::copy(at, at + kTogether, bins);
}

SINAN_AVX2 inline uint64_t reached(const uint8_t* bins, __m256i rank) {
  const __m256i bin = _mm256_load_si256(reinterpret_cast<const __m256i*>(bins));
  return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(bin, rank), bin)));
}

struct Avx2 {
  static void load_numbers(const MaskPlan& plan, const MaskPlan::Thresholds& feature, std::span<const float> values,
                           MaskScratch& scratch) {
    uint32_t bins[MaskPlan::kRows];
    float last[kTogether] = {};
    const float* thresholds = plan.thresholds.data() + feature.first;
    for (size_t i = 0; i < values.size(); i += kTogether) {
      const size_t count = std::min(kTogether, values.size() - i);
      const float* x = values.data() + i;
      if (count < kTogether) x = std::copy(x, x + count, last) - count;
      bins_of(x, thresholds, feature.padded, bins + i);
      for (size_t k = 0; k < count; ++k)
        bins[i + k] = std::isnan(x[k]) ? UINT32_MAX : std::min(bins[i + k], feature.count);
    }
    split_bins(feature, std::span(bins, values.size()), scratch);
  }

  SINAN_AVX2 static void decide_numeric(const uint8_t* bins, uint8_t rank, RowBits& right) {
    const __m256i at_least = _mm256_set1_epi8(static_cast<char>(rank));
    for (size_t w = 0; w < MaskPlan::kWords; ++w)
      right.word[w] = reached(bins + w * 64, at_least) | reached(bins + w * 64 + 32, at_least) << 32;
  }

  static void decide_categorical(const MaskPlan& plan, const MaskPlan::Categorical& split, const MaskScratch& scratch,
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
  SINAN_AVX2 static void add_leaves(const float* leaves, uint32_t depth, const RowBits* leaf_bits, float* sum) {
    const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3,
                                            3, 3, 3, 3, 3, 3, 3);
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
};

}  // namespace

SINAN_AVX2 void mask_chunk_avx2(const MaskPlan& plan, std::span<const float> base_margin,
                                std::span<const FeatureColumn> columns, size_t begin, size_t rows, MaskScratch& scratch,
                                float* out) {
  score_chunk<Avx2>(plan, base_margin, columns, begin, rows, scratch, out);
}

}  // namespace sinan::ml
#endif

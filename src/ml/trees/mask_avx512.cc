#include "ml/trees/mask_kernel.h"

#if defined(__x86_64__)
// gcc 12 takes the deliberately undefined operands inside its own intrinsics for mistakes.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#define SINAN_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi2")))

namespace sinan::ml {
namespace {

// Bins of 16 values: how many thresholds each reaches. Binary search; its first five steps in registers. NaN: 0.
SINAN_AVX512 inline __m512i bins_of(__m512 x, const float* thresholds, uint32_t padded, __m512 top_low,
                                    __m512 top_high) {
  __m512i at = _mm512_setzero_si512();
  const uint32_t stride = padded > 32 ? padded / 32 : 1;
  for (uint32_t step = std::min(padded, 32u) / 2; step > 0; step /= 2) {
    const __m512i probe = _mm512_add_epi32(at, _mm512_set1_epi32(static_cast<int>(step) - 1));
    const __mmask16 reached = _mm512_cmp_ps_mask(_mm512_permutex2var_ps(top_low, probe, top_high), x, _CMP_LE_OQ);
    at = _mm512_mask_add_epi32(at, reached, at, _mm512_set1_epi32(static_cast<int>(step)));
  }
  if (stride == 1) return at;
  at = _mm512_mullo_epi32(at, _mm512_set1_epi32(static_cast<int>(stride)));
  for (uint32_t step = stride / 2; step > 0; step /= 2) {
    const __m512i probe = _mm512_add_epi32(at, _mm512_set1_epi32(static_cast<int>(step) - 1));
    const __mmask16 reached = _mm512_cmp_ps_mask(_mm512_i32gather_ps(probe, thresholds, 4), x, _CMP_LE_OQ);
    at = _mm512_mask_add_epi32(at, reached, at, _mm512_set1_epi32(static_cast<int>(step)));
  }
  return at;
}

struct Avx512 {
  SINAN_AVX512 static void load_numbers(const MaskPlan& plan, const MaskPlan::Thresholds& feature,
                                        std::span<const float> values, MaskScratch& scratch) {
    alignas(64) uint32_t wide[MaskPlan::kRows];
    const size_t rows = values.size();
    const float* thresholds = plan.thresholds.data() + feature.first;
    // Every stride-th threshold: what the first five steps look at.
    alignas(64) float top[32];
    const uint32_t stride = feature.padded > 32 ? feature.padded / 32 : 1;
    for (uint32_t i = 0; i < 32; ++i) top[i] = thresholds[std::min((i + 1) * stride, feature.padded) - 1];
    const __m512 top_low = _mm512_load_ps(top);
    const __m512 top_high = _mm512_load_ps(top + 16);
    const __m512i count = _mm512_set1_epi32(static_cast<int>(feature.count));

    const bool one_column = feature.count <= MaskPlan::kMaxRank;
    uint8_t* low = scratch.low[feature.first_column].row;
    uint8_t* high = scratch.high[feature.first_column].row;
    uint32_t any_missing = 0;
    for (size_t i = 0; i < rows; i += 16) {
      const __mmask16 live = rows - i >= 16 ? 0xffff : static_cast<__mmask16>((1u << (rows - i)) - 1);
      const __m512 x = _mm512_maskz_loadu_ps(live, values.data() + i);
      const __mmask16 missing = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
      const __m512i bin = _mm512_min_epi32(bins_of(x, thresholds, feature.padded, top_low, top_high), count);
      if (!one_column) {
        _mm512_store_si512(wide + i, _mm512_mask_mov_epi32(bin, missing, _mm512_set1_epi32(-1)));
        continue;
      }
      any_missing |= missing;
      _mm_store_si128(reinterpret_cast<__m128i*>(low + i), _mm512_cvtepi32_epi8(bin));
      _mm_store_si128(reinterpret_cast<__m128i*>(high + i),
                      _mm512_cvtepi32_epi8(_mm512_mask_mov_epi32(bin, missing, _mm512_set1_epi32(255))));
    }
    if (one_column) {
      scratch.high_column[feature.first_column] = any_missing != 0 ? high : low;
      scratch.low_column[feature.first_column] = low;
    } else {
      split_bins(feature, std::span(wide, rows), scratch);
    }
  }

  SINAN_AVX512 static void decide_numeric(const uint8_t* bins, uint8_t rank, RowBits& right) {
    const __m512i at_least = _mm512_set1_epi8(static_cast<char>(rank));
#pragma GCC unroll 8
    for (size_t w = 0; w < MaskPlan::kWords; ++w)
      right.word[w] = _mm512_cmpge_epu8_mask(_mm512_load_si512(bins + w * 64), at_least);
  }

  SINAN_AVX512 static void decide_categorical(const MaskPlan& plan, const MaskPlan::Categorical& split,
                                              const MaskScratch& scratch, RowBits& right) {
    const uint32_t tables = plan.categorical_features[split.feature].words / 8;
    const uint8_t* byte = scratch.code_byte[split.feature].row;
    const MaskScratch::Bytes* bits = &scratch.code_bit[scratch.first_table[split.feature]];
    uint64_t found[MaskPlan::kWords] = {};
    for (uint32_t t = 0; t < tables; ++t) {
      const __m512i table = _mm512_loadu_si512(plan.set_words.data() + split.set + t * 8);
      for (size_t w = 0; w < MaskPlan::kWords; ++w) {
        const __m512i at = _mm512_load_si512(byte + w * 64);
        found[w] |= _mm512_test_epi8_mask(_mm512_permutexvar_epi8(at, table), _mm512_load_si512(bits[t].row + w * 64));
      }
    }
    const RowBits& missing = scratch.missing[split.feature];
    for (size_t w = 0; w < MaskPlan::kWords; ++w) right.word[w] = found[w] | (split.default_left ? 0 : missing.word[w]);
  }

  // Adds each row's leaf to its sum.
  SINAN_AVX512 static void add_leaves(const float* leaves, uint32_t depth, const RowBits* leaf_bits, float* sum) {
    // Up to 64 leaves are looked up in registers; of six bits the first chooses between two tables of 32.
    alignas(64) float padded[64];
    const float* table = leaves;
    if (depth < 6) {
      std::memcpy(padded, leaves, sizeof(float) << depth);
      std::fill(padded + (size_t{1} << depth), padded + 64, 0.0f);
      table = padded;
    }
    const __m512 t0 = _mm512_loadu_ps(table);
    const __m512 t1 = _mm512_loadu_ps(table + 16);
    const __m512 t2 = _mm512_loadu_ps(table + 32);
    const __m512 t3 = _mm512_loadu_ps(table + 48);
    const uint32_t first = depth == 6 ? 1 : 0;
    for (size_t w = 0; w < MaskPlan::kWords; ++w) {
      __m512i number = _mm512_setzero_si512();
      for (uint32_t d = first; d < depth; ++d)
        number = _mm512_mask_add_epi8(number, leaf_bits[d].word[w], number,
                                      _mm512_set1_epi8(static_cast<char>(1u << (depth - 1 - d))));
      const uint64_t upper = depth == 6 ? leaf_bits[0].word[w] : 0;
      float* to = sum + w * 64;
#define SINAN_ADD_LANES(part)                                                                                     \
  {                                                                                                               \
    const __m512i index = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(number, (part)));                        \
    __m512 value;                                                                                                 \
    if (depth <= 4) {                                                                                             \
      value = _mm512_permutexvar_ps(index, t0);                                                                   \
    } else if (depth == 5) {                                                                                      \
      value = _mm512_permutex2var_ps(t0, index, t1);                                                              \
    } else if (depth == 6) {                                                                                      \
      value = _mm512_mask_blend_ps(static_cast<__mmask16>(upper >> (16 * (part))),                                \
                                   _mm512_permutex2var_ps(t0, index, t1), _mm512_permutex2var_ps(t2, index, t3)); \
    } else {                                                                                                      \
      value = _mm512_i32gather_ps(index, leaves, 4);                                                              \
    }                                                                                                             \
    _mm512_store_ps(to + 16 * (part), _mm512_add_ps(_mm512_load_ps(to + 16 * (part)), value));                    \
  }
      SINAN_ADD_LANES(0)
      SINAN_ADD_LANES(1)
      SINAN_ADD_LANES(2)
      SINAN_ADD_LANES(3)
#undef SINAN_ADD_LANES
    }
  }
};

}  // namespace

SINAN_AVX512 void mask_chunk_avx512(const MaskPlan& plan, std::span<const float> base_margin,
                                    std::span<const FeatureColumn> columns, size_t begin, size_t rows,
                                    MaskScratch& scratch, float* out) {
  score_chunk<Avx512>(plan, base_margin, columns, begin, rows, scratch, out);
}

}  // namespace sinan::ml
#endif

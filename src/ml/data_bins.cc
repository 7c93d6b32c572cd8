#include "ml/data_bins.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace sinan::ml {

namespace {

constexpr size_t kRadixSortRows = 4096;

// Ascending, without NaN; zeros of both signs in any order. Three passes of eleven bits over numbers that sort as the floats do: a
// sample of hundreds of thousands takes a fifth of the time that comparing takes.
void sort_floats(std::span<float> values) {
  if (values.size() < kRadixSortRows) {
    std::ranges::sort(values);
    return;
  }
  constexpr uint32_t kBits = 11;
  constexpr uint32_t kBuckets = 1U << kBits;
  constexpr uint32_t kSign = 1U << 31;
  std::vector<uint32_t> from(values.size());
  std::vector<uint32_t> to(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(values[i]);
    from[i] = (bits & kSign) != 0 ? ~bits : bits | kSign;
  }
  for (uint32_t shift = 0; shift < 32; shift += kBits) {
    std::array<size_t, kBuckets + 1> begins{};
    for (const uint32_t key : from) ++begins[((key >> shift) & (kBuckets - 1)) + 1];
    for (size_t b = 1; b < kBuckets; ++b) begins[b] += begins[b - 1];
    for (const uint32_t key : from) to[begins[(key >> shift) & (kBuckets - 1)]++] = key;
    from.swap(to);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = std::bit_cast<float>((from[i] & kSign) != 0 ? from[i] & ~kSign : ~from[i]);
  }
}

}  // namespace

std::vector<float> quantile_edges(std::span<float> sample, size_t most_bins) {
  const auto end = std::partition(sample.begin(), sample.end(), [](float v) { return !std::isnan(v); });
  const std::span<float> known(sample.begin(), end);
  sort_floats(known);
  std::vector<float> edges;
  for (const float value : known) {
    if (!edges.empty() && edges.back() == value) continue;
    if (edges.size() == most_bins) {
      edges.clear();
      break;
    }
    edges.push_back(value);
  }
  if (!edges.empty() || known.empty()) return edges;
  for (size_t i = 0; i < most_bins; ++i) {
    const float value = known[i * known.size() / most_bins];
    if (edges.empty() || edges.back() < value) edges.push_back(value);
  }
  return edges;
}

Binner::Binner(std::vector<float> edges) : edges_(std::move(edges)) {
  CHECK(!edges_.empty() && edges_.size() < 65536);
  values_.push_back(std::numeric_limits<float>::quiet_NaN());
  values_.insert(values_.end(), edges_.begin(), edges_.end());
  if (!is_narrow()) return;
  Table& table = table_.emplace_back();
  std::ranges::fill(table.edges, std::numeric_limits<float>::quiet_NaN());
  std::ranges::copy(edges_, table.edges);
  table.edges[0] = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < 16; ++i) table.pivots[i] = table.edges[i * 16];
}

void Binner::encode(std::span<const float> values, std::span<uint16_t> codes) const {
  CHECK(values.size() == codes.size());
  const float* const begin = edges_.data();
  for (size_t i = 0; i < values.size(); ++i) {
    const float value = values[i];
    // The first edge counts as -inf: the search begins behind it.
    const float* low = begin + 1;
    size_t left = edges_.size() - 1;
    while (left > 0) {
      const size_t half = left / 2;
      const bool right = low[half] <= value;
      low = right ? low + half + 1 : low;
      left = right ? left - half - 1 : half;
    }
    codes[i] = std::isnan(value) ? uint16_t{0} : static_cast<uint16_t>(low - begin);
  }
}

namespace {

void encode_scalar(const float* edges, std::span<const float> values, uint8_t* codes) {
  for (size_t i = 0; i < values.size(); ++i) {
    const float value = values[i];
    uint32_t at = 0;
    for (uint32_t step = 128; step > 0; step /= 2) at += edges[at + step] <= value ? step : 0;
    codes[i] = std::isnan(value) ? uint8_t{0} : static_cast<uint8_t>(at + 1);
  }
}

// Two steps: how many pivots are not above the value, then how many edges of that pivot's sixteen. A comparison with the
// NaN that pads the tables, or of a value that is NaN, counts nothing. (The same with AVX-512 is three times slower here: its
// comparisons answer in mask registers, and moving those out costs more than the wider loads save.)
__attribute__((target("avx2,popcnt"))) void encode_avx2(const float* edges, const float* pivots,
                                                        std::span<const float> values, uint8_t* codes) {
  const __m256 top_low = _mm256_load_ps(pivots);
  const __m256 top_high = _mm256_load_ps(pivots + 8);
  for (size_t i = 0; i < values.size(); ++i) {
    const __m256 value = _mm256_set1_ps(values[i]);
    const auto count = [&](__m256 low, __m256 high) __attribute__((target("avx2,popcnt"))) {
      const int a = _mm256_movemask_ps(_mm256_cmp_ps(low, value, _CMP_LE_OQ));
      const int b = _mm256_movemask_ps(_mm256_cmp_ps(high, value, _CMP_LE_OQ));
      return static_cast<uint32_t>(std::popcount(static_cast<uint32_t>(a | b << 8)));
    };
    const uint32_t groups = count(top_low, top_high);
    const uint32_t group = groups - (groups != 0 ? 1 : 0);
    const float* const sixteen = edges + group * 16;
    codes[i] = static_cast<uint8_t>(group * 16 + count(_mm256_load_ps(sixteen), _mm256_load_ps(sixteen + 8)));
  }
}

}  // namespace

std::vector<Binner::Way> Binner::ways() {
  std::vector<Way> ways{Way::kScalar};
  if (__builtin_cpu_supports("avx2")) ways.push_back(Way::kAvx2);
  return ways;
}

void Binner::encode(std::span<const float> values, std::span<uint8_t> codes) const {
  static const Way best = ways().back();
  encode(values, codes, best);
}

void Binner::encode(std::span<const float> values, std::span<uint8_t> codes, Way way) const {
  CHECK(is_narrow() && values.size() == codes.size());
  const Table& table = table_.front();
  switch (way) {
    case Way::kScalar:
      encode_scalar(table.edges, values, codes.data());
      break;
    case Way::kAvx2:
      encode_avx2(table.edges, table.pivots, values, codes.data());
      break;
  }
}

}  // namespace sinan::ml

// Bins: big numeric columns are kept as bin numbers (a byte or two a value) instead of floats. Edges are quantiles of a
// sample; a value stands for the largest edge that is not above it, so a split `x < edge` sorts the original values and the
// binned ones alike.
//
// Code 0 is missing, code k the bin that begins at edge k - 1; the first bin has no lower end. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sinan::ml {

// At most `most_bins` edges, strictly ascending, each a value of the sample (which is sorted in place); all its distinct
// values when they are few enough. NaN is ignored; empty when there is nothing else.
std::vector<float> quantile_edges(std::span<float> sample, size_t most_bins);

class Binner {
 public:
  // 1 to 65535 edges, strictly ascending.
  explicit Binner(std::vector<float> edges);

  std::span<const float> edges() const { return edges_; }
  bool is_narrow() const { return edges_.size() <= kNarrowBins; }
  // Vectorised where the machine can (AVX2); all ways give the same codes. Narrow binners only.
  void encode(std::span<const float> values, std::span<uint8_t> codes) const;
  void encode(std::span<const float> values, std::span<uint16_t> codes) const;
  // The value of each code: NaN, then the edges.
  std::span<const float> values() const { return values_; }

  // With a code for missing they fit a byte.
  static constexpr size_t kNarrowBins = 255;
  // For tests: the ways to encode that this machine has.
  enum class Way : uint8_t { kScalar, kAvx2 };
  static std::vector<Way> ways();
  void encode(std::span<const float> values, std::span<uint8_t> codes, Way way) const;

 private:
  std::vector<float> edges_;
  std::vector<float> values_;
  // Narrow: 256 edges, the first -inf and the rest padded with NaN, and every 16th of them.
  struct alignas(64) Table {
    float edges[256];
    float pivots[16];
  };
  std::vector<Table> table_;  // one, or none
};

}  // namespace sinan::ml

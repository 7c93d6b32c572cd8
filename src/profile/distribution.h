// Distribution: how one column's values lie, as little data: points of equal weight for what has an order, the shares of the
// most frequent texts for what has none. Two of them can be compared (drift.h); a model keeps those of its training rows.
//
// Values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "profile/sample.h"

namespace sinan::profile {

// Shares of further texts are summed up.
inline constexpr size_t kMostTexts = 100;
// Enough that a quantile is within 0.2 % of the rows.
inline constexpr size_t kKeptPoints = 257;
// Of a text, in bytes.
inline constexpr size_t kLongestKeptText = 200;

struct Distribution {
  ValueKind kind = ValueKind::kOther;
  uint64_t rows = 0;           // that it was made of
  double missing = 0;          // their share
  std::vector<double> points;  // ascending; of kNumber, kBoolean, kMoment; each stands for the same share of the values
  std::vector<std::pair<std::string, double>>
      texts;          // of kText: share of the values that are not missing, the largest first
  double others = 0;  // share of all other texts

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

Distribution distribution_of(const SampledColumn& column);
// With `most_points` points at most (257: the quantiles 0, 1/256, .. 1; two or more), and texts that are short: longer ones
// are summed up with the others.
Distribution thinned(const Distribution& distribution, size_t most_points = kKeptPoints);

// The value below which `share` (0..1) of the values lie, interpolated between points. NaN when there are none.
double quantile(const std::vector<double>& points, double share);
// The share of the points below a value, or below and at it.
double share_below(const std::vector<double>& points, double value);
double share_up_to(const std::vector<double>& points, double value);

Json to_json(const Distribution& distribution);
// Errors (kData): malformed, not ascending, shares that are none.
Result<Distribution> distribution_from_json(const Json& json);

}  // namespace sinan::profile

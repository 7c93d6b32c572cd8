// Percentile bootstrap (Efron 1979): how far a metric would move on other rows like these. Rows are drawn again with
// replacement, as many as there are, and the metric is taken of each such sample; the interval holds the middle of what
// comes out. All metrics see the same samples.
//
//     const auto intervals = TRY(bootstrap(scored, measures, {.samples = 200, .seed = context.seed()}, cancel));
//
// The same seed and rows give the same intervals on any number of threads. Time: samples x (rows + the metrics' own);
// memory: one copy of the scores a thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "ml/metrics.h"

namespace sinan::ml {

using Measure = double (*)(const Scored&);  // NaN = undefined on these rows

struct BootstrapOptions {
  size_t samples = 200;
  double confidence = 0.95;  // in (0, 1): the share of samples inside the interval
  uint64_t seed = 0;
  uint32_t threads = 1;
};

// Both NaN when the measure is undefined on every sample; samples where it is undefined are left out.
struct Interval {
  double low = 0;
  double high = 0;
};

// One interval a measure. Errors: kCancelled.
Result<std::vector<Interval>> bootstrap(const Scored& scored, std::span<const Measure> measures,
                                        const BootstrapOptions& options, const CancelToken& cancel);

// The value below which `share` of the values lie, between two of them by linear interpolation (NumPy's default; type 7 of
// Hyndman and Fan 1996). `sorted` ascends; NaN when it is empty.
double quantile(std::span<const double> sorted, double share);

}  // namespace sinan::ml

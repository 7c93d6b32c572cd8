#include "ml/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "ml/data_workers.h"

namespace sinan::ml {
namespace {

Interval interval_of(std::vector<double>& values, double confidence) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  std::sort(values.begin(), values.end());
  return {quantile(values, (1 - confidence) / 2), quantile(values, (1 + confidence) / 2)};
}

}  // namespace

double quantile(std::span<const double> sorted, double share) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return std::lerp(sorted[below], sorted[below + 1], place - static_cast<double>(below));
}

Result<std::vector<Interval>> bootstrap(const Scored& scored, std::span<const Measure> measures,
                                        const BootstrapOptions& options, const CancelToken& cancel) {
  // Each sample has a stream of random numbers of its own, so that it does not matter who draws it.
  std::vector<Random> streams;
  streams.reserve(options.samples);
  Random random(options.seed);
  for (size_t s = 0; s < options.samples; ++s) streams.push_back(random.fork());

  std::vector<std::vector<double>> values(measures.size(), std::vector<double>(options.samples));
  Workers workers(static_cast<uint32_t>(std::clamp<size_t>(options.samples, 1, std::max(1u, options.threads))));
  const size_t shares = workers.threads();
  workers.run(shares, [&](size_t share) {
    Scored sample;  // its memory serves all samples of this share
    std::vector<size_t> rows(scored.rows());
    for (size_t s = share; s < options.samples && !cancel.cancelled(); s += shares) {
      for (size_t& row : rows) row = streams[s].below(scored.rows());
      take_rows(scored, rows, sample);
      for (size_t m = 0; m < measures.size(); ++m) values[m][s] = measures[m](sample);
    }
  });
  TRY(cancel.check());
  std::vector<Interval> out;
  for (std::vector<double>& one : values) out.push_back(interval_of(one, options.confidence));
  return out;
}

}  // namespace sinan::ml

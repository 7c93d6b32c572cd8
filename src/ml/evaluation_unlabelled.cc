#include "ml/evaluation_unlabelled.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/reservoir.h"
#include "base/strings.h"

namespace sinan::ml {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kSampleRows = 100'000;
constexpr size_t kSilhouetteRows = 4'000;  // its time grows with their square

enum Index : size_t { kInertia, kSilhouette, kCalinski, kDavies, kOutliers, kMeanScore };
constexpr UnlabelledMetric kMetrics[] = {
    {"inertia", Task::kClustering, "sum of squared distances to the centres"},
    {"silhouette_score", Task::kClustering, "how much nearer the own cluster is than the next, -1 to 1"},
    {"calinski_harabasz_score", Task::kClustering, "spread between clusters over spread within"},
    {"davies_bouldin_score", Task::kClustering, "mean overlap with the most similar cluster; less is better"},
    {"outlier_share", Task::kAnomaly, "share of the rows that are unusual"},
    {"mean_score", Task::kAnomaly, "mean of the rows' scores"},
};

// Points of a sample, with their clusters.
struct Sample {
  size_t width = 0;
  std::vector<float> points;
  std::vector<int32_t> cluster;
  size_t rows() const { return cluster.size(); }
  const float* at(size_t row) const { return points.data() + row * width; }
};

double distance(const float* a, const double* b, size_t width) {
  double sum = 0;
  for (size_t j = 0; j < width; ++j) {
    const double off = static_cast<double>(a[j]) - b[j];
    sum += off * off;
  }
  return std::sqrt(sum);
}

double distance(const float* a, const float* b, size_t width) {
  float sum = 0;
  for (size_t j = 0; j < width; ++j) sum += (a[j] - b[j]) * (a[j] - b[j]);
  return std::sqrt(static_cast<double>(sum));
}

// Means of the clusters that have rows in the sample.
struct Centres {
  std::vector<std::vector<double>> mean;  // empty = no rows
  std::vector<double> rows;
  size_t used = 0;
};

Centres centres_of(const Sample& sample, size_t clusters) {
  Centres out;
  out.mean.resize(clusters);
  out.rows.resize(clusters);
  for (size_t i = 0; i < sample.rows(); ++i) {
    const auto c = static_cast<size_t>(sample.cluster[i]);
    out.mean[c].resize(sample.width);
    for (size_t j = 0; j < sample.width; ++j) out.mean[c][j] += static_cast<double>(sample.at(i)[j]);
    out.rows[c] += 1;
  }
  for (size_t c = 0; c < clusters; ++c) {
    for (double& value : out.mean[c]) value /= out.rows[c];
    out.used += out.rows[c] > 0 ? 1 : 0;
  }
  return out;
}

double calinski_harabasz(const Sample& sample, const Centres& centres) {
  std::vector<double> all(sample.width);
  const auto rows = static_cast<double>(sample.rows());
  for (size_t c = 0; c < centres.mean.size(); ++c)
    for (size_t j = 0; j < centres.mean[c].size(); ++j) all[j] += centres.mean[c][j] * centres.rows[c] / rows;
  double between = 0;
  for (size_t c = 0; c < centres.mean.size(); ++c)
    for (size_t j = 0; j < centres.mean[c].size(); ++j)
      between += centres.rows[c] * (centres.mean[c][j] - all[j]) * (centres.mean[c][j] - all[j]);
  double within = 0;
  for (size_t i = 0; i < sample.rows(); ++i) {
    const double d = distance(sample.at(i), centres.mean[static_cast<size_t>(sample.cluster[i])].data(), sample.width);
    within += d * d;
  }
  const auto used = static_cast<double>(centres.used);
  if (centres.used < 2 || sample.rows() <= centres.used || within == 0) return kUndefined;
  return between * (rows - used) / (within * (used - 1));
}

double davies_bouldin(const Sample& sample, const Centres& centres) {
  if (centres.used < 2) return kUndefined;
  const size_t clusters = centres.mean.size();
  std::vector<double> spread(clusters);
  for (size_t i = 0; i < sample.rows(); ++i) {
    const auto c = static_cast<size_t>(sample.cluster[i]);
    spread[c] += distance(sample.at(i), centres.mean[c].data(), sample.width) / centres.rows[c];
  }
  double sum = 0;
  for (size_t a = 0; a < clusters; ++a) {
    if (centres.rows[a] == 0) continue;
    double worst = 0;
    for (size_t b = 0; b < clusters; ++b) {
      if (b == a || centres.rows[b] == 0) continue;
      double apart = 0;
      for (size_t j = 0; j < sample.width; ++j)
        apart += (centres.mean[a][j] - centres.mean[b][j]) * (centres.mean[a][j] - centres.mean[b][j]);
      if (apart > 0) worst = std::max(worst, (spread[a] + spread[b]) / std::sqrt(apart));
    }
    sum += worst;
  }
  return sum / static_cast<double>(centres.used);
}

// Of the first rows of the sample, which are as random as all of it.
Result<double> silhouette(const Sample& sample, size_t clusters, const CancelToken& cancel) {
  const size_t rows = std::min(sample.rows(), kSilhouetteRows);
  std::vector<double> counts(clusters);
  for (size_t i = 0; i < rows; ++i) counts[static_cast<size_t>(sample.cluster[i])] += 1;
  if (std::ranges::count_if(counts, [](double n) { return n > 0; }) < 2) return kUndefined;
  double sum = 0;
  std::vector<double> sums(clusters);
  for (size_t i = 0; i < rows; ++i) {
    if (i % 64 == 0) TRY(cancel.check());
    std::ranges::fill(sums, 0.0);
    for (size_t other = 0; other < rows; ++other)
      if (other != i)
        sums[static_cast<size_t>(sample.cluster[other])] += distance(sample.at(i), sample.at(other), sample.width);
    const auto own = static_cast<size_t>(sample.cluster[i]);
    if (counts[own] <= 1) continue;  // alone: 0
    const double a = sums[own] / (counts[own] - 1);
    double b = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < clusters; ++c)
      if (c != own && counts[c] > 0) b = std::min(b, sums[c] / counts[c]);
    if (std::max(a, b) > 0) sum += (b - a) / std::max(a, b);
  }
  return sum / static_cast<double>(rows);
}

}  // namespace

std::span<const UnlabelledMetric> unlabelled_metrics() { return kMetrics; }

Result<const UnlabelledMetric*> find_unlabelled_metric(std::string_view name, Task task) {
  std::vector<std::string> known;
  for (const UnlabelledMetric& metric : kMetrics) {
    if (metric.task != task) continue;
    if (equals_ignore_case(metric.name, name)) return &metric;
    known.emplace_back(metric.name);
  }
  const std::string near = did_you_mean(name, known);
  return fail(Code::kArgument, fmt::format("unknown metric of {} models: \"{}\"", to_string(task), name),
              near.empty() ? fmt::format("there are {}", join(known, ", ")) : near);
}

Result<UnlabelledScores> score_unlabelled(const Model& model, const FeaturePlan::Binding& binding,
                                          arrow::BatchStream& rows, uint64_t seed, const CancelToken& cancel) {
  const Predictor& predictor = model.predictor();
  const bool clusters = model.package().task == Task::kClustering;
  FeatureEncoder encoder(model.package().plan, binding);
  UnlabelledScores out;
  out.values.assign(std::size(kMetrics), kUndefined);
  Sample sample;
  sample.width = predictor.dimensions();
  Reservoir reservoir(kSampleRows, seed);
  std::vector<float> predicted, margin, points;
  double squares = 0;
  double scores = 0;
  double below = 0;
  uint64_t outliers = 0;
  while (true) {
    TRY(cancel.check());
    const std::optional<arrow::Batch> batch = TRY(rows.next());
    if (!batch) break;
    const MatrixBlock block = TRY(encoder.encode(*batch));
    predicted.resize(block.rows);
    margin.resize(block.rows);
    TRY(predictor.predict(block, Output::kPrediction, predicted));
    TRY(predictor.predict(block, Output::kMargin, margin));
    out.rows += block.rows;
    for (size_t i = 0; i < block.rows; ++i) {
      const auto value = static_cast<double>(margin[i]);
      if (!clusters) {
        scores += value;
        below += std::max(-value, 0.0);
        outliers += predicted[i] < 0 ? 1 : 0;
        continue;
      }
      squares += value * value;
      const auto c = static_cast<size_t>(predicted[i]);
      if (c >= out.sizes.size()) out.sizes.resize(c + 1);
      ++out.sizes[c];
    }
    if (!clusters || !reservoir.wants(block.rows)) continue;
    points.resize(block.rows * sample.width);
    TRY(predictor.place(block, points));
    reservoir.offer(block.rows, [&](size_t row, size_t slot) {
      if (slot >= sample.rows()) {
        sample.cluster.resize(slot + 1);
        sample.points.resize((slot + 1) * sample.width);
      }
      sample.cluster[slot] = static_cast<int32_t>(predicted[row]);
      std::copy_n(points.data() + row * sample.width, sample.width, sample.points.data() + slot * sample.width);
    });
  }
  if (out.rows == 0) return fail(Code::kData, "there are no rows to evaluate", "check the query's WHERE clause");
  const auto count = static_cast<double>(out.rows);
  if (!clusters) {
    out.loss = below / count;
    out.values[kOutliers] = static_cast<double>(outliers) / count;
    out.values[kMeanScore] = scores / count;
    return out;
  }
  out.sampled = sample.rows();
  out.loss = squares / count;
  const Centres centres = centres_of(sample, out.sizes.size());
  out.values[kInertia] = squares;
  out.values[kSilhouette] = TRY(silhouette(sample, out.sizes.size(), cancel));
  out.values[kCalinski] = calinski_harabasz(sample, centres);
  out.values[kDavies] = davies_bouldin(sample, centres);
  return out;
}

}  // namespace sinan::ml

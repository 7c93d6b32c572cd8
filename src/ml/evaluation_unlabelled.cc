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

namespace {

class UnlabelledScorer {
 public:
  UnlabelledScorer(const Model& model, uint64_t seed)
      : predictor_(model.predictor()),
        clusters_(model.package().task == Task::kClustering),
        reservoir_(kSampleRows, seed) {
    out_.values.assign(std::size(kMetrics), kUndefined);
    sample_.width = predictor_.dimensions();
  }

  Status add(const MatrixBlock& block) {
    predicted_.resize(block.rows);
    margin_.resize(block.rows);
    TRY(predictor_.predict(block, Output::kPrediction, predicted_));
    TRY(predictor_.predict(block, Output::kMargin, margin_));
    out_.rows += block.rows;
    for (size_t i = 0; i < block.rows; ++i) add_row(predicted_[i], static_cast<double>(margin_[i]));
    if (!clusters_ || !reservoir_.wants(block.rows)) return {};
    points_.resize(block.rows * sample_.width);
    TRY(predictor_.place(block, points_));
    reservoir_.offer(block.rows, [&](size_t row, size_t slot) {
      if (slot >= sample_.rows()) {
        sample_.cluster.resize(slot + 1);
        sample_.points.resize((slot + 1) * sample_.width);
      }
      sample_.cluster[slot] = static_cast<int32_t>(predicted_[row]);
      std::copy_n(points_.data() + row * sample_.width, sample_.width, sample_.points.data() + slot * sample_.width);
    });
    return {};
  }

  Result<UnlabelledScores> finish(const CancelToken& cancel) {
    if (out_.rows == 0) return fail(Code::kData, "there are no rows to evaluate", "check the query's WHERE clause");
    const auto count = static_cast<double>(out_.rows);
    if (!clusters_) {
      out_.loss = below_ / count;
      out_.values[kOutliers] = static_cast<double>(outliers_) / count;
      out_.values[kMeanScore] = scores_ / count;
      return std::move(out_);
    }
    out_.sampled = sample_.rows();
    out_.loss = squares_ / count;
    const Centres centres = centres_of(sample_, out_.sizes.size());
    out_.values[kInertia] = squares_;
    out_.values[kSilhouette] = TRY(silhouette(sample_, out_.sizes.size(), cancel));
    out_.values[kCalinski] = calinski_harabasz(sample_, centres);
    out_.values[kDavies] = davies_bouldin(sample_, centres);
    return std::move(out_);
  }

 private:
  void add_row(float predicted, double margin) {
    if (!clusters_) {
      scores_ += margin;
      below_ += std::max(-margin, 0.0);
      outliers_ += predicted < 0 ? 1 : 0;
      return;
    }
    squares_ += margin * margin;
    const auto c = static_cast<size_t>(predicted);
    if (c >= out_.sizes.size()) out_.sizes.resize(c + 1);
    ++out_.sizes[c];
  }

  const Predictor& predictor_;
  const bool clusters_;
  Reservoir reservoir_;
  UnlabelledScores out_;
  Sample sample_;
  std::vector<float> predicted_, margin_, points_;
  double squares_ = 0;
  double scores_ = 0;
  double below_ = 0;
  uint64_t outliers_ = 0;
};

}  // namespace

Result<UnlabelledScores> score_unlabelled(const Model& model, const FeaturePlan::Binding& binding,
                                          arrow::BatchStream& rows, uint64_t seed, const CancelToken& cancel) {
  FeatureEncoder encoder(model.package().plan, binding);
  UnlabelledScorer scorer(model, seed);
  while (const auto batch = TRY(rows.next())) {
    TRY(cancel.check());
    TRY(scorer.add(TRY(encoder.encode(*batch))));
  }
  return scorer.finish(cancel);
}

Result<UnlabelledScores> score_unlabelled(const Model& model, MatrixSource& rows, uint64_t seed,
                                          const CancelToken& cancel) {
  UnlabelledScorer scorer(model, seed);
  TRY(rows.rewind());
  while (const auto block = TRY(rows.next())) TRY(scorer.add(*block));
  return scorer.finish(cancel);
}

}  // namespace sinan::ml

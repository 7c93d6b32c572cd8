#include "ml/metric_tables.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace sinan::ml {
namespace {

constexpr size_t kKeyBits = 33;
constexpr size_t kDigitBits = 11;
constexpr size_t kFewKeys = 4096;  // below, comparing is as quick

// Sorts keys of kKeyBits bits: by counting, a digit at a time from the lowest, when there are many.
void sort_keys(std::vector<uint64_t>& keys) {
  if (keys.size() < kFewKeys) {
    std::sort(keys.begin(), keys.end());
    return;
  }
  std::vector<uint64_t> sorted(keys.size());
  std::array<size_t, size_t{1} << kDigitBits> begins{};
  for (size_t shift = 0; shift < kKeyBits; shift += kDigitBits) {
    const auto digit = [&](uint64_t key) { return (key >> shift) & (begins.size() - 1); };
    begins.fill(0);
    for (const uint64_t key : keys) ++begins[digit(key)];
    std::exclusive_scan(begins.begin(), begins.end(), begins.begin(), size_t{0});
    for (const uint64_t key : keys) sorted[begins[digit(key)]++] = key;
    keys.swap(sorted);
  }
}

// A row's score and whether it is of the class; -0 counts as 0. One integer, so that sorting is cheap: the score's bits,
// flipped so that unsigned order is descending order, above the label bit.
uint64_t score_key(const Scored& scored, size_t which, size_t row) {
  const auto bits = std::bit_cast<uint32_t>(scored.probability_of(row, which) + 0.0f);
  const uint32_t ascending = (bits & 0x8000'0000u) != 0 ? ~bits : bits | 0x8000'0000u;
  return (uint64_t{~ascending} << 1) | (scored.actual[row] == static_cast<int32_t>(which) ? 1 : 0);
}

std::vector<uint64_t> sorted_scores(const Scored& scored, size_t which) {
  std::vector<uint64_t> keys(scored.rows());
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = score_key(scored, which, i);
  sort_keys(keys);
  return keys;
}

double score_of(uint64_t key) {
  const auto ascending = ~static_cast<uint32_t>(key >> 1);
  const uint32_t bits = (ascending & 0x8000'0000u) != 0 ? ascending & 0x7fff'ffffu : ~ascending;
  return static_cast<double>(std::bit_cast<float>(bits));
}

// Calls visit(score, rows of the class so far, others so far) after each group of equal scores, from the highest.
template <class Visit>
void for_each_score(const std::vector<uint64_t>& keys, Visit visit) {
  int64_t positives = 0;
  int64_t negatives = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    ((keys[i] & 1) != 0 ? positives : negatives) += 1;
    if (i + 1 == keys.size() || (keys[i + 1] >> 1) != (keys[i] >> 1)) visit(score_of(keys[i]), positives, negatives);
  }
}

// The same with what the rows weigh.
template <class Visit>
void for_each_threshold(const Scored& scored, size_t which, Visit visit) {
  if (scored.weight.empty()) {
    for_each_score(sorted_scores(scored, which), [&](double score, int64_t positives, int64_t negatives) {
      visit(score, static_cast<double>(positives), static_cast<double>(negatives));
    });
    return;
  }
  std::vector<std::pair<uint64_t, double>> keys;
  for (size_t i = 0; i < scored.rows(); ++i) {
    // A row without weight is no threshold either.
    if (scored.weight[i] > 0) keys.emplace_back(score_key(scored, which, i), scored.weight[i]);
  }
  std::ranges::sort(keys);
  double positives = 0;
  double negatives = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    ((keys[i].first & 1) != 0 ? positives : negatives) += keys[i].second;
    if (i + 1 == keys.size() || (keys[i + 1].first >> 1) != (keys[i].first >> 1))
      visit(score_of(keys[i].first), positives, negatives);
  }
}

// What the rows of the class weigh, and the others.
struct Weights {
  double positives = 0;
  double negatives = 0;
};
Weights weights_of(const Scored& scored, size_t which) {
  Weights out;
  for (size_t i = 0; i < scored.rows(); ++i)
    (scored.actual[i] == static_cast<int32_t>(which) ? out.positives : out.negatives) += scored.weight_of(i);
  return out;
}

int64_t count_positives(const std::vector<uint64_t>& keys) {
  return std::count_if(keys.begin(), keys.end(), [](uint64_t key) { return (key & 1) != 0; });
}

double share(double part, double whole) { return whole == 0 ? 0.0 : part / whole; }
double share(int64_t part, int64_t whole) { return share(static_cast<double>(part), static_cast<double>(whole)); }

}  // namespace

int64_t Confusion::actual(size_t which) const {
  return std::accumulate(counts.begin() + static_cast<ptrdiff_t>(which * classes),
                         counts.begin() + static_cast<ptrdiff_t>((which + 1) * classes), int64_t{0});
}

int64_t Confusion::predicted(size_t which) const {
  int64_t sum = 0;
  for (size_t k = 0; k < classes; ++k) sum += at(k, which);
  return sum;
}

double Confusion::actual_weight(size_t which) const {
  double sum = 0;
  for (size_t k = 0; k < classes; ++k) sum += weight(which, k);
  return sum;
}

double Confusion::predicted_weight(size_t which) const {
  double sum = 0;
  for (size_t k = 0; k < classes; ++k) sum += weight(k, which);
  return sum;
}

Confusion confusion(const Scored& scored) {
  const size_t cells = scored.classes * scored.classes;
  Confusion out{
      .classes = scored.classes, .counts = std::vector<int64_t>(cells), .weights = std::vector<double>(cells)};
  for (size_t i = 0; i < scored.rows(); ++i) {
    const size_t cell =
        static_cast<size_t>(scored.actual[i]) * out.classes + static_cast<size_t>(scored.predicted_class(i));
    ++out.counts[cell];
    out.weights[cell] += scored.weight_of(i);
  }
  return out;
}

std::vector<ClassScores> per_class(const Confusion& confusion) {
  std::vector<ClassScores> out(confusion.classes);
  for (size_t k = 0; k < out.size(); ++k) {
    const double hits = confusion.weight(k, k);
    const double actual = confusion.actual_weight(k);
    out[k].support = confusion.actual(k);
    out[k].precision = share(hits, confusion.predicted_weight(k));
    out[k].recall = share(hits, actual);
    out[k].f1 = share(2 * hits, confusion.predicted_weight(k) + actual);
  }
  return out;
}

Curve roc_curve(const Scored& scored, size_t which) {
  const Weights all = weights_of(scored, which);
  Curve out{{std::numeric_limits<double>::infinity()}, {0}, {0}};
  for_each_threshold(scored, which, [&](double score, double positives, double negatives) {
    out.threshold.push_back(score);
    out.x.push_back(share(negatives, all.negatives));
    out.y.push_back(share(positives, all.positives));
  });
  return out;
}

Curve pr_curve(const Scored& scored, size_t which) {
  const Weights all = weights_of(scored, which);
  Curve out;
  for_each_threshold(scored, which, [&](double score, double positives, double negatives) {
    out.threshold.push_back(score);
    out.x.push_back(share(positives, all.positives));
    out.y.push_back(share(positives, positives + negatives));
  });
  return out;
}

Curve thin(const Curve& curve, size_t points) {
  const size_t size = curve.x.size();
  if (size <= points || points < 2) return curve;
  Curve out;
  for (size_t i = 0; i < points; ++i) {
    const size_t at = i * (size - 1) / (points - 1);
    out.threshold.push_back(curve.threshold[at]);
    out.x.push_back(curve.x[at]);
    out.y.push_back(curve.y[at]);
  }
  return out;
}

double roc_auc(const Scored& scored, size_t which) {
  const Weights all = weights_of(scored, which);
  if (all.positives == 0 || all.negatives == 0) return std::numeric_limits<double>::quiet_NaN();
  double area = 0;
  double last_positives = 0;
  double last_negatives = 0;
  for_each_threshold(scored, which, [&](double, double positives, double negatives) {
    area += (negatives - last_negatives) * (positives + last_positives) / 2;
    last_positives = positives;
    last_negatives = negatives;
  });
  return area / (all.positives * all.negatives);
}

double average_precision(const Scored& scored, size_t which) {
  const double all = weights_of(scored, which).positives;
  if (all == 0) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  double last = 0;
  for_each_threshold(scored, which, [&](double, double positives, double negatives) {
    sum += (positives - last) * share(positives, positives + negatives);
    last = positives;
  });
  return sum / all;
}

std::vector<CalibrationBin> calibration(const Scored& scored, size_t which, size_t bins) {
  std::vector<CalibrationBin> all(bins);
  std::vector<double> weights(bins);
  for (size_t i = 0; i < scored.rows(); ++i) {
    const auto p = static_cast<double>(scored.probability_of(i, which));
    const double place = std::ceil(std::clamp(p, 0.0, 1.0) * static_cast<double>(bins));
    const size_t at = place < 1 ? 0 : static_cast<size_t>(place) - 1;
    const double weight = scored.weight_of(i);
    all[at].predicted += weight * p;
    all[at].observed += scored.actual[i] == static_cast<int32_t>(which) ? weight : 0;
    weights[at] += weight;
    ++all[at].rows;
  }
  std::vector<CalibrationBin> out;
  for (size_t b = 0; b < bins; ++b) {
    if (weights[b] == 0) continue;
    out.push_back({b, all[b].predicted / weights[b], all[b].observed / weights[b], all[b].rows});
  }
  return out;
}

std::vector<LiftBin> lift(const Scored& scored, size_t which, size_t bins) {
  const std::vector<uint64_t> keys = sorted_scores(scored, which);
  bins = std::min(bins, keys.size());
  const auto end_of = [&](size_t bin) { return static_cast<int64_t>(keys.size() * (bin + 1) / bins); };
  const auto all = static_cast<double>(count_positives(keys));
  const double rate = all / static_cast<double>(keys.size());
  std::vector<LiftBin> out;
  double captured = 0;         // rows of the class above the bin
  int64_t seen = 0;            // rows above the group of equal scores,
  int64_t seen_positives = 0;  // and those of the class
  for_each_score(keys, [&](double score, int64_t positives, int64_t negatives) {
    const int64_t end = positives + negatives;
    const double mean = share(positives - seen_positives, end - seen);
    while (out.size() < bins && end_of(out.size()) <= end) {
      const int64_t cut = end_of(out.size());
      const double above = static_cast<double>(seen_positives) + mean * static_cast<double>(cut - seen);
      const int64_t rows = cut - (out.empty() ? 0 : end_of(out.size() - 1));
      const double observed = (above - captured) / static_cast<double>(rows);
      out.push_back({out.size() + 1, score, observed, observed / rate, above / all, rows});
      captured = above;
    }
    seen = end;
    seen_positives = positives;
  });
  return out;
}

}  // namespace sinan::ml

#include "ml/metric_tables.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

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

// Scores sorted descending with whether each row is of the class; -0 counts as 0. One integer a row, so that sorting is
// cheap: the score's bits, flipped so that unsigned order is descending order, above the label bit.
std::vector<uint64_t> sorted_scores(const Scored& scored, size_t which) {
  std::vector<uint64_t> keys(scored.rows());
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(scored.probability_of(i, which) + 0.0f);
    const uint32_t ascending = (bits & 0x8000'0000u) != 0 ? ~bits : bits | 0x8000'0000u;
    keys[i] = (uint64_t{~ascending} << 1) | (scored.actual[i] == static_cast<int32_t>(which) ? 1 : 0);
  }
  sort_keys(keys);
  return keys;
}

double score_of(uint64_t key) {
  const auto ascending = ~static_cast<uint32_t>(key >> 1);
  const uint32_t bits = (ascending & 0x8000'0000u) != 0 ? ascending & 0x7fff'ffffu : ~ascending;
  return static_cast<double>(std::bit_cast<float>(bits));
}

// Calls visit(score, positives so far, negatives so far) after each group of equal scores, from the highest.
template <class Visit>
void for_each_threshold(const std::vector<uint64_t>& keys, Visit visit) {
  int64_t positives = 0;
  int64_t negatives = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    ((keys[i] & 1) != 0 ? positives : negatives) += 1;
    if (i + 1 == keys.size() || (keys[i + 1] >> 1) != (keys[i] >> 1)) visit(score_of(keys[i]), positives, negatives);
  }
}

int64_t count_positives(const std::vector<uint64_t>& keys) {
  return std::count_if(keys.begin(), keys.end(), [](uint64_t key) { return (key & 1) != 0; });
}

double share(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

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

Confusion confusion(const Scored& scored) {
  Confusion out{.classes = scored.classes, .counts = std::vector<int64_t>(scored.classes * scored.classes)};
  for (size_t i = 0; i < scored.rows(); ++i) {
    ++out.counts[static_cast<size_t>(scored.actual[i]) * out.classes + static_cast<size_t>(scored.predicted_class(i))];
  }
  return out;
}

std::vector<ClassScores> per_class(const Confusion& confusion) {
  std::vector<ClassScores> out(confusion.classes);
  for (size_t k = 0; k < out.size(); ++k) {
    const int64_t hits = confusion.at(k, k);
    out[k].support = confusion.actual(k);
    out[k].precision = share(hits, confusion.predicted(k));
    out[k].recall = share(hits, out[k].support);
    out[k].f1 = share(2 * hits, confusion.predicted(k) + out[k].support);
  }
  return out;
}

Curve roc_curve(const Scored& scored, size_t which) {
  const std::vector<uint64_t> keys = sorted_scores(scored, which);
  const int64_t all = count_positives(keys);
  const int64_t others = std::ssize(keys) - all;
  Curve out{{std::numeric_limits<double>::infinity()}, {0}, {0}};
  for_each_threshold(keys, [&](double score, int64_t positives, int64_t negatives) {
    out.threshold.push_back(score);
    out.x.push_back(share(negatives, others));
    out.y.push_back(share(positives, all));
  });
  return out;
}

Curve pr_curve(const Scored& scored, size_t which) {
  const std::vector<uint64_t> keys = sorted_scores(scored, which);
  const int64_t all = count_positives(keys);
  Curve out;
  for_each_threshold(keys, [&](double score, int64_t positives, int64_t negatives) {
    out.threshold.push_back(score);
    out.x.push_back(share(positives, all));
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
  const std::vector<uint64_t> keys = sorted_scores(scored, which);
  const int64_t all = count_positives(keys);
  const int64_t others = std::ssize(keys) - all;
  if (all == 0 || others == 0) return std::numeric_limits<double>::quiet_NaN();
  double area = 0;
  int64_t last_positives = 0;
  int64_t last_negatives = 0;
  for_each_threshold(keys, [&](double, int64_t positives, int64_t negatives) {
    area += static_cast<double>(negatives - last_negatives) * static_cast<double>(positives + last_positives) / 2;
    last_positives = positives;
    last_negatives = negatives;
  });
  return area / (static_cast<double>(all) * static_cast<double>(others));
}

double average_precision(const Scored& scored, size_t which) {
  const std::vector<uint64_t> keys = sorted_scores(scored, which);
  const int64_t all = count_positives(keys);
  if (all == 0) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  int64_t last = 0;
  for_each_threshold(keys, [&](double, int64_t positives, int64_t negatives) {
    sum += static_cast<double>(positives - last) * share(positives, positives + negatives);
    last = positives;
  });
  return sum / static_cast<double>(all);
}

std::vector<CalibrationBin> calibration(const Scored& scored, size_t which, size_t bins) {
  std::vector<CalibrationBin> all(bins);
  for (size_t i = 0; i < scored.rows(); ++i) {
    const auto p = static_cast<double>(scored.probability_of(i, which));
    const double place = std::ceil(std::clamp(p, 0.0, 1.0) * static_cast<double>(bins));
    const size_t at = place < 1 ? 0 : static_cast<size_t>(place) - 1;
    all[at].predicted += p;
    all[at].observed += scored.actual[i] == static_cast<int32_t>(which) ? 1 : 0;
    ++all[at].rows;
  }
  std::vector<CalibrationBin> out;
  for (size_t b = 0; b < bins; ++b) {
    if (all[b].rows == 0) continue;
    const auto rows = static_cast<double>(all[b].rows);
    out.push_back({b, all[b].predicted / rows, all[b].observed / rows, all[b].rows});
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
  for_each_threshold(keys, [&](double score, int64_t positives, int64_t negatives) {
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

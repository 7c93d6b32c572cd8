#include "ml/ranking_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace sinan::ml {
namespace {

struct Ranked {
  double score = 0;
  double relevance = 0;
};

// of(rows of a group, best score first), the mean over the groups.
template <class F>
double mean_over_groups(const Scored& scored, F&& of) {
  std::vector<size_t> order(scored.rows());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t row) { return scored.group.empty() ? 0 : scored.group[row]; });
  double sum = 0;
  double weights = 0;
  std::vector<Ranked> rows;
  for (size_t begin = 0; begin < order.size(); begin += rows.size()) {
    rows.clear();
    const auto group_of = [&](size_t place) { return scored.group.empty() ? 0 : scored.group[order[place]]; };
    double weight = 0;
    for (size_t i = begin; i < order.size() && group_of(i) == group_of(begin); ++i) {
      rows.push_back({scored.predicted_value[order[i]], scored.actual_value[order[i]]});
      weight += scored.weight_of(order[i]);
    }
    weight /= static_cast<double>(rows.size());
    std::ranges::stable_sort(rows, std::greater<>(), &Ranked::score);
    sum += weight * of(rows);
    weights += weight;
  }
  return weights > 0 ? sum / weights : std::numeric_limits<double>::quiet_NaN();
}

double gain_of(double relevance, Gain gain) { return gain == Gain::kLinear ? relevance : std::exp2(relevance) - 1; }

double discount(size_t place) { return 1 / std::log2(static_cast<double>(place) + 2); }

// Gains in this order, those of equal scores evened out.
double discounted(const std::vector<Ranked>& rows, size_t places, Gain gain) {
  double sum = 0;
  for (size_t begin = 0; begin < rows.size() && begin < places;) {
    size_t end = begin;
    double gains = 0;
    double discounts = 0;
    for (; end < rows.size() && rows[end].score == rows[begin].score; ++end) {
      gains += gain_of(rows[end].relevance, gain);
      if (end < places) discounts += discount(end);
    }
    sum += gains / static_cast<double>(end - begin) * discounts;
    begin = end;
  }
  return sum;
}

}  // namespace

double ndcg(const Scored& scored, size_t places, Gain gain, double empty) {
  if (places == 0) places = scored.rows();
  return mean_over_groups(scored, [&](std::vector<Ranked>& rows) {
    const double actual = discounted(rows, places, gain);
    for (Ranked& row : rows) row.score = row.relevance;
    std::ranges::sort(rows, std::greater<>(), &Ranked::score);
    const double ideal = discounted(rows, places, gain);
    return ideal == 0 ? empty : actual / ideal;
  });
}

double mean_average_precision(const Scored& scored, size_t places) {
  if (places == 0) places = scored.rows();
  return mean_over_groups(scored, [&](const std::vector<Ranked>& rows) {
    double precisions = 0;
    size_t relevant = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].relevance <= 0) continue;
      ++relevant;
      if (i < places) precisions += static_cast<double>(relevant) / static_cast<double>(i + 1);
    }
    return relevant == 0 ? 1 : precisions / static_cast<double>(std::min(relevant, places));
  });
}

double mean_reciprocal_rank(const Scored& scored) {
  return mean_over_groups(scored, [](const std::vector<Ranked>& rows) {
    const auto first = std::ranges::find_if(rows, [](const Ranked& row) { return row.relevance > 0; });
    return first == rows.end() ? 0 : 1 / static_cast<double>(first - rows.begin() + 1);
  });
}

}  // namespace sinan::ml

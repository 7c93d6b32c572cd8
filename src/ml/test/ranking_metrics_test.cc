// Ranking metrics against scikit-learn 1.9.1: ndcg_score and average_precision_score of each group, their mean.
#include "ml/ranking_metrics.h"

#include <gtest/gtest.h>

#include <vector>

namespace sinan::ml {
namespace {

// Three groups whose rows lie apart; scores of the second are mostly equal.
Scored rows(bool with_second = true) {
  const std::vector<std::vector<double>> relevance = {{3, 2, 0, 1, 0}, {0, 0, 1, 2}, {1, 1, 0, 4, 2, 0}};
  const std::vector<std::vector<double>> score = {
      {0.9, 0.1, 0.8, 0.3, 0.2}, {0.4, 0.4, 0.4, 0.1}, {0.5, 0.2, 0.7, 0.6, 0.1, 0.3}};
  Scored out;
  out.task = Task::kRanking;
  for (size_t i = 0; i < 6; ++i) {
    for (size_t group = 0; group < relevance.size(); ++group) {
      if (i >= relevance[group].size() || (group == 1 && !with_second)) continue;
      out.actual_value.push_back(relevance[group][i]);
      out.predicted_value.push_back(score[group][i]);
      out.group.push_back(static_cast<int32_t>(7 - group));
    }
  }
  return out;
}

TEST(RankingMetrics, EqualScikitLearns) {
  EXPECT_NEAR(ndcg(rows(), 0, Gain::kLinear), 0.7202217779532797, 1e-12);
  EXPECT_NEAR(ndcg(rows(), 3, Gain::kLinear), 0.5099243864079513, 1e-12);
  EXPECT_NEAR(ndcg(rows(), 0, Gain::kExponential), 0.7047355373702052, 1e-12);
  EXPECT_NEAR(ndcg(rows(), 3, Gain::kExponential), 0.5223301379831691, 1e-12);
  EXPECT_NEAR(mean_average_precision(rows(false), 0), 0.6819444444444445, 1e-12);
}

TEST(RankingMetrics, CountGroupsWithoutARelevantRow) {
  Scored scored = rows(false);
  const double two = ndcg(scored, 0, Gain::kLinear);
  for (int i = 0; i < 3; ++i) {
    scored.actual_value.push_back(0);
    scored.predicted_value.push_back(i);
    scored.group.push_back(1);
  }
  EXPECT_NEAR(ndcg(scored, 0, Gain::kLinear), (2 * two + 1) / 3, 1e-12);
  EXPECT_NEAR(ndcg(scored, 0, Gain::kLinear, 0), 2 * two / 3, 1e-12);
  EXPECT_NEAR(mean_reciprocal_rank(scored), (1.0 + 1.0 / 2 + 0) / 3, 1e-12);
}

}  // namespace
}  // namespace sinan::ml

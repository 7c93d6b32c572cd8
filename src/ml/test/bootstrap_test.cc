// Percentile bootstrap against NumPy's own: 200,000 samples (areas: 40,000) of the same 16 rows, numpy 2.4.6, scikit-learn 1.9.1.
#include "ml/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace sinan::ml {
namespace {

Scored rows() {
  Scored scored{.task = Task::kBinary, .classes = 2};
  scored.actual = {0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1};
  for (const int sixteenths : {0, 1, 2, 12, 6, 3, 6, 10, 1, 0, 4, 16, 5, 2, 7, 6})
    scored.probability.push_back(static_cast<float>(sixteenths) / 16);
  return scored;
}

std::vector<Measure> measures() {
  std::vector<Measure> out;
  for (const char* name : {"accuracy_score", "brier_score_loss", "roc_auc_score"})
    out.push_back((*find_metric(name, Task::kBinary))->compute);
  return out;
}

TEST(Bootstrap, QuantilesEqualNumpys) {
  const std::vector<double> sorted = {1, 2, 3.5, 4, 5};
  EXPECT_NEAR(quantile(sorted, 0.1), 1.4, 1e-12);
  EXPECT_NEAR(quantile(sorted, 0.9), 4.6, 1e-12);
  EXPECT_NEAR(quantile(sorted, 0.025), 1.1, 1e-12);
  EXPECT_EQ(quantile(sorted, 0), 1);
  EXPECT_EQ(quantile(sorted, 1), 5);
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(Bootstrap, IntervalsEqualNumpys) {
  const auto intervals = bootstrap(rows(), measures(), {.samples = 40'000, .seed = 7, .threads = 2}, CancelToken());
  ASSERT_TRUE(intervals.has_value());
  EXPECT_NEAR((*intervals)[0].low, 0.625, 1e-12);  // accuracy moves in steps of 1/16
  EXPECT_NEAR((*intervals)[0].high, 1, 1e-12);
  EXPECT_NEAR((*intervals)[1].low, 0.04785156, 0.002);
  EXPECT_NEAR((*intervals)[1].high, 0.18725586, 0.002);
  // 1 in 100 samples is of one class: their area is left out.
  EXPECT_NEAR((*intervals)[2].low, 0.68253968, 0.01);
  EXPECT_EQ((*intervals)[2].high, 1);

  const auto narrow =
      bootstrap(rows(), measures(), {.samples = 40'000, .confidence = 0.9, .seed = 7, .threads = 2}, CancelToken());
  EXPECT_NEAR((*narrow)[0].high, 0.9375, 1e-12);
  EXPECT_NEAR((*narrow)[1].low, 0.05664062, 0.002);
  EXPECT_NEAR((*narrow)[1].high, 0.17456055, 0.002);
}

TEST(Bootstrap, SeedAloneDecides) {
  const auto low = [](uint64_t seed, uint32_t threads) {
    return (*bootstrap(rows(), measures(), {.samples = 50, .seed = seed, .threads = threads}, CancelToken()))[1].low;
  };
  EXPECT_EQ(low(1, 1), low(1, 3));
  EXPECT_NE(low(1, 1), low(2, 1));
}

TEST(Bootstrap, OfOneClassIsUndefined) {
  Scored scored = rows();
  scored.actual.assign(scored.actual.size(), 0);
  const auto intervals = bootstrap(scored, measures(), {.samples = 20, .seed = 1}, CancelToken());
  EXPECT_TRUE(std::isnan((*intervals)[2].low));
  EXPECT_TRUE(std::isnan((*intervals)[2].high));
  EXPECT_FALSE(std::isnan((*intervals)[0].low));
}

TEST(Bootstrap, StopsWhenCancelled) {
  CancelSource source;
  source.cancel();
  const auto intervals = bootstrap(rows(), measures(), {.samples = 20, .seed = 1}, source.token());
  ASSERT_FALSE(intervals.has_value());
  EXPECT_EQ(intervals.error().code, Code::kCancelled);
}

}  // namespace
}  // namespace sinan::ml

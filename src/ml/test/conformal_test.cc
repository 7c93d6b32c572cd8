#include "ml/conformal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace sinan::ml {
namespace {

std::vector<float> draw(Random& random, size_t count) {
  std::vector<float> scores(count);
  for (float& score : scores) score = static_cast<float>(-std::log(1 - random.uniform()));
  return scores;
}

// The definition, with all scores at hand.
double naive(std::vector<float> scores, double confidence) {
  std::ranges::sort(scores);
  size_t rank = 1;
  while (static_cast<double>(rank) < confidence * static_cast<double>(scores.size() + 1) - 1e-9) ++rank;
  return static_cast<double>(scores.at(rank - 1));
}

TEST(Calibration, IsTheDefinitionWhereAllScoresAreKept) {
  Random random(1);
  for (const size_t count : {1U, 9U, 10U, 99U, 1000U, 2000U}) {
    const auto scores = draw(random, count);
    const Calibration calibration = Calibration::from_scores(scores);
    EXPECT_EQ(calibration.rows(), count);
    for (const double confidence : {0.05, 0.5, 0.8, 0.9, 0.95, 0.99}) {
      const auto quantile = calibration.quantile(confidence);
      const bool enough = confidence * static_cast<double>(count + 1) <= static_cast<double>(count) + 1e-9;
      ASSERT_EQ(quantile.has_value(), enough) << count << " " << confidence;
      EXPECT_EQ(enough_to_calibrate(count, confidence), enough);
      if (enough) {
        EXPECT_EQ(*quantile, naive(scores, confidence)) << count << " " << confidence;
      }
    }
  }
}

TEST(Calibration, OfManyScoresIsAtMostATwoThousandthOfTheRowsTooHigh) {
  Random random(2);
  for (const size_t count : {2001U, 5000U, 123457U}) {
    auto scores = draw(random, count);
    const Calibration calibration = Calibration::from_scores(scores);
    std::ranges::sort(scores);
    for (double confidence = 0.01; confidence < 1; confidence += 0.01) {
      const auto quantile = static_cast<float>(calibration.quantile(confidence).value());
      EXPECT_GE(quantile, static_cast<float>(naive(scores, confidence)));
      const auto below = std::ranges::lower_bound(scores, quantile) - scores.begin();
      EXPECT_LE(static_cast<double>(below), confidence * static_cast<double>(count + 1) +
                                                static_cast<double>(count) / Calibration::kMostScores + 1);
    }
    EXPECT_EQ(calibration.to_json().at("scores").items().size(), Calibration::kMostScores);
  }
}

// The theorem: over calibrations and new rows, between c and c + 1/(n + 1).
TEST(Calibration, CoversNewRowsAsPromised) {
  Random random(3);
  constexpr int kTurns = 20000;
  for (const size_t count : {19U, 50U}) {
    for (const double confidence : {0.8, 0.9}) {
      int covered = 0;
      for (int turn = 0; turn < kTurns; ++turn) {
        const Calibration calibration = Calibration::from_scores(draw(random, count));
        covered += static_cast<double>(draw(random, 1)[0]) <= calibration.quantile(confidence).value() ? 1 : 0;
      }
      const double share = covered / static_cast<double>(kTurns);
      constexpr double kNoise = 0.012;  // four standard deviations
      EXPECT_GE(share, confidence - kNoise);
      EXPECT_LE(share, confidence + 1 / static_cast<double>(count + 1) + kNoise);
    }
  }
}

TEST(Calibration, SurvivesJson) {
  Random random(4);
  for (const size_t count : {0U, 1U, 7U, 5000U}) {
    const Calibration calibration = Calibration::from_scores(draw(random, count));
    const auto again = Calibration::from_json(calibration.to_json());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->rows(), count);
    EXPECT_EQ(again->quantile(0.5), calibration.quantile(0.5));
    EXPECT_EQ(again->to_json(), calibration.to_json());
  }
}

TEST(Calibration, RefusesWhatContradictsItself) {
  for (const char* text :
       {R"({})", R"({"rows":0,"scores":[]})", R"({"rows":-3,"scores":[]})", R"({"rows":2,"scores":[1]})",
        R"({"rows":2,"scores":[2,1]})", R"({"rows":1,"scores":[-1]})", R"({"rows":1,"scores":["x"]})",
        R"({"rows":9000000,"scores":[1,2]})", R"({"rows":"2","scores":[1,2]})"}) {
    const auto json = Json::parse(text);
    ASSERT_TRUE(json.has_value());
    const auto read = Calibration::from_json(*json);
    EXPECT_FALSE(read.has_value()) << text;
  }
}

}  // namespace
}  // namespace sinan::ml

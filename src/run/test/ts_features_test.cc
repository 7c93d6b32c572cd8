// Every feature against tsfresh's own numbers.
#include "run/ts_features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "run/test/ts_features_numbers.h"

namespace sinan::run {
namespace {

TEST(TsFeatures, AreThoseOfTsfresh) {
  const std::vector<Feature> all = features_of(FeatureSet::kComprehensive);
  Window window;
  for (const ExpectedFeatures& expected : expected_features()) {
    window.set(expected.window);
    for (const auto& [name, number] : expected.features) {
      const auto feature = std::ranges::find(all, name, &Feature::name);
      ASSERT_NE(feature, all.end()) << name;
      const double found = feature->compute(window, feature->parameter);
      if (std::isnan(number)) {
        EXPECT_TRUE(std::isnan(found)) << name << " of " << expected.name << ": " << found;
      } else {
        EXPECT_NEAR(found, number, 1e-9 * std::max(1.0, std::abs(number))) << name << " of " << expected.name;
      }
    }
  }
}

TEST(TsFeatures, AreAllComparedAndEachSetBeginsWithTheOneBefore) {
  std::set<std::string> compared;
  for (const auto& [name, number] : expected_features().front().features) compared.insert(name);
  const std::vector<Feature> all = features_of(FeatureSet::kComprehensive);
  EXPECT_EQ(compared.size(), all.size());
  for (const Feature& feature : all) EXPECT_TRUE(compared.contains(feature.name)) << feature.name;
  const std::vector<Feature> minimal = features_of(FeatureSet::kMinimal);
  const std::vector<Feature> efficient = features_of(FeatureSet::kEfficient);
  EXPECT_EQ(minimal.size(), 10U);
  for (size_t i = 0; i < efficient.size(); ++i) EXPECT_EQ(efficient[i].name, all[i].name);
  for (size_t i = 0; i < minimal.size(); ++i) EXPECT_EQ(minimal[i].name, all[i].name);
}

}  // namespace
}  // namespace sinan::run

#include "ml/row_sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "arrow/builder.h"

namespace sinan::ml {
namespace {

FeaturePlan plan_of_x() {
  return FeaturePlan({{.kind = Transform::Kind::kNumber, .column = "x", .feature = "x"}}, {{"x", arrow::float_type()}});
}

arrow::Batch batch_of(int64_t first, int64_t rows) {
  arrow::BatchBuilder out({{"x", arrow::float_type()}});
  for (int64_t i = 0; i < rows; ++i) out.column(0).append(static_cast<double>(first + i));
  return out.finish();
}

std::vector<float> sampled(int64_t rows, int64_t batch, size_t most, uint64_t seed) {
  const FeaturePlan plan = plan_of_x();
  RowSample sample(plan, {{0}}, most, seed);
  for (int64_t first = 0; first < rows; first += batch)
    EXPECT_TRUE(sample.add(batch_of(first, std::min(batch, rows - first))).has_value());
  EXPECT_EQ(sample.seen(), static_cast<uint64_t>(rows));
  const auto columns = sample.columns();
  return {columns[0].values.begin(), columns[0].values.end()};
}

TEST(RowSample, TakesAllRowsOfAShortStreamInOrder) {
  const std::vector<float> rows = sampled(100, 7, 200, 1);
  ASSERT_EQ(rows.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(rows));
}

TEST(RowSample, DependsOnTheSeedAndNotOnTheBatches) {
  EXPECT_EQ(sampled(5000, 7, 50, 1), sampled(5000, 1000, 50, 1));
  EXPECT_NE(sampled(5000, 7, 50, 1), sampled(5000, 7, 50, 2));
}

// Each row is equally likely: the tenths of the stream are hit alike. 400 samples of 50 of 1000 rows put 2000 +- 3 % into
// each tenth; five standard deviations (of a hypergeometric count) are below 11 %.
TEST(RowSample, IsUniform) {
  std::vector<int> tenths(10);
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const std::vector<float> rows = sampled(1000, 128, 50, seed);
    ASSERT_EQ(std::set<float>(rows.begin(), rows.end()).size(), 50u);
    for (const float row : rows) ++tenths[static_cast<size_t>(row / 100)];
  }
  for (const int count : tenths) EXPECT_NEAR(count, 2000, 220);
}

}  // namespace
}  // namespace sinan::ml

// Slices: by value, in order, every row once.
#include "ml/slices.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "arrow/builder.h"

namespace sinan::ml {
namespace {

using Rows = std::vector<size_t>;

std::vector<std::string> names(const std::vector<Slice>& slices) {
  std::vector<std::string> out;
  for (const Slice& slice : slices) out.push_back(slice.value.value_or("NULL"));
  return out;
}

TEST(Slices, OfNumbersAscendAcrossBatches) {
  SliceIndex index(arrow::int64_type());
  arrow::BatchBuilder batch({{"by", arrow::int64_type()}});
  for (const int value : {10, -3, 9}) batch.column(0).append(value);
  batch.column(0).append_null();
  ASSERT_TRUE(index.append(batch.finish().column(0)).has_value());
  for (const int value : {9, 10, 9}) batch.column(0).append(value);
  ASSERT_TRUE(index.append(batch.finish().column(0)).has_value());

  const std::vector<Slice> slices = index.finish();
  EXPECT_EQ(names(slices), (std::vector<std::string>{"-3", "9", "10", "NULL"}));
  EXPECT_EQ(slices[0].rows, (Rows{1}));
  EXPECT_EQ(slices[1].rows, (Rows{2, 4, 6}));
  EXPECT_EQ(slices[2].rows, (Rows{0, 5}));
  EXPECT_EQ(slices[3].rows, (Rows{3}));
  EXPECT_FALSE(slices[3].value.has_value());
}

TEST(Slices, OfFloatsKnowOneZeroAndOneNan) {
  SliceIndex index(arrow::double_type());
  arrow::BatchBuilder batch({{"by", arrow::double_type()}});
  for (const double value : {std::nan("1"), 0.0, 1.5, -0.0, -std::nan("2"), -1e300}) batch.column(0).append(value);
  ASSERT_TRUE(index.append(batch.finish().column(0)).has_value());
  const std::vector<Slice> slices = index.finish();
  ASSERT_EQ(slices.size(), 4u);
  EXPECT_EQ(slices[0].rows, (Rows{5}));
  EXPECT_EQ(slices[1].rows, (Rows{1, 3}));
  EXPECT_EQ(slices[2].rows, (Rows{2}));
  EXPECT_EQ(slices[3].rows, (Rows{0, 4}));
}

TEST(Slices, OfTextsTellNullFromItsName) {
  SliceIndex index(arrow::string_type());
  arrow::BatchBuilder batch({{"by", arrow::string_type()}});
  for (const char* value : {"b", "NULL", "", "a"}) batch.column(0).append(value);
  batch.column(0).append_null();
  ASSERT_TRUE(index.append(batch.finish().column(0)).has_value());
  const std::vector<Slice> slices = index.finish();
  EXPECT_EQ(names(slices), (std::vector<std::string>{"", "NULL", "a", "b", "NULL"}));
  EXPECT_EQ(slices[1].rows, (Rows{1}));
  EXPECT_EQ(slices[4].rows, (Rows{4}));
}

TEST(Slices, OfBooleansAreTwo) {
  SliceIndex index(arrow::bool_type());
  arrow::BatchBuilder batch({{"by", arrow::bool_type()}});
  for (const bool value : {true, false, true}) batch.column(0).append(value);
  ASSERT_TRUE(index.append(batch.finish().column(0)).has_value());
  const std::vector<Slice> slices = index.finish();
  EXPECT_EQ(names(slices), (std::vector<std::string>{"false", "true"}));
  EXPECT_EQ(slices[1].rows, (Rows{0, 2}));
}

TEST(Slices, AreAThousandAtMost) {
  const auto append = [](size_t values) {
    SliceIndex index(arrow::int64_type());
    arrow::BatchBuilder batch({{"by", arrow::int64_type()}});
    for (size_t i = 0; i < values; ++i) batch.column(0).append(static_cast<int64_t>(i));
    return index.append(batch.finish().column(0));
  };
  EXPECT_TRUE(append(kMostSlices).has_value());
  const Status refused = append(kMostSlices + 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kData);
  EXPECT_EQ(refused.error().message, "too many values to slice by: more than 1000");
}

}  // namespace
}  // namespace sinan::ml

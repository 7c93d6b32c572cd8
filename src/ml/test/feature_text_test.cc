// What texts hold, by the reference's own examples.
#include "ml/feature_text.h"

#include <gtest/gtest.h>

#include <vector>

#include "ml/feature_plan.h"
#include "ml/sparse_rows.h"

namespace sinan::ml {
namespace {

TextProfile profile_of(const std::vector<std::string_view>& texts) {
  TextProfiler profiler;
  for (const std::string_view text : texts) profiler.add(text);
  return profiler.finish();
}

TEST(TextProfile, KnowsTheFormsOfTheReference) {
  for (const char* const csv : {"33,-33,", "1,4,2,3", " 1.5 , 2", "1e3,2"})
    EXPECT_EQ(profile_of({csv}).form, TextForm::kCsv) << csv;
  for (const char* const plain : {"023,", ",5", "1,a", "1,,2", "1,2,,", ",", "007", "abc", "", "nan", "inf,1", "1 2"})
    EXPECT_EQ(profile_of({plain}).form, TextForm::kPlain) << plain;
  for (const char* const kv : {"0:1.3 10:-3.2", "3:1", " 1:2  4:5 "})
    EXPECT_EQ(profile_of({kv}).form, TextForm::kKeyValue) << kv;
  for (const char* const plain : {"-10:1", "0:abc", "0:", ":1", "a:1"})
    EXPECT_EQ(profile_of({plain}).form, TextForm::kPlain) << plain;
  EXPECT_EQ(profile_of({"100"}).form, TextForm::kWhole);
  EXPECT_EQ(profile_of({"100", "-2.5"}).form, TextForm::kNumber);
  EXPECT_EQ(profile_of({"100", "1,2"}).form, TextForm::kPlain);
  EXPECT_EQ(profile_of({}).form, TextForm::kNone);
}

TEST(TextProfile, CountsOverAllTexts) {
  const TextProfile csv = profile_of({"1,4,2,3", "9,0,3,3", "5,5,1,2,"});
  EXPECT_EQ(csv.most_id, 9);
  EXPECT_EQ(csv.least_items, 4U);
  EXPECT_EQ(csv.most_items, 4U);
  EXPECT_TRUE(csv.all_whole);
  EXPECT_FALSE(profile_of({"1,2", "1,2.5"}).all_whole);
  EXPECT_EQ(profile_of({"0:1.3 10:-3.2", "41:1"}).most_id, 41);
}

// Version 1 of a plan, as it was written before there were functions.
TEST(FeaturePlan, ReadsVersionOne) {
  const Json old =
      Json::parse(R"({"inputs":[{"type":"int64","name":"x"},{"type":"string","name":"w"},{"type":"date","name":"d"}],
    "features":[{"feature":"x","column":"x","transform":"number"},
                {"feature":"w","column":"w","transform":"vocabulary","vocabulary":["a","b"],"cut":true},
                {"feature":"d_year","column":"d","transform":"year"}]})")
          .value();
  const auto plan = FeaturePlan::from_json(old);
  ASSERT_TRUE(plan) << plan.error().to_string();
  ASSERT_EQ(plan->schema().size(), 3U);
  EXPECT_EQ(plan->schema().features[1].categories, 3U);
  EXPECT_EQ(plan->to_json(), old);
}

TEST(FeaturePlan, RefusesFunctionsThatContradictThemselves) {
  const auto with = [](const char* function) {
    return FeaturePlan::from_json(
        Json::parse(
            std::string(
                R"({"inputs":[{"type":"string","name":"c"},{"type":"date","name":"d"}],"features":[{"feature":"f","column":"c","transform":"function","function":)") +
            function + "}]}")
            .value());
  };
  ASSERT_TRUE(with(
      R"({"text":"t","terms":[{"column":"c","reads":"ids","separator":",","classes":{"by":"id","count":10}}],"gives":"multi_hot","combiner":"sum"})"));
  for (
      const char* const bad : {
          R"({"text":"t","terms":[],"gives":"numbers"})",
          R"({"text":"t","terms":[{"column":"zz","reads":"number"}],"gives":"numbers"})",
          R"({"text":"t","terms":[{"column":"d","reads":"ids","classes":{"by":"id","count":10}}],"gives":"category"})",
          R"({"text":"t","terms":[{"column":"c","reads":"number"}],"gives":"category"})",
          R"({"text":"t","terms":[{"column":"c","reads":"ids","classes":{"by":"bounds","bounds":[1,2]}}],"gives":"category"})",
          R"({"text":"t","terms":[{"column":"c","reads":"number","classes":{"by":"bounds","bounds":[2,1]}}],"gives":"category"})",
          R"({"text":"t","terms":[{"column":"c","reads":"ids","classes":{"by":"id","count":0}}],"gives":"category"})",
          R"({"text":"t","terms":[{"column":"c","reads":"ids","classes":{"by":"id","count":16000000}}],"gives":"multi_hot","combiner":"sum"})",
          R"({"text":"t","terms":[{"column":"c","reads":"vector","separator":",","width":0}],"gives":"numbers"})",
          R"({"text":"t","terms":[{"column":"c","reads":"number","steps":[{"step":"normalize","a":1,"b":0}]}],"gives":"numbers"})",
          R"({"text":"t","terms":[{"column":"c","reads":"texts","classes":{"by":"vocabulary","vocabulary":["a","a"]}}],"gives":"category"})",
          R"({"text":"t","terms":[{"column":"c","reads":"texts","classes":{"by":"hash","count":3}}],"gives":"target","targets":1,"smoothing":1,"folds":5,"prior":[0.5],"values":[1]})",
      })
    EXPECT_FALSE(with(bad)) << bad;
}

TEST(SparseRows, AreRowsAndColumnsAlike) {
  const std::vector<float> dense = {1, 0, std::numeric_limits<float>::quiet_NaN()};
  const std::vector<int32_t> codes = {2, -1, 0};
  const std::vector<uint64_t> begins = {0, 2, 2, 3};
  const std::vector<uint32_t> positions = {0, 3, 1};
  const std::vector<float> values = {5, 6, 7};
  std::vector<FeatureColumn> columns(6);
  columns[0].values = dense;
  columns[5].codes = codes;
  const SparseFeatures sparse{1, 4, begins, positions, values};
  MatrixBlock block;
  block.rows = 3;
  block.features = columns;
  block.sparse = std::span(&sparse, 1);
  CompressedRows rows;
  rows.fill(block, 0, 3, CompressedRows::LeaveOut::kMissing);
  EXPECT_EQ(std::vector<uint64_t>(rows.begins().begin(), rows.begins().end()), (std::vector<uint64_t>{0, 4, 5, 7}));
  EXPECT_EQ(std::vector<uint32_t>(rows.features().begin(), rows.features().end()),
            (std::vector<uint32_t>{0, 1, 4, 5, 0, 2, 5}));
  rows.fill(block, 1, 1, CompressedRows::LeaveOut::kZero);
  ASSERT_EQ(rows.features().size(), 1U);
  EXPECT_EQ(rows.features()[0], 5U);
  PlainColumns plain({true, true, false, true, true, true}, -1);
  const MatrixBlock some = plain.fill(block, 0, 3);
  EXPECT_EQ(std::vector<float>(some.features[1].values.begin(), some.features[1].values.end()),
            (std::vector<float>{5, -1, -1}));
  EXPECT_EQ(std::vector<float>(some.features[2].values.begin(), some.features[2].values.end()),
            (std::vector<float>{-1, -1, -1}));
  EXPECT_EQ(std::vector<float>(some.features[4].values.begin(), some.features[4].values.end()),
            (std::vector<float>{6, -1, -1}));
}

}  // namespace
}  // namespace sinan::ml

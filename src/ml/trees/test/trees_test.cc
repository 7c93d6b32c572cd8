// Our evaluators and TreeSHAP against XGBoost's own predictions and contributions.
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "ml/trees/explainer.h"
#include "ml/trees/predictor.h"
#include "ml/trees/test/real_xgboost.h"
#include "ml/trees/xgboost_model.h"

namespace sinan::ml {
namespace {

struct Case {
  const char* name;
  SampleOptions sample;
  RealXgboost::Parameters parameters;
  int rounds = 10;
};

std::vector<Case> cases() {
  const SampleOptions numbers = {.numeric = 6};
  const SampleOptions mixed = {.rows = 700, .numeric = 4, .categories = {3, 30, 700}};
  SampleOptions two = mixed;
  two.classes = 2;
  SampleOptions five = mixed;
  five.classes = 5;
  SampleOptions complete = {.numeric = 3, .missing = 0, .classes = 2};
  SampleOptions many_thresholds = {.rows = 4000, .numeric = 2};
  return {
      {"squarederror", numbers, {{"objective", "reg:squarederror"}}},
      {"mixed", mixed, {{"objective", "reg:squarederror"}, {"max_cat_to_onehot", "4"}}},
      {"logistic", two, {{"objective", "binary:logistic"}}},
      {"complete", complete, {{"objective", "binary:logistic"}, {"max_depth", "3"}}},
      {"deep", mixed, {{"objective", "reg:squarederror"}, {"max_depth", "12"}, {"min_child_weight", "0"}}, 4},
      {"leafwise", numbers, {{"grow_policy", "lossguide"}, {"max_leaves", "40"}, {"max_depth", "0"}}},
      {"exact", many_thresholds, {{"tree_method", "exact"}, {"max_depth", "8"}}, 20},
      {"stumps", two, {{"objective", "binary:logistic"}, {"max_depth", "1"}}, 30},
      {"softprob", five, {{"objective", "multi:softprob"}, {"num_class", "5"}, {"num_parallel_tree", "2"}}},
      {"dart", two, {{"booster", "dart"}, {"rate_drop", "0.5"}, {"objective", "binary:logistic"}}},
      {"gamma", numbers, {{"objective", "reg:gamma"}}},
      {"tweedie", numbers, {{"objective", "reg:tweedie"}}},
      {"poisson", numbers, {{"objective", "count:poisson"}}},
      {"absolute", numbers, {{"objective", "reg:absoluteerror"}}},
      {"quantile", numbers, {{"objective", "reg:quantileerror"}, {"quantile_alpha", "0.3"}}},
      {"squaredlog", numbers, {{"objective", "reg:squaredlogerror"}}},
      {"hinge", two, {{"objective", "binary:hinge"}}},
      {"base_score", two, {{"objective", "binary:logistic"}, {"base_score", "0.5"}}},
      {"one_round", two, {{"objective", "binary:logistic"}}, 1},
      {"pruned", numbers, {{"gamma", "20"}, {"max_depth", "6"}, {"tree_method", "exact"}}},
  };
}

std::shared_ptr<const TreeEnsemble> read(const RealXgboost& real, const Sample& sample, const char* format,
                                         uint32_t rounds = 0) {
  auto ensemble = read_xgboost(real.save(format), sample.schema, rounds);
  EXPECT_TRUE(ensemble.has_value()) << ensemble.error().to_string();
  return ensemble.value_or(nullptr);
}

std::vector<float> predict(const Predictor& predictor, const Sample& sample, Output output) {
  const std::vector<FeatureColumn> columns = sample.columns();
  std::vector<float> out(sample.rows * predictor.outputs());
  EXPECT_TRUE(predictor.predict({.rows = sample.rows, .features = columns}, output, out).has_value());
  return out;
}

class Trees : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Models, Trees, testing::ValuesIn(cases()), [](const auto& which) { return which.param.name; });

TEST_P(Trees, PredictAsXgboostDoes) {
  const Sample sample = make_sample(GetParam().sample);
  const RealXgboost real(sample, GetParam().parameters, GetParam().rounds);
  SampleOptions other_options = GetParam().sample;
  other_options.seed = 2;
  other_options.rows = 1500;
  const Sample other = make_sample(other_options);
  const std::vector<float> margins = real.predict(other, 1);
  const std::vector<float> values = real.predict(other, 0);
  for (const char* format : {"ubj", "json"}) {
    const auto ensemble = read(real, sample, format);
    ASSERT_NE(ensemble, nullptr);
    for (const Kernel kernel : {Kernel::kWalk, Kernel::kAvx2, Kernel::kAvx512, Kernel::kBest}) {
      if (!available(kernel)) continue;
      const auto predictor = make_predictor(ensemble, kernel);
      const std::vector<float> ours = predict(*predictor, other, Output::kMargin);
      ASSERT_EQ(ours.size(), margins.size());
      for (size_t i = 0; i < ours.size(); ++i) ASSERT_EQ(ours[i], margins[i]) << format << " value " << i;
      const std::vector<float> predicted = predict(*predictor, other, Output::kPrediction);
      for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(predicted[i], values[i], 1e-6 * std::abs(values[i]) + 1e-7);
    }
  }
}

TEST_P(Trees, UseAsManyRoundsAsAsked) {
  if (GetParam().rounds < 4) GTEST_SKIP();
  const Sample sample = make_sample(GetParam().sample);
  const RealXgboost real(sample, GetParam().parameters, GetParam().rounds);
  const auto ensemble = read(real, sample, "ubj", 3);
  ASSERT_NE(ensemble, nullptr);
  EXPECT_EQ(predict(*make_predictor(ensemble), sample, Output::kMargin), real.predict(sample, 1, 3));
}

TEST_P(Trees, ExplainAsXgboostDoes) {
  const Sample sample = make_sample(GetParam().sample);
  const RealXgboost real(sample, GetParam().parameters, GetParam().rounds);
  const std::vector<float> expected = real.predict(sample, 2);
  const auto ensemble = read(real, sample, "ubj");
  ASSERT_NE(ensemble, nullptr);
  const auto explainer = make_explainer(ensemble);
  const std::vector<FeatureColumn> columns = sample.columns();
  std::vector<float> ours(expected.size());
  ASSERT_TRUE(explainer->explain({.rows = sample.rows, .features = columns}, ours).has_value());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], expected[i], 1e-4) << "value " << i;

  const std::vector<float> margins = predict(*make_predictor(ensemble), sample, Output::kMargin);
  const size_t group = sample.schema.size() + 1;
  for (size_t i = 0; i < margins.size(); ++i) {
    double sum = 0;
    for (size_t j = 0; j < group; ++j) sum += static_cast<double>(ours[i * group + j]);
    ASSERT_NEAR(sum, margins[i], 1e-4);
  }
}

TEST_P(Trees, NumberLeavesAsXgboostDoes) {
  const Sample sample = make_sample(GetParam().sample);
  const RealXgboost real(sample, GetParam().parameters, GetParam().rounds);
  const std::vector<float> expected = real.predict(sample, 6);
  const auto ensemble = read(real, sample, "ubj");
  ASSERT_NE(ensemble, nullptr);
  const auto predictor = make_predictor(ensemble);
  ASSERT_EQ(expected.size(), sample.rows * predictor->trees());
  const std::vector<FeatureColumn> columns = sample.columns();
  std::vector<int32_t> ours(expected.size());
  ASSERT_TRUE(predictor->leaves({.rows = sample.rows, .features = columns}, ours).has_value());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_EQ(static_cast<float>(ours[i]), expected[i]) << "value " << i;
}

TEST_P(Trees, TellWhatFeaturesWereUsedForAsXgboostDoes) {
  const Sample sample = make_sample(GetParam().sample);
  const RealXgboost real(sample, GetParam().parameters, GetParam().rounds);
  const auto ensemble = read(real, sample, "ubj");
  ASSERT_NE(ensemble, nullptr);
  const std::vector<FeatureUse> use = make_explainer(ensemble)->feature_use();
  const size_t features = sample.schema.size();
  const auto expect_equal = [&](const char* type, const auto& of) {
    const std::vector<float> expected = real.importance(type, features);
    for (size_t j = 0; j < features; ++j) {
      const auto want = static_cast<double>(expected[j]);
      EXPECT_NEAR(of(use[j]), want, 1e-4 * std::abs(want) + 1e-6) << type << " of feature " << j;
    }
  };
  expect_equal("weight", [](const FeatureUse& one) { return static_cast<double>(one.splits); });
  expect_equal("gain", [](const FeatureUse& one) { return one.mean_gain(); });
  expect_equal("cover", [](const FeatureUse& one) { return one.mean_cover(); });
  expect_equal("total_gain", [](const FeatureUse& one) { return one.gain; });
  expect_equal("total_cover", [](const FeatureUse& one) { return one.cover; });
}

TEST_P(Trees, ExplainInteractionsAsXgboostDoes) {
  SampleOptions options = GetParam().sample;
  options.rows = std::min<size_t>(options.rows, 150);
  const Sample sample = make_sample(options);
  const RealXgboost real(sample, GetParam().parameters, GetParam().rounds);
  const auto ensemble = read(real, sample, "ubj");
  ASSERT_NE(ensemble, nullptr);
  const auto explainer = make_explainer(ensemble);
  const std::vector<FeatureColumn> columns = sample.columns();
  const std::vector<float> expected = real.predict(sample, 4);
  std::vector<float> ours(expected.size());
  ASSERT_TRUE(explainer->explain_interactions({.rows = sample.rows, .features = columns}, ours).has_value());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], expected[i], 1e-4) << "value " << i;

  // Each line of the matrix sums to the feature's contribution.
  const size_t width = sample.schema.size() + 1;
  std::vector<float> contributions(ours.size() / width);
  ASSERT_TRUE(explainer->explain({.rows = sample.rows, .features = columns}, contributions).has_value());
  for (size_t i = 0; i < contributions.size(); ++i) {
    double sum = 0;
    for (size_t j = 0; j < width; ++j) sum += static_cast<double>(ours[i * width + j]);
    ASSERT_NEAR(sum, contributions[i], 1e-5) << "line " << i;
  }
}

// Every row alone, and blocks of sizes around those of the kernels, score as the whole does.
TEST(Trees, BlocksOfAnySizeScoreAlike) {
  const Sample sample = make_sample({.rows = 1200, .numeric = 3, .categories = {20}, .classes = 2});
  const RealXgboost real(sample, {{"objective", "binary:logistic"}}, 10);
  const auto ensemble = read(real, sample, "ubj");
  ASSERT_NE(ensemble, nullptr);
  const auto predictor = make_predictor(ensemble);
  const std::vector<float> whole = predict(*predictor, sample, Output::kPrediction);
  for (const size_t size : std::initializer_list<size_t>{1, 2, 15, 16, 17, 63, 64, 65, 511, 512, 513, 1023}) {
    std::vector<float> parts(sample.rows);
    for (size_t begin = 0; begin < sample.rows; begin += size) {
      const size_t rows = std::min(size, sample.rows - begin);
      std::vector<FeatureColumn> columns = sample.columns();
      for (FeatureColumn& column : columns) {
        if (!column.values.empty()) column.values = column.values.subspan(begin, rows);
        if (!column.codes.empty()) column.codes = column.codes.subspan(begin, rows);
      }
      ASSERT_TRUE(
          predictor
              ->predict({.rows = rows, .features = columns}, Output::kPrediction, std::span(parts).subspan(begin, rows))
              .has_value());
    }
    ASSERT_EQ(parts, whole) << "blocks of " << size;
  }
}

TEST(Trees, ScoreValuesAtTheThresholdsAndBeyond) {
  const Sample train = make_sample({.rows = 500, .numeric = 2, .missing = 0.2, .distinct = 20});
  const RealXgboost real(train, {{"max_depth", "5"}}, 20);
  const auto ensemble = read(real, train, "ubj");
  ASSERT_NE(ensemble, nullptr);
  Sample probe = train;
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> values = {-3e38f, 3e38f, 0.0f, -0.0f, 1e-45f, std::nanf(""), infinity, -infinity};
  for (const TreeNode& node : ensemble->nodes) {
    if (node.is_leaf()) continue;
    values.push_back(node.value);
    values.push_back(std::nextafter(node.value, -infinity));
    values.push_back(std::nextafter(node.value, infinity));
  }
  Random random(3);
  for (std::vector<float>& column : probe.values)
    for (float& value : column) value = values[random.below(values.size())];
  // XGBoost's matrix takes no infinities: the reference here is its own walk over the very same trees.
  const std::vector<float> expected = predict(*make_predictor(ensemble, Kernel::kWalk), probe, Output::kMargin);
  for (const Kernel kernel : {Kernel::kAvx2, Kernel::kAvx512}) {
    if (!available(kernel)) continue;
    EXPECT_EQ(predict(*make_predictor(ensemble, kernel), probe, Output::kMargin), expected);
  }
  for (std::vector<float>& column : probe.values)
    for (float& value : column)
      if (std::isinf(value)) value = 0;
  EXPECT_EQ(predict(*make_predictor(ensemble), probe, Output::kMargin), real.predict(probe, 1));
}

TEST(XgboostModel, RefusesWhatDoesNotFit) {
  const Sample sample = make_sample({.rows = 100, .numeric = 3, .classes = 2});
  const RealXgboost real(sample, {{"objective", "binary:logistic"}}, 2);
  const std::vector<std::byte> file = real.save("ubj");

  FeatureSchema fewer = sample.schema;
  fewer.features.pop_back();
  const auto wrong_count = read_xgboost(file, fewer);
  ASSERT_FALSE(wrong_count.has_value());
  EXPECT_EQ(wrong_count.error().code, Code::kData);
  EXPECT_EQ(wrong_count.error().message, "the model file does not fit its feature plan: it has 3 features, the plan 2");

  FeatureSchema other_kind = sample.schema;
  for (Feature& feature : other_kind.features) feature.kind = FeatureKind::kCategorical;
  EXPECT_EQ(read_xgboost(file, other_kind).error().code, Code::kData);

  const RealXgboost linear(sample, {{"booster", "gblinear"}, {"objective", "binary:logistic"}}, 2);
  const auto unsupported = read_xgboost(linear.save("ubj"), sample.schema);
  ASSERT_FALSE(unsupported.has_value());
  EXPECT_EQ(unsupported.error().code, Code::kUnsupported);
  EXPECT_EQ(unsupported.error().message, "models of this booster are no trees: \"gblinear\"");
}

TEST(XgboostModel, RefusesTruncatedFiles) {
  const Sample sample = make_sample({.rows = 100, .numeric = 2, .categories = {5}, .classes = 2});
  const RealXgboost real(sample, {{"objective", "binary:logistic"}}, 2);
  for (const char* format : {"ubj", "json"}) {
    const std::vector<std::byte> file = real.save(format);
    for (size_t size = 0; size < file.size(); size += 7) {
      const auto result = read_xgboost(std::span(file).first(size), sample.schema);
      ASSERT_FALSE(result.has_value()) << format << " cut at " << size;
      ASSERT_EQ(result.error().code, Code::kData);
    }
  }
}

// Any bytes give a model that scores without leaving its arrays, or an error; never a crash.
TEST(XgboostModel, SurvivesMutation) {
  const Sample sample = make_sample({.rows = 60, .numeric = 2, .categories = {5}, .classes = 2});
  const RealXgboost real(sample, {{"objective", "binary:logistic"}, {"max_depth", "3"}}, 2);
  const std::vector<std::byte> file = real.save("ubj");
  Random random(4);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::vector<std::byte> bytes = file;
    const uint64_t changes = 1 + random.below(3);
    for (uint64_t c = 0; c < changes; ++c)
      bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
    const auto ensemble = read_xgboost(bytes, sample.schema);
    if (!ensemble.has_value()) {
      ++refused;
      continue;
    }
    for (const Kernel kernel : {Kernel::kWalk, Kernel::kBest}) {
      const auto predictor = make_predictor(*ensemble, kernel);
      if (predictor->outputs() == 1) predict(*predictor, sample, Output::kPrediction);
    }
    std::vector<float> contributions(sample.rows * (*ensemble)->outputs() * 4);
    const std::vector<FeatureColumn> columns = sample.columns();
    ASSERT_TRUE(
        make_explainer(*ensemble)->explain({.rows = sample.rows, .features = columns}, contributions).has_value());
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace sinan::ml

// Our reader of LightGBM's text, with our evaluators and TreeSHAP, against LightGBM's own predictions and contributions.
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "ml/trees/double_sum.h"
#include "ml/trees/explainer.h"
#include "ml/trees/lightgbm_model.h"
#include "ml/trees/predictor.h"
#include "ml/trees/test/real_lightgbm.h"
#include "ml/trees/zero_missing.h"

namespace sinan::ml {
namespace {

enum class Extra : uint8_t { kNone, kWeights, kGroups, kShares, kZeros };

struct Case {
  const char* name;
  SampleOptions sample;
  const char* parameters;
  int rounds = 10;
  Extra extra = Extra::kNone;
};

std::vector<Case> cases() {
  const SampleOptions numbers = {.numeric = 6};
  const SampleOptions mixed = {.rows = 900, .numeric = 4, .categories = {3, 30, 200}};
  SampleOptions two = mixed;
  two.classes = 2;
  SampleOptions five = mixed;
  five.classes = 5;
  const SampleOptions whole = {.rows = 900, .numeric = 4, .missing = 0.2, .distinct = 9};
  const SampleOptions complete = {.numeric = 3, .missing = 0, .classes = 2};
  constexpr const char* kSmallGroups = "min_data_per_group=5 cat_smooth=1 min_data_in_leaf=5 ";
  static std::vector<std::string> texts;
  const auto with_groups = [&](const char* parameters) {
    return texts.emplace_back(std::string(kSmallGroups) + parameters).c_str();
  };
  texts.reserve(64);
  return {
      {"regression", numbers, "objective=regression"},
      {"mixed", mixed, with_groups("objective=regression max_cat_to_onehot=4")},
      {"many_categories", mixed, with_groups("objective=regression max_cat_threshold=100 max_cat_to_onehot=1")},
      {"sqrt", numbers, "objective=regression reg_sqrt=true"},
      {"absolute", numbers, "objective=regression_l1"},
      {"huber", numbers, "objective=huber alpha=0.5"},
      {"fair", numbers, "objective=fair"},
      {"poisson", numbers, "objective=poisson"},
      {"quantile", numbers, "objective=quantile alpha=0.3"},
      {"mape", numbers, "objective=mape"},
      {"gamma", numbers, "objective=gamma"},
      {"tweedie", numbers, "objective=tweedie tweedie_variance_power=1.2"},
      {"binary", two, with_groups("objective=binary")},
      {"complete", complete, "objective=binary"},
      {"sigmoid", two, with_groups("objective=binary sigmoid=0.6")},
      {"unbalanced", two, with_groups("objective=binary is_unbalance=true")},
      {"weighted", two, with_groups("objective=binary"), 10, Extra::kWeights},
      {"multiclass", five, with_groups("objective=multiclass num_class=5")},
      {"ova", five, with_groups("objective=multiclassova num_class=5 sigmoid=1.5")},
      {"cross_entropy", mixed, with_groups("objective=cross_entropy"), 10, Extra::kShares},
      {"cross_entropy_lambda", mixed, with_groups("objective=cross_entropy_lambda"), 10, Extra::kShares},
      {"dart", two, with_groups("objective=binary boosting=dart drop_rate=0.5 skip_drop=0"), 20},
      {"rf", two, with_groups("objective=binary boosting=rf bagging_freq=1 bagging_fraction=0.6"), 15},
      {"rf_regression", numbers, "objective=regression boosting=rf bagging_freq=1 bagging_fraction=0.6"},
      {"rf_classes", five,
       with_groups("objective=multiclass num_class=5 boosting=rf bagging_freq=1 bagging_fraction=0.6")},
      {"goss", two, with_groups("objective=binary data_sample_strategy=goss learning_rate=0.5"), 20},
      {"extra_trees", two, with_groups("objective=binary extra_trees=true")},
      {"lambdarank", whole, "objective=lambdarank", 10, Extra::kGroups},
      {"xendcg", whole, "objective=rank_xendcg", 10, Extra::kGroups},
      {"leafy", {.rows = 4000, .numeric = 3}, "objective=regression num_leaves=300 min_data_in_leaf=1", 5},
      {"shallow", two, with_groups("objective=binary max_depth=3 num_leaves=8"), 30},
      {"no_missing", whole, "objective=regression use_missing=false min_data_in_leaf=5"},
      {"zero_missing", whole, "objective=regression zero_as_missing=true min_data_in_leaf=5", 10, Extra::kZeros},
      {"monotone", numbers, "objective=regression monotone_constraints=1,-1,0,0,0,0"},
      {"many_rounds", numbers, "objective=regression num_leaves=63 min_data_in_leaf=2", 400},
      {"many_classes", five, with_groups("objective=multiclass num_class=5"), 60},
      {"no_split", {.rows = 50, .numeric = 2}, "objective=regression min_data_in_leaf=1000", 2},
  };
}

// A data set, labels made to fit, and the model the real library learns from it.
struct Trained {
  Sample sample;
  std::unique_ptr<RealLightgbm> real;
};

bool is_forest(const Case& c) { return std::string_view(c.parameters).find("boosting=rf") != std::string_view::npos; }

// The library's margins and contributions of a forest are sums over its trees; its predictions, and all of ours, averages.
std::vector<double> averaged(std::vector<double> sums, const Case& c, int rounds) {
  for (double& value : sums) value /= is_forest(c) ? rounds : 1;
  return sums;
}

Sample sample_of(const Case& c, uint64_t seed, size_t rows = 0) {
  SampleOptions options = c.sample;
  options.seed = seed;
  if (rows != 0) options.rows = rows;
  Sample sample = make_sample(options);
  for (float& label : sample.label) {
    if (c.extra == Extra::kShares) label = 1 / (1 + std::exp(-label + 2));
    if (c.extra == Extra::kGroups) label = std::min(std::floor(label), 4.0f);
  }
  // Just beside zero: zero to the library. NaN is missing, too.
  for (size_t i = 0; c.extra == Extra::kZeros && i < sample.rows; i += 7)
    sample.values[0][i] = i % 2 == 0 ? 1e-36f : -1e-36f;
  return sample;
}

Trained train(const Case& c) {
  Trained out;
  out.sample = sample_of(c, 1);
  std::vector<float> weights;
  std::vector<int> groups;
  if (c.extra == Extra::kWeights) {
    for (size_t i = 0; i < out.sample.rows; ++i) weights.push_back(0.25f + static_cast<float>(i % 5));
  }
  if (c.extra == Extra::kGroups) groups.assign(out.sample.rows / 30, 30);
  out.real = std::make_unique<RealLightgbm>(out.sample, c.parameters, c.rounds, weights, groups);
  return out;
}

Result<std::shared_ptr<const TreeEnsemble>> read_text(const std::string& text, const FeatureSchema& schema,
                                                      uint32_t rounds = 0) {
  return read_lightgbm(std::as_bytes(std::span(text)), schema, rounds);
}

std::shared_ptr<const TreeEnsemble> read(const Trained& trained, uint32_t rounds = 0) {
  auto ensemble = read_text(trained.real->save(), trained.sample.schema, rounds);
  EXPECT_TRUE(ensemble.has_value()) << ensemble.error().to_string();
  return ensemble.value_or(nullptr);
}

std::vector<float> predict(const Predictor& predictor, const Sample& sample, Output output) {
  const std::vector<FeatureColumn> columns = sample.columns();
  std::vector<float> out(sample.rows * predictor.outputs());
  EXPECT_TRUE(predictor.predict({.rows = sample.rows, .features = columns}, output, out).has_value());
  return out;
}

void expect_close(const std::vector<float>& ours, const std::vector<double>& theirs, const char* what) {
  ASSERT_EQ(ours.size(), theirs.size()) << what;
  for (size_t i = 0; i < ours.size(); ++i) {
    ASSERT_NEAR(ours[i], theirs[i], 1e-6 * std::max(1.0, std::abs(theirs[i]))) << what << " value " << i;
  }
}

class Lightgbm : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Models, Lightgbm, testing::ValuesIn(cases()),
                         [](const auto& which) { return which.param.name; });

TEST_P(Lightgbm, PredictsAsTheLibraryDoes) {
  const Trained trained = train(GetParam());
  const Sample other = sample_of(GetParam(), 2, 1500);
  const auto ensemble = read(trained);
  ASSERT_NE(ensemble, nullptr);
  for (const Kernel kernel : {Kernel::kWalk, Kernel::kAvx2, Kernel::kAvx512, Kernel::kBest}) {
    if (!available(kernel)) continue;
    const auto predictor = with_zero_missing(make_double_sum_predictor(ensemble, kernel), ensemble);
    for (const Sample* sample : {&trained.sample, &other}) {
      expect_close(predict(*predictor, *sample, Output::kMargin),
                   averaged(trained.real->predict(*sample, 1), GetParam(), GetParam().rounds), "margin");
      expect_close(predict(*predictor, *sample, Output::kPrediction), trained.real->predict(*sample, 0), "prediction");
    }
  }
}

TEST_P(Lightgbm, UsesAsManyRoundsAsAsked) {
  const Trained trained = train(GetParam());
  const auto ensemble = read(trained, 2);
  ASSERT_NE(ensemble, nullptr);
  const auto predictor = with_zero_missing(make_double_sum_predictor(ensemble), ensemble);
  expect_close(predict(*predictor, trained.sample, Output::kMargin),
               averaged(trained.real->predict(trained.sample, 1, 2), GetParam(), 2), "margin");
}

TEST_P(Lightgbm, ExplainsAsTheLibraryDoes) {
  const Trained trained = train(GetParam());
  const std::vector<double> expected =
      averaged(trained.real->predict(trained.sample, 3), GetParam(), GetParam().rounds);
  const auto ensemble = read(trained);
  ASSERT_NE(ensemble, nullptr);
  const auto explainer = with_zero_missing(make_explainer(ensemble), ensemble);
  const std::vector<FeatureColumn> columns = trained.sample.columns();
  std::vector<float> ours(expected.size());
  ASSERT_TRUE(explainer->explain({.rows = trained.sample.rows, .features = columns}, ours).has_value());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], expected[i], 1e-4) << "value " << i;
  const std::vector<float> margins =
      predict(*with_zero_missing(make_double_sum_predictor(ensemble), ensemble), trained.sample, Output::kMargin);
  const size_t group = trained.sample.schema.size() + 1;
  for (size_t i = 0; i < margins.size(); ++i) {
    double sum = 0;
    for (size_t j = 0; j < group; ++j) sum += static_cast<double>(ours[i * group + j]);
    ASSERT_NEAR(sum, margins[i], 1e-4);
  }
}

TEST_P(Lightgbm, NumbersLeavesAsTheLibraryDoes) {
  const Trained trained = train(GetParam());
  const std::vector<double> expected = trained.real->predict(trained.sample, 2);
  const auto ensemble = read(trained);
  ASSERT_NE(ensemble, nullptr);
  const auto predictor = with_zero_missing(make_double_sum_predictor(ensemble), ensemble);
  ASSERT_EQ(expected.size(), trained.sample.rows * predictor->trees());
  const std::vector<FeatureColumn> columns = trained.sample.columns();
  std::vector<int32_t> ours(expected.size());
  ASSERT_TRUE(predictor->leaves({.rows = trained.sample.rows, .features = columns}, ours).has_value());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_EQ(static_cast<double>(ours[i]), expected[i]) << "value " << i;
}

TEST_P(Lightgbm, TellsWhatFeaturesWereUsedForAsTheLibraryDoes) {
  const Trained trained = train(GetParam());
  const auto ensemble = read(trained);
  ASSERT_NE(ensemble, nullptr);
  const std::vector<FeatureUse> use = make_explainer(ensemble)->feature_use();
  const std::vector<double> splits = trained.real->importance(0, use.size());
  const std::vector<double> gain = trained.real->importance(1, use.size());
  for (size_t j = 0; j < use.size(); ++j) {
    EXPECT_EQ(static_cast<double>(use[j].splits), splits[j]) << j;
    EXPECT_NEAR(use[j].gain, gain[j], 1e-4 * gain[j] + 1e-6) << j;
  }
}

// A split sends floats beside its threshold where the library's double comparison sends them. Below 1e-35 the library takes
// numbers for zero, and makes no thresholds.
TEST(LightgbmModel, ComparesAsDoublesDo) {
  const Sample sample = make_sample({.rows = 400, .numeric = 1, .missing = 0});
  const RealLightgbm real(sample, "objective=regression num_leaves=2 min_data_in_leaf=1", 1);
  std::string text = real.save();
  const size_t at = text.find("threshold=") + 10;
  const size_t end = text.find('\n', at);
  for (const char* threshold : {"0.1", "-0.1", "1.0000000180025095e-35", "16777217", "-16777217", "3.5e38", "-3.5e38",
                                "1e300", "-1e300", "inf", "-inf", "3.4028234663852886e+38", "0.30000001192092896"}) {
    std::string changed = text;
    changed.replace(at, end - at, threshold);
    Sample probe = sample;
    probe.values[0].clear();
    const double split = std::strtod(threshold, nullptr);
    const auto near = static_cast<float>(std::clamp(split, -3.4e38, 3.4e38));
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    for (const float x :
         {near, std::nextafter(near, kInfinity), std::nextafter(near, -kInfinity), 0.0f, -0.0f, 1e-36f, kInfinity,
          -kInfinity, std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()}) {
      probe.values[0].push_back(x);
    }
    probe.rows = probe.values[0].size();
    const auto ensemble = read_text(changed, sample.schema);
    ASSERT_TRUE(ensemble) << threshold << ": " << ensemble.error().to_string();
    expect_close(predict(*make_double_sum_predictor(*ensemble), probe, Output::kMargin),
                 RealLightgbm(changed).predict(probe, 1), threshold);
  }
}

TEST(LightgbmModel, KnowsWhatFeaturesWereUsedFor) {
  const Trained trained = train({"used", {.rows = 900, .numeric = 3, .missing = 0}, "objective=regression"});
  const auto ensemble = read(trained);
  ASSERT_NE(ensemble, nullptr);
  uint64_t splits = 0;
  for (const FeatureUse& use : make_explainer(ensemble)->feature_use()) {
    splits += use.splits;
    EXPECT_TRUE(use.splits == 0 || use.gain > 0);
  }
  uint64_t inner = 0;
  for (const TreeNode& node : ensemble->nodes) inner += node.is_leaf() ? 0 : 1;
  EXPECT_EQ(splits, inner);
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

// The text with another first value of the first line of a key.
std::string with_first(std::string text, std::string_view key, std::string_view value) {
  const size_t begin = text.find(key);
  EXPECT_NE(begin, std::string::npos) << key;
  return text.replace(begin + key.size(), text.find_first_of(" \n", begin + key.size()) - begin - key.size(), value);
}

TEST(LightgbmModel, RefusesWhatDoesNotFit) {
  const Trained trained = train({"plain", {.numeric = 2, .categories = {9}}, "objective=binary min_data_per_group=5"});
  const FeatureSchema& schema = trained.sample.schema;
  const std::string text = RealLightgbm(trained.sample, "objective=regression num_leaves=4", 2).save();
  const auto refused = [&](const std::string& changed) {
    const auto ensemble = read_text(changed, schema);
    return ensemble ? "fine" : fmt::format("{}: {}", to_string(ensemble.error().code), ensemble.error().message);
  };
  EXPECT_EQ(refused(text), "fine");
  EXPECT_EQ(refused(""), "data: the model file is damaged: it ends before its trees do");
  EXPECT_EQ(refused("{}"), "data: the model file is damaged: it does not begin as LightGBM's text does");
  EXPECT_EQ(refused(text.substr(0, text.find("end of trees"))),
            "data: the model file is damaged: it ends before its trees do");
  EXPECT_EQ(refused(replaced(text, "version=v4", "version=v9")),
            "unsupported: models of this format cannot be read: \"v9\"");
  EXPECT_EQ(refused(replaced(text, "objective=regression", "objective=ranking")),
            "unsupported: models of this objective cannot be scored: \"ranking\"");
  EXPECT_EQ(refused(replaced(text, "max_feature_idx=2", "max_feature_idx=3")),
            "data: the model file does not fit its feature plan: it has 4 features, the plan 3");
  EXPECT_EQ(refused(replaced(text, "num_tree_per_iteration=1", "num_tree_per_iteration=0")),
            "data: the model file is damaged: \"num_tree_per_iteration\" is out of range");
  EXPECT_EQ(refused(replaced(text, "num_tree_per_iteration=1", "num_tree_per_iteration=3")),
            "data: the model file is damaged: its last round is not complete");
  EXPECT_EQ(refused(replaced(text, "num_leaves=4", "num_leaves=4000000")),
            "data: the model file is damaged: \"num_leaves\" is out of range");
  EXPECT_EQ(refused(replaced(text, "num_leaves=4", "num_leaves=3")),
            "data: the model file is damaged: \"leaf_value\" is no list of 3 numbers");
  EXPECT_EQ(refused(replaced(text, "is_linear=0", "is_linear=1")),
            "unsupported: models with linear trees cannot be scored");
  EXPECT_EQ(refused(replaced(text, "left_child=", "left_child=0 ")),
            "data: the model file is damaged: \"left_child\" is no list of 3 numbers");
  EXPECT_EQ(refused(with_first(text, "left_child=", "0")), "data: the model file is damaged: a node has two parents");
  EXPECT_EQ(refused(with_first(text, "left_child=", "3")), "data: the model file is damaged: a child is not there");
  EXPECT_EQ(refused(with_first(text, "left_child=", "-5")), "data: the model file is damaged: a child is not there");
  EXPECT_EQ(refused(with_first(text, "split_feature=", "3")),
            "data: the model file is damaged: a feature is not there");
  EXPECT_EQ(refused(with_first(text, "leaf_value=", "1e39")),
            "data: the model file is damaged: a leaf's value is no number");
  EXPECT_EQ(refused(with_first(text, "threshold=", "nan")),
            "data: the model file is damaged: a threshold is no number");
  EXPECT_EQ(refused(with_first(text, "decision_type=", "1")),
            "data: the model file is damaged: a split's kind does not fit feature \"f1\"");
  EXPECT_EQ(refused(with_first(text, "decision_type=", "14")),
            "data: the model file is damaged: \"decision_type\" is out of range");
  EXPECT_EQ(refused(with_first(text, "internal_count=", "-1")),
            "data: the model file is damaged: a count is out of range");
}

// Any damage is refused or scores without leaving its arrays (which the sanitizers watch).
TEST(LightgbmModel, SurvivesMutations) {
  const Trained trained = train({"mutated",
                                 {.rows = 900, .numeric = 3, .categories = {40}},
                                 "objective=regression min_data_per_group=5 cat_smooth=1 num_leaves=8"});
  const std::string text = trained.real->save();
  const size_t trees_end = text.find("end of trees");
  Random random(7);
  size_t accepted = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string changed = text;
    for (uint64_t edits = 1 + random.below(3); edits-- > 0;) {
      const size_t at = random.below(trees_end);
      constexpr std::string_view kSigns = "0123456789-. =\nen";
      changed[at] = kSigns[random.below(kSigns.size())];
    }
    const auto ensemble = read_text(changed, trained.sample.schema);
    if (!ensemble) continue;
    ++accepted;
    (void)predict(*make_double_sum_predictor(*ensemble), trained.sample, Output::kPrediction);
  }
  EXPECT_GT(accepted, 100U);
  EXPECT_LT(accepted, 2000U);
}

}  // namespace
}  // namespace sinan::ml

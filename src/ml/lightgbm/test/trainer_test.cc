// Training with the real LightGBM: its models equal those of LightGBM's own way to read a matrix, to the last letter.
#include "ml/lightgbm/trainer.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "base/strings.h"
#include "ml/feature_constraints.h"
#include "ml/lightgbm/attributes.h"
#include "ml/lightgbm/history.h"
#include "ml/lightgbm/library.h"
#include "ml/lightgbm/test/training_data.h"
#include "ml/lightgbm/thread_gate.h"
#include "ml/trees/double_sum.h"
#include "ml/trees/lightgbm_model.h"

namespace sinan::ml::lightgbm {
namespace {

template <class... Arguments>
void call(const char* name, Arguments... arguments) {
  static void* const library = dlopen(SINAN_LIGHTGBM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  void* found = library == nullptr ? nullptr : dlsym(library, name);
  ASSERT_NE(found, nullptr) << name;
  ASSERT_EQ(reinterpret_cast<int (*)(Arguments...)>(found)(arguments...), 0) << name;
}

// What the Python package does with a numpy matrix: LGBM_DatasetCreateFromMat and one update a round.
struct Reference {
  void* data = nullptr;
  void* booster = nullptr;
  std::vector<double> matrix;

  Reference(const Rows& rows, const std::string& parameters, int rounds) {
    const size_t width = rows.features.size();
    for (size_t i = 0; i < rows.rows(); ++i) {
      for (size_t f = 0; f < width; ++f) {
        const bool is_code = !rows.codes[f].empty();
        const double value = is_code ? rows.codes[f][i] : static_cast<double>(rows.values[f][i]);
        matrix.push_back(is_code && value < 0 ? std::numeric_limits<double>::quiet_NaN() : value);
      }
    }
    const auto count = static_cast<int>(rows.rows());
    call<const void*, int, int, int, int, const char*, void*, void**>("LGBM_DatasetCreateFromMat", matrix.data(), 1,
                                                                      count, static_cast<int>(width), 1,
                                                                      parameters.c_str(), nullptr, &data);
    const auto set = [&](const char* field, const auto& values, int type) {
      call<void*, const char*, const void*, int, int>("LGBM_DatasetSetField", data, field, values.data(),
                                                      static_cast<int>(values.size()), type);
    };
    set("label", rows.label, 0);
    if (!rows.weight.empty()) set("weight", rows.weight, 0);
    std::vector<int32_t> sizes;
    for (size_t i = 0; i < rows.group.size(); ++i) {
      if (i == 0 || rows.group[i] != rows.group[i - 1]) sizes.push_back(0);
      ++sizes.back();
    }
    if (!sizes.empty()) set("group", sizes, 2);
    call<void*, const char*, void**>("LGBM_BoosterCreate", data, parameters.c_str(), &booster);
    int finished = 0;
    for (int i = 0; i < rounds; ++i) call<void*, int*>("LGBM_BoosterUpdateOneIter", booster, &finished);
  }
  ~Reference() {
    call<void*>("LGBM_BoosterFree", booster);
    call<void*>("LGBM_DatasetFree", data);
  }
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;

  std::vector<double> predict(size_t rows) const {
    int64_t size = 0;
    call<void*, int, int, int, int, int64_t*>("LGBM_BoosterCalcNumPredict", booster, static_cast<int>(rows), 0, 0, -1,
                                              &size);
    std::vector<double> out(static_cast<size_t>(size));
    call<void*, const void*, int, int, int, int, int, int, int, const char*, int64_t*, double*>(
        "LGBM_BoosterPredictForMat", booster, matrix.data(), 1, static_cast<int>(rows),
        static_cast<int>(matrix.size() / rows), 1, 0, 0, -1, "", &size, out.data());
    return out;
  }
};

struct Setting {
  const char* name;
  const char* estimator;
  const char* attributes;  // ours
  const char* parameters;  // the library's for the same
  Task task = Task::kRegression;
  size_t classes = 0;
  bool is_weighted = false;
  bool is_grouped = false;
};

class Equal : public testing::TestWithParam<Setting> {};
INSTANTIATE_TEST_SUITE_P(
    Settings, Equal,
    testing::Values(
        Setting{"regression", "lightgbm.gbdt", "", "objective=regression"},
        Setting{"shapes", "lightgbm", "num_leaves=7, max_depth=4, min_child_samples=5, reg_lambda=2, max_bin=31",
                "objective=regression num_leaves=7 max_depth=4 min_data_in_leaf=5 lambda_l2=2 max_bin=31"},
        Setting{"poisson", "lightgbm.LGBMRegressor", "objective=\"poisson\"", "objective=poisson"},
        Setting{"quantile", "lightgbm.gbdt", "objective=\"quantile\", alpha=0.2", "objective=quantile alpha=0.2"},
        Setting{"tweedie", "lightgbm.gbdt", "objective=\"tweedie\"", "objective=tweedie"},
        Setting{"weighted", "lightgbm.gbdt", "objective=\"l2\"", "objective=regression", Task::kRegression, 0, true},
        Setting{"binary", "lightgbm.LGBMClassifier", "", "objective=binary", Task::kBinary, 2},
        Setting{"unbalanced", "lightgbm.gbdt", "is_unbalance=true", "objective=binary is_unbalance=true", Task::kBinary,
                2},
        Setting{"positive", "lightgbm.gbdt", "scale_pos_weight=3, sigmoid=0.5",
                "objective=binary scale_pos_weight=3 sigmoid=0.5", Task::kBinary, 2},
        Setting{"multiclass", "lightgbm.gbdt", "", "objective=multiclass num_class=4", Task::kMulticlass, 4},
        Setting{"ova", "lightgbm.gbdt", "objective=\"ova\"", "objective=multiclassova num_class=4", Task::kMulticlass,
                4, true},
        Setting{"dart", "lightgbm.dart", "drop_rate=0.4, skip_drop=0.2",
                "boosting=dart objective=binary drop_rate=0.4 skip_drop=0.2", Task::kBinary, 2},
        Setting{"rf", "lightgbm.rf", "",
                "boosting=rf objective=binary bagging_freq=1 bagging_fraction=0.8 feature_fraction=0.8", Task::kBinary,
                2},
        Setting{"goss", "lightgbm.goss", "top_rate=0.3, learning_rate=0.6",
                "objective=regression data_sample_strategy=goss top_rate=0.3 learning_rate=0.6"},
        Setting{"samples", "lightgbm.gbdt", "bagging_fraction=0.5, bagging_freq=2, colsample_bytree=0.7",
                "objective=regression bagging_fraction=0.5 bagging_freq=2 feature_fraction=0.7"},
        Setting{"categories", "lightgbm.gbdt", "min_data_per_group=5, cat_smooth=1, max_cat_to_onehot=1",
                "objective=regression min_data_per_group=5 cat_smooth=1 max_cat_to_onehot=1"},
        Setting{"zeros", "lightgbm.gbdt", "zero_as_missing=true", "objective=regression zero_as_missing=true"},
        Setting{"monotone", "lightgbm.gbdt", "monotone_constraints=[a:1, \"b c:-1\"]",
                "objective=regression monotone_constraints=1,-1,0"},
        Setting{"interaction", "lightgbm.gbdt", "interaction_constraints=\"[[a, k], ['b c']]\"",
                "objective=regression interaction_constraints=[0,2],[1]"},
        Setting{"lambdarank", "lightgbm.LGBMRanker", "", "objective=lambdarank", Task::kRanking, 5, false, true},
        Setting{"xendcg", "lightgbm.gbdt", "objective=\"rank_xendcg\"", "objective=rank_xendcg", Task::kRanking, 5,
                false, true}),
    [](const auto& which) { return which.param.name; });

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The trees, without names and the list of parameters.
std::string trees_of(const std::string& text) {
  const size_t begin = text.find("Tree=0");
  return text.substr(begin, text.find("end of trees") - begin);
}

std::string saved(const Reference& reference) {
  int64_t size = 0;
  std::string out;
  for (int pass = 0; pass < 2; ++pass) {
    out.resize(static_cast<size_t>(size));
    call<void*, int, int, int, int64_t, int64_t*, char*>("LGBM_BoosterSaveModelToString", reference.booster, 0, -1, 0,
                                                         static_cast<int64_t>(out.size()), &size, out.data());
  }
  return out;
}

TEST_P(Equal, ToTheLibraryWithAMatrix) {
  const Setting& s = GetParam();
  Rows rows = make_rows(3000, 20, s.classes, 11);
  for (size_t i = 0; i < rows.rows(); ++i) {
    if (s.is_weighted) rows.weight.push_back(0.5F + static_cast<float>(i % 7));
    if (s.is_grouped) rows.group.push_back(static_cast<int32_t>(i / 25));
  }
  constexpr int kRounds = 12;
  const auto trainer = test_trainer();
  const std::string name = trainer->canonical_estimator(s.estimator);
  const std::string text = std::string(s.attributes) + (*s.attributes == '\0' ? "" : ", ") + "n_estimators=12, seed=5";
  const AttributeValues values = attributes(*trainer, name, text);
  ASSERT_TRUE(trainer->intent(name, values));
  const TrainSpec spec{name, &values, s.task, s.task == Task::kRanking ? 0 : s.classes, 1, 2, 0};
  Quiet observer;
  const auto trained = trainer->train(spec, rows, nullptr, observer);
  ASSERT_TRUE(trained) << trained.error().to_string();
  const Reference reference(
      rows,
      std::string(s.parameters) + " categorical_feature=2 seed=5 deterministic=true force_row_wise=true verbosity=-1" +
          // Of all ways to grow trees, goss alone asks how many threads there are.
          (std::string_view(s.parameters).find("goss") == std::string_view::npos ? " num_threads=1" : " num_threads=2"),
      kRounds);
  EXPECT_EQ(trees_of(text_of(trained->native)), trees_of(saved(reference)));

  // And what Sinan says of the rows is what the library says of them.
  const auto trees = read_lightgbm(trained->native, rows.features);
  ASSERT_TRUE(trees) << trees.error().to_string();
  const std::vector<double> expected = reference.predict(rows.rows());
  rows.block_rows = rows.rows();
  ASSERT_TRUE(rows.rewind());
  const MatrixBlock block = *rows.next().value();
  std::vector<float> ours(expected.size());
  if ((*trees)->zero_missing.empty()) {
    ASSERT_TRUE(make_double_sum_predictor(*trees)->predict(block, Output::kPrediction, ours));
    for (size_t i = 0; i < ours.size(); ++i)
      ASSERT_NEAR(ours[i], expected[i], 1e-6 * std::max(1.0, std::abs(expected[i]))) << i;
  }
}

// More rows than bins are made from: the same rows are drawn as by the library itself, across blocks.
TEST(LightgbmTrainer, DrawsTheRowsThatTheLibraryDraws) {
  Rows rows = make_rows(20'000, 20, 0, 3);
  const auto trainer = test_trainer();
  const AttributeValues values =
      attributes(*trainer, "lightgbm.gbdt", "n_estimators=3, bin_construct_sample_cnt=1500, seed=9");
  Quiet observer;
  const auto trained =
      trainer->train({"lightgbm.gbdt", &values, Task::kRegression, 0, 1, 2, 0}, rows, nullptr, observer);
  ASSERT_TRUE(trained) << trained.error().to_string();
  const Reference reference(rows,
                            "objective=regression bin_construct_sample_cnt=1500 categorical_feature=2 seed=9 "
                            "deterministic=true force_row_wise=true num_threads=2 verbosity=-1",
                            3);
  EXPECT_EQ(trees_of(text_of(trained->native)), trees_of(saved(reference)));
}

struct Training {
  Result<Trained> trained = fail(Code::kInternal, "not run");
  Result<DataSet> data = fail(Code::kInternal, "not read");
  uint32_t rounds = 0;
};

Training train(const std::string& estimator, const std::string& text, const std::string& query,
               const std::string& label, double validation = 0, uint32_t stop_after = UINT32_MAX) {
  static Database database;
  const auto trainer = test_trainer();
  const AttributeValues values = attributes(*trainer, estimator, text);
  DataSpec spec;
  spec.label = label;
  spec.threads = 2;
  spec.validation_fraction = validation;
  spec.intent = trainer->intent(estimator, values).value();
  Training run;
  run.data = database.read(query, spec);
  EXPECT_TRUE(run.data) << run.data.error().to_string();
  TrainSpec train_spec{estimator, &values, run.data->task(), run.data->classes(), 42, 2, 0};
  Quiet observer;
  observer.stop_after = stop_after;
  run.trained = trainer->train(train_spec, run.data->train(), run.data->validation(), observer);
  run.rounds = observer.rounds;
  return run;
}

std::vector<float> score(const Training& run, MatrixSource& source, std::vector<float>& label) {
  ModelPackage package;
  package.library = "lightgbm";
  package.plan = run.data->plan();
  package.native = run.trained->native;
  const auto model = Model::make(package).value();
  std::vector<float> out;
  EXPECT_TRUE(source.rewind());
  while (auto block = source.next().value()) {
    std::vector<float> scores(block->rows * model->predictor().prediction_width());
    EXPECT_TRUE(model->predictor().predict(*block, Output::kPrediction, scores));
    out.insert(out.end(), scores.begin(), scores.end());
    label.insert(label.end(), block->label.begin(), block->label.end());
  }
  return out;
}

double log_loss(const std::vector<float>& scores, const std::vector<float>& label) {
  double loss = 0;
  for (size_t i = 0; i < scores.size(); ++i)
    loss -= std::log(static_cast<double>(label[i] > 0 ? scores[i] : 1 - scores[i]));
  return loss / static_cast<double>(scores.size());
}

constexpr const char* kLate =
    "SELECT (hash(i) % 1000)::FLOAT / 1000 AS a, (hash(i * 7 + 1) % 1000)::FLOAT / 1000 AS b, 'c' || (hash(i * 3) % 5) "
    "AS c, ((hash(i) % 1000)::FLOAT / 1000 > 0.5) <> (hash(i * 3) % 5 = 2) AS late FROM range(4000) t(i)";

TEST(LightgbmTrainer, LogLossEqualsThatOfOurScores) {
  Training run = train("lightgbm.gbdt", "n_estimators=30", kLate, "late");
  ASSERT_TRUE(run.trained) << run.trained.error().to_string();
  EXPECT_EQ(run.trained->objective, "binary");
  std::vector<float> label;
  const std::vector<float> scores = score(run, run.data->train(), label);
  const double loss = log_loss(scores, label);
  EXPECT_NEAR(loss, run.trained->metrics.at("train").at("binary_logloss").items().back().as_double().value(), 1e-5);
  EXPECT_LT(loss, 0.1);
  ASSERT_EQ(run.trained->importance.size(), 3U);
  EXPECT_GT(run.trained->importance[0], 0.2);
  EXPECT_GT(run.trained->importance[2], 0.2);
  EXPECT_LT(run.trained->importance[1], 0.1);
}

TEST(LightgbmTrainer, SameSeedGivesTheSameText) {
  const char* const text = "n_estimators=8, subsample=0.5, subsample_freq=1, colsample_bytree=0.7";
  const Training a = train("lightgbm.gbdt", text, kLate, "late");
  const Training b = train("lightgbm.gbdt", text, kLate, "late");
  ASSERT_TRUE(a.trained && b.trained);
  EXPECT_EQ(text_of(a.trained->native), text_of(b.trained->native));
  const Training other = train("lightgbm.gbdt", std::string(text) + ", seed=7", kLate, "late");
  EXPECT_NE(trees_of(text_of(a.trained->native)), trees_of(text_of(other.trained->native)));
  const Training one = train("lightgbm.gbdt", std::string(text) + ", num_threads=1", kLate, "late");
  EXPECT_EQ(trees_of(text_of(a.trained->native)), trees_of(text_of(one.trained->native)));
}

TEST(LightgbmTrainer, StopsEarlyAndKeepsTheBestRound) {
  const std::string noise =
      "SELECT (hash(i) % 1000)::FLOAT AS a, (hash(i * 5) % 1000)::FLOAT AS b, "
      "hash(i * 11) % 100 < 50 + 30 * (hash(i) % 1000 > 500)::INT AS y FROM range(3000) t(i)";
  Training run = train("lightgbm.gbdt", "n_estimators=300, early_stopping_rounds=5, eta=0.5", noise, "y", 0.3);
  ASSERT_TRUE(run.trained) << run.trained.error().to_string();
  const Json& metrics = run.trained->metrics;
  const auto rounds = static_cast<size_t>(metrics.at("rounds").as_int().value());
  const auto best = static_cast<size_t>(metrics.at("best_round").as_int().value());
  EXPECT_LT(rounds, 300U);
  EXPECT_EQ(rounds, best + 6);
  const auto& series = metrics.at("validation").at("binary_logloss").items();
  for (const Json& value : series) EXPECT_GE(value.as_double().value(), series[best].as_double().value());
  // The model that was kept scores as the best round did.
  std::vector<float> label;
  const std::vector<float> scores = score(run, *run.data->validation(), label);
  EXPECT_NEAR(log_loss(scores, label), series[best].as_double().value(), 1e-5);
}

TEST(LightgbmTrainer, TrainsEveryEstimatorAndObjective) {
  const std::string number =
      "SELECT (hash(i) % 1000)::FLOAT / 1000 AS a, 'c' || (hash(i * 3) % 5) AS c, "
      "(1 + (hash(i) % 1000)::DOUBLE / 500) / 4 AS y FROM range(2000) t(i)";
  for (const char* objective : {"regression", "l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie",
                                "cross_entropy", "cross_entropy_lambda"}) {
    Training run = train("lightgbm.gbdt", std::string("n_estimators=20, objective=\"") + objective + "\"", number, "y");
    ASSERT_TRUE(run.trained) << objective << ": " << run.trained.error().to_string();
    std::vector<float> label;
    // Shares as intensities: -log(1 - 0.75) is 1.39.
    const float most = std::string_view(objective) == "cross_entropy_lambda" ? 1.5F : 0.9F;
    for (const float value : score(run, run.data->train(), label))
      ASSERT_TRUE(value > 0.1F && value < most) << objective << " " << value;
  }
  for (const char* objective : {"binary", "multiclass", "multiclassova", "softmax"}) {
    Training run = train("lightgbm.gbdt", std::string("objective=\"") + objective + "\"", kLate, "late");
    ASSERT_TRUE(run.trained) << objective << ": " << run.trained.error().to_string();
  }
  for (const Estimator& estimator : lightgbm::estimators()) {
    if (estimator.task == Task::kRanking) continue;
    const bool is_number = estimator.task == Task::kRegression;
    Training run =
        train(std::string(estimator.name), "n_estimators=3", is_number ? number : kLate, is_number ? "y" : "late");
    ASSERT_TRUE(run.trained) << estimator.name << ": " << run.trained.error().to_string();
    EXPECT_EQ(run.rounds, 3U);
  }
}

TEST(LightgbmTrainer, EndsWhereNoLeafCanBeSplit) {
  Training run = train("lightgbm.gbdt", "n_estimators=50, min_data_in_leaf=3000", kLate, "late");
  ASSERT_TRUE(run.trained) << run.trained.error().to_string();
  ASSERT_EQ(run.trained->warnings.size(), 1U);
  EXPECT_EQ(run.trained->warnings[0],
            "training ended after 1 of 50 rounds: no leaf can be split any more (min_data_in_leaf is 3000)");
  std::vector<float> label;
  const std::vector<float> scores = score(run, run.data->train(), label);
  EXPECT_EQ(std::ranges::min(scores), std::ranges::max(scores));
}

TEST(LightgbmTrainer, CanBeCancelled) {
  const Training run = train("lightgbm.gbdt", "n_estimators=1000", kLate, "late", 0, 2);
  ASSERT_FALSE(run.trained);
  EXPECT_EQ(run.trained.error().code, Code::kCancelled);
  EXPECT_EQ(run.rounds, 2U);
}

TEST(LightgbmTrainer, RanksGroupsOnly) {
  Rows rows = make_rows(500, 5, 3, 1);
  const auto trainer = test_trainer();
  const AttributeValues values = attributes(*trainer, "lightgbm.LGBMRanker", "");
  Quiet observer;
  const auto trained =
      trainer->train({"lightgbm.LGBMRanker", &values, Task::kRanking, 0, 1, 1, 0}, rows, nullptr, observer);
  ASSERT_FALSE(trained);
  EXPECT_EQ(trained.error().message, "objective \"lambdarank\" ranks the rows of groups, and the data have no groups");
}

TEST(LightgbmTrainer, SaysWhatContradicts) {
  const auto trainer = test_trainer();
  const auto message = [&](const std::string& estimator, const std::string& text) {
    const auto intent = trainer->intent(estimator, attributes(*trainer, estimator, text));
    return intent ? std::string("fine") : intent.error().message;
  };
  EXPECT_EQ(message("lightgbm.gbdt", "objective=\"binary\", num_class=3"),
            "objective \"binary\" is for two classes: num_class is 3");
  EXPECT_EQ(message("lightgbm.gbdt", "objective=\"mse\", num_class=3"),
            "num_class has no meaning with objective \"regression\"");
  EXPECT_EQ(message("lightgbm.LGBMRegressor", "num_class=3"), "num_class has no meaning with objective \"regression\"");
  EXPECT_EQ(message("lightgbm.LGBMClassifier", "objective=\"l1\""),
            "lightgbm.LGBMClassifier cannot have this objective: \"regression_l1\"");
  EXPECT_EQ(message("lightgbm.LGBMRegressor", "objective=\"binary\""),
            "lightgbm.LGBMRegressor cannot have this objective: \"binary\"");
  EXPECT_EQ(message("lightgbm.gbdt", "metric=[\"auk\"]"), "unknown metric: \"auk\"");
  EXPECT_EQ(message("lightgbm.gbdt", "is_unbalance=true, scale_pos_weight=2"),
            "attributes exclude each other: \"is_unbalance\" and \"scale_pos_weight\"");
  EXPECT_EQ(message("lightgbm.gbdt", "force_row_wise=true, force_col_wise=true"),
            "attributes exclude each other: \"force_row_wise\" and \"force_col_wise\"");
  EXPECT_EQ(message("lightgbm.dart", "early_stopping_rounds=3"),
            "early_stopping_rounds has no meaning with lightgbm.dart: later rounds change earlier trees");
  EXPECT_EQ(message("lightgbm.rf", "bagging_fraction=1"), "the trees of lightgbm.rf must not all see the same rows");
  EXPECT_EQ(message("lightgbm.rf", "bagging_fraction=0.4"), "fine");
}

TEST(LightgbmTrainer, FindsConstrainedFeaturesByName) {
  FeatureSchema schema{{{"area", "area"},
                        {"day_year", "day"},
                        {"day_month", "day"},
                        {"city", "city", FeatureKind::kCategorical, 4},
                        {"a, b", "a, b"}}};
  const auto trainer = test_trainer();
  const auto monotone = [&](const std::string& list) {
    const auto values = attributes(*trainer, "lightgbm.gbdt", "monotone_constraints=" + list);
    const auto out = monotone_signs(values, schema);
    return out ? fmt::format("{}", fmt::join(*out, ",")) : out.error().message;
  };
  EXPECT_EQ(monotone("[area:1]"), "1,0,0,0,0");
  EXPECT_EQ(monotone("[Day:-1, \"area: +1\"]"), "1,-1,-1,0,0");
  EXPECT_EQ(monotone("[day_month:1]"), "0,0,1,0,0");
  EXPECT_EQ(monotone("[1, 0, -1, 0, 0]"), "1,0,-1,0,0");
  EXPECT_EQ(monotone("\"(1,0,-1,0,0)\""), "1,0,-1,0,0");
  EXPECT_EQ(monotone("[1, 0]"), "monotone_constraints has 2 signs for 5 features");
  EXPECT_EQ(monotone("[0, 0, 0, 1, 0]"), "a category cannot rise or fall: \"city\"");
  EXPECT_EQ(monotone("[aera:1]"), "monotone_constraints names no feature: \"aera\"");
  EXPECT_EQ(monotone("[area]"), "monotone_constraints is not \"name:1\" or \"name:-1\": \"area\"");
  EXPECT_EQ(monotone("[area:2]"), "monotone_constraints is not \"name:1\" or \"name:-1\": \"area:2\"");
  EXPECT_EQ(monotone("[city:1]"), "a category cannot rise or fall: \"city\"");
  const auto interaction = [&](const std::string& text) {
    const auto values = attributes(*trainer, "lightgbm.gbdt", "interaction_constraints=\"" + text + "\"");
    const auto out = interaction_groups(values, schema);
    if (!out) return out.error().message;
    std::string groups;
    for (const auto& group : *out) groups += fmt::format("[{}]", fmt::join(group, ","));
    return groups;
  };
  EXPECT_EQ(interaction("[[area, city], [day]]"), "[0,3][1,2]");
  EXPECT_EQ(interaction(" [ ['a, b',area] ] "), "[4,0]");
  EXPECT_EQ(interaction("[[0, 3], [1]]"), "[0,3][1]");
  EXPECT_EQ(interaction("[[area, town]]"), "interaction_constraints names no feature: \"town\"");
  for (const char* text : {"", "area", "[area]", "[[area]", "[[area]] x", "[[area,]]", "[[]]", "[['area]]"})
    EXPECT_TRUE(interaction(text).find(" no ") != std::string::npos) << text << ": " << interaction(text);
}

TEST(LightgbmTrainer, KnowsItsEstimators) {
  const auto trainer = test_trainer();
  EXPECT_EQ(trainer->canonical_estimator("LightGBM"), "lightgbm.gbdt");
  EXPECT_EQ(trainer->canonical_estimator("lightgbm.GBDT"), "lightgbm.gbdt");
  EXPECT_EQ(trainer->canonical_estimator("lgbmclassifier"), "lightgbm.LGBMClassifier");
  EXPECT_EQ(trainer->canonical_estimator("lightgbm.LGBMRanker"), "lightgbm.LGBMRanker");
  EXPECT_EQ(trainer->canonical_estimator("gbdt"), "");
  EXPECT_EQ(trainer->canonical_estimator("xgboost.gbtree"), "");
}

TEST(LightgbmHistory, AnyMetricThatStopsImprovingEndsTheTraining) {
  const std::vector<double> none;
  History two({"l2", "auc"}, {.patience = 2});
  EXPECT_TRUE(two.add(std::vector{1.0, 0.5}, std::vector{1.0, 0.5}));
  EXPECT_TRUE(two.add(std::vector{0.9, 0.6}, std::vector{0.9, 0.6}));
  EXPECT_TRUE(two.add(std::vector{0.8, 0.6}, std::vector{0.8, 0.6}));
  EXPECT_FALSE(two.add(std::vector{0.7, 0.6}, std::vector{0.7, 0.6}));
  EXPECT_EQ(two.best_round(), 1U);
  History first({"l2", "auc"}, {.patience = 2, .first_metric_only = true});
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(first.add(std::vector{1.0, 0.5}, std::vector{1.0 - i * 0.1, 0.5}));
  EXPECT_EQ(first.best_round(), 5U);
  History small({"l2"}, {.patience = 2, .least_improvement = 0.5});
  EXPECT_TRUE(small.add(std::vector{1.0}, std::vector{1.0}));
  EXPECT_TRUE(small.add(std::vector{1.0}, std::vector{0.9}));
  EXPECT_FALSE(small.add(std::vector{1.0}, std::vector{0.8}));
  EXPECT_EQ(small.best_round(), 0U);
  History blind({"l2"}, {.patience = 1});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(blind.add(std::vector{1.0}, none));
  EXPECT_EQ(blind.best_round(), 3U);
}

TEST(ThreadGate, OneNumberOfThreadsAtATime) {
  ThreadGate gate;
  const auto on = [] { return true; };
  {
    const auto first = gate.enter(2, on);
    const auto second = gate.enter(2, on);
    ASSERT_TRUE(first && second);
    const auto other = gate.enter(1, [] { return false; });
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Code::kCancelled);
  }
  bool entered = false;
  std::thread waiting;
  {
    const auto first = gate.enter(1, on);
    waiting = std::thread([&] { entered = gate.enter(4, on).has_value(); });
  }
  waiting.join();
  EXPECT_TRUE(entered);
}

TEST(LightgbmLibrary, ItsAbsenceIsAnErrorThatHelps) {
  const auto trainer = make_trainer({.library = "/nowhere/lib_lightgbm.so"});
  const flow::DoctorFinding finding = trainer->doctor();
  EXPECT_FALSE(finding.works);
  EXPECT_NE(finding.remedy.find("SINAN_LIGHTGBM_LIBRARY"), std::string::npos);
  const auto wrong = Library::load("/lib/x86_64-linux-gnu/libc.so.6");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kUnsupported);
  const flow::DoctorFinding found = test_trainer()->doctor();
  EXPECT_TRUE(found.works);
  EXPECT_EQ(found.name, "LightGBM 4");
}

}  // namespace
}  // namespace sinan::ml::lightgbm

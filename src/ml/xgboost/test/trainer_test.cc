// Training with the real XGBoost, scored by our own trees.
#include "ml/xgboost/trainer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/strings.h"
#include "ml/xgboost/attributes.h"
#include "ml/xgboost/library.h"
#include "ml/xgboost/test/training_data.h"

namespace sinan::ml::xgboost {
namespace {

constexpr const char* kRows =
    "SELECT (hash(i) % 1000)::FLOAT / 1000 AS a, (hash(i * 7 + 1) % 1000)::FLOAT / 1000 AS b, 'c' || (hash(i * 3) % 5) "
    "AS c, "
    "((hash(i) % 1000)::FLOAT / 1000 > 0.5) <> (hash(i * 3) % 5 = 2) AS late FROM range(4000) t(i)";

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

std::vector<float> score(const Training& run, MatrixSource& source) {
  ModelPackage package;
  package.library = "xgboost";
  package.plan = run.data->plan();
  package.native = run.trained->native;
  const auto model = Model::make(package).value();
  std::vector<float> out;
  EXPECT_TRUE(source.rewind());
  while (auto block = source.next().value()) {
    std::vector<float> scores(block->rows * model->predictor().prediction_width());
    EXPECT_TRUE(model->predictor().predict(*block, Output::kPrediction, scores));
    out.insert(out.end(), scores.begin(), scores.end());
  }
  return out;
}

double last(const Json& metrics, const char* part, const char* metric) {
  return metrics.at(part).at(metric).items().back().as_double().value();
}

// The library's metric and ours of our scores agree: labels, classes, categories and links all mean the same.
TEST(XgboostTrainer, LogLossEqualsThatOfOurScores) {
  Training run = train("xgboost.gbtree", "train.num_boost_round=20, max_depth=4", kRows, "late");
  ASSERT_TRUE(run.trained) << run.trained.error().to_string();
  EXPECT_EQ(run.trained->objective, "binary:logistic");
  const std::vector<float> scores = score(run, run.data->train());
  const Pass pass = read_all(run.data->train());
  double loss = 0;
  for (size_t i = 0; i < scores.size(); ++i)
    loss -= std::log(static_cast<double>(pass.label[i] > 0 ? scores[i] : 1 - scores[i]));
  loss /= static_cast<double>(scores.size());
  EXPECT_NEAR(loss, last(run.trained->metrics, "train", "logloss"), 1e-5);
  EXPECT_LT(loss, 0.1);
  // Both features that matter are found; b is noise.
  ASSERT_EQ(run.trained->importance.size(), 3U);
  EXPECT_GT(run.trained->importance[0], 0.2);
  EXPECT_GT(run.trained->importance[2], 0.2);
  EXPECT_LT(run.trained->importance[1], 0.1);
}

TEST(XgboostTrainer, SameSeedGivesTheSameBytes) {
  const char* const text = "train.num_boost_round=5, subsample=0.5, colsample_bytree=0.7";
  const Training a = train("xgboost.gbtree", text, kRows, "late");
  const Training b = train("xgboost.gbtree", text, kRows, "late");
  ASSERT_TRUE(a.trained && b.trained);
  EXPECT_EQ(a.trained->native, b.trained->native);
  const Training other = train("xgboost.gbtree", std::string(text) + ", seed=7", kRows, "late");
  EXPECT_NE(a.trained->native, other.trained->native);
}

TEST(XgboostTrainer, StopsEarlyAndKeepsTheBestRound) {
  // Labels that are mostly noise are learnt by heart: validation gets worse.
  const std::string noise =
      "SELECT (hash(i) % 1000)::FLOAT AS a, (hash(i * 5) % 1000)::FLOAT AS b, "
      "hash(i * 11) % 100 < 50 + 30 * (hash(i) % 1000 > 500)::INT AS y FROM range(3000) t(i)";
  Training run =
      train("xgboost.gbtree", "train.num_boost_round=200, early_stopping_rounds=5, eta=0.8", noise, "y", 0.3);
  ASSERT_TRUE(run.trained) << run.trained.error().to_string();
  const Json& metrics = run.trained->metrics;
  const auto rounds = static_cast<size_t>(metrics.at("rounds").as_int().value());
  const auto best = static_cast<size_t>(metrics.at("best_round").as_int().value());
  EXPECT_LT(rounds, 200U);
  EXPECT_EQ(rounds, best + 6);
  const auto& series = metrics.at("validation").at("logloss").items();
  for (size_t i = 0; i < series.size(); ++i) {
    if (i != best) {
      EXPECT_GT(series[i].as_double().value(), series[best].as_double().value() - 1e-12);
    }
  }
  // The model that was kept scores as the best round did.
  const std::vector<float> scores = score(run, *run.data->validation());
  const Pass pass = read_all(*run.data->validation());
  double loss = 0;
  for (size_t i = 0; i < scores.size(); ++i)
    loss -= std::log(static_cast<double>(pass.label[i] > 0 ? scores[i] : 1 - scores[i]));
  EXPECT_NEAR(loss / static_cast<double>(scores.size()), series[best].as_double().value(), 1e-5);
}

TEST(XgboostTrainer, TrainsEveryEstimatorAndObjective) {
  const std::string number =
      "SELECT (hash(i) % 1000)::FLOAT / 1000 AS a, 'c' || (hash(i * 3) % 5) AS c, "
      "1 + (hash(i) % 1000)::DOUBLE / 500 AS y FROM range(2000) t(i)";
  for (const char* objective :
       {"reg:squarederror", "reg:squaredlogerror", "reg:gamma", "reg:tweedie", "reg:absoluteerror", "reg:quantileerror",
        "reg:pseudohubererror", "count:poisson", "reg:linear"}) {
    Training run = train("xgboost.gbtree", std::string("objective=\"") + objective + "\"", number, "y");
    ASSERT_TRUE(run.trained) << objective << ": " << run.trained.error().to_string();
    const std::vector<float> scores = score(run, run.data->train());
    // Pseudo-Huber's steps overshoot with these settings, in the library as in Python.
    const bool overshoots = std::string_view(objective) == "reg:pseudohubererror";
    for (const float value : scores) {
      ASSERT_TRUE(std::isfinite(value) && (overshoots || (value > 0.3F && value < 3.7F))) << objective << " " << value;
    }
  }
  for (const char* objective :
       {"binary:logistic", "binary:logitraw", "binary:hinge", "multi:softprob", "multi:softmax"}) {
    Training run = train("xgboost.gbtree", std::string("objective=\"") + objective + "\"", kRows, "late");
    ASSERT_TRUE(run.trained) << objective << ": " << run.trained.error().to_string();
  }
  for (const Estimator& estimator : xgboost::estimators()) {
    if (estimator.task == Task::kRanking || estimator.booster == Booster::kLinear) continue;  // settings_test.cc
    const bool is_classifier = !estimator.task || *estimator.task == Task::kMulticlass;
    Training run = train(std::string(estimator.name), estimator.is_forest ? "num_parallel_tree=7" : "n_estimators=3",
                         is_classifier ? kRows : number, is_classifier ? "late" : "y");
    ASSERT_TRUE(run.trained) << estimator.name << ": " << run.trained.error().to_string();
    EXPECT_EQ(run.rounds, estimator.is_forest ? 1U : 3U);
  }
  for (const char* method : {"exact", "approx", "hist", "auto"}) {
    const std::string plain =
        "SELECT (hash(i) % 1000)::FLOAT / 1000 AS a, hash(i) % 1000 > 300 AS y FROM range(500) t(i)";
    Training run = train("xgboost.gbtree", std::string("tree_method=\"") + method + "\"", plain, "y", 0.2);
    ASSERT_TRUE(run.trained) << method << ": " << run.trained.error().to_string();
  }
}

// The edges given to the library are the ones it uses: every threshold in the model is one of them.
TEST(XgboostTrainer, SplitsBinnedDataAtItsEdges) {
  Database database;
  const auto trainer = test_trainer();
  const AttributeValues values = attributes(*trainer, "xgboost.gbtree", "train.num_boost_round=10, max_depth=5");
  DataSpec spec;
  spec.label = "late";
  spec.threads = 2;
  spec.intent = trainer->intent("xgboost.gbtree", values).value();
  spec.binning = Trainer::Binning{1000, 4000, 255};
  auto binned = database.read(kRows, spec);
  spec.binning.reset();
  auto exact = database.read(kRows, spec);
  ASSERT_TRUE(binned && exact);
  TrainSpec train_spec{"xgboost.gbtree", &values, binned->task(), binned->classes(), 42, 2, 0};
  Quiet observer;
  const auto trained = trainer->train(train_spec, binned->train(), nullptr, observer);
  ASSERT_TRUE(trained) << trained.error().to_string();
  // Scored on exact values, the model says what it said on binned ones: a threshold between edges would differ.
  Training run;
  run.trained = *trained;
  run.data = std::move(binned);
  EXPECT_EQ(score(run, run.data->train()), score(run, exact->train()));
  EXPECT_LT(last(trained->metrics, "train", "logloss"), 0.2);
}

// Rows kept on disk give the model that rows in memory give, and leave no file behind.
TEST(XgboostTrainer, KeepsRowsOnDisk) {
  Database database;
  const auto trainer = test_trainer();
  const std::string query =
      "SELECT (hash(i) % 200)::FLOAT / 200 AS a, (hash(i * 7 + 1) % 100)::FLOAT AS b, 'c' || (hash(i * 3) % 5) AS c, "
      "CASE WHEN i % 9 > 0 THEN hash(i * 5) % 77 END AS d, (hash(i) % 200 > 100) <> (hash(i * 3) % 5 = 2) AS late "
      "FROM range(60000) t(i)";
  const std::filesystem::path scratch =
      std::filesystem::temp_directory_path() / ("sinan_scratch_" + std::to_string(getpid()));
  std::filesystem::create_directory(scratch);
  const auto run = [&](const std::string& more, uint64_t memory, bool has_scratch) {
    const AttributeValues values = attributes(*trainer, "xgboost.gbtree", "train.num_boost_round=8" + more);
    DataSpec spec;
    spec.label = "late";
    spec.threads = 2;
    spec.validation_fraction = 0.2;
    spec.intent = trainer->intent("xgboost.gbtree", values).value();
    spec.binning = Trainer::Binning{10'000, 20'000, 255};
    auto data = database.read(query, spec).value();
    TrainSpec train_spec;
    train_spec.estimator = "xgboost.gbtree";
    train_spec.attributes = &values;
    train_spec.task = data.task();
    train_spec.classes = data.classes();
    train_spec.threads = 2;
    train_spec.memory_bytes = memory;
    if (has_scratch) train_spec.scratch = scratch;
    size_t files = 0;
    class Counting final : public TrainObserver {
     public:
      Counting(const std::filesystem::path& at, size_t& count) : at_(at), count_(count) {}
      void stage(std::string_view) override {}
      bool round(uint32_t, uint32_t, std::span<const std::pair<std::string, double>>) override {
        count_ = static_cast<size_t>(std::distance(std::filesystem::directory_iterator(at_), {}));
        return true;
      }

     private:
      const std::filesystem::path& at_;
      size_t& count_;
    } observer(scratch, files);
    auto trained = trainer->train(train_spec, data.train(), data.validation(), observer);
    EXPECT_TRUE(trained) << trained.error().to_string();
    return std::pair(last(trained->metrics, "validation", "logloss"), files);
  };
  const auto [in_memory, none] = run("", 0, true);
  const auto [asked_for, some] = run(", train.disk_cache=true", 0, true);
  const auto [too_little_memory, more] = run("", 1 << 20, true);
  EXPECT_EQ(none, 0U);
  EXPECT_GT(some, 0U);
  EXPECT_GT(more, 0U);
  EXPECT_NEAR(asked_for, in_memory, 1e-6);
  EXPECT_NEAR(too_little_memory, in_memory, 1e-6);
  EXPECT_TRUE(std::filesystem::is_empty(scratch));
  std::filesystem::remove_all(scratch);
}

// Ten rounds are ten rounds, in one go or in two.
TEST(XgboostTrainer, GoesOnFromAModel) {
  Training whole = train("xgboost.gbtree", "train.num_boost_round=10", kRows, "late");
  Training half = train("xgboost.gbtree", "train.num_boost_round=4", kRows, "late");
  ASSERT_TRUE(whole.trained && half.trained);
  const auto trainer = test_trainer();
  const auto go_on = [&](const std::string& estimator, const std::string& text) {
    const AttributeValues values = attributes(*trainer, estimator, text);
    ModelPackage package;
    package.estimator = "xgboost.gbtree";
    package.library = "xgboost";
    package.objective = half.trained->objective;
    package.native = half.trained->native;
    TrainSpec spec{estimator, &values, half.data->task(), half.data->classes(), 42, 2, 0, {}, &package};
    Quiet observer;
    return trainer->train(spec, half.data->train(), nullptr, observer);
  };
  const auto rest = go_on("xgboost.gbtree", "train.num_boost_round=6");
  ASSERT_TRUE(rest) << rest.error().to_string();
  half.trained = *rest;
  const std::vector<float> expected = score(whole, whole.data->train());
  const std::vector<float> ours = score(half, half.data->train());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], expected[i], 1e-6) << i;
  const auto other = go_on("xgboost.dart", "train.num_boost_round=6");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "xgboost.dart cannot continue a model of xgboost.gbtree");
  const auto objective = go_on("xgboost.gbtree", "objective=\"binary:hinge\"");
  ASSERT_FALSE(objective);
  EXPECT_EQ(objective.error().message,
            "objective differs from that of the model to continue: \"binary:hinge\", there \"binary:logistic\"");
}

TEST(XgboostTrainer, CanBeCancelled) {
  const Training run = train("xgboost.gbtree", "train.num_boost_round=1000", kRows, "late", 0, 2);
  ASSERT_FALSE(run.trained);
  EXPECT_EQ(run.trained.error().code, Code::kCancelled);
  EXPECT_EQ(run.rounds, 2U);
}

TEST(XgboostTrainer, SaysWhatContradicts) {
  const auto trainer = test_trainer();
  const auto message = [&](const std::string& estimator, const std::string& text) {
    const auto intent = trainer->intent(estimator, attributes(*trainer, estimator, text));
    return intent ? std::string("fine") : intent.error().message;
  };
  EXPECT_EQ(message("xgboost.gbtree", "objective=\"binary:logistic\", num_class=3"),
            "objective \"binary:logistic\" is for two classes: num_class is 3");
  EXPECT_EQ(message("xgboost.gbtree", "objective=\"reg:squarederror\", num_class=3"),
            "num_class has no meaning with objective \"reg:squarederror\"");
  EXPECT_EQ(message("xgboost.XGBClassifier", "objective=\"reg:squarederror\""),
            "xgboost.XGBClassifier cannot have this objective: \"reg:squarederror\"");
  EXPECT_EQ(message("xgboost.XGBRanker", "objective=\"reg:squarederror\""),
            "xgboost.XGBRanker cannot have this objective: \"reg:squarederror\"");
  EXPECT_EQ(message("xgboost.gbtree", "objective=\"rank:ndcg\""), "fine");
  EXPECT_EQ(message("xgboost.gbtree", "objective=\"reg:quantileerror\", quantile_alpha=[0.9, 0.1]"),
            "quantile_alpha must be numbers in ascending order");
  EXPECT_EQ(message("xgboost.gbtree", "label_upper_column=\"y\""),
            "label_upper_column is for objective=\"survival:aft\" only");
  EXPECT_EQ(message("xgboost.gblinear", "early_stopping_rounds=3"),
            "early_stopping_rounds has no meaning with xgboost.gblinear: rounds mend the same weights");
  EXPECT_EQ(message("xgboost.gbtree", "train.disk_cache=true, tree_method=\"exact\""),
            "train.disk_cache keeps bins, which tree_method=\"exact\" has not");
  EXPECT_EQ(message("xgboost.gbtree", "eval_metric=[\"auk\"]"), "unknown eval_metric: \"auk\"");
  EXPECT_EQ(message("xgboost.gbtree", "eval_metric=\"auc\""), "fine");
}

TEST(XgboostTrainer, WarnsOfWhatHasNoEffect) {
  const auto trainer = test_trainer();
  const auto said = [&](const std::string& estimator, const std::string& text, const std::string& objective) {
    return join(warnings(*find_estimator(estimator), attributes(*trainer, estimator, text), objective), "; ");
  };
  EXPECT_EQ(said("xgboost.gbtree", "train.epoch=3, max_depth=2", "reg:squarederror"),
            "attribute \"train.epoch\" has no effect");
  EXPECT_EQ(said("xgboost.gbtree", "huber_slope=2, lambdarank_unbiased=true", "reg:tweedie"),
            "attribute \"huber_slope\" has no effect with objective \"reg:tweedie\"; "
            "attribute \"lambdarank_unbiased\" has no effect with objective \"reg:tweedie\"");
  EXPECT_EQ(said("xgboost.gbtree", "lambdarank_unbiased=true", "rank:map"), "");
  EXPECT_EQ(said("xgboost.gblinear", "top_k=3", "reg:squarederror"),
            "attribute \"top_k\" has no effect without feature_selector=\"greedy\" or \"thrifty\"");
  EXPECT_EQ(said("xgboost.gbtree", "max_leaves=3, tree_method=\"exact\"", "reg:squarederror"),
            "attribute \"max_leaves\" has no effect with tree_method=\"exact\"");
}

TEST(XgboostTrainer, KnowsItsEstimators) {
  const auto trainer = test_trainer();
  EXPECT_EQ(trainer->canonical_estimator("XGBoost.GBTree"), "xgboost.gbtree");
  EXPECT_EQ(trainer->canonical_estimator("xgbclassifier"), "xgboost.XGBClassifier");
  EXPECT_EQ(trainer->canonical_estimator("gbtree"), "");
  EXPECT_EQ(trainer->canonical_estimator("DNNClassifier"), "");
}

TEST(XgboostLibrary, ItsAbsenceIsAnErrorThatHelps) {
  const auto trainer = make_trainer({.library = "/nowhere/libxgboost.so"});
  const flow::DoctorFinding finding = trainer->doctor();
  EXPECT_FALSE(finding.works);
  EXPECT_NE(finding.remedy.find("SINAN_XGBOOST_LIBRARY"), std::string::npos);
  const auto wrong = Library::load("/lib/x86_64-linux-gnu/libc.so.6");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kUnsupported);
  const flow::DoctorFinding found = test_trainer()->doctor();
  EXPECT_TRUE(found.works);
  EXPECT_EQ(found.name, "XGBoost 3.4.1");
}

}  // namespace
}  // namespace sinan::ml::xgboost

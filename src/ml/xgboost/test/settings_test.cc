// Settings of all kinds, trained through Sinan and scored by its own evaluators, equal what the library does with the same
// rows as a numpy matrix, as its Python package hands it over.
#include <gtest/gtest.h>

#include <cmath>

#include "ml/model.h"
#include "ml/ranking_metrics.h"
#include "ml/trees/explainer.h"
#include "ml/trees/linear_model.h"
#include "ml/trees/predictor.h"
#include "ml/trees/xgboost_model.h"
#include "ml/xgboost/test/rows.h"
#include "ml/xgboost/test/training_data.h"

namespace sinan::ml::xgboost {
namespace {

using Parameters = Reference::Parameters;

struct Setting {
  const char* name;
  const char* estimator;
  const char* attributes;  // ours
  Parameters parameters;   // the library's for the same
  Task task = Task::kRegression;
  size_t classes = 0;
  uint32_t categories = 20;
  bool is_weighted = false;
  bool is_grouped = false;
  enum class Label : uint8_t { kPlain, kCensored, kInterval, kShare } label = Label::kPlain;
  int rounds = 10;
};

Rows rows_of(const Setting& s) {
  Rows rows = make_rows(1500, s.categories, s.classes, 11);
  for (size_t i = 0; i < rows.rows(); ++i) {
    if (s.is_grouped) rows.group.push_back(static_cast<int32_t>(i / 25));
    if (s.is_weighted) rows.weight.push_back(0.5F + static_cast<float>((s.is_grouped ? i / 25 : i) % 7));
    if (s.label == Setting::Label::kCensored && i % 4 == 0) rows.label[i] = -rows.label[i];
    if (s.label == Setting::Label::kShare) rows.label[i] = rows.label[i] / (1 + rows.label[i]);
    if (s.label == Setting::Label::kInterval)
      rows.label_upper.push_back(i % 3 == 0 ? std::numeric_limits<float>::infinity() : rows.label[i] * 1.5F);
  }
  return rows;
}

const Setting kSettings[] = {
    {"squared", "xgboost.gbtree", "", {{"objective", "reg:squarederror"}}},
    {"shape",
     "xgboost.XGBRegressor",
     "max_depth=3, eta=0.5, reg_lambda=3, reg_alpha=0.5, gamma=0.1, min_child_weight=4",
     {{"objective", "reg:squarederror"},
      {"max_depth", "3"},
      {"eta", "0.5"},
      {"lambda", "3"},
      {"alpha", "0.5"},
      {"gamma", "0.1"},
      {"min_child_weight", "4"}}},
    {"weighted",
     "xgboost.gbtree",
     "objective=\"reg:squarederror\"",
     {{"objective", "reg:squarederror"}},
     Task::kRegression,
     0,
     20,
     true},
    {"leaf_wise",
     "xgboost.gbtree",
     "grow_policy=\"lossguide\", max_leaves=13, max_depth=0",
     {{"objective", "reg:squarederror"}, {"grow_policy", "lossguide"}, {"max_leaves", "13"}, {"max_depth", "0"}}},
    {"samples",
     "xgboost.gbtree",
     "subsample=0.6, colsample_bytree=0.7, colsample_bynode=0.8",
     {{"objective", "reg:squarederror"},
      {"subsample", "0.6"},
      {"colsample_bytree", "0.7"},
      {"colsample_bynode", "0.8"}}},
    {"parallel",
     "xgboost.gbtree",
     "num_parallel_tree=3, subsample=0.7",
     {{"objective", "reg:squarederror"}, {"num_parallel_tree", "3"}, {"subsample", "0.7"}}},
    {"squared_log", "xgboost.gbtree", "objective=\"reg:squaredlogerror\"", {{"objective", "reg:squaredlogerror"}}},
    {"pseudo_huber",
     "xgboost.gbtree",
     "objective=\"reg:pseudohubererror\", huber_slope=2",
     {{"objective", "reg:pseudohubererror"}, {"huber_slope", "2"}}},
    {"absolute", "xgboost.gbtree", "objective=\"reg:absoluteerror\"", {{"objective", "reg:absoluteerror"}}},
    {"quantile",
     "xgboost.gbtree",
     "objective=\"reg:quantileerror\", quantile_alpha=0.2",
     {{"objective", "reg:quantileerror"}, {"quantile_alpha", "0.2"}}},
    {"quantiles",
     "xgboost.gbtree",
     "objective=\"reg:quantileerror\", quantile_alpha=[0.1, 0.5, 0.9]",
     {{"objective", "reg:quantileerror"}, {"quantile_alpha", "[0.1,0.5,0.9]"}}},
    {"expectile",
     "xgboost.gbtree",
     "objective=\"reg:expectileerror\", expectile_alpha=0.3",
     {{"objective", "reg:expectileerror"}, {"expectile_alpha", "0.3"}}},
    {"share",
     "xgboost.gbtree",
     "objective=\"reg:logistic\"",
     {{"objective", "reg:logistic"}},
     Task::kRegression,
     0,
     20,
     false,
     false,
     Setting::Label::kShare},
    {"gamma", "xgboost.gbtree", "objective=\"reg:gamma\"", {{"objective", "reg:gamma"}}},
    {"tweedie",
     "xgboost.gbtree",
     "objective=\"reg:tweedie\", tweedie_variance_power=1.3",
     {{"objective", "reg:tweedie"}, {"tweedie_variance_power", "1.3"}}},
    {"poisson", "xgboost.gbtree", "objective=\"count:poisson\"", {{"objective", "count:poisson"}}},
    {"cox",
     "xgboost.gbtree",
     "objective=\"survival:cox\"",
     {{"objective", "survival:cox"}},
     Task::kRegression,
     0,
     20,
     false,
     false,
     Setting::Label::kCensored},
    {"aft",
     "xgboost.gbtree",
     "objective=\"survival:aft\", aft_loss_distribution=\"logistic\", aft_loss_distribution_scale=1.2, "
     "label_upper_column=u",
     {{"objective", "survival:aft"}, {"aft_loss_distribution", "logistic"}, {"aft_loss_distribution_scale", "1.2"}},
     Task::kRegression,
     0,
     20,
     false,
     false,
     Setting::Label::kInterval},
    {"binary",
     "xgboost.XGBClassifier",
     "scale_pos_weight=2",
     {{"objective", "binary:logistic"}, {"scale_pos_weight", "2"}},
     Task::kBinary,
     2},
    {"hinge", "xgboost.gbtree", "objective=\"binary:hinge\"", {{"objective", "binary:hinge"}}, Task::kBinary, 2},
    {"softprob",
     "xgboost.gbtree",
     "",
     {{"objective", "multi:softprob"}, {"num_class", "4"}},
     Task::kMulticlass,
     4,
     20,
     true},
    {"dart",
     "xgboost.dart",
     "rate_drop=0.3, skip_drop=0.2, normalize_type=\"forest\"",
     {{"objective", "binary:logistic"},
      {"booster", "dart"},
      {"rate_drop", "0.3"},
      {"skip_drop", "0.2"},
      {"normalize_type", "forest"}},
     Task::kBinary,
     2},
    {"forest",
     "xgboost.XGBRFRegressor",
     "n_estimators=9",
     {{"objective", "reg:squarederror"},
      {"num_parallel_tree", "9"},
      {"eta", "1"},
      {"subsample", "0.8"},
      {"colsample_bynode", "0.8"},
      {"lambda", "1e-5"}},
     Task::kRegression,
     0,
     20,
     false,
     false,
     Setting::Label::kPlain,
     1},
    {"categories",
     "xgboost.gbtree",
     "max_cat_to_onehot=1, max_cat_threshold=8",
     {{"objective", "reg:squarederror"}, {"max_cat_to_onehot", "1"}, {"max_cat_threshold", "8"}}},
    {"monotone",
     "xgboost.gbtree",
     "monotone_constraints=[a:1, \"b c:-1\"]",
     {{"objective", "reg:squarederror"}, {"monotone_constraints", "(1,-1,0,0)"}}},
    {"interaction",
     "xgboost.gbtree",
     "interaction_constraints=\"[[a, k], ['b c', d]]\"",
     {{"objective", "reg:squarederror"}, {"interaction_constraints", "[[0,3],[1,2]]"}}},
    {"exact",
     "xgboost.gbtree",
     "tree_method=\"exact\"",
     {{"objective", "reg:squarederror"}, {"tree_method", "exact"}},
     Task::kRegression,
     0,
     0,
     true},
    {"approx",
     "xgboost.gbtree",
     "tree_method=\"approx\"",
     {{"objective", "reg:squarederror"}, {"tree_method", "approx"}}},
    {"rank_ndcg",
     "xgboost.gbtree",
     "objective=\"rank:ndcg\", eval_metric=\"ndcg\"",
     {{"objective", "rank:ndcg"}, {"eval_metric", "ndcg"}},
     Task::kRanking,
     5,
     20,
     true,
     true},
    {"rank_map",
     "xgboost.gbtree",
     "objective=\"rank:map\", lambdarank_pair_method=\"mean\", eval_metric=\"map\"",
     {{"objective", "rank:map"}, {"lambdarank_pair_method", "mean"}, {"eval_metric", "map"}},
     Task::kRanking,
     2,
     20,
     false,
     true},
    {"rank_pairwise",
     "xgboost.XGBRanker",
     "eval_metric=\"ndcg@5\"",
     {{"objective", "rank:pairwise"}, {"eval_metric", "ndcg@5"}},
     Task::kRanking,
     5,
     20,
     false,
     true},
    {"linear",
     "xgboost.gblinear",
     "reg_alpha=0.01, feature_selector=\"cyclic\"",
     {{"objective", "reg:squarederror"}, {"booster", "gblinear"}, {"updater", "coord_descent"}, {"alpha", "0.01"}},
     Task::kRegression,
     0,
     0,
     true},
    {"linear_classes",
     "xgboost.gblinear",
     "",
     {{"objective", "multi:softprob"}, {"booster", "gblinear"}, {"updater", "coord_descent"}, {"num_class", "3"}},
     Task::kMulticlass,
     3,
     0},
};

class Settings : public testing::TestWithParam<Setting> {};
INSTANTIATE_TEST_SUITE_P(All, Settings, testing::ValuesIn(kSettings),
                         [](const auto& which) { return which.param.name; });

Result<Trained> train(const Setting& s, MatrixSource& rows, const std::string& more = "", uint32_t threads = 1) {
  const auto trainer = test_trainer();
  std::string text = s.attributes;
  text += (text.empty() ? "" : ", ") + std::string("seed=5, num_boost_round=") + std::to_string(s.rounds) + more;
  const AttributeValues values = attributes(*trainer, s.estimator, text);
  const auto intent = trainer->intent(s.estimator, values);
  if (!intent) return std::unexpected(intent.error());
  TrainSpec spec;
  spec.estimator = s.estimator;
  spec.attributes = &values;
  spec.task = s.task;
  spec.classes = s.task == Task::kRanking ? 0 : s.classes;
  spec.threads = threads;
  Quiet observer;
  return trainer->train(spec, rows, nullptr, observer);
}

TEST_P(Settings, EqualTheLibraryWithAMatrix) {
  const Setting& s = GetParam();
  Rows rows = rows_of(s);
  const auto trained = train(s, rows);
  ASSERT_TRUE(trained) << trained.error().to_string();
  Parameters parameters = s.parameters;
  for (const auto& [name, value] : Parameters{{"seed", "5"}, {"nthread", "1"}, {"verbosity", "0"}})
    parameters.emplace_back(name, value);
  const Reference reference(rows, parameters, s.rounds);

  const auto model = read_xgboost_model(trained->native, rows.features);
  ASSERT_TRUE(model) << model.error().to_string();
  const auto predictor = model->trees ? make_predictor(model->trees) : make_linear_predictor(model->linear);
  const MatrixBlock block = rows.all();
  for (const auto& [output, type] : {std::pair(Output::kPrediction, 0), std::pair(Output::kMargin, 1)}) {
    const std::vector<float> expected = reference.predict(type);
    std::vector<float> ours(expected.size());
    ASSERT_EQ(expected.size(), block.rows * predictor->outputs());
    ASSERT_TRUE(predictor->predict(block, output, ours));
    for (size_t i = 0; i < ours.size(); ++i)
      ASSERT_NEAR(ours[i], expected[i], 1e-6 * std::max(1.0F, std::abs(expected[i]))) << i;
  }
  const auto explainer = model->trees ? make_explainer(model->trees) : make_linear_explainer(model->linear);
  const std::vector<float> expected = reference.predict(2);
  std::vector<float> ours(expected.size());
  ASSERT_TRUE(explainer->explain(block, ours));
  for (size_t i = 0; i < ours.size(); ++i)
    ASSERT_NEAR(ours[i], expected[i], 2e-4 * std::max(1.0F, std::abs(expected[i]))) << i;

  if (s.task != Task::kRanking) return;
  // Training's metric, group by group, is the library's, and so is ours of its scores.
  Scored scored;
  scored.task = Task::kRanking;
  scored.group = rows.group;
  const std::vector<float> scores = reference.predict(0);
  for (size_t i = 0; i < rows.rows(); ++i) {
    scored.actual_value.push_back(static_cast<double>(rows.label[i]));
    scored.predicted_value.push_back(static_cast<double>(scores[i]));
  }
  const std::string metric = trained->metrics.at("train").members().front().first;
  const double last = trained->metrics.at("train").at(metric).items().back().as_double().value();
  const std::string line = reference.evaluate(s.rounds - 1);
  EXPECT_NEAR(last, std::stod(line.substr(line.rfind(':') + 1)), 1e-6) << line;
  if (s.is_weighted) return;
  const double own = metric.starts_with("map") ? mean_average_precision(scored, 0)
                                               : ndcg(scored, metric.ends_with("@5") ? 5 : 0, Gain::kExponential);
  EXPECT_NEAR(own, last, 2e-3) << metric;  // rows of one score: the library takes them as they lie
}

// The same seed gives the same bytes, also on several threads.
TEST_P(Settings, AreReproducible) {
  const Setting& s = GetParam();
  Rows rows = rows_of(s);
  const auto once = train(s, rows, "", 3);
  const auto twice = train(s, rows, "", 3);
  ASSERT_TRUE(once && twice);
  EXPECT_EQ(once->native, twice->native);
}

}  // namespace
}  // namespace sinan::ml::xgboost

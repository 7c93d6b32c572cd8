#include "ml/xgboost/spec.h"

#include <algorithm>

#include "ml/attribute_specs.h"

namespace sinan::ml::xgboost {
namespace {

using namespace spec;

constexpr Estimator kEstimators[] = {
    {"xgboost.gbtree"},
    {"xgboost.dart", Booster::kDart},
    {"xgboost.gblinear", Booster::kLinear},
    {"xgboost.XGBClassifier", Booster::kTrees, "", Task::kMulticlass},
    {"xgboost.XGBRegressor", Booster::kTrees, "reg:squarederror", Task::kRegression},
    {"xgboost.XGBRanker", Booster::kTrees, "rank:pairwise", Task::kRanking},
    {"xgboost.XGBRFClassifier", Booster::kTrees, "multi:softprob", Task::kMulticlass, true},
    {"xgboost.XGBRFRegressor", Booster::kTrees, "reg:squarederror", Task::kRegression, true},
};

constexpr Objective kObjectives[] = {
    {"binary:logistic", Task::kBinary},
    {"binary:logitraw", Task::kBinary},
    {"binary:hinge", Task::kBinary},
    {"multi:softprob", Task::kMulticlass},
    {"multi:softmax", Task::kMulticlass},
    {"reg:squarederror", Task::kRegression},
    {"reg:squaredlogerror", Task::kRegression},
    {"reg:logistic", Task::kRegression},
    {"reg:pseudohubererror", Task::kRegression},
    {"reg:absoluteerror", Task::kRegression},
    {"reg:quantileerror", Task::kRegression},
    {"reg:expectileerror", Task::kRegression},
    {"reg:gamma", Task::kRegression},
    {"reg:tweedie", Task::kRegression},
    {"reg:linear", Task::kRegression},
    {"count:poisson", Task::kRegression},
    {"rank:ndcg", Task::kRanking},
    {"rank:map", Task::kRanking},
    {"rank:pairwise", Task::kRanking},
    {"survival:cox", Task::kRegression},
    {"survival:aft", Task::kRegression},
};
constexpr std::string_view kObjectiveNames =
    "binary:logistic|binary:logitraw|binary:hinge|multi:softprob|multi:softmax|reg:squarederror|reg:squaredlogerror|"
    "reg:logistic|reg:pseudohubererror|reg:absoluteerror|reg:quantileerror|reg:expectileerror|reg:gamma|reg:tweedie|"
    "reg:linear|count:poisson|rank:ndcg|rank:map|rank:pairwise|survival:cox|survival:aft";

constexpr std::string_view kMetrics[] = {"rmse",
                                         "rmsle",
                                         "mae",
                                         "mape",
                                         "mphe",
                                         "logloss",
                                         "error",
                                         "merror",
                                         "mlogloss",
                                         "auc",
                                         "aucpr",
                                         "ndcg",
                                         "map",
                                         "pre",
                                         "ndcg-",
                                         "map-",
                                         "poisson-nloglik",
                                         "gamma-nloglik",
                                         "quantile",
                                         "gamma-deviance",
                                         "expectile",
                                         "tweedie-nloglik",
                                         "cox-nloglik",
                                         "aft-nloglik",
                                         "interval-regression-accuracy"};

constexpr Row kRows[] = {
    // What is learnt.
    {choice("objective", "", kObjectiveNames, "what training minimises; by the label when left out"), ""},
    {integer("num_class", "", 2, 1000, "number of classes; the data tell when it is left out"), ""},
    {integer("train.num_boost_round", "10", 1, 1e6, "rounds: trees, or groups of trees",
             "num_boost_round|n_estimators|num_round"),
     ""},
    {rate("eta", "0.3", "how much of each tree (linear: step) counts", "learning_rate"), "eta"},
    {number("base_score", "", "prediction before the first tree; fitted when left out"), "base_score"},
    // Trees.
    {integer("max_depth", "6", 0, 64, "deepest level of a tree; 0 = no limit"), "max_depth", For::kTrees},
    {integer("max_leaves", "0", 0, 1e6, "most leaves of a tree; 0 = no limit"), "max_leaves", For::kTrees},
    {choice("grow_policy", "depthwise", "depthwise|lossguide", "which leaf is split next"), "grow_policy", For::kTrees},
    {at_least("min_child_weight", "1", 0, "least weight of a leaf"), "min_child_weight", For::kTrees},
    {at_least("gamma", "0", 0, "least gain of a split", "min_split_loss"), "gamma", For::kTrees},
    {at_least("max_delta_step", "0", 0, "largest step of a leaf; 0 = no limit, for count:poisson 0.7"),
     "max_delta_step", For::kTrees},
    {at_least("reg_lambda", "1", 0, "squared penalty on leaf values (linear: weights; 0)", "lambda"), "lambda"},
    {at_least("reg_alpha", "0", 0, "absolute penalty on leaf values (linear: weights)", "alpha"), "alpha"},
    {integer("num_parallel_tree", "1", 1, 1e5, "trees of one round: above 1 a boosted forest"), "num_parallel_tree",
     For::kTrees},
    {choice("tree_method", "hist", "hist|approx|exact|auto", "how splits are searched"), "", For::kTrees},
    {integer("max_bin", "256", 2, 65535, "bins of a numeric feature"), "max_bin", For::kTrees},
    {integer("max_cat_to_onehot", "4", 1, 65536, "up to so many categories are split one by one"), "max_cat_to_onehot",
     For::kTrees},
    {integer("max_cat_threshold", "64", 1, 65536, "most categories on one side of a split"), "max_cat_threshold",
     For::kTrees},
    // Samples.
    {share("subsample", "1", "share of the rows each tree sees"), "subsample", For::kTrees},
    {share("colsample_bytree", "1", "share of the features each tree sees"), "colsample_bytree", For::kTrees},
    {share("colsample_bylevel", "1", "share of them each level sees"), "colsample_bylevel", For::kTrees},
    {share("colsample_bynode", "1", "share of them each split sees"), "colsample_bynode", For::kTrees},
    // Dropped trees.
    {choice("sample_type", "uniform", "uniform|weighted", "how trees to drop are drawn"), "sample_type", For::kDart},
    {choice("normalize_type", "tree", "tree|forest", "how new trees are weighted"), "normalize_type", For::kDart},
    {rate("rate_drop", "0", "share of the trees dropped each round"), "rate_drop", For::kDart},
    {rate("skip_drop", "0", "chance that a round drops none"), "skip_drop", For::kDart},
    {flag("one_drop", "false", "drop at least one tree"), "one_drop", For::kDart},
    // Linear models.
    {choice("updater", "coord_descent", "coord_descent|shotgun",
            "how weights are found; shotgun: in parallel, another result each time"),
     "updater", For::kLinear},
    {choice("feature_selector", "cyclic", "cyclic|shuffle|random|greedy|thrifty", "which weight is next"),
     "feature_selector", For::kLinear},
    {integer("top_k", "0", 0, spec::kMostInt, "of greedy and thrifty: features a round; 0 = all"), "top_k",
     For::kLinear},
    // Classes and constraints.
    {above("scale_pos_weight", "1", 0, "weight of the second class"), "scale_pos_weight", For::kAll,
     "binary:|reg:logistic"},
    {texts("monotone_constraints", "features that only rise (1) or fall (-1) the prediction: [area:1, age:-1]"), "",
     For::kTrees},
    {text("interaction_constraints", "groups of features that may meet in a tree: \"[[area, rooms], [age]]\""), "",
     For::kTrees},
    // Objectives.
    {{.name = "quantile_alpha",
      .type = AttributeType::kFloatList,
      .default_text = "0.5",
      .doc = "which quantiles, in ascending order: 0.5 or [0.1, 0.5, 0.9]",
      .min = 0,
      .max = 1,
      .min_open = true,
      .max_open = true},
     "",
     For::kAll,
     "reg:quantileerror"},
    {{.name = "expectile_alpha",
      .type = AttributeType::kFloat,
      .default_text = "0.5",
      .doc = "which expectile",
      .min = 0,
      .max = 1,
      .min_open = true,
      .max_open = true},
     "expectile_alpha",
     For::kAll,
     "reg:expectileerror"},
    {{.name = "tweedie_variance_power",
      .type = AttributeType::kFloat,
      .default_text = "1.5",
      .doc = "1 is poisson, 2 gamma",
      .min = 1,
      .max = 2,
      .min_open = true,
      .max_open = true},
     "tweedie_variance_power",
     For::kAll,
     "reg:tweedie"},
    {above("huber_slope", "1", 0, "where the loss turns from square to straight"), "huber_slope", For::kAll,
     "reg:pseudohubererror"},
    {choice("aft_loss_distribution", "normal", "normal|logistic|extreme", "of the noise of log survival times"),
     "aft_loss_distribution", For::kAll, "survival:aft"},
    {above("aft_loss_distribution_scale", "1", 0, "scale of that noise"), "aft_loss_distribution_scale", For::kAll,
     "survival:aft"},
    {choice("lambdarank_pair_method", "topk", "topk|mean", "which pairs of a group are compared"),
     "lambdarank_pair_method", For::kAll, "rank:"},
    {integer("lambdarank_num_pair_per_sample", "", 1, spec::kMostInt,
             "topk: places looked at, 32; mean: pairs of a row, 1"),
     "lambdarank_num_pair_per_sample", For::kAll, "rank:"},
    {flag("lambdarank_normalization", "true", "groups count the same whatever their size"), "lambdarank_normalization",
     For::kAll, "rank:"},
    {flag("lambdarank_score_normalization", "true", "pairs count less the further apart their scores are"),
     "lambdarank_score_normalization", For::kAll, "rank:"},
    {flag("lambdarank_unbiased", "false", "labels are clicks: correct for the place they were shown at"),
     "lambdarank_unbiased", For::kAll, "rank:"},
    {at_least("lambdarank_bias_norm", "1", 0, "of lambdarank_unbiased: its regularisation"), "lambdarank_bias_norm",
     For::kAll, "rank:"},
    {flag("ndcg_exp_gain", "true", "gain of a label l: 2^l - 1, else l"), "ndcg_exp_gain", For::kAll, "rank:"},
    // Metrics.
    {texts("eval_metric", "metrics of each round, the last one decides early stopping"), ""},
    {integer("early_stopping_rounds", "", 1, 1e6, "stop after so many rounds without a better validation metric"), ""},
    {choice("importance_type", "gain", "gain|weight|cover|total_gain|total_cover", "what feature importance counts"),
     "", For::kTrees},
    // The run.
    {integer("seed", "", 0, spec::kMostInt, "of everything random; the run's when left out", "random_state"), ""},
    {flag("seed_per_iteration", "false", "a seed for each round, from its number"), "seed_per_iteration"},
    {integer("nthread", "0", 0, 1024, "most threads; 0 = what the run grants", "n_jobs"), ""},
    {integer("verbosity", "1", 0, 3, "messages of the library: 0 none .. 3 all"), ""},
    {integer("train.cut_sample_rows", "200000", 0, 1e12,
             "above a million rows bins come from a sample of this size; 0 = from all rows"),
     "", For::kTrees},
    {flag("train.disk_cache", "false", "keep the binned rows on disk instead of in memory"), "", For::kTrees},
    // SQLFlow's, which mean nothing here.
    {integer("train.batch_size", "-1", -1, spec::kMostInt, "no effect"), "", For::kAll, "", false},
    {integer("train.epoch", "1", 1, spec::kMostInt, "no effect"), "", For::kAll, "", false},
    {integer("train.num_workers", "1", 1, 128, "no effect"), "", For::kAll, "", false},
    {flag("silent", "false", "no effect: use verbosity"), "", For::kAll, "", false},
    {number("missing", "", "no effect: NULL is missing"), "", For::kAll, "", false},
};

}  // namespace

std::span<const Estimator> estimators() { return kEstimators; }
std::span<const Objective> objectives() { return kObjectives; }
std::span<const std::string_view> metrics() { return kMetrics; }
std::span<const Row> rows() { return kRows; }

bool is_better_higher(std::string_view metric) {
  constexpr std::string_view kGains[] = {"auc", "map", "ndcg", "pre", "interval-regression-accuracy"};
  return std::ranges::any_of(kGains, [&](std::string_view gain) { return metric.starts_with(gain); });
}

}  // namespace sinan::ml::xgboost

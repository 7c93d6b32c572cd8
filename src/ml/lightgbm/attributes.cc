#include "ml/lightgbm/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"
#include "base/strings.h"
#include "ml/attribute_specs.h"

namespace sinan::ml::lightgbm {
namespace {

using enum AttributeType;
using namespace spec;

constexpr Estimator kEstimators[] = {
    {"lightgbm.gbdt", "gbdt", "lightgbm"},
    {"lightgbm.dart", "dart", ""},
    {"lightgbm.rf", "rf", ""},
    {"lightgbm.goss", "goss", ""},
    {"lightgbm.LGBMClassifier", "gbdt", "LGBMClassifier", Task::kMulticlass},
    {"lightgbm.LGBMRegressor", "gbdt", "LGBMRegressor", Task::kRegression},
    {"lightgbm.LGBMRanker", "gbdt", "LGBMRanker", Task::kRanking},
};

struct Objective {
  std::string_view name;
  Task task;
  std::string_view aliases;
};

constexpr Objective kObjectives[] = {
    {"regression", Task::kRegression, "regression_l2|l2|mean_squared_error|mse|l2_root|root_mean_squared_error|rmse"},
    {"regression_l1", Task::kRegression, "l1|mean_absolute_error|mae"},
    {"huber", Task::kRegression, ""},
    {"fair", Task::kRegression, ""},
    {"poisson", Task::kRegression, ""},
    {"quantile", Task::kRegression, ""},
    {"mape", Task::kRegression, "mean_absolute_percentage_error"},
    {"gamma", Task::kRegression, ""},
    {"tweedie", Task::kRegression, ""},
    {"binary", Task::kBinary, ""},
    {"multiclass", Task::kMulticlass, "softmax"},
    {"multiclassova", Task::kMulticlass, "multiclass_ova|ova|ovr"},
    {"cross_entropy", Task::kRegression, "xentropy"},
    {"cross_entropy_lambda", Task::kRegression, "xentlambda"},
    {"lambdarank", Task::kRanking, ""},
    {"rank_xendcg", Task::kRanking, "xendcg|xe_ndcg|xe_ndcg_mart|xendcg_mart"},
};
constexpr std::string_view kObjectiveNames =
    "regression|regression_l2|l2|mean_squared_error|mse|l2_root|root_mean_squared_error|rmse|regression_l1|l1|"
    "mean_absolute_error|mae|huber|fair|poisson|quantile|mape|mean_absolute_percentage_error|gamma|tweedie|binary|"
    "multiclass|softmax|multiclassova|multiclass_ova|ova|ovr|cross_entropy|xentropy|cross_entropy_lambda|xentlambda|"
    "lambdarank|rank_xendcg|xendcg|xe_ndcg|xe_ndcg_mart|xendcg_mart";

constexpr std::string_view kMetrics[] = {"l1",
                                         "mean_absolute_error",
                                         "mae",
                                         "regression_l1",
                                         "l2",
                                         "mean_squared_error",
                                         "mse",
                                         "regression_l2",
                                         "regression",
                                         "rmse",
                                         "root_mean_squared_error",
                                         "l2_root",
                                         "quantile",
                                         "mape",
                                         "mean_absolute_percentage_error",
                                         "huber",
                                         "fair",
                                         "poisson",
                                         "gamma",
                                         "gamma_deviance",
                                         "tweedie",
                                         "r2",
                                         "ndcg",
                                         "lambdarank",
                                         "rank_xendcg",
                                         "xendcg",
                                         "xe_ndcg",
                                         "xe_ndcg_mart",
                                         "xendcg_mart",
                                         "map",
                                         "mean_average_precision",
                                         "auc",
                                         "average_precision",
                                         "binary_logloss",
                                         "binary",
                                         "binary_error",
                                         "auc_mu",
                                         "multi_logloss",
                                         "multiclass",
                                         "softmax",
                                         "multiclassova",
                                         "multiclass_ova",
                                         "ova",
                                         "ovr",
                                         "multi_error",
                                         "cross_entropy",
                                         "xentropy",
                                         "cross_entropy_lambda",
                                         "xentlambda",
                                         "kullback_leibler",
                                         "kldiv"};

// Which estimators have an attribute.
enum class For : uint8_t { kAll, kDart, kNotForest };

// Named as users write them; `parameter` is LightGBM's name, empty when the attribute is ours.
struct Row {
  AttributeSpec spec;
  std::string_view parameter = {};
  // Sent to the library as it stands; the others need more than their value.
  bool is_plain = true;
  For estimators = For::kAll;
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr Row kRows[] = {
    // What is learnt.
    {choice("objective", "", kObjectiveNames, "what the trees are to minimise; by the label when left out",
            "objective_type|app|application|loss"),
     "objective", false},
    {integer("num_class", "", 2, 1000, "number of classes; the data tell when it is left out", "num_classes"),
     "num_class", false},
    {integer("train.num_boost_round", "100", 1, 1e6, "rounds: trees, or one tree a class",
             "num_boost_round|n_estimators|num_iterations|num_iteration|n_iter|nrounds|max_iter|num_tree|num_trees|"
             "num_round|num_rounds"),
     "num_iterations", false},
    {above("learning_rate", "0.1", 0, "how much of each tree counts; no meaning in a forest", "eta|shrinkage_rate"),
     "learning_rate"},
    {flag("boost_from_average", "true", "begin with the mean label"), "boost_from_average"},
    // Trees.
    {integer("num_leaves", "31", 2, 131072, "most leaves of a tree", "num_leaf|max_leaves|max_leaf|max_leaf_nodes"),
     "num_leaves"},
    {integer("max_depth", "-1", -1, 4096, "deepest level of a tree; 0 or -1 = no limit"), "max_depth"},
    {integer("min_data_in_leaf", "20", 0, kMostInt, "least rows of a leaf",
             "min_data_per_leaf|min_data|min_child_samples|min_samples_leaf"),
     "min_data_in_leaf"},
    {at_least("min_sum_hessian_in_leaf", "0.001", 0, "least weight of a leaf",
              "min_sum_hessian_per_leaf|min_sum_hessian|min_hessian|min_child_weight"),
     "min_sum_hessian_in_leaf"},
    {at_least("min_gain_to_split", "0", 0, "least gain of a split", "min_split_gain"), "min_gain_to_split"},
    {at_least("lambda_l1", "0", 0, "absolute penalty on leaf values", "reg_alpha|l1_regularization"), "lambda_l1"},
    {at_least("lambda_l2", "0", 0, "squared penalty on leaf values", "reg_lambda|lambda|l2_regularization"),
     "lambda_l2"},
    {at_least("max_delta_step", "0", -kInfinity, "largest value of a leaf; 0 = no limit",
              "max_tree_output|max_leaf_output"),
     "max_delta_step"},
    {at_least("path_smooth", "0", 0, "pull of a node's parent on its value"), "path_smooth"},
    {flag("extra_trees", "false", "one random threshold a feature and split", "extra_tree"), "extra_trees"},
    {at_least("cegb_tradeoff", "1", 0, "weight of the cost of using features and splits"), "cegb_tradeoff"},
    {at_least("cegb_penalty_split", "0", 0, "cost of a split"), "cegb_penalty_split"},
    // Samples.
    {choice("data_sample_strategy", "bagging", "bagging|goss", "how the rows of a tree are drawn"),
     "data_sample_strategy", true, For::kNotForest},
    {share("bagging_fraction", "1", "share of the rows each tree sees, with bagging_freq", "sub_row|subsample|bagging"),
     "bagging_fraction"},
    {integer("bagging_freq", "0", 0, kMostInt, "rows are drawn anew after so many rounds; 0 = never", "subsample_freq"),
     "bagging_freq"},
    {share("pos_bagging_fraction", "1", "share of the second class's rows", "pos_sub_row|pos_subsample|pos_bagging"),
     "pos_bagging_fraction"},
    {share("neg_bagging_fraction", "1", "share of the first class's rows", "neg_sub_row|neg_subsample|neg_bagging"),
     "neg_bagging_fraction"},
    {flag("bagging_by_query", "false", "draw whole ranking groups"), "bagging_by_query"},
    {rate("top_rate", "0.2", "share of the rows with large gradients that goss keeps"), "top_rate", true,
     For::kNotForest},
    {rate("other_rate", "0.1", "share of the other rows that goss keeps"), "other_rate", true, For::kNotForest},
    {share("feature_fraction", "1", "share of the features each tree sees", "sub_feature|colsample_bytree"),
     "feature_fraction"},
    {share("feature_fraction_bynode", "1", "share of them each split sees", "sub_feature_bynode|colsample_bynode"),
     "feature_fraction_bynode"},
    // Dropped trees.
    {rate("drop_rate", "0.1", "share of the trees dropped each round", "rate_drop"), "drop_rate", true, For::kDart},
    {integer("max_drop", "50", -kMostInt, kMostInt, "most trees dropped in a round; 0 or less = no limit"), "max_drop",
     true, For::kDart},
    {rate("skip_drop", "0.5", "chance that a round drops none"), "skip_drop", true, For::kDart},
    {flag("xgboost_dart_mode", "false", "weigh trees as XGBoost does"), "xgboost_dart_mode", true, For::kDart},
    {flag("uniform_drop", "false", "drop every tree with the same chance"), "uniform_drop", true, For::kDart},
    // Classes and constraints.
    {flag("is_unbalance", "false", "weigh two classes so that they count the same", "unbalance|unbalanced_sets"),
     "is_unbalance"},
    {above("scale_pos_weight", "1", 0, "weight of the second class"), "scale_pos_weight"},
    {{.name = "monotone_constraints",
      .type = kStringList,
      .doc = "features that only rise or fall the prediction: [area:1, age:-1]",
      .aliases = "mc|monotone_constraint|monotonic_cst"},
     "monotone_constraints",
     false},
    {choice("monotone_constraints_method", "basic", "basic|intermediate|advanced", "how strictly they are kept",
            "monotone_constraining_method|mc_method"),
     "monotone_constraints_method"},
    {at_least("monotone_penalty", "0", 0, "keeps such features from a tree's first levels",
              "monotone_splits_penalty|ms_penalty|mc_penalty"),
     "monotone_penalty"},
    {{.name = "interaction_constraints",
      .type = kString,
      .doc = "groups of features that may meet in a tree: \"[[area, rooms], [age]]\""},
     "interaction_constraints",
     false},
    // Categories.
    {integer("min_data_per_group", "100", 1, kMostInt, "least rows of a category"), "min_data_per_group"},
    {integer("max_cat_threshold", "32", 1, kMostInt, "most categories on one side of a split"), "max_cat_threshold"},
    {at_least("cat_l2", "10", 0, "squared penalty of a split by category"), "cat_l2"},
    {at_least("cat_smooth", "10", 0, "keeps rare categories from mattering"), "cat_smooth"},
    {integer("max_cat_to_onehot", "4", 1, kMostInt, "up to so many categories are split one by one"),
     "max_cat_to_onehot"},
    // Bins.
    {integer("max_bin", "255", 2, 65535, "bins of a numeric feature", "max_bins"), "max_bin"},
    {integer("min_data_in_bin", "3", 1, kMostInt, "least rows of a bin"), "min_data_in_bin"},
    {integer("bin_construct_sample_cnt", "200000", 1, kMostInt, "rows that bins are made from", "subsample_for_bin"),
     "bin_construct_sample_cnt"},
    {flag("use_missing", "true", "missing values have a branch of their own"), "use_missing"},
    {flag("zero_as_missing", "false", "zeros are missing values, too"), "zero_as_missing"},
    {flag("enable_bundle", "true", "features that exclude each other share a column", "is_enable_bundle|bundle"),
     "enable_bundle"},
    {flag("feature_pre_filter", "true", "leave out features that min_data_in_leaf keeps from splitting"),
     "feature_pre_filter"},
    {flag("use_quantized_grad", "false", "gradients of few bits: faster, coarser"), "use_quantized_grad"},
    {integer("num_grad_quant_bins", "4", 2, 254, "of use_quantized_grad: levels of a gradient"), "num_grad_quant_bins"},
    {flag("quant_train_renew_leaf", "false", "of use_quantized_grad: exact leaf values"), "quant_train_renew_leaf"},
    {flag("stochastic_rounding", "true", "of use_quantized_grad: round at random"), "stochastic_rounding"},
    // Objectives.
    {above("sigmoid", "1", 0, "slope of the sigmoid of binary, multiclassova and lambdarank"), "sigmoid"},
    {flag("reg_sqrt", "false", "of regression: learn the square root of the label"), "reg_sqrt"},
    {above("alpha", "0.9", 0, "of huber: where it turns; of quantile: which one"), "alpha"},
    {above("fair_c", "1", 0, "of fair"), "fair_c"},
    {above("poisson_max_delta_step", "0.7", 0, "of poisson: keeps steps small"), "poisson_max_delta_step"},
    {{.name = "tweedie_variance_power",
      .type = kFloat,
      .default_text = "1.5",
      .doc = "of tweedie: 1 is poisson, 2 gamma",
      .min = 1,
      .max = 2,
      .max_open = true},
     "tweedie_variance_power"},
    {integer("lambdarank_truncation_level", "30", 1, kMostInt, "of lambdarank: pairs reach down to this place"),
     "lambdarank_truncation_level"},
    {flag("lambdarank_norm", "true", "of lambdarank: groups count the same"), "lambdarank_norm"},
    {{.name = "label_gain",
      .type = kFloatList,
      .doc = "of lambdarank: gain of the labels 0, 1, ..; 2^i - 1 when left out"},
     "label_gain",
     false},
    // Metrics.
    {{.name = "metric",
      .type = kStringList,
      .doc = "metrics of each round; the objective's when left out",
      .aliases = "metrics|metric_types|eval_metric"},
     "metric",
     false},
    {{.name = "eval_at",
      .type = kIntegerList,
      .doc = "places of ndcg and map; 1 to 5 when left out",
      .min = 1,
      .max = kMostInt,
      .aliases = "ndcg_eval_at|ndcg_at|map_eval_at|map_at"},
     "eval_at",
     false},
    {integer("multi_error_top_k", "1", 1, kMostInt, "of multi_error: right when among so many"), "multi_error_top_k"},
    {integer("early_stopping_rounds", "", 1, 1e6, "stop after so many rounds without a better validation metric",
             "early_stopping_round|early_stopping|n_iter_no_change"),
     "early_stopping_round", false},
    {at_least("early_stopping_min_delta", "0", 0, "least improvement that counts"), "early_stopping_min_delta", false},
    {flag("first_metric_only", "false", "only the first metric decides early stopping"), "first_metric_only", false},
    {choice("importance_type", "gain", "gain|split", "what feature importance counts"), "", false},
    // The run.
    {integer("seed", "", 0, kMostInt, "of everything random; the run's when left out", "random_seed|random_state"),
     "seed", false},
    {integer("bagging_seed", "", 0, kMostInt, "of the rows drawn; from seed when left out", "bagging_fraction_seed"),
     "bagging_seed"},
    {integer("feature_fraction_seed", "", 0, kMostInt, "of the features drawn; from seed when left out"),
     "feature_fraction_seed"},
    {integer("extra_seed", "", 0, kMostInt, "of extra_trees; from seed when left out"), "extra_seed"},
    {integer("data_random_seed", "", 0, kMostInt, "of the rows that bins are made from; from seed when left out",
             "data_seed"),
     "data_random_seed"},
    {integer("objective_seed", "", 0, kMostInt, "of rank_xendcg; from seed when left out"), "objective_seed"},
    {integer("drop_seed", "", 0, kMostInt, "of the trees dropped; from seed when left out"), "drop_seed", true,
     For::kDart},
    {flag("deterministic", "true", "the same model twice; with goss for the same number of threads"), "deterministic",
     false},
    {flag("force_row_wise", "false", "sum by rows: the usual choice", ""), "force_row_wise", false},
    {flag("force_col_wise", "false", "sum by columns: less memory, for many features", ""), "force_col_wise", false},
    {at_least("histogram_pool_size", "-1", -kInfinity, "most MB of sums kept; below 0 = no limit", "hist_pool_size"),
     "histogram_pool_size"},
    {integer("num_threads", "0", 0, 1024, "most threads; 0 = what the run grants",
             "num_thread|nthread|nthreads|n_jobs"),
     "num_threads", false},
    {integer("verbosity", "0", -1, 2, "messages of the library in the log: -1 none .. 2 all", "verbose"), "verbosity",
     false},
};

// A forest is made of samples.
constexpr std::pair<std::string_view, std::string_view> kForestDefaults[] = {
    {"bagging_freq", "1"}, {"bagging_fraction", "0.8"}, {"feature_fraction", "0.8"}};

bool is_forest(const Estimator& estimator) { return estimator.boosting == "rf"; }

bool has(const Estimator& estimator, const Row& row) {
  if (row.estimators == For::kDart) return estimator.boosting == "dart";
  if (estimator.boosting == "goss" && row.parameter == "data_sample_strategy") return false;
  return row.estimators != For::kNotForest || !is_forest(estimator);
}

std::vector<AttributeSpec> make_specs(const Estimator& estimator) {
  std::vector<AttributeSpec> specs;
  for (const Row& row : kRows) {
    if (!has(estimator, row)) continue;
    AttributeSpec& spec = specs.emplace_back(row.spec);
    for (const auto& [name, value] : kForestDefaults) {
      if (is_forest(estimator) && spec.name == name) spec.default_text = value;
    }
  }
  specs.insert(specs.end(), std::begin(kValidationAttributes), std::end(kValidationAttributes));
  specs.insert(specs.end(), std::begin(kWeightAttributes), std::end(kWeightAttributes));
  specs.push_back(kGroupAttribute);
  return specs;
}

std::string value_text(const AttributeValues& values, const AttributeSpec& spec) {
  switch (spec.type) {
    case kInteger:
      return fmt::format("{}", values.integer(spec.name));
    case kFloat:
      return fmt::format("{}", values.number(spec.name));
    case kBoolean:
      return values.boolean(spec.name) ? "true" : "false";
    default:
      return values.string(spec.name);
  }
}

std::string list_text(const std::vector<double>& numbers) {
  std::string out;
  for (const double number : numbers) out += fmt::format("{}{}", out.empty() ? "" : ",", number);
  return out;
}

Status excludes(const AttributeValues& values, std::string_view one, std::string_view other) {
  const auto is_set = [&](std::string_view name) {
    return values.given(name) && (name == "scale_pos_weight" || values.boolean(name));
  };
  if (!is_set(one) || !is_set(other)) return {};
  return fail(Code::kArgument, fmt::format("attributes exclude each other: \"{}\" and \"{}\"", one, other),
              "keep one of them")
      .at(values.span(other).value_or(Span{}));
}

}  // namespace

std::span<const Estimator> estimators() { return kEstimators; }

const Estimator* find_estimator(std::string_view name) {
  for (const Estimator& estimator : kEstimators) {
    if (equals_ignore_case(name, estimator.name)) return &estimator;
    if (!estimator.aliases.empty() && equals_ignore_case(name, estimator.aliases)) return &estimator;
  }
  return nullptr;
}

std::span<const AttributeSpec> attributes_of(const Estimator& estimator) {
  static const auto tables = [] {
    std::array<std::vector<AttributeSpec>, std::size(kEstimators)> out;
    for (size_t i = 0; i < out.size(); ++i) out[i] = make_specs(kEstimators[i]);
    return out;
  }();
  return tables[static_cast<size_t>(&estimator - kEstimators)];
}

std::string_view parameter_of(std::string_view attribute) {
  for (const Row& row : kRows) {
    if (row.spec.name == attribute) return row.parameter;
  }
  return {};
}

std::string_view canonical_objective(std::string_view name) {
  for (const Objective& objective : kObjectives) {
    if (objective.name == name) return objective.name;
    for (const std::string_view alias : split_on(objective.aliases, '|')) {
      if (!alias.empty() && alias == name) return objective.name;
    }
  }
  return {};
}

Task task_of(std::string_view canonical_objective) {
  const auto* found = std::ranges::find(kObjectives, canonical_objective, &Objective::name);
  CHECK(found != std::end(kObjectives));
  return found->task;
}

std::string objective_for(const AttributeValues& values, Task task) {
  if (values.given("objective")) return std::string(canonical_objective(values.string("objective")));
  switch (task) {
    case Task::kBinary:
      return "binary";
    case Task::kMulticlass:
      return "multiclass";
    case Task::kRanking:
      return "lambdarank";
    default:
      return "regression";
  }
}

std::string parameters(const Estimator& estimator, const AttributeValues& values, const std::string& objective,
                       size_t classes) {
  std::string out =
      fmt::format("boosting={} objective={}", estimator.boosting == "goss" ? "gbdt" : estimator.boosting, objective);
  if (estimator.boosting == "goss") out += " data_sample_strategy=goss";
  if (task_of(objective) == Task::kMulticlass) out += fmt::format(" num_class={}", classes);
  for (const Row& row : kRows) {
    if (!row.is_plain || row.parameter.empty() || !has(estimator, row)) continue;
    const bool is_forest_default = is_forest(estimator) && std::ranges::any_of(kForestDefaults, [&](const auto& entry) {
                                     return entry.first == row.spec.name;
                                   });
    if (values.given(row.spec.name) || is_forest_default)
      out += fmt::format(" {}={}", row.parameter, value_text(values, row.spec));
  }
  for (const std::string_view name : {"label_gain", "eval_at"}) {
    if (values.given(name)) out += fmt::format(" {}={}", name, list_text(values.numbers(name)));
  }
  if (values.given("metric")) out += " metric=" + join(values.strings("metric"), ",");
  out += fmt::format(" deterministic={}", values.boolean("deterministic"));
  out += values.boolean("force_col_wise") ? " force_col_wise=true" : " force_row_wise=true";
  return out + fmt::format(" verbosity={}", values.integer("verbosity"));
}

Status check_values(const Estimator& estimator, const AttributeValues& values) {
  for (const std::string& metric : values.strings("metric")) {
    if (std::ranges::find(kMetrics, metric) != std::end(kMetrics)) continue;
    const std::vector<std::string> known(std::begin(kMetrics), std::end(kMetrics));
    const std::string near = did_you_mean(metric, known);
    return fail(Code::kArgument, fmt::format("unknown metric: \"{}\"", metric),
                near.empty() ? fmt::format("it can be {}", join(known, ", ")) : near)
        .at(values.span("metric").value_or(Span{}));
  }
  TRY(excludes(values, "is_unbalance", "scale_pos_weight"));
  TRY(excludes(values, "force_row_wise", "force_col_wise"));
  if (estimator.boosting == "dart" && values.given("early_stopping_rounds")) {
    return fail(Code::kArgument,
                "early_stopping_rounds has no meaning with lightgbm.dart: later rounds change earlier trees",
                "leave it out, or train with lightgbm.gbdt")
        .at(*values.span("early_stopping_rounds"));
  }
  const bool draws_rows = values.integer("bagging_freq") > 0 && values.number("bagging_fraction") < 1;
  if (is_forest(estimator) && !draws_rows) {
    const std::string_view name = values.given("bagging_fraction") ? "bagging_fraction" : "bagging_freq";
    return fail(Code::kArgument, "the trees of lightgbm.rf must not all see the same rows",
                "leave bagging_fraction (0.8) and bagging_freq (1) out, or set the one below 1 and the other above 0")
        .at(values.span(name).value_or(Span{}));
  }
  return {};
}

bool is_random(const Estimator& estimator, const AttributeValues& values) {
  return estimator.boosting != "gbdt" || values.string("data_sample_strategy") == "goss" ||
         values.integer("bagging_freq") > 0 || values.number("feature_fraction") < 1 ||
         values.number("feature_fraction_bynode") < 1 || values.boolean("extra_trees") ||
         values.boolean("use_quantized_grad");
}

std::vector<std::string> warnings(const AttributeValues& values, const std::string& objective) {
  std::vector<std::string> out;
  const auto only_for = [&](std::string_view name, std::initializer_list<std::string_view> objectives) {
    if (!values.given(name) || std::ranges::find(objectives, objective) != objectives.end()) return;
    out.push_back(fmt::format("attribute \"{}\" has no effect with objective \"{}\"", name, objective));
  };
  only_for("scale_pos_weight", {"binary", "multiclassova"});
  only_for("is_unbalance", {"binary", "multiclassova"});
  only_for("sigmoid", {"binary", "multiclassova", "lambdarank"});
  only_for("reg_sqrt", {"regression", "regression_l1", "quantile", "mape"});
  only_for("alpha", {"huber", "quantile"});
  only_for("fair_c", {"fair"});
  only_for("poisson_max_delta_step", {"poisson"});
  only_for("tweedie_variance_power", {"tweedie"});
  only_for("lambdarank_truncation_level", {"lambdarank"});
  only_for("lambdarank_norm", {"lambdarank"});
  only_for("label_gain", {"lambdarank"});
  if (values.given("bagging_fraction") && values.integer("bagging_freq") == 0)
    out.emplace_back("attribute \"bagging_fraction\" has no effect without bagging_freq");
  return out;
}

}  // namespace sinan::ml::lightgbm

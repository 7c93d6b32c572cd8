#include "ml/xgboost/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::ml::xgboost {
namespace {

using enum AttributeType;

constexpr std::string_view kObjectives =
    "binary:logistic|binary:logitraw|binary:hinge|multi:softprob|multi:softmax|reg:squarederror|reg:squaredlogerror|"
    "reg:logistic|reg:gamma|reg:tweedie|reg:absoluteerror|reg:quantileerror|reg:pseudohubererror|count:poisson|reg:"
    "linear|"
    "rank:map|rank:ndcg|rank:pairwise|survival:cox";

constexpr Estimator kEstimators[] = {
    {"xgboost.gbtree", "gbtree", ""},
    {"xgboost.dart", "dart", ""},
    {"xgboost.XGBClassifier", "gbtree", "", true},
    {"xgboost.XGBRegressor", "gbtree", "reg:squarederror"},
    {"xgboost.XGBRFClassifier", "gbtree", "multi:softprob", true, true},
    {"xgboost.XGBRFRegressor", "gbtree", "reg:squarederror", false, true},
};

// Named as users write them; `parameter` is XGBoost's name, null when the attribute is ours.
struct Row {
  AttributeSpec spec;
  const char* parameter = nullptr;
};

constexpr Row kRows[] = {
    {{.name = "objective", .type = kString, .doc = "what the trees are to minimise", .choices = kObjectives}},
    {{.name = "num_class",
      .type = kInteger,
      .doc = "number of classes; the data tell when it is left out",
      .min = 2,
      .max = 1000}},
    {{.name = "train.num_boost_round",
      .type = kInteger,
      .default_text = "10",
      .doc = "rounds: trees, or groups of trees",
      .min = 1,
      .max = 1e6,
      .aliases = "num_boost_round|n_estimators"}},
    {{.name = "eta",
      .type = kFloat,
      .default_text = "0.3",
      .doc = "how much of each tree counts",
      .min = 0,
      .max = 1,
      .aliases = "learning_rate"},
     "eta"},
    {{.name = "max_depth",
      .type = kInteger,
      .default_text = "6",
      .doc = "deepest level of a tree; 0 = no limit",
      .min = 0,
      .max = 64},
     "max_depth"},
    {{.name = "min_child_weight", .type = kFloat, .default_text = "1", .doc = "least weight of a leaf", .min = 0},
     "min_child_weight"},
    {{.name = "gamma",
      .type = kFloat,
      .default_text = "0",
      .doc = "least gain of a split",
      .min = 0,
      .aliases = "min_split_loss"},
     "gamma"},
    {{.name = "subsample",
      .type = kFloat,
      .default_text = "1",
      .doc = "share of the rows each tree sees",
      .min = 0,
      .max = 1,
      .min_open = true},
     "subsample"},
    {{.name = "colsample_bytree",
      .type = kFloat,
      .default_text = "1",
      .doc = "share of the features each tree sees",
      .min = 0,
      .max = 1,
      .min_open = true},
     "colsample_bytree"},
    {{.name = "colsample_bylevel",
      .type = kFloat,
      .default_text = "1",
      .doc = "share of them each level sees",
      .min = 0,
      .max = 1,
      .min_open = true},
     "colsample_bylevel"},
    {{.name = "colsample_bynode",
      .type = kFloat,
      .default_text = "1",
      .doc = "share of them each split sees",
      .min = 0,
      .max = 1,
      .min_open = true},
     "colsample_bynode"},
    {{.name = "reg_lambda",
      .type = kFloat,
      .default_text = "1",
      .doc = "squared penalty on leaf values",
      .min = 0,
      .aliases = "lambda"},
     "lambda"},
    {{.name = "reg_alpha",
      .type = kFloat,
      .default_text = "0",
      .doc = "absolute penalty on leaf values",
      .min = 0,
      .aliases = "alpha"},
     "alpha"},
    {{.name = "max_delta_step",
      .type = kFloat,
      .default_text = "0",
      .doc = "largest step of a leaf; 0 = no limit",
      .min = 0},
     "max_delta_step"},
    {{.name = "scale_pos_weight",
      .type = kFloat,
      .default_text = "1",
      .doc = "weight of the second class",
      .min = 0,
      .min_open = true},
     "scale_pos_weight"},
    {{.name = "base_score", .type = kFloat, .doc = "prediction before the first tree; fitted when left out"},
     "base_score"},
    {{.name = "eval_metric", .type = kStringList, .doc = "metrics of each round, the last one decides early stopping"}},
    {{.name = "early_stopping_rounds",
      .type = kInteger,
      .doc = "stop after so many rounds without a better validation metric",
      .min = 1,
      .max = 1e6}},
    {{.name = "max_bin",
      .type = kInteger,
      .default_text = "256",
      .doc = "bins of a numeric feature",
      .min = 2,
      .max = 65535},
     "max_bin"},
    {{.name = "tree_method",
      .type = kString,
      .default_text = "hist",
      .doc = "how splits are searched",
      .choices = "hist|approx|exact|auto"}},
    {{.name = "grow_policy",
      .type = kString,
      .default_text = "depthwise",
      .doc = "which leaf is split next",
      .choices = "depthwise|lossguide"},
     "grow_policy"},
    {{.name = "max_leaves",
      .type = kInteger,
      .default_text = "0",
      .doc = "most leaves of a tree; 0 = no limit",
      .min = 0,
      .max = 1e6},
     "max_leaves"},
    {{.name = "num_parallel_tree",
      .type = kInteger,
      .default_text = "1",
      .doc = "trees of one round",
      .min = 1,
      .max = 1e5},
     "num_parallel_tree"},
    {{.name = "monotone_constraints",
      .type = kIntegerList,
      .doc = "by feature: 1 rises, -1 falls, 0 free",
      .min = -1,
      .max = 1}},
    {{.name = "interaction_constraints",
      .type = kString,
      .doc = "groups of feature numbers that may meet: \"[[0, 1], [2, 3]]\""},
     "interaction_constraints"},
    {{.name = "max_cat_to_onehot",
      .type = kInteger,
      .default_text = "4",
      .doc = "up to so many categories are split one by one",
      .min = 1,
      .max = 65536},
     "max_cat_to_onehot"},
    {{.name = "max_cat_threshold",
      .type = kInteger,
      .default_text = "64",
      .doc = "most categories on one side of a split",
      .min = 1,
      .max = 65536},
     "max_cat_threshold"},
    {{.name = "tweedie_variance_power",
      .type = kFloat,
      .default_text = "1.5",
      .doc = "of reg:tweedie",
      .min = 1,
      .max = 2,
      .min_open = true,
      .max_open = true},
     "tweedie_variance_power"},
    {{.name = "quantile_alpha",
      .type = kFloat,
      .default_text = "0.5",
      .doc = "of reg:quantileerror",
      .min = 0,
      .max = 1,
      .min_open = true,
      .max_open = true},
     "quantile_alpha"},
    {{.name = "huber_slope",
      .type = kFloat,
      .default_text = "1",
      .doc = "of reg:pseudohubererror",
      .min = 0,
      .min_open = true},
     "huber_slope"},
    {{.name = "importance_type",
      .type = kString,
      .default_text = "gain",
      .doc = "what feature importance counts",
      .choices = "gain|weight|cover|total_gain|total_cover"}},
    {{.name = "seed",
      .type = kInteger,
      .doc = "of everything random; the run's when left out",
      .min = 0,
      .max = 2147483647,
      .aliases = "random_state"}},
    {{.name = "nthread",
      .type = kInteger,
      .default_text = "0",
      .doc = "most threads; 0 = what the run grants",
      .min = 0,
      .max = 1024,
      .aliases = "n_jobs"}},
    {{.name = "verbosity",
      .type = kInteger,
      .default_text = "1",
      .doc = "messages of the library: 0 none .. 3 all",
      .min = 0,
      .max = 3}},
    {{.name = "validation.select", .type = kQuery, .doc = "query of the rows to validate on"}},
    {{.name = "validation.fraction",
      .type = kFloat,
      .doc = "share of the rows, drawn at random, to validate on",
      .min = 0,
      .max = 1,
      .min_open = true,
      .max_open = true}},
    {{.name = "validation.column",
      .type = kString,
      .doc = "boolean column that marks the rows to validate on; no feature"}},
    {{.name = "train.cut_sample_rows",
      .type = kInteger,
      .default_text = "200000",
      .doc = "above a million rows bins come from a sample of this size; 0 = from all rows",
      .min = 0,
      .max = 1e12}},
    {{.name = "train.batch_size", .type = kInteger, .default_text = "-1", .doc = "no effect", .min = -1}},
    {{.name = "train.epoch", .type = kInteger, .default_text = "1", .doc = "no effect", .min = 1}},
    {{.name = "train.disk_cache", .type = kBoolean, .default_text = "false", .doc = "no effect"}},
    {{.name = "train.num_workers", .type = kInteger, .default_text = "1", .doc = "no effect", .min = 1, .max = 128}},
    {{.name = "silent", .type = kBoolean, .default_text = "false", .doc = "no effect"}},
    {{.name = "missing", .type = kFloat, .doc = "no effect: NULL is missing"}},
};

constexpr Row kDartRows[] = {
    {{.name = "sample_type",
      .type = kString,
      .default_text = "uniform",
      .doc = "how trees to drop are drawn",
      .choices = "uniform|weighted"},
     "sample_type"},
    {{.name = "normalize_type",
      .type = kString,
      .default_text = "tree",
      .doc = "how new trees are weighted",
      .choices = "tree|forest"},
     "normalize_type"},
    {{.name = "rate_drop",
      .type = kFloat,
      .default_text = "0",
      .doc = "share of the trees dropped each round",
      .min = 0,
      .max = 1},
     "rate_drop"},
    {{.name = "skip_drop",
      .type = kFloat,
      .default_text = "0",
      .doc = "chance that a round drops none",
      .min = 0,
      .max = 1},
     "skip_drop"},
    {{.name = "one_drop", .type = kBoolean, .default_text = "false", .doc = "drop at least one tree"}, "one_drop"},
};

constexpr std::string_view kNoEffect[] = {"train.batch_size",  "train.epoch", "train.disk_cache",
                                          "train.num_workers", "silent",      "missing"};

constexpr std::string_view kMetrics[] = {
    "rmse",    "rmsle",           "mae",           "mape",           "mphe",
    "logloss", "error",           "merror",        "mlogloss",       "auc",
    "aucpr",   "poisson-nloglik", "gamma-nloglik", "gamma-deviance", "tweedie-nloglik",
    "quantile"};

// scikit-learn's random forest of XGBoost: the trees of one round, each on a sample of rows and features.
constexpr std::pair<std::string_view, std::string_view> kForestDefaults[] = {
    {"train.num_boost_round", "1"}, {"num_parallel_tree", "100"}, {"eta", "1"},
    {"subsample", "0.8"},           {"colsample_bynode", "0.8"},  {"reg_lambda", "1e-5"}};

std::vector<AttributeSpec> make_specs(const Estimator& estimator) {
  std::vector<AttributeSpec> specs;
  for (const Row& row : kRows) specs.push_back(row.spec);
  if (estimator.booster == "dart") {
    for (const Row& row : kDartRows) specs.push_back(row.spec);
  }
  if (!estimator.is_forest) return specs;
  for (AttributeSpec& spec : specs) {
    for (const auto& [name, value] : kForestDefaults) {
      if (spec.name == name) spec.default_text = value;
    }
    if (spec.name == "train.num_boost_round") spec.aliases = "num_boost_round";
    if (spec.name == "num_parallel_tree") spec.aliases = "n_estimators";
  }
  return specs;
}

const char* parameter_of(std::string_view attribute) {
  for (const Row& row : kRows) {
    if (row.spec.name == attribute) return row.parameter;
  }
  for (const Row& row : kDartRows) {
    if (row.spec.name == attribute) return row.parameter;
  }
  return nullptr;
}

std::string value_text(const AttributeValues& values, const AttributeSpec& spec) {
  switch (spec.type) {
    case kInteger:
      return fmt::format("{}", values.integer(spec.name));
    case kFloat:
      return fmt::format("{}", values.number(spec.name));
    case kBoolean:
      return values.boolean(spec.name) ? "1" : "0";
    default:
      return values.string(spec.name);
  }
}

}  // namespace

std::span<const Estimator> estimators() { return kEstimators; }

const Estimator* find_estimator(std::string_view name) {
  constexpr std::string_view kPrefix = "xgboost.";
  for (const Estimator& estimator : kEstimators) {
    if (equals_ignore_case(name, estimator.name)) return &estimator;
    // XGBClassifier and its like are known without the prefix; gbtree alone is not.
    const std::string_view bare = estimator.name.substr(kPrefix.size());
    if (bare.starts_with("XGB") && equals_ignore_case(name, bare)) return &estimator;
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

std::optional<Task> task_of(std::string_view objective) {
  if (objective.starts_with("binary:")) return Task::kBinary;
  if (objective.starts_with("multi:")) return Task::kMulticlass;
  if (objective.starts_with("reg:") || objective == "count:poisson") return Task::kRegression;
  return std::nullopt;
}

std::string objective_for(const Estimator& estimator, const AttributeValues& values, Task task) {
  std::string objective = values.string("objective");
  // The same under its old name.
  if (objective == "reg:linear") return "reg:squarederror";
  if (!objective.empty()) return objective;
  if (!estimator.objective.empty()) return std::string(estimator.objective);
  switch (task) {
    case Task::kBinary:
      return "binary:logistic";
    case Task::kMulticlass:
      return "multi:softprob";
    default:
      return "reg:squarederror";
  }
}

std::vector<std::pair<std::string, std::string>> parameters(const Estimator& estimator, const AttributeValues& values,
                                                            const std::string& objective, size_t classes) {
  std::vector<std::pair<std::string, std::string>> out = {{"booster", std::string(estimator.booster)},
                                                          {"objective", objective}};
  if (objective.starts_with("multi:")) out.emplace_back("num_class", std::to_string(classes));
  const std::string method = values.string("tree_method");
  out.emplace_back("tree_method", method == "auto" ? "hist" : method);
  for (const AttributeSpec& spec : attributes_of(estimator)) {
    const char* const parameter = parameter_of(spec.name);
    if (parameter == nullptr) continue;
    const bool forest_default = estimator.is_forest && std::ranges::any_of(kForestDefaults, [&](const auto& d) {
                                  return d.first == spec.name;
                                });
    // The library has no default of its own for this one.
    const bool is_needed = spec.name == "quantile_alpha" && objective == "reg:quantileerror";
    if (values.given(spec.name) || forest_default || is_needed) out.emplace_back(parameter, value_text(values, spec));
  }
  if (values.given("monotone_constraints")) {
    std::string list = "(";
    for (const double sign : values.numbers("monotone_constraints"))
      list += fmt::format("{}{}", list.size() > 1 ? "," : "", sign);
    out.emplace_back("monotone_constraints", list + ")");
  }
  for (const std::string& metric : values.strings("eval_metric")) out.emplace_back("eval_metric", metric);
  return out;
}

Status check_metrics(const AttributeValues& values) {
  for (const std::string& metric : values.strings("eval_metric")) {
    // "error@0.7", "tweedie-nloglik@1.5"
    const std::string_view name = std::string_view(metric).substr(0, metric.find('@'));
    if (std::ranges::find(kMetrics, name) != std::end(kMetrics)) continue;
    const std::vector<std::string> known(std::begin(kMetrics), std::end(kMetrics));
    const std::string near = did_you_mean(metric, known);
    return fail(Code::kArgument, fmt::format("unknown eval_metric: \"{}\"", metric),
                near.empty() ? fmt::format("it can be {}", join(known, ", ")) : near)
        .at(values.span("eval_metric").value_or(Span{}));
  }
  return {};
}

std::vector<std::string> warnings(const AttributeValues& values, const std::string& objective) {
  std::vector<std::string> out;
  for (const std::string_view name : kNoEffect) {
    if (values.given(name)) out.push_back(fmt::format("attribute \"{}\" has no effect", name));
  }
  const auto only_for = [&](std::string_view name, std::string_view prefix) {
    if (values.given(name) && !objective.starts_with(prefix)) {
      out.push_back(fmt::format("attribute \"{}\" has no effect with objective \"{}\"", name, objective));
    }
  };
  only_for("scale_pos_weight", "binary:");
  only_for("tweedie_variance_power", "reg:tweedie");
  only_for("quantile_alpha", "reg:quantileerror");
  only_for("huber_slope", "reg:pseudohubererror");
  return out;
}

}  // namespace sinan::ml::xgboost

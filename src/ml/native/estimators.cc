#include "ml/native/estimators.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace sinan::ml::native {
namespace {

using Penalty = Estimator::Penalty;

constexpr Estimator kEstimators[] = {
    {"LinearClassifier", Family::kLinear, true, Penalty::kStrengths, "l2_regularization=1"},
    {"LinearRegressor", Family::kLinear, false, Penalty::kStrengths, ""},
    {"LogisticRegression", Family::kLinear, true, Penalty::kC, "l1_ratio=0"},
    {"LinearRegression", Family::kLinear, false, Penalty::kStrengths, ""},
    {"Ridge", Family::kLinear, false, Penalty::kAlpha, "l1_ratio=0"},
    {"Lasso", Family::kLinear, false, Penalty::kAlpha, "l1_ratio=1"},
    {"ElasticNet", Family::kLinear, false, Penalty::kAlpha, "l1_ratio=0.5"},
    {"KMeans", Family::kClusters},
    {"ScoreCard", Family::kScoreCard},
    {"OneClassSVM", Family::kSvm},
};

constexpr auto kInteger = AttributeType::kInteger;
constexpr auto kFloat = AttributeType::kFloat;
constexpr auto kBoolean = AttributeType::kBoolean;
constexpr auto kString = AttributeType::kString;

AttributeSpec at_least(std::string_view name, AttributeType type, std::string_view by_default, double min,
                       std::string_view doc, std::string_view aliases = {}) {
  return {.name = name, .type = type, .default_text = by_default, .doc = doc, .min = min, .aliases = aliases};
}
AttributeSpec flag(std::string_view name, std::string_view by_default, std::string_view doc,
                   std::string_view aliases = {}) {
  return {.name = name, .type = kBoolean, .default_text = by_default, .doc = doc, .aliases = aliases};
}

constexpr std::string_view kNoEffect = "accepted; has no effect here";

void add(std::vector<AttributeSpec>& to, const std::vector<AttributeSpec>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::vector<AttributeSpec> penalties(Penalty penalty) {
  const AttributeSpec ratio = {.name = "l1_ratio",
                               .type = kFloat,
                               .doc = "share of the penalty on sizes (l1), the rest is on squares (l2)",
                               .min = 0,
                               .max = 1,
                               .aliases = "model.l1_ratio"};
  switch (penalty) {
    case Penalty::kAlpha:
      return {at_least("alpha", kFloat, "1", 0,
                       "strength of the penalty, as scikit-learn's: of the sum for Ridge, of the mean for the others",
                       "model.alpha"),
              ratio};
    case Penalty::kC:
      return {{.name = "C",
               .type = kFloat,
               .default_text = "1",
               .doc = "inverse strength of the penalty, as scikit-learn's",
               .min = 0,
               .min_open = true,
               .aliases = "model.C"},
              ratio};
    case Penalty::kStrengths:
      break;
  }
  return {at_least("l1_regularization", kFloat, "0", 0, "times the sum of the weights' sizes: makes some of them 0",
                   "l1|model.l1_regularization|model.l1"),
          at_least("l2_regularization", kFloat, "0", 0, "times half the sum of the weights' squares",
                   "l2|model.l2_regularization|model.l2")};
}

std::vector<AttributeSpec> linear_attributes(const Estimator& estimator) {
  std::vector<AttributeSpec> out = penalties(estimator.penalty);
  add(out, {flag("standardize", estimator.penalty == Penalty::kStrengths ? "true" : "false",
                 "penalise weights of numbers brought to mean 0 and deviation 1", "model.standardize"),
            flag("fit_intercept", "true", "add a constant", "model.fit_intercept"),
            at_least("tolerance", kFloat, "1e-7", 0, "stop when the mean loss's slope is below", "tol|model.tol"),
            at_least("max_iterations", kInteger, "1000", 1, "most steps of the optimiser", "max_iter|model.max_iter")});
  if (estimator.is_classifier) {
    AttributeSpec class_weight = kWeightAttributes[1];
    class_weight.aliases = "class_weights|model.class_weight";
    add(out, {class_weight,
              {.name = "n_classes",
               .type = kInteger,
               .doc = "classes that the label has; told by the rows when left out",
               .min = 2,
               .aliases = "model.n_classes|num_class"}});
  }
  add(out, {kWeightAttributes[0]});
  add(out, validation_attributes());
  add(out, tensorflow_attributes());
  return out;
}

std::vector<AttributeSpec> cluster_attributes() {
  std::vector<AttributeSpec> out = {
      {.name = "center_count",
       .type = kInteger,
       .default_text = "3",
       .doc = "number of clusters",
       .min = 1,
       .max = 65536,
       .aliases = "model.center_count|n_clusters|model.n_clusters|num_clusters|k"},
      {.name = "idx_table_name",
       .type = kString,
       .doc = "table to write: the rows with the columns cluster_index and distance",
       .aliases = "model.idx_table_name"},
      {.name = "excluded_columns",
       .type = AttributeType::kStringList,
       .doc = "columns of the query that are no features: \"id, name\"",
       .aliases = "model.excluded_columns"},
      at_least("n_init", kInteger, "1", 1, "starts, of which the best is kept", "model.n_init"),
      at_least("max_iterations", kInteger, "300", 1, "most iterations of a start", "max_iter|model.max_iter"),
      at_least("tolerance", kFloat, "1e-4", 0, "stop when the centres move less, in the features' mean variance",
               "tol|model.tol"),
      flag("standardize", "false", "measure distances of numbers brought to deviation 1", "model.standardize"),
      at_least("seed", kInteger, "", 0, "of the first centres; the run's when left out",
               "random_state|model.seed|model.random_state")};
  return out;
}

std::vector<AttributeSpec> card_attributes() {
  std::vector<AttributeSpec> out = {
      {.name = "pf_bin_size",
       .type = kInteger,
       .default_text = "5",
       .doc = "quantile bins of a number",
       .min = 2,
       .max = 1000,
       .aliases = "model.pf_bin_size"},
      {.name = "factor",
       .type = kFloat,
       .default_text = "28.853900817779268",
       .doc = "points a unit of log odds: 20 / ln 2, so that 20 points double the odds",
       .aliases = "model.factor"},
      {.name = "offset",
       .type = kFloat,
       .default_text = "513.561438102252753",
       .doc = "points at even odds: 600 - 20 log2 20, so that 600 points are odds of 20 to 1",
       .aliases = "model.offset"},
      at_least("l1_regularization", kFloat, "0", 0, "times the sum of the weights' sizes",
               "l1|model.l1_regularization"),
      at_least("l2_regularization", kFloat, "1", 0, "times half the sum of the weights' squares",
               "l2|model.l2_regularization"),
      at_least("max_iterations", kInteger, "1000", 1, "most steps of the optimiser", "max_iter|model.max_iter")};
  add(out, validation_attributes());
  return out;
}

std::vector<AttributeSpec> svm_attributes() {
  return {
      {.name = "kernel",
       .type = kString,
       .default_text = "rbf",
       .doc = "how alike two rows are",
       .choices = "rbf|linear|poly|sigmoid",
       .aliases = "model.kernel"},
      {.name = "degree",
       .type = kInteger,
       .default_text = "3",
       .doc = "of the kernel poly",
       .min = 0,
       .max = 100,
       .aliases = "model.degree"},
      {.name = "gamma",
       .type = kString,
       .default_text = "scale",
       .doc = "of rbf, poly and sigmoid: \"scale\" (1 / (columns * variance)), \"auto\" (1 / columns) or a number in "
              "quotes",
       .aliases = "model.gamma"},
      {.name = "coef0", .type = kFloat, .default_text = "0", .doc = "of poly and sigmoid", .aliases = "model.coef0"},
      {.name = "tol",
       .type = kFloat,
       .default_text = "0.001",
       .doc = "how far the optimality conditions may be violated",
       .min = 0,
       .min_open = true,
       .aliases = "tolerance|model.tol"},
      {.name = "nu",
       .type = kFloat,
       .default_text = "0.5",
       .doc = "about the share of the training rows that are unusual",
       .min = 0,
       .max = 1,
       .min_open = true,
       .aliases = "model.nu"},
      flag("shrinking", "true", kNoEffect, "model.shrinking"),
      {.name = "cache_size",
       .type = kFloat,
       .default_text = "200",
       .doc = "MiB of the kernel's matrix that are kept",
       .min = 1,
       .max = 1e6,
       .aliases = "model.cache_size"},
      at_least("max_iter", kInteger, "-1", -1, "most steps; -1 = until the tolerance is met",
               "max_iterations|model.max_iter"),
      flag("standardize", "false", "bring numbers to deviation 1 first", "model.standardize"),
      {.name = "excluded_columns",
       .type = AttributeType::kStringList,
       .doc = "columns of the query that are no features: \"id, name\"",
       .aliases = "model.excluded_columns"}};
}

std::vector<AttributeSpec> table_of(const Estimator& estimator) {
  std::vector<AttributeSpec> out;
  switch (estimator.family) {
    case Family::kLinear:
      out = linear_attributes(estimator);
      break;
    case Family::kClusters:
      out = cluster_attributes();
      break;
    case Family::kScoreCard:
      out = card_attributes();
      break;
    case Family::kSvm:
      out = svm_attributes();
  }
  if (estimator.family == Family::kClusters || estimator.family == Family::kSvm) add(out, tensorflow_attributes());
  if (!estimator.defaults.empty()) {
    for (const std::string_view change : split_on(estimator.defaults, '|'))
      for (AttributeSpec& spec : out)
        if (spec.name == change.substr(0, change.find('='))) spec.default_text = change.substr(change.find('=') + 1);
  }
  return out;
}

}  // namespace

std::vector<AttributeSpec> validation_attributes() {
  return {{.name = "validation.select", .type = AttributeType::kQuery, .doc = "query of the rows to validate on"},
          {.name = "validation.fraction",
           .type = kFloat,
           .doc = "share of the rows, drawn at random, to validate on",
           .min = 0,
           .max = 1,
           .min_open = true,
           .max_open = true},
          {.name = "validation.column",
           .type = kString,
           .doc = "boolean column that marks the rows to validate on; no feature"},
          at_least("seed", kInteger, "", 0, "of the rows drawn to validate on; the run's when left out",
                   "random_state|model.seed|model.random_state")};
}

std::vector<AttributeSpec> tensorflow_attributes() {
  std::vector<AttributeSpec> out;
  for (const std::string_view name :
       {"train.batch_size", "train.epoch", "train.max_steps", "train.verbose", "train.save_checkpoints_steps",
        "train.log_every_n_iter", "validation.steps", "validation.start_delay_secs", "validation.throttle_secs",
        "train.num_workers", "train.num_ps", "train.worker_cpu"})
    out.push_back({.name = name, .type = kInteger, .doc = kNoEffect});
  out.push_back(
      {.name = "optimizer", .type = kString, .doc = kNoEffect, .aliases = "model.optimizer|model.linear_optimizer"});
  for (const std::string_view name :
       {"optimizer.learning_rate", "optimizer.initial_accumulator_value", "optimizer.learning_rate_power",
        "optimizer.l1_regularization_strength", "optimizer.l2_regularization_strength",
        "optimizer.l2_shrinkage_regularization_strength", "optimizer.rho", "optimizer.epsilon", "optimizer.beta_1",
        "optimizer.beta_2", "optimizer.momentum"})
    out.push_back({.name = name, .type = kFloat, .doc = kNoEffect});
  for (const std::string_view name : {"optimizer.amsgrad", "optimizer.centered", "optimizer.nesterov"})
    out.push_back({.name = name, .type = kBoolean, .doc = kNoEffect});
  out.push_back({.name = "validation.metrics", .type = AttributeType::kStringList, .doc = kNoEffect});
  out.push_back({.name = "label_dimension",
                 .type = kInteger,
                 .doc = kNoEffect,
                 .min = 1,
                 .max = 1,
                 .aliases = "model.label_dimension"});
  out.push_back({.name = "sparse_combiner", .type = kString, .doc = kNoEffect, .aliases = "model.sparse_combiner"});
  out.push_back({.name = "label_vocabulary",
                 .type = AttributeType::kStringList,
                 .doc = kNoEffect,
                 .aliases = "model.label_vocabulary"});
  out.push_back({.name = "loss_reduction", .type = kString, .doc = kNoEffect, .aliases = "model.loss_reduction"});
  return out;
}

std::span<const Estimator> estimators() { return kEstimators; }

const Estimator* find_estimator(std::string_view name) {
  constexpr std::string_view kPrefix = "sqlflow_models.";
  if (equals_ignore_case(name.substr(0, kPrefix.size()), kPrefix)) name.remove_prefix(kPrefix.size());
  for (const Estimator& estimator : kEstimators)
    if (equals_ignore_case(estimator.name, name)) return &estimator;
  return nullptr;
}

std::span<const AttributeSpec> attributes_of(const Estimator& estimator) {
  static const auto kTables = [] {
    std::array<std::vector<AttributeSpec>, std::size(kEstimators)> tables;
    for (size_t i = 0; i < tables.size(); ++i) tables[i] = table_of(kEstimators[i]);
    return tables;
  }();
  return kTables[static_cast<size_t>(&estimator - kEstimators)];
}

std::vector<std::string> no_effect(std::span<const AttributeSpec> specs, const AttributeValues& values,
                                   std::string_view estimator) {
  std::vector<std::string> out;
  for (const AttributeSpec& spec : specs)
    if (spec.doc == kNoEffect && values.given(spec.name))
      out.push_back(fmt::format("{} has no effect with {}", spec.name, estimator));
  return out;
}

std::vector<std::string> warnings(const Estimator& estimator, const AttributeValues& values) {
  return no_effect(attributes_of(estimator), values, estimator.name);
}

}  // namespace sinan::ml::native

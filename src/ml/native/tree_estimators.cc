#include "ml/native/tree_estimators.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "ml/native/estimators.h"

namespace sinan::ml::native {
namespace {

constexpr std::string_view kBoosted = "xgboost.gbtree";

// One of ours, and what it is called in XGBoost. An empty name: told apart in translate().
struct Row {
  AttributeSpec spec;
  std::string_view inner = {};
};

enum class Kind : uint8_t { kForest, kClassifier, kRegressor };

struct TreeEstimator {
  std::string_view name;
  std::string_view alias;
  Kind kind;
  // What XGBoost is told besides.
  std::vector<std::pair<std::string_view, Json>> fixed;
  std::vector<Row> rows;
  std::vector<AttributeSpec> specs;
};

AttributeSpec integer(std::string_view name, std::string_view by_default, double min, std::string_view doc,
                      std::string_view aliases) {
  return {.name = name,
          .type = AttributeType::kInteger,
          .default_text = by_default,
          .doc = doc,
          .min = min,
          .max = 1e6,
          .aliases = aliases};
}
AttributeSpec number(std::string_view name, std::string_view by_default, double min, std::string_view doc,
                     std::string_view aliases, double max = std::numeric_limits<double>::infinity()) {
  return {.name = name,
          .type = AttributeType::kFloat,
          .default_text = by_default,
          .doc = doc,
          .min = min,
          .max = max,
          .aliases = aliases};
}

std::vector<Row> shared_rows() {
  std::vector<Row> rows;
  for (AttributeSpec& spec : validation_attributes())
    rows.push_back({spec, spec.name == "seed" ? std::string_view("seed") : std::string_view()});
  for (AttributeSpec& spec : tensorflow_attributes()) rows.push_back({spec});
  return rows;
}

TreeEstimator forest() {
  TreeEstimator out{"RandomForests", "RandomForest", Kind::kForest, {}, {}, {}};
  out.fixed = {{"train.num_boost_round", 1}, {"eta", 1.0}};
  out.rows = {
      {integer("tree_num", "1", 1, "number of trees", "model.tree_num|n_estimators|num_trees|n_trees"),
       "num_parallel_tree"},
      {integer("max_depth", "6", 1, "deepest level of a tree", "model.max_depth"), "max_depth"},
      {number("min_child_weight", "1", 0, "least weight of a leaf", "model.min_child_weight|min_node_weight"),
       "min_child_weight"},
      {number("subsample", "0.8", 0.001, "share of the rows each tree sees", "model.subsample", 1), "subsample"},
      {number("colsample_bynode", "0.8", 0.001, "share of the features each split sees", "model.colsample_bynode", 1),
       "colsample_bynode"},
      {number("reg_lambda", "1e-5", 0, "pull of the leaves towards 0", "model.reg_lambda"), "reg_lambda"}};
  return out;
}

TreeEstimator boosted(std::string_view name, Kind kind) {
  TreeEstimator out{name, {}, kind, {}, {}, {}};
  out.rows = {
      {integer("n_trees", "100", 1, "number of trees (of each class)", "model.n_trees|train.num_boost_round"),
       "train.num_boost_round"},
      {integer("max_depth", "6", 1, "deepest level of a tree", "model.max_depth"), "max_depth"},
      {number("learning_rate", "0.1", 0, "how much of each tree is taken", "model.learning_rate|eta", 1), "eta"},
      {number("l1_regularization", "0", 0, "pull of the leaves' sizes towards 0", "model.l1_regularization"),
       "reg_alpha"},
      {number("l2_regularization", "0", 0, "pull of the leaves' squares towards 0", "model.l2_regularization"),
       "reg_lambda"},
      {number("tree_complexity", "0", 0, "loss that a leaf must save; with pruning_mode", "model.tree_complexity"), {}},
      {number("min_node_weight", "0", 0, "least weight of a leaf", "model.min_node_weight"), "min_child_weight"},
      {{.name = "pruning_mode",
        .type = AttributeType::kString,
        .default_text = "none",
        .doc = "none: tree_complexity is left aside; pre and post: leaves that save less are cut",
        .choices = "none|pre|post",
        .aliases = "model.pruning_mode"}},
      {{.name = "center_bias",
        .type = AttributeType::kBoolean,
        .doc = "true: begin at the label's mean, as when left out; false: begin at 0, or even odds",
        .aliases = "model.center_bias"}},
      {number("quantile_sketch_epsilon", "0.01", 0.00002, "numbers are cut into 1 / epsilon bins",
              "model.quantile_sketch_epsilon", 0.5)},
      {integer("n_batches_per_layer", "", 1, "accepted; has no effect here", "model.n_batches_per_layer")},
      {{.name = "train_in_memory",
        .type = AttributeType::kBoolean,
        .doc = "accepted; has no effect here",
        .aliases = "model.train_in_memory"}}};
  if (kind == Kind::kClassifier)
    out.rows.push_back({{.name = "n_classes",
                         .type = AttributeType::kInteger,
                         .doc = "classes that the label has; told by the rows when left out",
                         .min = 2,
                         .aliases = "model.n_classes"}});
  return out;
}

const std::vector<TreeEstimator>& tree_estimators() {
  static const std::vector<TreeEstimator> kAll = [] {
    std::vector<TreeEstimator> all;
    all.push_back(forest());
    all.push_back(boosted("BoostedTreesClassifier", Kind::kClassifier));
    all.push_back(boosted("BoostedTreesRegressor", Kind::kRegressor));
    for (TreeEstimator& estimator : all) {
      for (Row& row : shared_rows()) estimator.rows.push_back(row);
      for (const Row& row : estimator.rows) estimator.specs.push_back(row.spec);
    }
    return all;
  }();
  return kAll;
}

const TreeEstimator* find_tree_estimator(std::string_view name) {
  constexpr std::string_view kPrefix = "sqlflow_models.";
  if (equals_ignore_case(name.substr(0, kPrefix.size()), kPrefix)) name.remove_prefix(kPrefix.size());
  for (const TreeEstimator& estimator : tree_estimators())
    if (equals_ignore_case(name, estimator.name) || equals_ignore_case(name, estimator.alias)) return &estimator;
  return nullptr;
}

constexpr Trainer::AutoSearch kAutoSearches[] = {
    {.estimator = "RandomForests",
     .attributes =
         "tree_num=200, max_depth=range(4, 14), min_child_weight=log_range(1, 20), subsample=range(0.5, 1.0), "
         "colsample_bynode=range(0.2, 1.0)"}};

class TreeTrainer final : public Trainer {
 public:
  explicit TreeTrainer(std::unique_ptr<Trainer> boosted) : boosted_(std::move(boosted)) {
    CHECK(boosted_->canonical_estimator(kBoosted) == kBoosted);
  }

  std::string_view library() const override { return boosted_->library(); }
  std::vector<std::string> estimators() const override {
    std::vector<std::string> names;
    for (const TreeEstimator& estimator : tree_estimators()) names.emplace_back(estimator.name);
    return names;
  }
  std::string canonical_estimator(std::string_view name) const override {
    const TreeEstimator* estimator = find_tree_estimator(name);
    return estimator == nullptr ? std::string() : std::string(estimator->name);
  }
  std::span<const AttributeSpec> attributes(std::string_view name) const override { return named(name).specs; }
  std::span<const AutoSearch> auto_searches() const override { return kAutoSearches; }

  Result<Intent> intent(std::string_view name, const AttributeValues& values) const override {
    const TreeEstimator& estimator = named(name);
    Intent intent;
    if (estimator.kind == Kind::kRegressor) intent.task = Task::kRegression;
    if (estimator.kind == Kind::kClassifier) {
      intent.is_classification = true;
      if (values.given("n_classes")) intent.classes = static_cast<size_t>(values.integer("n_classes"));
    }
    return intent;
  }
  std::optional<Binning> binning(std::string_view name, const AttributeValues& values) const override {
    const auto inner = translate(named(name), values, Task::kRegression);
    return inner ? boosted_->binning(kBoosted, *inner) : std::nullopt;
  }

  Result<Trained> train(const TrainSpec& spec, MatrixSource& train, MatrixSource* validation,
                        TrainObserver& observer) const override {
    const TreeEstimator& estimator = named(spec.estimator);
    const AttributeValues inner = TRY(translate(estimator, *spec.attributes, spec.task));
    TrainSpec told = spec;
    told.estimator = kBoosted;
    told.attributes = &inner;
    Trained out = TRY(boosted_->train(told, train, validation, observer));
    for (std::string& warning : no_effect(estimator.specs, *spec.attributes, estimator.name))
      out.warnings.push_back(std::move(warning));
    if (estimator.kind != Kind::kForest && spec.attributes->number("tree_complexity") > 0 &&
        spec.attributes->string("pruning_mode") == "none")
      out.warnings.emplace_back("tree_complexity has no effect without pruning_mode=\"post\"");
    return out;
  }

  // The library's own trainer tells of it.
  flow::DoctorFinding doctor() const override {
    const flow::DoctorFinding library = boosted_->doctor();
    return {"forests and boosted trees", library.works, join(estimators(), ", ") + ": by XGBoost", library.remedy};
  }

 private:
  static const TreeEstimator& named(std::string_view name) {
    const TreeEstimator* estimator = find_tree_estimator(name);
    CHECK(estimator != nullptr);
    return *estimator;
  }

  // Our words in XGBoost's. Values have been checked against tables that are not wider than its own.
  Result<AttributeValues> translate(const TreeEstimator& estimator, const AttributeValues& values, Task task) const {
    const std::span<const AttributeSpec> specs = boosted_->attributes(kBoosted);
    AttributeValues out = TRY(check_attributes({}, specs, estimator.name));
    const auto set = [&](std::string_view name, Json value, std::string_view from) {
      out.set(name, std::move(value), values.span(from).value_or(Span{}));
    };
    for (const auto& [name, value] : estimator.fixed) out.set(name, value, {});
    for (const Row& row : estimator.rows) {
      if (row.inner.empty() || (row.spec.default_text.empty() && !values.given(row.spec.name))) continue;
      const bool is_integer = row.spec.type == AttributeType::kInteger;
      set(row.inner, is_integer ? Json(values.integer(row.spec.name)) : Json(values.number(row.spec.name)),
          row.spec.name);
    }
    if (estimator.kind == Kind::kForest) return out;
    if (values.string("pruning_mode") != "none") set("gamma", values.number("tree_complexity"), "tree_complexity");
    if (values.given("quantile_sketch_epsilon")) {
      const auto bins = static_cast<int64_t>(std::lround(1 / values.number("quantile_sketch_epsilon")));
      set("max_bin", std::max<int64_t>(bins, 2), "quantile_sketch_epsilon");
    }
    const bool begins_at_mean = !values.given("center_bias") || values.boolean("center_bias");
    if (!begins_at_mean && task != Task::kMulticlass)
      set("base_score", task == Task::kBinary ? 0.5 : 0.0, "center_bias");
    return out;
  }

  std::unique_ptr<Trainer> boosted_;
};

}  // namespace

std::unique_ptr<Trainer> make_tree_trainer(std::unique_ptr<Trainer> boosted) {
  return std::make_unique<TreeTrainer>(std::move(boosted));
}

}  // namespace sinan::ml::native

#include "ml/xgboost/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/strings.h"
#include "ml/feature_constraints.h"

namespace sinan::ml::xgboost {
namespace {

// scikit-learn's random forest of XGBoost: the trees of one round, each on a sample of rows and features.
constexpr std::pair<std::string_view, std::string_view> kForestDefaults[] = {
    {"train.num_boost_round", "1"}, {"num_parallel_tree", "100"}, {"eta", "1"},
    {"subsample", "0.8"},           {"colsample_bynode", "0.8"},  {"reg_lambda", "1e-5"}};

std::optional<std::string_view> forest_default(const Estimator& estimator, std::string_view attribute) {
  const auto* const found =
      std::ranges::find(kForestDefaults, attribute, [](const auto& entry) { return entry.first; });
  return estimator.is_forest && found != std::end(kForestDefaults) ? std::optional(found->second) : std::nullopt;
}

bool has(const Estimator& estimator, const Row& row) {
  switch (row.boosters) {
    case For::kAll:
      return true;
    case For::kTrees:
      return estimator.booster != Booster::kLinear;
    case For::kDart:
      return estimator.booster == Booster::kDart;
    case For::kLinear:
      return estimator.booster == Booster::kLinear;
  }
  return false;
}

bool may_rank(const Estimator& estimator) { return !estimator.task || estimator.task == Task::kRanking; }
bool may_regress(const Estimator& estimator) { return !estimator.task || estimator.task == Task::kRegression; }

std::vector<AttributeSpec> make_specs(const Estimator& estimator) {
  std::vector<AttributeSpec> specs;
  for (const Row& row : rows()) {
    if (!has(estimator, row)) continue;
    AttributeSpec& spec = specs.emplace_back(row.spec);
    if (const auto value = forest_default(estimator, spec.name)) spec.default_text = *value;
    if (estimator.booster == Booster::kLinear && spec.name == "reg_lambda") spec.default_text = "0";
    if (estimator.booster == Booster::kLinear && spec.name == "eta") spec.default_text = "0.5";
    // A forest's estimators are its trees.
    if (!estimator.is_forest) continue;
    if (spec.name == "train.num_boost_round") spec.aliases = "num_boost_round|num_round";
    if (spec.name == "num_parallel_tree") spec.aliases = "n_estimators";
  }
  specs.insert(specs.end(), std::begin(kValidationAttributes), std::end(kValidationAttributes));
  specs.insert(specs.end(), std::begin(kWeightAttributes), std::end(kWeightAttributes));
  if (may_rank(estimator)) specs.push_back(kGroupAttribute);
  if (may_regress(estimator)) specs.push_back(kLabelUpperAttribute);
  return specs;
}

std::string value_text(const AttributeValues& values, const AttributeSpec& spec) {
  switch (spec.type) {
    case AttributeType::kInteger:
      return fmt::format("{}", values.integer(spec.name));
    case AttributeType::kFloat:
      return fmt::format("{}", values.number(spec.name));
    case AttributeType::kBoolean:
      return values.boolean(spec.name) ? "1" : "0";
    default:
      return values.string(spec.name);
  }
}

std::string list_text(std::string_view open, const auto& items, std::string_view close) {
  std::string out(open);
  for (const auto& item : items) out += fmt::format("{}{}", out.size() > open.size() ? "," : "", item);
  return out + std::string(close);
}

std::string_view name_of(Booster booster) {
  return booster == Booster::kTrees ? "gbtree" : booster == Booster::kDart ? "dart" : "gblinear";
}

Failure wrong(const AttributeValues& values, std::string_view attribute, std::string message, std::string hint) {
  return fail(Code::kArgument, std::move(message), std::move(hint)).at(values.span(attribute).value_or(Span{}));
}

}  // namespace

const Estimator* find_estimator(std::string_view name) {
  constexpr std::string_view kPrefix = "xgboost.";
  for (const Estimator& estimator : estimators()) {
    if (equals_ignore_case(name, estimator.name)) return &estimator;
    // XGBClassifier and its like are known without the prefix; gbtree alone is not.
    const std::string_view bare = estimator.name.substr(kPrefix.size());
    if (bare.starts_with("XGB") && equals_ignore_case(name, bare)) return &estimator;
  }
  return nullptr;
}

std::span<const AttributeSpec> attributes_of(const Estimator& estimator) {
  static const auto tables = [] {
    std::vector<std::vector<AttributeSpec>> out;
    for (const Estimator& one : estimators()) out.push_back(make_specs(one));
    return out;
  }();
  return tables[static_cast<size_t>(&estimator - estimators().data())];
}

std::optional<Task> task_of(std::string_view objective) {
  const auto found = std::ranges::find(objectives(), objective, &Objective::name);
  return found == objectives().end() ? std::nullopt : std::optional(found->task);
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
    case Task::kRanking:
      return "rank:ndcg";
    default:
      return "reg:squarederror";
  }
}

Result<Parameters> parameters(const Estimator& estimator, const AttributeValues& values, const std::string& objective,
                              size_t classes, const FeatureSchema& schema) {
  Parameters out = {{"booster", std::string(name_of(estimator.booster))}, {"objective", objective}};
  if (objective.starts_with("multi:")) out.emplace_back("num_class", std::to_string(classes));
  for (const AttributeSpec& spec : attributes_of(estimator)) {
    const auto row = std::ranges::find(rows(), spec.name, [](const Row& r) { return r.spec.name; });
    if (row == rows().end() || row->parameter.empty()) continue;
    if (values.given(spec.name) || forest_default(estimator, spec.name))
      out.emplace_back(row->parameter, value_text(values, spec));
  }
  // The library has no default of its own for these.
  if (objective == "reg:quantileerror")
    out.emplace_back("quantile_alpha", list_text("[", values.numbers("quantile_alpha"), "]"));
  if (objective == "reg:expectileerror" && !values.given("expectile_alpha"))
    out.emplace_back(
        "expectile_alpha",
        value_text(values, *std::ranges::find(attributes_of(estimator), "expectile_alpha", &AttributeSpec::name)));
  // Its own default gives another result each time.
  if (estimator.booster == Booster::kLinear) {
    if (!values.given("updater")) out.emplace_back("updater", values.string("updater"));
  } else {
    const std::string method = values.string("tree_method");
    out.emplace_back("tree_method", method == "auto" ? "hist" : method);
    if (const auto signs = TRY(monotone_signs(values, schema)); !signs.empty())
      out.emplace_back("monotone_constraints", list_text("(", signs, ")"));
    if (const auto groups = TRY(interaction_groups(values, schema)); !groups.empty()) {
      std::vector<std::string> texts;
      for (const std::vector<size_t>& group : groups) texts.push_back(list_text("[", group, "]"));
      out.emplace_back("interaction_constraints", list_text("[", texts, "]"));
    }
  }
  for (const std::string& metric : values.strings("eval_metric")) out.emplace_back("eval_metric", metric);
  return out;
}

Status check_values(const Estimator& estimator, const AttributeValues& values) {
  for (const std::string& metric : values.strings("eval_metric")) {
    // "error@0.7", "tweedie-nloglik@1.5", "ndcg@5-"
    const std::string_view name = std::string_view(metric).substr(0, metric.find('@'));
    if (std::ranges::find(metrics(), name) != metrics().end()) continue;
    const std::vector<std::string> known(metrics().begin(), metrics().end());
    const std::string near = did_you_mean(metric, known);
    return wrong(values, "eval_metric", fmt::format("unknown eval_metric: \"{}\"", metric),
                 near.empty() ? fmt::format("it can be {}", join(known, ", ")) : near);
  }
  const std::vector<double> alphas = values.numbers("quantile_alpha");
  if (alphas.empty() || !std::ranges::is_sorted(alphas, std::less_equal<>()))
    return wrong(values, "quantile_alpha", "quantile_alpha must be numbers in ascending order", "[0.1, 0.5, 0.9]");
  if (estimator.booster == Booster::kLinear || !values.boolean("train.disk_cache")) return {};
  if (const std::string method = values.string("tree_method"); method == "exact" || method == "approx") {
    return wrong(values, "train.disk_cache",
                 fmt::format("train.disk_cache keeps bins, which tree_method=\"{}\" has not", method),
                 "use tree_method=\"hist\"");
  }
  return {};
}

std::vector<std::string> warnings(const Estimator& estimator, const AttributeValues& values,
                                  const std::string& objective) {
  std::vector<std::string> out;
  for (const Row& row : rows()) {
    if (!has(estimator, row) || !values.given(row.spec.name)) continue;
    if (!row.has_effect) out.push_back(fmt::format("attribute \"{}\" has no effect", row.spec.name));
    const std::vector<std::string_view> beginnings = split_on(row.objectives, '|');
    const bool applies = row.objectives.empty() || std::ranges::any_of(beginnings, [&](std::string_view beginning) {
                           return objective.starts_with(beginning);
                         });
    if (!applies)
      out.push_back(fmt::format("attribute \"{}\" has no effect with objective \"{}\"", row.spec.name, objective));
  }
  const auto needs = [&](std::string_view name, bool is_met, std::string_view what) {
    const bool is_there =
        std::ranges::any_of(attributes_of(estimator), [&](const AttributeSpec& spec) { return spec.name == name; });
    if (is_there && values.given(name) && !is_met)
      out.push_back(fmt::format("attribute \"{}\" has no effect {}", name, what));
  };
  if (estimator.booster == Booster::kLinear) {
    const std::string selector = values.string("feature_selector");
    needs("top_k", selector == "greedy" || selector == "thrifty", "without feature_selector=\"greedy\" or \"thrifty\"");
    return out;
  }
  const bool has_bins = values.string("tree_method") != "exact";
  needs("max_bin", has_bins, "with tree_method=\"exact\"");
  needs("max_leaves", has_bins, "with tree_method=\"exact\"");
  needs("grow_policy", has_bins, "with tree_method=\"exact\"");
  return out;
}

}  // namespace sinan::ml::xgboost

#include "ml/statements/explain.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/model_object.h"
#include "ml/query_columns.h"
#include "ml/statements/cluster_attributes.h"
#include "ml/statements/explain_request.h"
#include "ml/statements/forecast.h"

namespace sinan::ml {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {.name = "summary.plot_type",
     .type = AttributeType::kString,
     .default_text = "dot",
     .doc = "the picture of SHAP values: a summary of all rows, decisions, one feature's dependence, one row's forces",
     .choices = "dot|bar|violin|decision|dependence|force"},
    {.name = "summary.max_display",
     .type = AttributeType::kInteger,
     .default_text = "20",
     .doc = "how many features the picture shows",
     .min = 1,
     .max = 200},
    {.name = "summary.sort",
     .type = AttributeType::kBoolean,
     .default_text = "true",
     .doc = "the most important feature first; false: in the order of training"},
    {.name = "summary.alpha",
     .type = AttributeType::kFloat,
     .default_text = "1",
     .doc = "opacity of the dots of dot and dependence pictures",
     .min = 0,
     .max = 1},
    {.name = "dependence.feature",
     .type = AttributeType::kString,
     .doc = "the feature of a dependence picture (the most important one)",
     .aliases = "dependence.ind"},
    {.name = "dependence.interaction_index",
     .type = AttributeType::kString,
     .default_text = "auto",
     .doc = "the feature that colours its dots: a name, none, or auto: the one that interacts most",
     .aliases = "dependence.color"},
    {.name = "explain.bias",
     .type = AttributeType::kBoolean,
     .default_text = "false",
     .doc = "adds the column bias: with it each row sums to the margin"},
    {.name = "explain.interactions",
     .type = AttributeType::kBoolean,
     .default_text = "false",
     .doc = "SHAP interaction values of pairs of features instead (trees, linear models)"},
    {.name = "explain.sample_rows",
     .type = AttributeType::kInteger,
     .default_text = "0",
     .doc = "rows kept in memory, a random sample: of SHAP pictures 10000 (kernel SHAP 100), PermutationImportance "
            "100000, PartialDependence 1000",
     .min = 0,
     .max = 10'000'000},
    {.name = "explain.seed",
     .type = AttributeType::kInteger,
     .default_text = "-1",
     .doc = "of samples and shuffles (that of the run)",
     .min = -1,
     .aliases = "seed|random_state"},
    {.name = "kernel.background_rows",
     .type = AttributeType::kInteger,
     .default_text = "100",
     .doc = "KernelExplainer: rows, a random sample of the query, that stand for what is usual",
     .min = 1,
     .max = 100'000},
    {.name = "kernel.nsamples",
     .type = AttributeType::kInteger,
     .default_text = "0",
     .doc = "KernelExplainer: sets of features tried for each row (2 x features + 2048); exact when all fit",
     .min = 0,
     .max = 10'000'000},
    {.name = "permutation.n_repeats",
     .type = AttributeType::kInteger,
     .default_text = "5",
     .doc = "PermutationImportance: how often each feature is shuffled",
     .min = 1,
     .max = 10'000},
    {.name = "permutation.scoring",
     .type = AttributeType::kString,
     .doc = "PermutationImportance: the metric, of TO EVALUATE's (classes: accuracy_score; numbers: r2_score)",
     .aliases = "permutation.metric"},
    {.name = "partial_dependence.features",
     .type = AttributeType::kStringList,
     .default_text = "",
     .doc = "PartialDependence: of which features (the model's most important ones)"},
    {.name = "partial_dependence.kind",
     .type = AttributeType::kString,
     .default_text = "average",
     .doc = "PartialDependence: the mean of the rows, a line each (ICE), or both",
     .choices = "average|individual|both"},
    {.name = "partial_dependence.grid_resolution",
     .type = AttributeType::kInteger,
     .default_text = "100",
     .doc = "PartialDependence: values tried of a number, unless the rows have fewer",
     .min = 2,
     .max = 10'000},
    {.name = "partial_dependence.percentiles",
     .type = AttributeType::kFloatList,
     .default_text = "0.05, 0.95",
     .doc = "PartialDependence: quantiles of the rows between which a number's values are tried"},
    {.name = "label_col",
     .type = AttributeType::kString,
     .default_text = "",
     .doc = "PermutationImportance: the column that holds the truth (the model's label); SHAP values need none",
     .aliases = "label_column"},
};

struct Named {
  std::string_view name;
  ExplainMethod method;
};
constexpr Named kExplainers[] = {
    {"TreeExplainer", ExplainMethod::kTree},
    {"LinearExplainer", ExplainMethod::kLinear},
    {"KernelExplainer", ExplainMethod::kKernel},
    {"XGBoostExplainer", ExplainMethod::kGain},
    {"FeatureImportance", ExplainMethod::kImportance},
    {"BoostedTreesExplainer", ExplainMethod::kBoosted},
    {"TableExplainer", ExplainMethod::kTable},
    {"PermutationImportance", ExplainMethod::kPermutation},
    {"PartialDependence", ExplainMethod::kPartialDependence},
};

Result<ExplainMethod> method_of(const sql::Name& explainer) {
  std::vector<std::string> known;
  for (const Named& one : kExplainers) {
    if (equals_ignore_case(explainer.text, one.name)) return one.method;
    known.emplace_back(one.name);
  }
  const std::string near = did_you_mean(explainer.text, known);
  return fail(Code::kArgument, fmt::format("unknown explainer \"{}\"", explainer.text),
              near.empty() ? fmt::format("it can be {}", join(known, ", ")) : near)
      .at(explainer.span);
}

bool gives_shap(ExplainMethod method) {
  return method == ExplainMethod::kTree || method == ExplainMethod::kLinear || method == ExplainMethod::kKernel;
}

// Attributes that only some of the ways of explaining look at. Errors: where what was asked for would be another thing.
Status check_effect(const ExplainRequest& request, flow::CheckContext& context) {
  const AttributeValues& values = request.values;
  const auto warn = [&](std::string_view attribute, std::string_view with) {
    if (values.given(attribute))
      context.warn(fmt::format("{} has no effect without {}", attribute, with), *values.span(attribute));
  };
  const std::optional<ExplainMethod> method = request.method;
  if (method && !gives_shap(*method)) {
    if (values.boolean("explain.interactions")) {
      return fail(Code::kArgument, "interactions are of SHAP values", "leave USING out, or explain.interactions")
          .at(*values.span("explain.interactions"));
    }
    warn("summary.plot_type", "SHAP values");
    warn("explain.bias", "SHAP values");
  }
  if (method != ExplainMethod::kKernel && method) {
    warn("kernel.background_rows", "USING KernelExplainer");
    warn("kernel.nsamples", "USING KernelExplainer");
  }
  if (method != ExplainMethod::kPermutation) {
    warn("permutation.n_repeats", "USING PermutationImportance");
    warn("permutation.scoring", "USING PermutationImportance");
  }
  if (method != ExplainMethod::kPartialDependence) {
    for (const char* name : {"features", "kind", "grid_resolution", "percentiles"})
      warn(fmt::format("partial_dependence.{}", name), "USING PartialDependence");
  }
  if (values.string("summary.plot_type") != "dependence") {
    warn("dependence.feature", "summary.plot_type=\"dependence\"");
    warn("dependence.interaction_index", "summary.plot_type=\"dependence\"");
  }
  if (values.boolean("explain.interactions")) {
    if (values.given("summary.plot_type"))
      context.warn("summary.plot_type has no effect on interactions", *values.span("summary.plot_type"));
  }
  return {};
}

// Columns of the table where they do not depend on the model.
std::optional<arrow::Schema> result_schema(std::optional<ExplainMethod> method) {
  if (!method) return std::nullopt;
  if (*method == ExplainMethod::kGain)
    return arrow::Schema{
        {{"feature", arrow::string_type()}, {"fscore", arrow::int64_type()}, {"gain", arrow::double_type()}}};
  if (*method == ExplainMethod::kBoosted)
    return arrow::Schema{
        {{"feature", arrow::string_type()}, {"dfc", arrow::double_type()}, {"gain", arrow::double_type()}}};
  if (*method == ExplainMethod::kPermutation) return arrow::Schema{permutation_fields()};
  if (*method == ExplainMethod::kImportance)
    return arrow::Schema{{{"feature", arrow::string_type()},
                          {"weight", arrow::int64_type()},
                          {"gain", arrow::double_type()},
                          {"cover", arrow::double_type()},
                          {"total_gain", arrow::double_type()},
                          {"total_cover", arrow::double_type()}}};
  return std::nullopt;
}

// Importance by shuffling is measured against the truth.
Status check_truth(const ExplainRequest& request) {
  if (request.method != ExplainMethod::kPermutation || !request.query.columns) return {};
  const bool is_named = request.values.given("label_col");
  const std::string label = is_named ? request.values.string("label_col") : request.query.signature.label;
  if (label.empty() || request.query.columns->index_of(label)) return {};
  return no_such_column("label", label, *request.query.columns)
      .at(is_named ? request.place("label_col") : request.query.place);
}

class ExplainStep final : public flow::Step {
 public:
  ExplainStep(ExplainRequest request, Access access, std::string clause)
      : request_(std::move(request)), access_(std::move(access)), clause_(std::move(clause)) {}

  const Access& access() const override { return access_; }
  // What only draws a picture is done whenever it is asked for.
  std::optional<Fingerprint> fingerprint() const override {
    if (!request_.table) return std::nullopt;
    return FingerprintBuilder().add("explain 2").add(request_.query.query).add(clause_).finish();
  }
  // It picks the rows of samples.
  bool uses_seed() const override { return true; }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    context.progress().stage("opening");
    OpenModelQuery open = TRY(open_model_query(request_.query, context));
    const std::shared_ptr<const Model> model = open.model;
    flow::Outcome outcome = TRY(explain(std::move(open), context));
    if (request_.target) {
      LineageBuilder edges(request_.query, *request_.target, "explain");
      edges.compute(*model, {});
      outcome.lineage = edges.finish();
    }
    return outcome;
  }

 private:
  Result<flow::Outcome> explain(OpenModelQuery open, flow::RunContext& context) const {
    const Model& model = *open.model;
    switch (request_.method.value_or(usual_method(model))) {
      case ExplainMethod::kTree:
      case ExplainMethod::kLinear:
        if (model.explainer() == nullptr) {
          return fail(Code::kUnsupported,
                      fmt::format("only trees and linear models tell their SHAP values themselves: {}",
                                  model.package().estimator),
                      "USING KernelExplainer is for every model")
              .at(request_.method_place);
        }
        return explain_shap(request_, std::move(open), false, context);
      case ExplainMethod::kKernel:
        return explain_shap(request_, std::move(open), true, context);
      case ExplainMethod::kGain:
        return explain_gain(request_, model, context);
      case ExplainMethod::kImportance:
        return explain_importance(request_, model, context);
      case ExplainMethod::kBoosted:
        return explain_boosted(request_, std::move(open), context);
      case ExplainMethod::kTable:
        return explain_table(model, context);
      case ExplainMethod::kPermutation:
        return explain_permutation(request_, std::move(open), context);
      case ExplainMethod::kPartialDependence:
        return explain_partial_dependence(request_, std::move(open), context);
    }
    return fail(Code::kInternal, "unknown way of explaining");
  }

  // Score cards and models that no explainer knows are what their table says, unless a picture of SHAP values is asked for.
  ExplainMethod usual_method(const Model& model) const {
    const bool wants_shap =
        request_.values.given("summary.plot_type") || request_.values.boolean("explain.interactions");
    const bool is_card = model.package().objective == kScoreObjective;
    const bool has_explainer = model.explainer() != nullptr;
    if ((is_card || !has_explainer) && !model.tables().empty() && !wants_shap) return ExplainMethod::kTable;
    if (!has_explainer) return ExplainMethod::kKernel;
    // SQLFlow's table of these estimators.
    const bool is_boosted = model.package().estimator.starts_with("BoostedTrees");
    if (is_boosted && request_.table && !wants_shap) return ExplainMethod::kBoosted;
    return ExplainMethod::kTree;
  }

  Result<flow::Outcome> explain_table(const Model& model, flow::RunContext& context) const {
    std::vector<flow::ResultTable> tables = model.tables();
    if (tables.empty()) {
      return fail(Code::kUnsupported, fmt::format("models of this kind have no table that tells what they are: {}",
                                                  model.package().estimator))
          .at(request_.query.model_place);
    }
    flow::Outcome outcome;
    flow::ResultTable& first = tables.front();
    if (request_.table) {
      outcome.rows_written = TRY(flow::replace_table(*request_.table, first.rows.slice(0, first.rows.rows()), context));
      outcome.messages.push_back(fmt::format("Wrote the {} of {} to {}.", to_lower(first.title), request_.query.model,
                                             request_.table->to_string()));
    }
    outcome.tables.push_back(shortened(std::move(first)));
    return outcome;
  }

  ExplainRequest request_;
  Access access_;
  std::string clause_;
};

}  // namespace

flow::Help Explain::help() const {
  return {
      .summary = "Show what a model's predictions are made of.",
      .synopsis =
          "query TO EXPLAIN model [WITH attribute=value, ...] [USING explainer] [INTO "
          "[schema.]table]",
      .details =
          "SHAP values say how far each feature moved a row's margin (log odds for two classes) from the average. "
          "INTO\n"
          "writes them: a row per input, a column per feature, with many classes feature__class. A row's values and "
          "the\n"
          "bias (explain.bias=true) sum to its margin. The picture shows a random sample of the rows.\n\n"
          "USING TreeExplainer (trees), LinearExplainer (linear models, score cards): exact, and the default of "
          "these.\n"
          "USING KernelExplainer: of every model, from its predictions alone, against kernel.background_rows=100 "
          "rows.\n"
          "USING XGBoostExplainer needs INTO and writes (feature, fscore, gain): in how many splits the trees use a\n"
          "feature, and what such a split gains on average. FeatureImportance: weight, gain, cover and their totals.\n"
          "USING BoostedTreesExplainer (the default INTO a table of BoostedTrees*): (feature, dfc, gain), the mean\n"
          "absolute contribution and the share of the gain.\n"
          "USING TableExplainer writes what a model is: coefficients, the centres of clusters, the points of a score\n"
          "card. Clusters and score cards are explained so unless another is asked for.\n\n"
          "summary.plot_type=\"dot\" | \"bar\" | \"violin\": all rows. \"decision\": each row's way to its "
          "prediction.\n"
          "\"dependence\": dependence.feature against its SHAP value, coloured by "
          "dependence.interaction_index=\"auto\".\n"
          "\"force\": one row. summary.max_display=20, summary.sort=true, summary.alpha=1 (opacity of dots).\n"
          "explain.interactions=true: SHAP interaction values, INTO (row, feature, other, value).\n"
          "USING PermutationImportance: (feature, importance_mean, importance_std), how much worse "
          "permutation.scoring\n"
          "gets when a feature's values are shuffled permutation.n_repeats=5 times. The query needs the label.\n"
          "USING PartialDependence: (feature, value, category, prediction), the mean prediction by the value of each "
          "of\n"
          "partial_dependence.features; partial_dependence.kind=\"both\" with a line for each row too.\n"
          "explain.sample_rows, explain.seed: of samples and shuffles.",
      .example = "SELECT * FROM july TO EXPLAIN flights.late WITH summary.plot_type=\"bar\" INTO out.shap;",
  };
}

Result<std::unique_ptr<flow::Parsed>> Explain::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return parse_clause_statement(tokens);
}

Result<std::unique_ptr<flow::Step>> Explain::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& statement = static_cast<const ParsedClause&>(parsed);
  const auto& clause = statement.as<sql::Explain>();
  if (is_forecast_model(clause.model, context))
    return check_explain_forecast(clause, sql::to_string(statement.clause()), context);
  ExplainRequest request{
      .query = {},
      .method = std::nullopt,
      .method_place = clause.explainer ? clause.explainer->span : clause.model.span,
      .table = std::nullopt,
      .target = std::nullopt,
      .values = TRY(check_attributes(without_cluster_attributes(clause.attributes, kAttributes, context), kAttributes,
                                     "TO EXPLAIN"))};
  if (clause.explainer) request.method = TRY(method_of(*clause.explainer));
  if (request.method == ExplainMethod::kGain && !clause.into) {
    return fail(Code::kProgram, "XGBoostExplainer writes a table: INTO is missing", "add INTO and a table name")
        .at(clause.explainer->span);
  }
  TRY(check_effect(request, context));
  request.query = TRY(check_model_query(clause.model, context));
  TRY(check_truth(request));
  std::vector<ObjectRef> writes;
  if (clause.into) {
    request.table = TRY(target_table(*clause.into));
    request.target = TRY(context.will_write_table(clause.into->text, result_schema(request.method), clause.into->span));
    writes.push_back(*request.target);
  }
  Access access = model_query_access(request.query, context, std::move(writes));
  return std::make_unique<ExplainStep>(std::move(request), std::move(access), sql::to_string(statement.clause()));
}

}  // namespace sinan::ml

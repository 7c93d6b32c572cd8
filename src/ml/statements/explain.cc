#include "ml/statements/explain.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/attributes.h"
#include "ml/charts.h"
#include "ml/model_object.h"
#include "ml/row_sample.h"
#include "ml/statements/cluster_attributes.h"
#include "ml/statements/forecast.h"
#include "ml/statements/model_query.h"

namespace sinan::ml {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {.name = "summary.plot_type",
     .type = AttributeType::kString,
     .default_text = "dot",
     .doc = "the picture: dot or bar",
     .choices = "dot|bar|violin|decision"},
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
     .doc = "accepted; dots are opaque",
     .min = 0,
     .max = 1},
    {.name = "explain.bias",
     .type = AttributeType::kBoolean,
     .default_text = "false",
     .doc = "adds the column bias: with it each row sums to the margin"},
    {.name = "label_col",
     .type = AttributeType::kString,
     .default_text = "",
     .doc = "accepted; an explanation needs no label",
     .aliases = "label_column"},
};

constexpr size_t kSampleRows = 10'000;
// Contributions kept for the picture: with many features and classes it shows fewer rows.
constexpr size_t kMostSampleValues = size_t{50} << 20;

enum class Method : uint8_t { kShap, kGain, kLinear, kTable };
constexpr std::array<std::string_view, 4> kMethods = {"TreeExplainer", "XGBoostExplainer", "LinearExplainer",
                                                      "TableExplainer"};

Result<Method> method_of(const sql::Explain& clause) {
  if (!clause.explainer) return Method::kShap;
  for (size_t i = 0; i < kMethods.size(); ++i)
    if (equals_ignore_case(clause.explainer->text, kMethods[i])) return static_cast<Method>(i);
  const std::vector<std::string> known(kMethods.begin(), kMethods.end());
  const std::string near = did_you_mean(clause.explainer->text, known);
  return fail(Code::kArgument, fmt::format("unknown explainer \"{}\"", clause.explainer->text),
              near.empty() ? fmt::format("it can be {}", join(known, ", ")) : near)
      .at(clause.explainer->span);
}

// One column a feature (and the bias), for each output; many classes: feature__class.
std::vector<arrow::Field> shap_fields(const ModelPackage& package, size_t outputs, bool with_bias) {
  std::vector<arrow::Field> fields;
  for (size_t k = 0; k < outputs; ++k) {
    const std::string suffix = outputs == 1 ? "" : fmt::format("__{}", package.label.classes[k]);
    for (const Feature& feature : package.plan.schema().features)
      fields.push_back({feature.name + suffix, arrow::double_type()});
    if (with_bias) fields.push_back({"bias" + suffix, arrow::double_type()});
  }
  return fields;
}

class ShapMapper final : public BatchMapper {
 public:
  ShapMapper(const OpenModelQuery& query, std::shared_ptr<const arrow::Schema> schema, bool with_bias)
      : model_(query.model),
        encoder_(query.model->package().plan, query.binding),
        schema_(std::move(schema)),
        with_bias_(with_bias) {}

  Result<arrow::Batch> map(const arrow::Batch& rows) override {
    const MatrixBlock block = TRY(encoder_.encode(rows));
    const Explainer& explainer = *model_->explainer();
    const size_t group = block.features.size() + 1;
    const size_t stride = explainer.outputs() * group;
    contributions_.resize(block.rows * stride);
    TRY(explainer.explain(block, contributions_));
    arrow::BatchBuilder out(schema_);
    column_.resize(block.rows);
    size_t next = 0;
    for (size_t at = 0; at < stride; ++at) {
      if (!with_bias_ && at % group == group - 1) continue;
      for (size_t i = 0; i < block.rows; ++i) column_[i] = static_cast<double>(contributions_[i * stride + at]);
      out.column(next++).append_values(std::span<const double>(column_));
    }
    return out.finish();
  }

 private:
  std::shared_ptr<const Model> model_;
  FeatureEncoder encoder_;
  std::shared_ptr<const arrow::Schema> schema_;
  bool with_bias_;
  std::vector<float> contributions_;
  std::vector<double> column_;
};

class ExplainStep final : public flow::Step {
 public:
  ExplainStep(ModelQuery query, std::optional<Method> method, std::optional<engine::TableName> table,
              std::optional<ObjectRef> target, AttributeValues values, Access access, std::string clause)
      : query_(std::move(query)),
        method_(method),
        table_(std::move(table)),
        target_(std::move(target)),
        values_(std::move(values)),
        access_(std::move(access)),
        clause_(std::move(clause)) {}

  const Access& access() const override { return access_; }
  // What only draws a picture is done whenever it is asked for.
  std::optional<Fingerprint> fingerprint() const override {
    if (!table_) return std::nullopt;
    return FingerprintBuilder().add("explain 1").add(query_.query).add(clause_).finish();
  }
  // It picks the rows of the picture.
  bool uses_seed() const override { return true; }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    context.progress().stage("opening");
    OpenModelQuery open = TRY(open_model_query(query_, context));
    const std::shared_ptr<const Model> model = open.model;
    if (explains_by_table(*model)) return explain_table(*model, context);
    if (model->explainer() == nullptr) {
      return fail(Code::kUnsupported,
                  fmt::format("models of this kind cannot be explained in this build: {}", model->package().estimator))
          .at(query_.model_place);
    }
    flow::Outcome outcome =
        TRY(method_ == Method::kGain ? explain_gain(*model, context) : explain_rows(std::move(open), context));
    if (target_) {
      LineageBuilder edges(query_, *target_, "explain");
      edges.compute(*model, {});
      outcome.lineage = edges.finish();
    }
    return outcome;
  }

 private:
  // Score cards and models that no explainer knows are what their table says.
  bool explains_by_table(const Model& model) const {
    if (method_) return *method_ == Method::kTable;
    const bool is_card = model.package().objective == kScoreObjective;
    return is_card || (model.explainer() == nullptr && !model.tables().empty());
  }

  Result<flow::Outcome> explain_table(const Model& model, flow::RunContext& context) const {
    std::vector<flow::ResultTable> tables = model.tables();
    if (tables.empty()) {
      return fail(Code::kUnsupported, fmt::format("models of this kind have no table that tells what they are: {}",
                                                  model.package().estimator))
          .at(query_.model_place);
    }
    flow::Outcome outcome;
    flow::ResultTable& first = tables.front();
    if (table_) {
      outcome.rows_written = TRY(flow::replace_table(*table_, first.rows.slice(0, first.rows.rows()), context));
      outcome.messages.push_back(
          fmt::format("Wrote the {} of {} to {}.", to_lower(first.title), query_.model, table_->to_string()));
    }
    outcome.tables.push_back(shortened(std::move(first)));
    if (target_) {
      LineageBuilder edges(query_, *target_, "explain");
      edges.compute(model, {});
      outcome.lineage = edges.finish();
    }
    return outcome;
  }

  Result<flow::Outcome> explain_gain(const Model& model, flow::RunContext& context) const {
    const std::vector<FeatureUse> use = model.explainer()->feature_use();
    const std::vector<Feature>& features = model.package().plan.schema().features;
    std::vector<size_t> order;
    for (size_t j = 0; j < use.size(); ++j)
      if (use[j].splits > 0) order.push_back(j);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return features[a].name < features[b].name; });
    arrow::BatchBuilder rows(
        {{"feature", arrow::string_type()}, {"fscore", arrow::int64_type()}, {"gain", arrow::double_type()}});
    for (const size_t j : order) {
      rows.column(0).append(features[j].name);
      rows.column(1).append(static_cast<int64_t>(use[j].splits));
      rows.column(2).append(use[j].mean_gain);
    }
    arrow::Batch batch = rows.finish();
    const auto stream =
        arrow::make_stream(batch.shared_schema(), order.empty() ? std::vector<arrow::Batch>{} : std::vector{batch});
    flow::Outcome outcome;
    outcome.rows_written = TRY(context.session().ingest(*table_, *stream, engine::IngestMode::kReplace));
    outcome.messages.push_back(fmt::format("{} of {} features are used by {}; written to {}.", order.size(),
                                           features.size(), query_.model, table_->to_string()));
    plot::BarChart chart{.value = {.label = "mean gain of a split"}};
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return use[a].mean_gain > use[b].mean_gain; });
    order.resize(std::min(order.size(), static_cast<size_t>(values_.integer("summary.max_display"))));
    for (const size_t j : order) {
      chart.labels.push_back(features[j].name);
      chart.values.push_back(use[j].mean_gain);
    }
    outcome.artefacts.push_back(
        {"gain",
         {.title = fmt::format("Gain by feature: {}", query_.model), .subtitle = {}, .body = std::move(chart)}});
    return outcome;
  }

  Result<flow::Outcome> explain_rows(OpenModelQuery open, flow::RunContext& context) const {
    const std::shared_ptr<const Model> model = open.model;
    const ModelPackage& package = model->package();
    const size_t outputs = model->explainer()->outputs();
    if (outputs > 1 && package.label.classes.size() != outputs)
      return fail(Code::kData, "the model is damaged: its classes and its trees differ in number");
    const size_t row_values = outputs * (package.plan.schema().size() + 1);
    const size_t sample_rows = std::clamp<size_t>(kMostSampleValues / row_values, 1, kSampleRows);
    RowSample sample(package.plan, open.binding, sample_rows, context.seed());
    std::unique_ptr<arrow::BatchStream> rows = sample_stream(std::move(open.rows), sample);

    flow::Outcome outcome;
    context.progress().stage("explaining");
    if (table_) {
      const bool with_bias = values_.boolean("explain.bias");
      const auto schema =
          std::make_shared<const arrow::Schema>(arrow::Schema{shap_fields(package, outputs, with_bias)});
      std::vector<std::unique_ptr<BatchMapper>> mappers;
      for (uint32_t i = 0; i < std::max(1u, context.threads()); ++i)
        mappers.push_back(std::make_unique<ShapMapper>(open, schema, with_bias));
      const auto explained =
          map_batches(std::move(rows), schema, std::move(mappers), context.cancel(), &context.progress());
      outcome.rows_written = TRY(context.session().ingest(*table_, *explained, engine::IngestMode::kReplace));
      outcome.messages.push_back(fmt::format("Wrote the SHAP values of {} rows to {}.",
                                             human_count(static_cast<uint64_t>(outcome.rows_written)),
                                             table_->to_string()));
    } else {
      while (TRY(rows->next()).has_value()) TRY(context.cancel().check());
    }
    outcome.rows_read = static_cast<int64_t>(sample.seen());
    if (sample.rows() == 0) {
      if (!table_)
        return fail(Code::kData, "there are no rows to explain", "check the query's WHERE clause").at(query_.place);
      return outcome;
    }
    TRY(draw(*model, sample, outputs, outcome));
    return outcome;
  }

  Status draw(const Model& model, const RowSample& sample, size_t outputs, flow::Outcome& outcome) const {
    const std::vector<FeatureColumn> columns = sample.columns();
    std::vector<float> contributions(sample.rows() * outputs * (sample.schema().size() + 1));
    TRY(model.explainer()->explain({.rows = sample.rows(), .features = columns}, contributions));
    if (sample.rows() < sample.seen()) {
      outcome.messages.push_back(
          fmt::format("The picture shows a random sample of {} of {} rows, drawn with the run's seed.",
                      human_count(sample.rows()), human_count(sample.seen())));
    }
    const bool sorted = values_.boolean("summary.sort");
    const auto most = static_cast<size_t>(values_.integer("summary.max_display"));
    const bool dots = values_.string("summary.plot_type") == "dot";

    std::vector<double> total(sample.schema().size());
    constexpr size_t kMostPictures = 6;
    for (size_t k = 0; k < outputs; ++k) {
      const ShapView view{&sample, contributions, outputs, k};
      const std::vector<double> importance = mean_absolute_shap(view);
      for (size_t j = 0; j < total.size(); ++j) total[j] += importance[j];
      if (k >= kMostPictures) continue;
      const std::vector<size_t> features = shown_features(importance, sorted, most);
      const std::string suffix = outputs == 1 ? "" : fmt::format(", class {}", model.package().label.classes[k]);
      const std::string name = outputs == 1 ? "" : fmt::format("_{}", k);
      if (dots)
        outcome.artefacts.push_back(
            {"shap_summary" + name,
             shap_dot_chart(view, features, fmt::format("SHAP values: {}{}", query_.model, suffix))});
      else
        outcome.artefacts.push_back(
            {"shap_bar" + name,
             shap_bar_chart(view, importance, features, fmt::format("Mean |SHAP|: {}{}", query_.model, suffix))});
    }
    if (outputs > kMostPictures)
      outcome.messages.push_back(fmt::format("The pictures show the first {} of {} classes.", kMostPictures, outputs));

    arrow::BatchBuilder rows({{"feature", arrow::string_type()}, {"mean_abs_shap", arrow::double_type()}});
    for (const size_t j : shown_features(total, true, most)) {
      rows.column(0).append(sample.schema().features[j].name);
      rows.column(1).append(total[j]);
    }
    outcome.tables.push_back({outputs == 1 ? "Importance" : "Importance, summed over classes", rows.finish()});
    return {};
  }

  ModelQuery query_;
  std::optional<Method> method_;  // none: by the model
  std::optional<engine::TableName> table_;
  std::optional<ObjectRef> target_;
  AttributeValues values_;
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
          "TreeExplainer (the default) gives each feature of each row its SHAP value: how far it moved the margin (log "
          "odds\n"
          "for two classes) away from the average. The picture shows a random sample of the rows. INTO writes all of "
          "them: a\n"
          "row per input, a column per feature; with many classes feature__class. A row's values and the bias sum to "
          "its\n"
          "margin.\n\n"
          "XGBoostExplainer needs INTO and writes (feature, fscore, gain): in how many splits the trees use a feature, "
          "and\n"
          "what such a split gains on average.\n\n"
          "TableExplainer writes what a model is instead of what it says of rows: the coefficients of a linear model, "
          "the "
          "centres\n"
          "of clusters, the bins and points of a score card. Clusters and score cards are explained so unless another "
          "is asked for;\n"
          "LinearExplainer gives SHAP values of linear models and score cards.\n\n"
          "summary.plot_type=\"dot\" | \"bar\": a dot a row, coloured by the feature's value, or the mean size.\n"
          "summary.max_display=20, summary.sort=true, explain.bias=false (adds the column bias).",
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
  AttributeValues values = TRY(
      check_attributes(without_cluster_attributes(clause.attributes, kAttributes, context), kAttributes, "TO EXPLAIN"));
  const std::string plot = values.string("summary.plot_type");
  if (plot == "violin" || plot == "decision") {
    return fail(Code::kUnsupported, fmt::format("this picture is not available in this build: \"{}\"", plot),
                "use summary.plot_type=\"dot\" or \"bar\"")
        .at(*values.span("summary.plot_type"));
  }
  if (values.given("summary.alpha")) context.warn("summary.alpha has no effect here", *values.span("summary.alpha"));
  std::optional<Method> method;
  if (clause.explainer) method = TRY(method_of(clause));
  if (method == Method::kGain && !clause.into) {
    return fail(Code::kProgram, "XGBoostExplainer writes a table: INTO is missing", "add INTO and a table name")
        .at(clause.explainer->span);
  }
  ModelQuery query = TRY(check_model_query(clause.model, context));
  std::optional<engine::TableName> table;
  std::optional<ObjectRef> target;
  std::vector<ObjectRef> writes;
  if (clause.into) {
    table = TRY(target_table(*clause.into));
    std::optional<arrow::Schema> schema;
    if (method == Method::kGain)
      schema = arrow::Schema{
          {{"feature", arrow::string_type()}, {"fscore", arrow::int64_type()}, {"gain", arrow::double_type()}}};
    target = TRY(context.will_write_table(clause.into->text, schema, clause.into->span));
    writes.push_back(*target);
  }
  Access access = model_query_access(query, context, std::move(writes));
  return std::make_unique<ExplainStep>(std::move(query), method, std::move(table), std::move(target), std::move(values),
                                       std::move(access), sql::to_string(statement.clause()));
}

}  // namespace sinan::ml

#include "ml/statements/predict.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/attributes.h"
#include "ml/predictions.h"
#include "ml/statements/cluster_attributes.h"
#include "ml/statements/forecast.h"
#include "ml/statements/model_query.h"
#include "ml/statements/predict_in_engine.h"

namespace sinan::ml {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {.name = "predict.output",
     .type = AttributeType::kString,
     .default_text = "value",
     .doc = "what the target column holds: the predicted value or class, its probability, or all predicted numbers as "
            "text with commas",
     .choices = "value|probability|vector"},
    {.name = "predict.threshold",
     .type = AttributeType::kFloat,
     .default_text = "0.5",
     .doc = "two classes: the second one is predicted above this probability",
     .min = 0,
     .max = 1,
     .aliases = "threshold"},
    {.name = "predict.extra_outputs",
     .type = AttributeType::kStringList,
     .default_text = "",
     .doc = "more columns: probability, probabilities (one a class), margin, interval, set, contributions, distance, "
            "score, points, leaves",
     .aliases = "extra_outputs"},
    {.name = "predict.confidence",
     .type = AttributeType::kFloat,
     .default_text = "0.9",
     .doc = "of intervals and sets: the share of rows whose label they hold",
     .min = 0.01,
     .max = 0.9999,
     .aliases = "confidence"},
    {.name = "predict.batch_size",
     .type = AttributeType::kInteger,
     .default_text = "0",
     .doc = "accepted; rows are scored in batches of a size that suits the machine",
     .min = -1},
    {.name = "predict.num_workers",
     .type = AttributeType::kInteger,
     .default_text = "1",
     .doc = "accepted; the cores of the run's budget are used",
     .min = 1},
};

constexpr std::pair<std::string_view, ExtraOutput> kExtraOutputs[] = {
    {"probability", ExtraOutput::kProbability},
    {"probabilities", ExtraOutput::kProbabilities},
    {"margin", ExtraOutput::kMargin},
    {"interval", ExtraOutput::kInterval},
    {"set", ExtraOutput::kSet},
    {"contributions", ExtraOutput::kContributions},
    {"distance", ExtraOutput::kDistance},
    {"score", ExtraOutput::kScore},
    {"points", ExtraOutput::kPoints},
    {"leaves", ExtraOutput::kLeaves},
};

Result<std::vector<ExtraOutput>> extra_outputs(const AttributeValues& values) {
  std::vector<ExtraOutput> out;
  for (const std::string& name : values.strings("predict.extra_outputs")) {
    const std::string wanted = to_lower(trim(name));
    const auto known = std::ranges::find(kExtraOutputs, wanted, [](const auto& entry) { return entry.first; });
    if (known == std::end(kExtraOutputs)) {
      std::vector<std::string> names;
      for (const auto& entry : kExtraOutputs) names.emplace_back(entry.first);
      const std::string near = did_you_mean(wanted, names);
      return fail(Code::kArgument, fmt::format("unknown extra output \"{}\"", name),
                  near.empty() ? fmt::format("it can be {}", join(names, ", ")) : near)
          .at(values.span("predict.extra_outputs").value_or(Span{}));
    }
    if (std::ranges::find(out, known->second) == out.end()) out.push_back(known->second);
  }
  return out;
}

TargetOutput target_output(std::string_view name) {
  if (name == "vector") return TargetOutput::kVector;
  return name == "probability" ? TargetOutput::kProbability : TargetOutput::kValue;
}

bool wants(const PredictionOptions& options, ExtraOutput extra) {
  return std::ranges::find(options.extra, extra) != options.extra.end();
}

// Intervals and sets need rows that the model was calibrated on. Errors (kArgument, at the attribute).
Status check_rows(uint64_t calibration_rows, const AttributeValues& values, const PredictionOptions& options) {
  if (!wants(options, ExtraOutput::kInterval) && !wants(options, ExtraOutput::kSet)) return {};
  auto status = check_calibration(calibration_rows, options.confidence);
  if (status) return {};
  const auto confidence = calibration_rows > 0 ? values.span("predict.confidence") : std::nullopt;
  return fail(std::move(status).error()).at(confidence.value_or(values.span("predict.extra_outputs").value_or(Span{})));
}

// What only classifiers have. Errors (kArgument, at the attribute).
Status check_task(Task task, bool predicts_score, const AttributeValues& values, const PredictionOptions& options) {
  const auto refuse = [&](std::string_view attribute, std::string what, std::string hint) -> Status {
    return fail(Code::kArgument, std::move(what), std::move(hint)).at(values.span(attribute).value_or(Span{}));
  };
  if (options.output == TargetOutput::kProbability && !is_classification(task)) {
    return refuse("predict.output", no_probabilities(task), {});
  }
  if (options.output == TargetOutput::kVector && !has_label(task)) {
    return refuse("predict.output", fmt::format("models without a label predict no vector: {}", to_string(task)), {});
  }
  if (values.given("predict.threshold") && task != Task::kBinary) {
    return refuse("predict.threshold",
                  fmt::format("a threshold is for models of two classes; this one is {}", to_string(task)),
                  "leave predict.threshold out");
  }
  if (wants(options, ExtraOutput::kSet) && !is_classification(task)) {
    return refuse("predict.extra_outputs", fmt::format("sets are of classes; this model is {}", described(task)),
                  task == Task::kRegression ? "interval is available" : "");
  }
  if (wants(options, ExtraOutput::kInterval) && task != Task::kRegression) {
    return refuse("predict.extra_outputs", fmt::format("intervals are of numbers; this model is {}", described(task)),
                  is_classification(task) ? "set is available: the classes that are likely enough" : "");
  }
  if (wants(options, ExtraOutput::kDistance) && task != Task::kClustering) {
    return refuse("predict.extra_outputs", fmt::format("only clusters have distances; this one is {}", described(task)),
                  {});
  }
  if (wants(options, ExtraOutput::kScore) && task != Task::kAnomaly && !predicts_score) {
    return refuse("predict.extra_outputs",
                  fmt::format("only one-class models and score cards have scores; this one is {}", described(task)),
                  {});
  }
  if (wants(options, ExtraOutput::kPoints) && !predicts_score) {
    return refuse("predict.extra_outputs", fmt::format("only score cards have points; this one is {}", described(task)),
                  {});
  }
  if (wants(options, ExtraOutput::kMargin) && !has_label(task)) {
    return refuse("predict.extra_outputs", fmt::format("models without a label have no margin: {}", to_string(task)),
                  task == Task::kClustering ? "distance is available" : "score is available");
  }
  const bool wants_probability =
      wants(options, ExtraOutput::kProbability) || wants(options, ExtraOutput::kProbabilities);
  if (wants_probability && !is_classification(task)) {
    return refuse("predict.extra_outputs", no_probabilities(task), has_label(task) ? "margin is available" : "");
  }
  return {};
}

// Which of the query's columns stay. Errors: two columns of one name, in the result.
Result<std::vector<size_t>> kept_columns(const arrow::Schema& query, std::string_view label,
                                         const std::vector<arrow::Field>& added) {
  std::vector<size_t> keep;
  std::vector<std::string> names;
  const auto take = [&](const std::string& name) -> Status {
    std::string folded = to_lower(name);
    if (std::ranges::find(names, folded) != names.end()) {
      return fail(Code::kProgram, fmt::format("two columns of the result have the same name: \"{}\"", name),
                  "name one of them differently with AS");
    }
    names.push_back(std::move(folded));
    return {};
  };
  for (size_t i = 0; i < query.size(); ++i) {
    const std::string& name = query[i].name;
    if (equals_ignore_case(name, label) || equals_ignore_case(name, added.front().name)) continue;
    TRY(take(name));
    keep.push_back(i);
  }
  for (const arrow::Field& field : added) TRY(take(field.name));
  return keep;
}

class PredictMapper final : public BatchMapper {
 public:
  PredictMapper(const OpenModelQuery& query, PredictionBuilder builder, std::vector<size_t> keep)
      : encoder_(query.model->package().plan, query.binding), builder_(std::move(builder)), keep_(std::move(keep)) {}
  Result<arrow::Batch> map(const arrow::Batch& rows) override {
    const MatrixBlock block = TRY(encoder_.encode(rows));
    return arrow::with_columns(rows, keep_, TRY(builder_.build(block)));
  }

 private:
  FeatureEncoder encoder_;
  PredictionBuilder builder_;
  std::vector<size_t> keep_;
};

class PredictStep final : public flow::Step {
 public:
  PredictStep(ModelQuery query, engine::TableName table, Span table_place, ObjectRef target, PredictionOptions options,
              AttributeValues values, Access access, std::string clause)
      : query_(std::move(query)),
        table_(std::move(table)),
        table_place_(table_place),
        target_(std::move(target)),
        options_(std::move(options)),
        values_(std::move(values)),
        access_(std::move(access)),
        clause_(std::move(clause)) {}

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("predict 1").add(query_.query).add(clause_).finish();
  }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    context.progress().stage("opening");
    // Tables of MySQL are put in place by ingest() alone: there a CREATE TABLE cannot be taken back.
    const bool to_mysql = std::ranges::any_of(context.engine().sources(), [](const engine::AttachedSource& source) {
      return source.kind == engine::SourceKind::kMySql;
    });
    engine::FunctionHost* functions = to_mysql ? nullptr : context.engine().functions();
    OpenModelQuery open =
        TRY(functions != nullptr ? bind_model_query(query_, context) : open_model_query(query_, context));
    const Model& model = *open.model;
    const ModelPackage& package = model.package();
    PredictionOptions options = options_;
    const bool predicts_score = package.objective == kScoreObjective;
    if (predicts_score && options.output == TargetOutput::kValue) options.output = TargetOutput::kScore;
    TRY(check_task(package.task, predicts_score, values_, options));
    TRY(check_rows(package.calibration.rows(), values_, options));
    const auto added = prediction_fields(package, options);
    auto keep = kept_columns(*open.columns, package.label.column, added);
    if (!keep.has_value()) return fail(std::move(keep).error()).at(query_.place);

    context.progress().stage("predicting");
    auto written = functions != nullptr ? predict_in_engine(*functions, query_, open, options, *keep, table_, context)
                                        : predict_outside(open, options, *keep, added, context);
    // What has no place in the query is about the table.
    if (!written.has_value()) return fail(std::move(written).error()).at(table_place_);
    const int64_t rows = *written;

    flow::Outcome outcome;
    outcome.rows_read = rows;
    outcome.rows_written = rows;
    outcome.messages.push_back(fmt::format("Predicted {} for {} rows with {} into {}.", options_.target,
                                           human_count(static_cast<uint64_t>(rows)), query_.model, table_.to_string()));
    outcome.lineage = lineage(model, *open.columns, *keep, added);
    outcome.details = Json::object({{"rows", rows}, {"model", query_.model}});
    return outcome;
  }

 private:
  // For engines without functions: the rows are scored here and written back.
  Result<int64_t> predict_outside(OpenModelQuery& open, const PredictionOptions& options,
                                  const std::vector<size_t>& keep, const std::vector<arrow::Field>& added,
                                  flow::RunContext& context) const {
    arrow::Schema schema;
    for (const size_t i : keep) schema.fields.push_back((*open.columns)[i]);
    for (const arrow::Field& field : added) schema.fields.push_back(field);
    std::vector<std::unique_ptr<BatchMapper>> mappers;
    for (uint32_t i = 0; i < std::max(1u, context.threads()); ++i) {
      mappers.push_back(
          std::make_unique<PredictMapper>(open, TRY(PredictionBuilder::make(*open.model, options)), keep));
    }
    const auto scored = map_batches(std::move(open.rows), std::make_shared<const arrow::Schema>(std::move(schema)),
                                    std::move(mappers), context.cancel(), &context.progress());
    return context.session().ingest(table_, *scored, engine::IngestMode::kReplace);
  }

  std::vector<catalog::LineageEdge> lineage(const Model& model, const arrow::Schema& columns,
                                            const std::vector<size_t>& keep,
                                            const std::vector<arrow::Field>& added) const {
    LineageBuilder edges(query_, target_, "predict");
    for (const size_t i : keep) edges.copy(columns[i].name, columns[i].name);
    for (const arrow::Field& field : added) edges.compute(model, field.name);
    return edges.finish();
  }

  ModelQuery query_;
  engine::TableName table_;
  Span table_place_;
  ObjectRef target_;
  PredictionOptions options_;
  AttributeValues values_;
  Access access_;
  std::string clause_;
};

}  // namespace

flow::Help Predict::help() const {
  return {
      .summary = "Score the rows of a query with a model, into a table.",
      .synopsis = "query TO PREDICT [schema.]table.column [WITH attribute=value, ...] USING model",
      .details =
          "The table is replaced: the query's columns without the model's label, then the predicted column in the "
          "label's\n"
          "own type (a number for regression), then the extra outputs. Rows keep the query's order. The query may read "
          "the\n"
          "table that is replaced.\n\n"
          "The query needs the columns the model was trained on, in any order and with others beside them; it needs "
          "no\n"
          "label. Values the training never saw, and NULL, are fine.\n\n"
          "predict.output=\"value\" | \"probability\" | \"vector\" (all numbers, as text with commas): what the column "
          "holds.\n"
          "predict.threshold=0.5: two classes: the second one is predicted above it.\n"
          "predict.extra_outputs=\"probability, probabilities, margin\": more columns: the probability (two classes: "
          "of the\n"
          "second; many: of the one predicted), one probability_<class> a class, and what the trees summed up to.\n"
          "interval (lower, upper) and set (in_set_<class>): what holds the label of 9 rows in 10, or of\n"
          "predict.confidence=0.9, as the validation rows of the training tell. contributions: contribution_<feature> "
          "and\n"
          "contribution_bias, whose sum is the margin. leaves: of each tree the leaf's number, as a list.\n"
          "Clusters: \"distance\" to the centre. One-class models: \"score\", how usual a row is. Score cards: the "
          "column "
          "holds\n"
          "the points; \"probability\" and \"points\" (points_<feature>) are more.",
      .example =
          "SELECT * FROM july TO PREDICT out.july.late WITH predict.extra_outputs=\"probability\" USING flights.late;",
  };
}

Result<std::unique_ptr<flow::Parsed>> Predict::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return parse_clause_statement(tokens);
}

Result<std::unique_ptr<flow::Step>> Predict::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& statement = static_cast<const ParsedClause&>(parsed);
  const auto& clause = statement.as<sql::Predict>();
  if (is_forecast_model(clause.model, context))
    return check_predict_forecast(clause, sql::to_string(statement.clause()), context);
  AttributeValues values = TRY(
      check_attributes(without_cluster_attributes(clause.attributes, kAttributes, context), kAttributes, "TO PREDICT"));
  for (const std::string_view name : {"predict.batch_size", "predict.num_workers"}) {
    if (values.given(name)) context.warn(fmt::format("{} has no effect here", name), *values.span(name));
  }
  PredictionOptions options{.target = clause.column.text,
                            .output = target_output(values.string("predict.output")),
                            .threshold = values.number("predict.threshold"),
                            .confidence = values.number("predict.confidence"),
                            .extra = TRY(extra_outputs(values))};
  engine::TableName table = TRY(target_table(clause.table));
  ModelQuery query = TRY(check_model_query(clause.model, context));

  const ModelSignature& signature = query.signature;
  if (signature.predicts_score && options.output == TargetOutput::kValue) options.output = TargetOutput::kScore;
  if (signature.task) TRY(check_task(*signature.task, signature.predicts_score, values, options));
  if (signature.calibration_rows) TRY(check_rows(*signature.calibration_rows, values, options));
  // One column a class or feature is known only when these are: then the table's columns are told in run().
  const bool by_class = std::ranges::any_of(options.extra, [&](ExtraOutput e) {
    return e == ExtraOutput::kProbabilities || e == ExtraOutput::kSet || e == ExtraOutput::kContributions ||
           e == ExtraOutput::kPoints || (e == ExtraOutput::kMargin && signature.task == Task::kMulticlass);
  });
  std::optional<arrow::Schema> result;
  std::string select;
  const bool is_typed = signature.task && (signature.label_type || !has_label(*signature.task));
  if (query.columns && is_typed && !by_class) {
    const LabelMap label{.column = signature.label,
                         .type = signature.label_type.value_or(arrow::Type{}),
                         .classes = {},
                         .outputs = signature.outputs};
    const auto added = prediction_fields(*signature.task, label, options);
    const auto keep = kept_columns(*query.columns, signature.label, added);
    if (!keep.has_value()) return fail(Error(keep.error())).at(query.place);
    result.emplace();
    for (const size_t i : *keep) result->fields.push_back((*query.columns)[i]);
    for (const arrow::Field& field : added) result->fields.push_back(field);
    if (context.engine().functions() != nullptr)
      select = described_predictions(context.engine().dialect(), query.query, *query.columns, *keep, added);
  }
  ObjectRef target =
      TRY(select.empty() ? context.will_write_table(clause.table.text, result, clause.table.span)
                         : context.will_write_query(clause.table.text, *result, select, clause.table.span));
  Access access = model_query_access(query, context, {target});
  return std::make_unique<PredictStep>(std::move(query), std::move(table), clause.table.span, std::move(target),
                                       std::move(options), std::move(values), std::move(access),
                                       sql::to_string(statement.clause()));
}

}  // namespace sinan::ml

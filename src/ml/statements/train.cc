#include "ml/statements/train.h"

#include <fmt/format.h>

#include <algorithm>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/feature_plan_input.h"
#include "ml/model_object.h"
#include "ml/planned_model.h"
#include "ml/statements/model_query.h"
#include "ml/statements/train_check.h"

namespace sinan::ml {
namespace {

// Turns the trainer's rounds into progress.
class Progress final : public TrainObserver {
 public:
  explicit Progress(flow::RunContext& context) : context_(context) {}
  void stage(std::string_view name) override { context_.progress().stage(name); }
  bool round(uint32_t done, uint32_t total, std::span<const std::pair<std::string, double>> metrics) override {
    context_.progress().fraction(static_cast<double>(done) / total);
    std::string note = fmt::format("round {} of {}", done, total);
    for (const auto& [name, value] : metrics) note += fmt::format("  {} {:.4g}", name, value);
    context_.progress().note(note);
    return !context_.cancel().cancelled();
  }

 private:
  flow::RunContext& context_;
};

// An error of the engine has its place in the text it was given.
Failure in_program(Error error, Span text, bool is_verbatim) {
  if (error.span && is_verbatim) error.span = Span{error.span->begin + text.begin, error.span->end + text.begin};
  if (!is_verbatim) error.span.reset();
  return fail(std::move(error).at(text));
}

// What a feature is to the trees; nothing for a column that was left out.
std::string_view kind_of(const FeaturePlan& plan, const FeatureReport& row) {
  const auto transform = std::ranges::find(plan.transforms(), row.feature, &Transform::feature);
  if (transform == plan.transforms().end()) return {};
  return transform->kind == Transform::Kind::kVocabulary ? "category" : "number";
}

// What was derived from the query's columns; `missing` is the share of the training rows without a value.
flow::ResultTable feature_table(DataSet& data) {
  arrow::BatchBuilder rows({{"feature", arrow::string_type()},
                            {"column", arrow::string_type()},
                            {"type", arrow::string_type()},
                            {"kind", arrow::string_type()},
                            {"values", arrow::string_type()},
                            {"missing", arrow::double_type()},
                            {"note", arrow::string_type()}});
  const auto count = static_cast<double>(data.train().rows());
  for (const FeatureReport& row : data.report()) {
    const std::string_view kind = kind_of(data.plan(), row);
    rows.column(0).append(std::string_view(row.feature));
    rows.column(1).append(std::string_view(row.column));
    rows.column(2).append(std::string_view(row.type));
    if (kind.empty()) {
      rows.column(3).append_null();
    } else {
      rows.column(3).append(kind);
    }
    rows.column(4).append(std::string_view(row.values));
    rows.column(5).append(static_cast<double>(row.missing) / count);
    rows.column(6).append(std::string_view(row.note));
  }
  return {"Features", rows.finish()};
}

class TrainStep final : public flow::Step {
 public:
  TrainStep(TrainRequest request, std::shared_ptr<const Trainers> trainers, Access access, sql::Analysis analysis,
            std::string text, std::string clause)
      : request_(std::move(request)),
        trainers_(std::move(trainers)),
        access_(std::move(access)),
        analysis_(std::move(analysis)),
        text_(std::move(text)),
        clause_(std::move(clause)) {}

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("train 1").add(request_.query).add(clause_).finish();
  }
  bool uses_seed() const override { return !request_.seed; }
  Result<flow::Outcome> run(flow::RunContext& context) override;

 private:
  // Of everything random: the statement's own, or the run's.
  uint64_t seed(const flow::RunContext& context) const { return request_.seed.value_or(context.seed()); }
  Result<DataSet> read(flow::RunContext& context) const;
  Status read_rows(flow::RunContext& context, const std::string& query, Span place, bool is_verbatim,
                   const std::function<Status(const arrow::Schema&)>& begin,
                   const std::function<Status(const arrow::Batch&)>& each) const;
  std::vector<catalog::LineageEdge> lineage(const ModelPackage& package) const;

  TrainRequest request_;
  std::shared_ptr<const Trainers> trainers_;  // keeps request_.trainer alive
  Access access_;
  sql::Analysis analysis_;
  std::string text_;
  std::string clause_;
};

Status TrainStep::read_rows(flow::RunContext& context, const std::string& query, Span place, bool is_verbatim,
                            const std::function<Status(const arrow::Schema&)>& begin,
                            const std::function<Status(const arrow::Batch&)>& each) const {
  auto stream = context.session().query(query, {.batch_rows = kLoadBatchRows});
  if (!stream) return in_program(std::move(stream).error(), place, is_verbatim);
  TRY(begin(*(*stream)->schema()));
  int64_t rows = 0;
  while (true) {
    TRY(context.cancel().check());
    auto batch = (*stream)->next();
    if (!batch) return in_program(std::move(batch).error(), place, is_verbatim);
    if (!*batch) return {};
    TRY(each(**batch));
    rows += static_cast<int64_t>((*batch)->rows());
    context.progress().rows(rows);
  }
}

Result<DataSet> TrainStep::read(flow::RunContext& context) const {
  DataSpec spec = request_.data;
  spec.seed = seed(context);
  spec.threads = context.threads();
  context.progress().stage("reading");
  std::optional<DataSetBuilder> builder;
  arrow::Schema columns;
  TRY(read_rows(
      context, request_.query, request_.query_place, true,
      [&](const arrow::Schema& schema) -> Status {
        columns = schema;
        TRY(check_columns(request_, schema));
        builder.emplace(TRY(DataSetBuilder::make(spec, schema)));
        return {};
      },
      [&](const arrow::Batch& batch) { return builder->append(batch); }));
  if (!request_.validation_query.empty()) {
    context.progress().stage("reading validation");
    TRY(read_rows(
        context, request_.validation_query, request_.validation_place, false,
        [&](const arrow::Schema& schema) -> Status {
          TRY(check_validation(request_, columns, schema));
          return builder->bind_validation(schema);
        },
        [&](const arrow::Batch& batch) { return builder->append_validation(batch); }));
  }
  context.progress().stage("fitting");
  auto data = builder->finish();
  if (!data) {
    const bool about_label = data.error().message.find("label") != std::string::npos ||
                             data.error().message.find("classes") != std::string::npos;
    return fail(std::move(data).error()).at(about_label ? request_.clause.label->span : request_.query_place);
  }
  const bool wants_validation = request_.data.validation_fraction > 0 || !request_.data.validation_column.empty() ||
                                !request_.validation_query.empty();
  if (wants_validation && data->validation() == nullptr) {
    return fail(Code::kData, "no rows to validate on", "the validation query, share or column selects none")
        .at(request_.validation_place);
  }
  return data;
}

std::vector<catalog::LineageEdge> TrainStep::lineage(const ModelPackage& package) const {
  ModelQuery query;
  query.analysis = analysis_;
  LineageBuilder edges(query, model_ref(request_.clause.into.text), "train");
  for (const arrow::Field& input : package.plan.inputs()) edges.copy(input.name, "");
  edges.copy(package.label.column, "");
  return edges.finish();
}

Result<flow::Outcome> TrainStep::run(flow::RunContext& context) {
  DataSet data = TRY(read(context));
  const size_t features = data.plan().schema().size();
  context.progress().note(fmt::format("{} features, {} rows", features, human_count(data.train().rows())));
  context.results().show(feature_table(data));

  TrainSpec spec;
  spec.estimator = request_.estimator;
  spec.attributes = &request_.attributes;
  spec.task = data.task();
  spec.classes = data.classes();
  spec.seed = seed(context);
  spec.threads = context.threads();
  spec.memory_bytes = context.memory_bytes();
  Progress progress(context);
  auto result = request_.trainer->train(spec, data.train(), data.validation(), progress);
  if (!result) {
    return fail(std::move(result).error())
        .at(request_.clause.estimator.span)
        .within("training " + request_.clause.into.text);
  }
  Trained& trained = *result;

  context.progress().stage("saving");
  ModelPackage package;
  package.estimator = request_.estimator;
  package.library = request_.trainer->library();
  package.library_version = trained.library_version;
  package.task = data.task();
  package.objective = trained.objective;
  package.plan = data.plan();
  package.label = data.label();
  package.attributes = request_.attributes.to_json();
  package.statement = text_;
  package.metrics = trained.metrics;
  package.rows = data.train().rows();
  package.seed = spec.seed;
  package.importance = std::move(trained.importance);
  package.native = std::move(trained.native);
  package.native_name = trained.native_name;
  const uint64_t validation_rows = data.validation() == nullptr ? 0 : data.validation()->rows();
  // A model that cannot be opened must not be committed.
  TRY(Model::make(package));
  TRY(save(package, TRY(context.staging()), context.files()));

  flow::Outcome outcome;
  const ObjectRef model = model_ref(request_.clause.into.text);
  outcome.messages.push_back(training_summary(model.name, package, validation_rows));
  for (const std::string& warning : trained.warnings) outcome.messages.push_back("Warning: " + warning + ".");
  if (data.is_binned()) {
    outcome.messages.push_back(
        fmt::format("Numbers were sorted into bins by a sample of {} rows (train.cut_sample_rows).",
                    human_count(request_.data.binning->sample_rows)));
  }
  outcome.tables.push_back(metric_table(package.metrics));
  if (auto chart = training_chart(model.name, package.metrics))
    outcome.artefacts.push_back({"training", *std::move(chart)});
  outcome.rows_read = static_cast<int64_t>(package.rows + validation_rows);
  outcome.details = Json::object({{"model", model.name},
                                  {"estimator", package.estimator},
                                  {"rows", package.rows},
                                  {"validation_rows", validation_rows},
                                  {"features", static_cast<int64_t>(features)},
                                  {"metrics", package.metrics}});
  outcome.objects.push_back({model, context.staging_relative(), model_payload(package, validation_rows)});
  outcome.lineage = lineage(package);
  return outcome;
}

// What later statements may rely on before this one has run. Columns that turn out constant are left out of the model; a
// query that lacks one of them is refused all the same.
ModelSignature planned_signature(const TrainRequest& request, const std::optional<arrow::Schema>& columns) {
  ModelSignature signature;
  signature.ref = model_ref(request.clause.into.text);
  signature.label = request.data.label;
  const Trainer::Intent& intent = request.data.intent;
  signature.task = intent.task;
  if (!columns) return signature;
  const auto features = feature_columns(*columns, request.data);
  for (const size_t column : *features) signature.inputs.push_back((*columns)[column]);
  const arrow::Field& label = (*columns)[columns->index_of(request.data.label).value()];
  signature.label = label.name;
  signature.label_type = label.type;
  if (!signature.task && !intent.is_classification && label.type.is_floating()) signature.task = Task::kRegression;
  return signature;
}

}  // namespace

flow::Help Train::help() const {
  return {
      .summary = "Train a model on the rows of a query.",
      .synopsis = "query TO TRAIN estimator [WITH attribute=value, ...] [COLUMN column, ...] LABEL column INTO model",
      .details =
          "Estimators: xgboost.gbtree, xgboost.dart; lightgbm.gbdt (lightgbm), lightgbm.dart, lightgbm.goss, "
          "lightgbm.rf;\n"
          "and scikit-learn's names XGBClassifier, XGBRegressor, XGBRFClassifier, XGBRFRegressor, LGBMClassifier,\n"
          "LGBMRegressor, LGBMRanker.\n\n"
          "Every selected column but the label is a feature: numbers and booleans as they are, dates and times as "
          "their parts\n"
          "(year, month, day, weekday, hour, minute, epoch), text as categories. NULL is missing, which the trees "
          "learn to\n"
          "use. Nothing needs to be encoded or filled in by hand; what was derived is printed.\n\n"
          "Without an objective the label decides: text, booleans and integers 0..k-1 (or 1..k, up to 10) are classes, "
          "other\n"
          "numbers a regression.\n\n"
          "objective=\"binary:logistic\" | \"multi:softprob\" | \"reg:squarederror\" | ...; train.num_boost_round=10; "
          "eta=0.3;\n"
          "max_depth=6; subsample, colsample_bytree, reg_lambda, ... as XGBoost has them.\n"
          "validation.fraction=0.1, validation.column=\"is_val\" or validation.select=\"SELECT ..\": rows to validate "
          "on.\n"
          "early_stopping_rounds=10: keep the best round.\n\n"
          "The model is a new version of its name: SHOW MODELS, DESCRIBE MODEL, DROP MODEL.",
      .example =
          "SELECT * FROM june TO TRAIN xgboost.gbtree WITH objective=\"binary:logistic\", train.num_boost_round=50,\n"
          "  validation.fraction=0.1, early_stopping_rounds=5 LABEL late INTO flights.late;",
  };
}

Result<std::unique_ptr<flow::Parsed>> Train::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return parse_clause_statement(tokens);
}

Result<std::unique_ptr<flow::Step>> Train::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& statement = static_cast<const ParsedClause&>(parsed);
  TrainRequest request = TRY(check_request(statement.as<sql::Train>(), *trainers_, context));
  const auto columns = TRY(context.describe(request.query, request.query_place));
  if (columns) TRY(check_columns(request, *columns));

  Access access = context.analyze(request.query, request.query_place);
  if (!request.validation_query.empty()) {
    const auto validation = TRY(context.describe(request.validation_query, request.validation_place));
    if (columns && validation) TRY(check_validation(request, *columns, *validation));
    Access more = context.analyze(request.validation_query, request.validation_place);
    access.reads.insert(access.reads.end(), more.reads.begin(), more.reads.end());
    std::ranges::sort(access.reads);
    access.reads.erase(std::unique(access.reads.begin(), access.reads.end()), access.reads.end());
    if (more.barrier && !access.barrier) access.barrier = more.barrier;
  }
  ModelSignature signature = planned_signature(request, columns);
  access.writes.push_back(signature.ref);
  const ObjectRef ref = signature.ref;
  context.will_create(ref, std::make_shared<PlannedModel>(std::move(signature)));
  sql::Analysis analysis = context.analysis(request.query, request.query_place);
  return std::make_unique<TrainStep>(std::move(request), trainers_, std::move(access), std::move(analysis),
                                     std::string(context.statement().whole()), sql::to_string(statement.clause()));
}

}  // namespace sinan::ml

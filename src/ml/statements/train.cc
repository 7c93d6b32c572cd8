#include "ml/statements/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/strings.h"
#include "ml/attribute_help.h"
#include "ml/column_functions.h"
#include "ml/feature_plan_input.h"
#include "ml/planned_model.h"
#include "ml/statements/cluster_table.h"
#include "ml/statements/forecast.h"
#include "ml/statements/model_query.h"
#include "ml/statements/train_check.h"
#include "ml/statements/train_groups.h"
#include "ml/statements/train_resampled.h"
#include "ml/statements/train_rows.h"
#include "ml/training.h"
#include "ml/trial_tables.h"

namespace sinan::ml {
namespace {

class TrainStep final : public flow::Step {
 public:
  TrainStep(TrainRequest request, std::shared_ptr<const Trainers> trainers, Access access, sql::Analysis analysis,
            std::string clause, std::optional<ClusterTable> clusters)
      : request_(std::move(request)),
        trainers_(std::move(trainers)),
        access_(std::move(access)),
        analysis_(std::move(analysis)),
        clause_(std::move(clause)),
        clusters_(std::move(clusters)) {}

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("train 1").add(request_.query).add(clause_).finish();
  }
  bool uses_seed() const override { return !request_.seed; }
  Result<flow::Outcome> run(flow::RunContext& context) override;

 private:
  Result<flow::Outcome> run_groups(TrainingData read, const TrainingResources& resources, flow::RunContext& context);
  Result<flow::Outcome> run_resampled(TrainingData read, const TrainingResources& resources, flow::RunContext& context);
  // Of everything random: the statement's own, or the run's.
  uint64_t seed(const flow::RunContext& context) const { return request_.seed.value_or(context.seed()); }
  Result<TrainedModel> train(const TrainingRows& rows, flow::RunContext& context) const;
  Result<flow::Outcome> run_continued(flow::RunContext& context);
  std::vector<catalog::LineageEdge> lineage(const ModelPackage& package) const;

  TrainRequest request_;
  std::shared_ptr<const Trainers> trainers_;  // keeps request_.trainer alive
  Access access_;
  sql::Analysis analysis_;
  std::string clause_;
  std::optional<ClusterTable> clusters_;
};

std::vector<catalog::LineageEdge> TrainStep::lineage(const ModelPackage& package) const {
  ModelQuery query;
  query.analysis = analysis_;
  LineageBuilder edges(query, model_ref(request_.clause.into.text), "train");
  for (const arrow::Field& input : package.plan.inputs()) edges.copy(input.name, "");
  if (!package.label.column.empty()) edges.copy(package.label.column, "");
  return edges.finish();
}

// A folder of the step's own for what training keeps on disk meanwhile; gone when the training is over.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make(flow::RunContext& context) {
    ScratchFolder scratch;
    scratch.path_ = TRY(context.staging()) / "scratch";
    std::error_code error;
    std::filesystem::create_directories(scratch.path_, error);
    if (error)
      return fail(Code::kIo, fmt::format("cannot create a folder: {}", error.message()), scratch.path_.string());
    return scratch;
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  ScratchFolder() = default;
  std::filesystem::path path_;
};

// Beside how its predictions lay, which training has told.
void keep_baseline(const std::vector<profile::SampledColumn>& sample, TrainedModel& trained) {
  ModelPackage& package = trained.package;
  Baseline baseline = baseline_of(sample, package.plan, package.label);
  baseline.predictions = std::move(package.baseline.predictions);
  package.baseline = std::move(baseline);
}

Result<TrainedModel> TrainStep::train(const TrainingRows& rows, flow::RunContext& context) const {
  context.progress().note(
      fmt::format("{} features, {} rows", rows.plan.schema().size(), human_count(rows.train.rows())));
  const ScratchFolder scratch = TRY(ScratchFolder::make(context));
  const TrainingResources resources{seed(context), context.threads(), context.memory_bytes(), scratch.path()};
  TrainingProgress progress(context);
  return train_model(request_, rows, resources, progress);
}

// Goes on from the model after USING, on rows as it sees them.
Result<flow::Outcome> TrainStep::run_continued(flow::RunContext& context) {
  const sql::Name& from = *request_.clause.warm_start;
  auto model = open_model(from.text, context);
  if (!model) return fail(std::move(model).error()).at(from.span);
  request_.continued = *model;
  TRY(check_continued(request_, (*model)->package()));
  ContinuedData read = TRY(read_continued_rows(request_, seed(context), context));
  TrainedModel trained = TRY(train(read.rows.rows(), context));
  keep_baseline(read.sample, trained);
  flow::Outcome outcome = TRY(save_model(request_.clause.into.text, trained, context));
  outcome.messages.push_back(fmt::format("Went on from {}.", from.text));
  outcome.lineage = lineage(trained.package);
  return outcome;
}

Result<flow::Outcome> TrainStep::run(flow::RunContext& context) {
  if (request_.clause.warm_start) return run_continued(context);
  TrainingData read = TRY(read_training_rows(request_, seed(context), context));
  DataSet& data = read.data;
  context.results().show(feature_table(data));
  const TrainingResources resources{seed(context), context.threads(), context.memory_bytes(), {}};
  if (!request_.clause.group_by.empty()) return run_groups(std::move(read), resources, context);
  if (request_.resamples()) return run_resampled(std::move(read), resources, context);
  TrainedModel trained = TRY(train(training_rows(data), context));
  keep_baseline(read.sample, trained);
  flow::Outcome outcome = TRY(save_model(request_.clause.into.text, trained, context));
  if (data.is_binned()) {
    outcome.messages.push_back(
        fmt::format("Numbers were sorted into bins by a sample of {} rows (train.cut_sample_rows).",
                    human_count(request_.data.binning->sample_rows)));
  }
  outcome.lineage = lineage(trained.package);
  if (clusters_) outcome.rows_written = TRY(write_cluster_table(*clusters_, request_, trained.package, context));
  return outcome;
}

Result<flow::Outcome> TrainStep::run_groups(TrainingData read, const TrainingResources& resources,
                                            flow::RunContext& context) {
  const auto sample = std::move(read.sample);
  GroupedModel model = TRY(train_groups(request_, std::move(read), resources, context));
  keep_baseline(sample, model.trained);
  flow::Outcome outcome = TRY(save_model(request_.clause.into.text, model.trained, context));
  outcome.messages.insert(outcome.messages.end(), model.messages.begin(), model.messages.end());
  outcome.tables = group_tables(model.trained.package.metrics);
  outcome.lineage = lineage(model.trained.package);
  return outcome;
}

Result<flow::Outcome> TrainStep::run_resampled(TrainingData read, const TrainingResources& resources,
                                               flow::RunContext& context) {
  const auto sample = std::move(read.sample);
  ResampledModel model = TRY(train_resampled(request_, std::move(read), resources, context));
  keep_baseline(sample, model.trained);
  flow::Outcome outcome = TRY(save_model(request_.clause.into.text, model.trained, context));
  outcome.messages.insert(outcome.messages.begin(), model.messages.begin(), model.messages.end());
  outcome.tables.insert(outcome.tables.begin(), model.tables.begin(), model.tables.end());
  std::ranges::move(model.artefacts, std::back_inserter(outcome.artefacts));
  if (model.trial_rows) {
    const sql::Name& table = *request_.tune.into;
    outcome.rows_written =
        TRY(flow::replace_table(TRY(flow::target_table(table)), *std::move(model.trial_rows), context));
    outcome.messages.push_back(fmt::format("Wrote the trials to {}.", table.text));
  }
  if (model.journal) TRY(model.journal->forget());
  outcome.lineage = lineage(model.trained.package);
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
  signature.predicts_score = intent.predicts_score;
  signature.outputs = intent.outputs;
  if (!columns) return signature;
  const auto features = feature_columns(*columns, request.data);
  for (const size_t column : *features) signature.inputs.push_back((*columns)[column]);
  for (const sql::Name& name : request.clause.group_by)
    signature.inputs.push_back((*columns)[columns->index_of(name.text).value()]);
  if (request.data.label.empty()) return signature;
  const arrow::Field& label = (*columns)[columns->index_of(request.data.label).value()];
  signature.label = label.name;
  signature.label_type = label.type;
  if (!signature.task && !intent.is_classification && label.type.is_floating()) signature.task = Task::kRegression;
  return signature;
}

// The rows must have what the model to go on from was trained on.
Status check_continued_columns(const ModelSignature& before, const arrow::Schema& columns, Span place) {
  if (before.inputs.empty()) return {};
  if (auto bound = FeaturePlan({}, before.inputs).bind(columns); !bound)
    return fail(std::move(bound).error()).at(place).within("checking the features of the model to continue");
  return {};
}

constexpr const char* kDetails =
    "Estimators: xgboost.gbtree, xgboost.dart, xgboost.gblinear; lightgbm.gbdt (lightgbm), lightgbm.dart, "
    "lightgbm.goss, "
    "lightgbm.rf;\n"
    "LinearRegressor, LinearClassifier, Ridge, Lasso, ElasticNet, LogisticRegression; KMeans and OneClassSVM (no "
    "LABEL);\n"
    "ScoreCard; RandomForests, BoostedTreesClassifier, BoostedTreesRegressor;\n"
    "and scikit-learn's names XGBClassifier, XGBRegressor, XGBRFClassifier, XGBRFRegressor, LGBMClassifier,\n"
    "LGBMRegressor, LGBMRanker. Time series: sqlflow_models.ARIMAWithSTLDecomposition, whose rows are moments; GROUP "
    "BY\n"
    "tells its series apart.\n\n"
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
    "early_stopping_rounds=10: keep the best round. validation.folds=5: cross-validation.\n\n"
    "eta=log_range(0.01, 0.3), max_depth=range(3, 10), tree_method=choice(\"hist\", \"exact\"): values to be "
    "found "
    "in\n"
    "tune.trials=20; tune.metric, tune.folds=5 or validation rows, tune.strategy=tpe|random|halving, "
    "tune.timeout=60\n"
    "(seconds), tune.into=\"table\". TO TRAIN auto tries the estimators that fit.\n\n"
    "weight_column=w, class_weight=\"balanced\": how much rows and classes count. group_column=query_id: "
    "objectives that\n"
    "rank (XGBRanker, LGBMRanker) compare the rows of one value. USING model: add rounds to that model.\n\n"
    "The model is a new version of its name: SHOW MODELS, DESCRIBE MODEL, DROP MODEL.\n";

// COLUMN's functions, which their own table tells.
std::string function_reference() {
  std::string out = "\nCOLUMN names functions of columns; what it does not name is a feature all the same:\n";
  for (const ColumnFunction& function : column_functions())
    out += fmt::format("\n  {}\n    {}", synopsis(function), function.doc);
  return out + "\n";
}

}  // namespace

Train::Train(std::shared_ptr<const Trainers> trainers)
    : trainers_(std::move(trainers)), details_(kDetails + function_reference() + attribute_reference(*trainers_)) {}

flow::Help Train::help() const {
  return {
      .summary = "Train a model on the rows of a query.",
      .synopsis =
          "query TO TRAIN estimator [WITH attribute=value, ...] [COLUMN column, ...] [LABEL column] "
          "[GROUP BY column, ...] [USING model] INTO model",
      .details = details_,
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
  const auto& clause = statement.as<sql::Train>();
  const auto trainer = std::ranges::find_if(*trainers_, [&](const auto& one) {
    return !one->canonical_estimator(estimator_class(clause.estimator.text)).empty();
  });
  if (trainer != trainers_->end() && (*trainer)->learns_series())
    return check_train_forecast(**trainer, clause, sql::to_string(statement.clause()), context);
  TrainRequest request = TRY(check_request(clause, *trainers_, context));
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
  if (request.clause.warm_start) {
    const sql::Name& from = *request.clause.warm_start;
    ModelSignature before = TRY(find_signature(from, context));
    access.reads.push_back(before.ref);
    if (columns) TRY(check_continued_columns(before, *columns, from.span));
    before.ref = signature.ref;
    signature = std::move(before);
  }
  access.writes.push_back(signature.ref);
  if (request.tune.into) {
    const sql::Name& table = *request.tune.into;
    access.writes.push_back(TRY(context.will_write_table(table.text, trial_schema(request), table.span)));
  }
  std::optional<ClusterTable> clusters = TRY(check_cluster_table(request, columns, context));
  if (clusters) access.writes.push_back(clusters->ref);
  const ObjectRef ref = signature.ref;
  context.will_create(ref, std::make_shared<PlannedModel>(std::move(signature)));
  sql::Analysis analysis = context.analysis(request.query, request.query_place);
  return std::make_unique<TrainStep>(std::move(request), trainers_, std::move(access), std::move(analysis),
                                     sql::to_string(statement.clause()), std::move(clusters));
}

}  // namespace sinan::ml

#include "ml/training.h"

#include <fmt/format.h>

#include <algorithm>

#include "ml/model_object.h"
#include "ml/planned_model.h"
#include "ml/sparse_rows.h"

namespace sinan::ml {

TrainingRows training_rows(DataSet& data) {
  return {data.plan(),
          data.label(),
          data.task(),
          data.classes(),
          data.train(),
          data.validation(),
          {data.fingerprint().rows(), data.fingerprint().finish().to_hex()}};
}

bool TrainingProgress::round(uint32_t done, uint32_t total, std::span<const std::pair<std::string, double>> metrics) {
  context_.progress().fraction(static_cast<double>(done) / total);
  std::string note = fmt::format("round {} of {}", done, total);
  for (const auto& [name, value] : metrics) note += fmt::format("  {} {:.4g}", name, value);
  context_.progress().note(note);
  return !context_.cancel().cancelled();
}

Result<TrainedModel> train_model(const TrainRequest& request, const TrainingRows& rows,
                                 const TrainingResources& resources, TrainObserver& observer) {
  TrainSpec spec;
  spec.estimator = request.estimator;
  spec.attributes = &request.attributes;
  spec.task = rows.task;
  spec.classes = rows.classes;
  spec.seed = resources.seed;
  spec.threads = resources.threads;
  spec.memory_bytes = resources.memory_bytes;
  spec.scratch = resources.scratch;
  if (request.continued != nullptr) spec.continued = &request.continued->package();
  std::optional<PlainSource> plain_train, plain_validation;
  const bool spreads =
      !request.trainer->takes_sparse() && std::ranges::any_of(rows.plan.schema().features, &Feature::is_sparse);
  if (spreads) plain_train.emplace(rows.train);
  if (spreads && rows.validation != nullptr) plain_validation.emplace(*rows.validation);
  auto trained = request.trainer->train(spec, plain_train ? *plain_train : rows.train,
                                        plain_validation ? &*plain_validation : rows.validation, observer);
  if (!trained) {
    return fail(std::move(trained).error())
        .at(request.clause.estimator.span)
        .within("training " + request.clause.into.text);
  }
  TrainedModel model;
  model.warnings = std::move(trained->warnings);
  model.validation_rows = rows.validation == nullptr ? 0 : rows.validation->rows();
  ModelPackage& package = model.package;
  package.estimator = request.estimator;
  package.library = request.trainer->library();
  package.library_version = trained->library_version;
  package.task = rows.task;
  package.objective = trained->objective;
  package.plan = rows.plan;
  package.label = rows.label;
  package.attributes = request.attributes.to_json();
  package.statement = request.statement;
  package.metrics = std::move(trained->metrics);
  package.rows = rows.train.rows();
  package.data = rows.data;
  package.seed = spec.seed;
  package.importance = std::move(trained->importance);
  package.native = std::move(trained->native);
  package.native_name = trained->native_name;
  // Several quantiles are intervals already; censored times do not tell how far off a prediction is.
  const bool has_errors = rows.label.outputs.empty() && !package.objective.starts_with("survival:");
  if (rows.validation != nullptr && has_errors && (rows.task == Task::kRegression || is_classification(rows.task))) {
    const auto opened = TRY(Model::make(package));
    std::vector<float> predicted;
    package.calibration =
        TRY(calibrate(opened->predictor(), is_classification(rows.task), *rows.validation, &predicted));
    if (package.calibration.rows() > 0) package.baseline.predictions = predictions_distribution(predicted, rows.label);
  }
  return model;
}

Result<flow::Outcome> save_model(std::string_view name, const TrainedModel& trained, flow::RunContext& context) {
  context.progress().stage("saving");
  const ModelPackage& package = trained.package;
  // A model that cannot be opened must not be committed.
  const std::shared_ptr<const Model> opened = TRY(Model::make(package));
  TRY(save(package, TRY(context.staging()), context.files()));

  flow::Outcome outcome;
  const ObjectRef model = model_ref(name);
  outcome.messages.push_back(training_summary(model.name, package, trained.validation_rows));
  for (const std::string& warning : trained.warnings) outcome.messages.push_back("Warning: " + warning + ".");
  for (flow::ResultTable& table : opened->tables()) outcome.tables.push_back(shortened(std::move(table)));
  outcome.tables.push_back(metric_table(package.metrics));
  if (auto chart = training_chart(model.name, package.metrics))
    outcome.artefacts.push_back({"training", *std::move(chart)});
  outcome.rows_read = static_cast<int64_t>(package.rows + trained.validation_rows);
  outcome.details = Json::object({{"model", model.name},
                                  {"estimator", package.estimator},
                                  {"rows", package.rows},
                                  {"validation_rows", trained.validation_rows},
                                  {"features", static_cast<int64_t>(package.plan.schema().size())},
                                  {"metrics", package.metrics}});
  outcome.objects.push_back({model, context.staging_relative(), model_payload(package, trained.validation_rows)});
  return outcome;
}

}  // namespace sinan::ml

#include "ml/statements/compare_data_model.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "flow/clause_query.h"
#include "ml/planned_model.h"
#include "ml/scoring.h"
#include "profile/data_statement.h"
#include "profile/drift_report.h"

namespace sinan::ml {
namespace {

using profile::ComparedColumn;
using profile::SampledColumn;

constexpr std::string_view kPrediction = "prediction";

struct Request final : flow::Parsed {
  sql::Name model;
  profile::Source current;
  std::vector<sql::Attribute> attributes;
  std::optional<sql::Name> into;
};

// What check() has decided.
struct Work {
  sql::Name model;
  profile::CheckedSource current;
  flow::AttributeValues attributes;
  std::optional<engine::TableName> into;
};

// Rows with what the model predicts for each behind them, as the baseline has it.
class PredictionMapper final : public BatchMapper {
 public:
  PredictionMapper(const Model& model, FeaturePlan::Binding binding, std::shared_ptr<const arrow::Schema> rows)
      : model_(model), encoder_(model.package().plan, std::move(binding)) {
    for (size_t i = 0; i < rows->size(); ++i) all_.push_back(i);
  }

  static arrow::Field field(const LabelMap& label) {
    return {std::string(kPrediction), label.classes.size() > 2 ? arrow::string_type() : arrow::double_type()};
  }

  Result<arrow::Batch> map(const arrow::Batch& rows) override {
    const size_t width = model_.predictor().prediction_width();
    const MatrixBlock block = TRY(encoder_.encode(rows));
    predicted_.resize(block.rows * width);
    TRY(model_.predictor().predict(block, Output::kPrediction, predicted_));
    const LabelMap& label = model_.package().label;
    arrow::BatchBuilder out({field(label)});
    for (size_t i = 0; i < block.rows; ++i) {
      const auto row = predicted_.begin() + static_cast<ptrdiff_t>(i * width);
      if (label.classes.size() > 2) {
        const auto best = std::max_element(row, row + static_cast<ptrdiff_t>(width)) - row;
        out.column(0).append(std::string_view(label.classes[static_cast<size_t>(best)]));
      } else {
        out.column(0).append(static_cast<double>(*row));
      }
    }
    return arrow::with_columns(rows, all_, out.finish());
  }

 private:
  const Model& model_;
  FeatureEncoder encoder_;
  std::vector<size_t> all_;
  std::vector<float> predicted_;
};

struct CurrentRows {
  uint64_t rows = 0;
  std::vector<SampledColumn> sample;  // the model's inputs and label as far as they are there, and what it predicts
  std::optional<std::string> no_predictions;

  const SampledColumn* find(std::string_view name) const {
    const auto found =
        std::ranges::find_if(sample, [&](const SampledColumn& c) { return equals_ignore_case(c.name, name); });
    return found == sample.end() ? nullptr : &*found;
  }
};

Result<CurrentRows> read_current(const Work& work, const std::shared_ptr<const Model>& model,
                                 flow::RunContext& context) {
  const ModelPackage& package = model->package();
  auto rows = TRY(open_rows(work.current.query, work.current.place, context));
  arrow::Schema schema = *rows->schema();
  CurrentRows out;
  std::vector<size_t> columns;
  for (size_t i = 0; i < schema.size(); ++i) {
    const auto same = [&](const arrow::Field& input) { return equals_ignore_case(input.name, schema[i].name); };
    if (std::ranges::any_of(package.plan.inputs(), same) || equals_ignore_case(schema[i].name, package.label.column))
      columns.push_back(i);
  }
  if (package.baseline.predictions) {
    if (auto binding = package.plan.bind(schema)) {
      auto scored = std::make_shared<arrow::Schema>(schema);
      columns.push_back(scored->size());
      scored->fields.push_back(PredictionMapper::field(package.label));
      std::vector<std::unique_ptr<BatchMapper>> mappers;
      for (uint32_t i = 0; i < std::max(1U, context.threads()); ++i)
        mappers.push_back(std::make_unique<PredictionMapper>(*model, *binding, rows->schema()));
      schema = *scored;
      rows = map_batches(std::move(rows), std::move(scored), std::move(mappers), context.cancel(), nullptr);
    } else {
      out.no_predictions = binding.error().message;
    }
  }
  const flow::AttributeValues& values = work.attributes;
  const uint64_t seed =
      values.given("sample.seed") ? static_cast<uint64_t>(values.integer("sample.seed")) : context.seed();
  profile::Sampler sampler(schema, std::move(columns), {static_cast<size_t>(values.integer("sample.rows")), seed});
  while (const auto batch = TRY(rows->next())) {
    TRY(context.cancel().check());
    out.rows += batch->rows();
    sampler.append(*batch);
    context.progress().rows(static_cast<int64_t>(out.rows));
  }
  out.sample = sampler.take();
  if (out.rows > 0) return out;
  return fail(Code::kData, fmt::format("there are no rows to look at: {}", work.current.words), "check its WHERE")
      .at(work.current.place);
}

std::vector<ComparedColumn> compare(const ModelPackage& package, const CurrentRows& current) {
  const Baseline& baseline = package.baseline;
  std::vector<ComparedColumn> out;
  const auto& inputs = package.plan.inputs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    out.push_back(
        profile::compared_column(inputs[i].name, inputs[i].type, baseline.inputs[i], current.find(inputs[i].name)));
  }
  // Rows of now are often scored before their label is known.
  const SampledColumn* label = current.find(package.label.column);
  if (baseline.label && label != nullptr) {
    out.push_back(profile::compared_column(package.label.column, package.label.type, *baseline.label, label));
    if (!out.back().note) out.back().note = "the label";
  }
  if (!baseline.predictions) return out;
  const arrow::Type type = PredictionMapper::field(package.label).type;
  if (current.no_predictions) {
    out.push_back({.name = std::string(kPrediction),
                   .type = type,
                   .reference = *baseline.predictions,
                   .note = "not predicted: " + *current.no_predictions});
    return out;
  }
  out.push_back(
      profile::compared_column(std::string(kPrediction), type, *baseline.predictions, &current.sample.back()));
  out.back().note = package.task == Task::kBinary
                        ? fmt::format("probability of {}; reference: the validation rows", package.label.classes.back())
                        : std::string("reference: the validation rows");
  return out;
}

Failure nothing_in_common(const Work& work) {
  return fail(Code::kProgram,
              fmt::format("the two have no column in common: model {} and {}", work.model.text, work.current.words),
              "columns are matched by name: rename them in a query")
      .at(work.current.place);
}

Failure no_time_series(const sql::Name& model) {
  return fail(Code::kUnsupported, fmt::format("a model of time series is not compared with rows: {}", model.text),
              "its rows of then and now can be: COMPARE DATA (SELECT ..) WITH (SELECT ..)")
      .at(model.span);
}

Result<flow::Outcome> run(const Work& work, flow::RunContext& context) {
  context.progress().stage("opening");
  const auto model = TRY(open_model(work.model.text, context));
  const ModelPackage& package = model->package();
  if (package.task == Task::kForecast) return no_time_series(work.model);
  if (package.baseline.is_empty()) {
    return fail(
               Code::kData, fmt::format("the model does not know how its training rows lay: {}", work.model.text),
               "imported models and those of older versions do not; train it again, or use COMPARE DATA of two queries")
        .at(work.model.span);
  }
  context.progress().stage("reading");
  const CurrentRows current = TRY(read_current(work, model, context));
  context.progress().stage("comparing");
  std::vector<ComparedColumn> columns = compare(package, current);
  if (std::ranges::none_of(columns, [](const ComparedColumn& column) { return column.current.rows > 0; }))
    return nothing_in_common(work);

  flow::Outcome outcome;
  outcome.rows_read = static_cast<int64_t>(current.rows);
  const uint64_t kept = package.baseline.inputs.empty() ? 0 : package.baseline.inputs.front().rows;
  outcome.messages.push_back(fmt::format("The reference is what {} has kept of {} of its {} training rows.",
                                         work.model.text, human_count(kept), human_count(package.data.rows)));
  if (const size_t sampled = current.sample.front().missing.size(); sampled < current.rows) {
    outcome.messages.push_back(fmt::format("Compared: a sample of {} of {} rows (sample.rows).", human_count(sampled),
                                           human_count(current.rows)));
  }
  if (work.into) outcome.rows_written = TRY(flow::replace_table(*work.into, profile::drift_rows(columns), context));
  profile::tell_drift(std::move(columns), outcome);
  return outcome;
}

}  // namespace

flow::Help CompareDataModel::help() const {
  return {
      .summary = "Measure how far rows have moved from those that a model learnt from.",
      .synopsis = "COMPARE DATA MODEL model WITH now [WITH attribute=value, ...] [INTO table]",
      .details =
          "now is a table, a 'file', or a query in parentheses. The model keeps how its training rows lay, so the\n"
          "training query is not run again and its table may be gone.\n\n"
          "A row for each column that the model reads; one for the label, where the rows have it; and one for what\n"
          "the model predicts, against its predictions for the rows that it was validated on. psi, ks and verdict\n"
          "are those of COMPARE DATA.",
      .example = "COMPARE DATA MODEL flights.late WITH (SELECT * FROM june WHERE day > 15);",
  };
}

Result<std::unique_ptr<flow::Parsed>> CompareDataModel::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto request = std::make_unique<Request>();
  TRY(tokens.expect_phrase(phrase()));
  if (tokens.at_word("WITH") || tokens.at_end()) {
    return tokens.error("COMPARE DATA MODEL needs a model",
                        "for the rows of a table named model, write COMPARE DATA \"model\"");
  }
  request->model = TRY(tokens.expect_name_or_string("a model name"));
  TRY(tokens.expect_word("WITH"));
  request->current = TRY(profile::parse_source(tokens));
  if (tokens.at_word("WITH")) request->attributes = TRY(sql::parse_attributes(tokens));
  if (tokens.accept_word("INTO")) request->into = TRY(profile::parse_target(tokens));
  TRY(tokens.expect_end({"WITH", "INTO"}));
  return request;
}

Result<std::unique_ptr<flow::Step>> CompareDataModel::check(const flow::Parsed& parsed,
                                                            flow::CheckContext& context) const {
  const auto& request = static_cast<const Request&>(parsed);
  Work work;
  work.model = request.model;
  work.attributes = TRY(flow::check_attributes(request.attributes, profile::sample_attributes(), phrase()));
  const ModelSignature signature = TRY(find_signature(request.model, context));
  if (signature.task == Task::kForecast) return no_time_series(request.model);
  Access access{signature.reads(), {}, {}};
  work.current = TRY(profile::check_source(request.current, context, access));
  const auto& columns = work.current.columns;
  const auto is_there = [&](const arrow::Field& input) { return columns->index_of(input.name).has_value(); };
  if (columns && !signature.inputs.empty() && std::ranges::none_of(signature.inputs, is_there) &&
      !columns->index_of(signature.label))
    return nothing_in_common(work);
  if (request.into) {
    work.into = TRY(flow::target_table(*request.into));
    access.writes.push_back(
        TRY(context.will_write_table(request.into->text, arrow::Schema{profile::drift_fields()}, request.into->span)));
  }
  const bool uses_seed = !work.attributes.given("sample.seed");
  return profile::make_data_step(std::move(access), std::string(context.statement().whole()), uses_seed,
                                 [work = std::move(work)](flow::RunContext& of_run) { return run(work, of_run); });
}

}  // namespace sinan::ml

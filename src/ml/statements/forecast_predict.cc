#include <fmt/format.h>

#include <algorithm>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/series/forecast_report.h"
#include "ml/statements/forecast.h"
#include "ml/statements/forecast_rows.h"

namespace sinan::ml {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {.name = "predict.extra_outputs",
     .type = AttributeType::kStringList,
     .default_text = "",
     .doc = "more columns: lower, upper",
     .aliases = "extra_outputs"},
    {.name = "predict.confidence",
     .type = AttributeType::kFloat,
     .doc = "how often the truth shall be between lower and upper; without it the model's",
     .min = 0,
     .max = 1,
     .min_open = true,
     .max_open = true},
    {.name = "predict.batch_size",
     .type = AttributeType::kInteger,
     .default_text = "0",
     .doc = "accepted; all rows are forecast together",
     .min = -1},
    {.name = "predict.num_workers", .type = AttributeType::kInteger, .default_text = "1", .doc = "accepted", .min = 1},
};

struct Options {
  std::string target;
  std::optional<double> confidence;
  bool lower = false;
  bool upper = false;
};

Result<Options> read_options(const sql::Predict& clause, const AttributeValues& values) {
  Options out;
  out.target = clause.column.text;
  if (values.given("predict.confidence")) out.confidence = values.number("predict.confidence");
  for (const std::string& name : values.strings("predict.extra_outputs")) {
    const std::string wanted = to_lower(trim(name));
    if (wanted == "lower")
      out.lower = true;
    else if (wanted == "upper")
      out.upper = true;
    else
      return fail(Code::kArgument, fmt::format("unknown extra output \"{}\"", name), "a forecast has lower and upper")
          .at(values.span("predict.extra_outputs").value_or(Span{}));
  }
  return out;
}

std::vector<arrow::Field> added_fields(const Options& options) {
  std::vector<arrow::Field> out = {{options.target, arrow::double_type()}};
  if (options.lower) out.push_back({"lower", arrow::double_type()});
  if (options.upper) out.push_back({"upper", arrow::double_type()});
  return out;
}

// The query's columns less the label and what is added. Errors: two of one name.
Result<std::vector<size_t>> kept(const arrow::Schema& query, std::string_view label,
                                 const std::vector<arrow::Field>& added) {
  std::vector<size_t> keep;
  for (size_t i = 0; i < query.size(); ++i) {
    const std::string& name = query[i].name;
    if (equals_ignore_case(name, label) || equals_ignore_case(name, added.front().name)) continue;
    const auto same = [&](const arrow::Field& field) { return equals_ignore_case(field.name, name); };
    const bool twice = std::ranges::any_of(added, same) ||
                       std::ranges::any_of(keep, [&](size_t k) { return equals_ignore_case(query[k].name, name); });
    if (twice) {
      return fail(Code::kProgram, fmt::format("two columns of the result have the same name: \"{}\"", name),
                  "name one of them differently with AS");
    }
    keep.push_back(i);
  }
  return keep;
}

arrow::Schema result_schema(const arrow::Schema& query, const std::vector<size_t>& keep,
                            const std::vector<arrow::Field>& added) {
  arrow::Schema out;
  for (const size_t i : keep) out.fields.push_back(query[i]);
  out.fields.insert(out.fields.end(), added.begin(), added.end());
  return out;
}

class PredictForecastStep final : public flow::Step {
 public:
  PredictForecastStep(ModelQuery query, engine::TableName table, ObjectRef target, Options options, Access access,
                      std::string clause)
      : query_(std::move(query)),
        table_(std::move(table)),
        target_(std::move(target)),
        options_(std::move(options)),
        access_(std::move(access)),
        clause_(std::move(clause)) {}

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("predict forecast 1").add(query_.query).add(clause_).finish();
  }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    OpenForecast open = TRY(open_forecast(query_, {}, true, context));
    const std::vector<arrow::Field> added = added_fields(options_);
    auto keep = kept(*open.read.schema, open.model->package().label.column, added);
    if (!keep) return fail(std::move(keep).error()).at(query_.place);
    context.progress().stage("forecasting");
    const double confidence = options_.confidence.value_or(open.forecaster->confidence);
    auto forecasts = forecast_rows(*open.forecaster, open.read.rows, confidence, context.cancel());
    if (!forecasts) return fail(std::move(forecasts).error()).at(query_.place);

    const auto schema = std::make_shared<const arrow::Schema>(result_schema(*open.read.schema, *keep, added));
    std::vector<arrow::Batch> batches;
    size_t row = 0;
    for (const arrow::Batch& batch : open.read.batches) {
      arrow::BatchBuilder columns(added);
      for (size_t i = 0; i < batch.rows(); ++i, ++row) {
        size_t column = 0;
        append_number(columns.column(column++), forecasts->value[row]);
        if (options_.lower) append_number(columns.column(column++), forecasts->lower[row]);
        if (options_.upper) append_number(columns.column(column++), forecasts->upper[row]);
      }
      batches.push_back(TRY(arrow::with_columns(batch, *keep, columns.finish())));
    }
    const auto stream = arrow::make_stream(schema, std::move(batches));
    const int64_t rows = TRY(context.session().ingest(table_, *stream, engine::IngestMode::kReplace));

    flow::Outcome outcome;
    outcome.rows_read = static_cast<int64_t>(row);
    outcome.rows_written = rows;
    outcome.messages.push_back(fmt::format("Predicted {} for {} rows with {} into {}.", options_.target,
                                           human_count(static_cast<uint64_t>(rows)), query_.model, table_.to_string()));
    tell_missing(*forecasts, outcome.messages);
    LineageBuilder edges(query_, target_, "predict");
    for (const size_t i : *keep) edges.copy((*open.read.schema)[i].name, (*open.read.schema)[i].name);
    for (const arrow::Field& field : added) edges.compute(*open.model, field.name);
    outcome.lineage = edges.finish();
    outcome.details = Json::object({{"rows", rows}, {"model", query_.model}});
    return outcome;
  }

 private:
  ModelQuery query_;
  engine::TableName table_;
  ObjectRef target_;
  Options options_;
  Access access_;
  std::string clause_;
};

}  // namespace

Result<std::unique_ptr<flow::Step>> check_predict_forecast(const sql::Predict& clause, std::string clause_text,
                                                           flow::CheckContext& context) {
  const AttributeValues values =
      TRY(check_attributes(clause.attributes, kAttributes, "TO PREDICT with a forecasting model"));
  for (const std::string_view name : {"predict.batch_size", "predict.num_workers"}) {
    if (values.given(name)) context.warn(fmt::format("{} has no effect here", name), *values.span(name));
  }
  Options options = TRY(read_options(clause, values));
  engine::TableName table = TRY(flow::target_table(clause.table));
  ModelQuery query = TRY(check_model_query(clause.model, context));
  std::optional<arrow::Schema> schema;
  if (query.columns) {
    const std::vector<arrow::Field> added = added_fields(options);
    auto keep = kept(*query.columns, query.signature.label, added);
    if (!keep) return fail(std::move(keep).error()).at(query.place);
    schema = result_schema(*query.columns, *keep, added);
  }
  ObjectRef target = TRY(context.will_write_table(clause.table.text, schema, clause.table.span));
  Access access = model_query_access(query, context, {target});
  return std::make_unique<PredictForecastStep>(std::move(query), std::move(table), std::move(target),
                                               std::move(options), std::move(access), std::move(clause_text));
}

}  // namespace sinan::ml

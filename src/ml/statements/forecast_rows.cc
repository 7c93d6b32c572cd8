#include "ml/statements/forecast_rows.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace sinan::ml {

Result<ForecastRows> read_forecast_rows(const std::string& query, Span place, const series::SeriesColumns& columns,
                                        std::string_view value, bool keep, flow::RunContext& context) {
  context.progress().stage("reading");
  const std::unique_ptr<arrow::BatchStream> stream = TRY(flow::open_rows(query, place, context));
  ForecastRows out;
  out.schema = stream->schema();
  auto reader = series::SeriesReader::make(columns, value, *out.schema);
  if (!reader) return fail(std::move(reader).error()).at(place);
  while (auto batch = TRY(stream->next())) {
    TRY(context.cancel().check());
    if (auto added = reader->add(*batch); !added) return fail(std::move(added).error()).at(place);
    if (keep) out.batches.push_back(*std::move(batch));
  }
  out.rows = reader->take();
  return out;
}

Result<OpenForecast> open_forecast(const ModelQuery& query, std::string_view value, bool keep,
                                   flow::RunContext& context) {
  context.progress().stage("opening");
  OpenForecast out;
  out.model = TRY(open_model(query.model, context));
  out.forecaster = out.model->forecaster();
  if (out.forecaster == nullptr) {
    return fail(Code::kProgram, fmt::format("the model does not forecast: \"{}\"", query.model)).at(query.model_place);
  }
  out.read = TRY(read_forecast_rows(query.query, query.place, out.forecaster->columns, value, keep, context));
  return out;
}

void tell_missing(const series::RowForecasts& forecasts, std::vector<std::string>& messages) {
  if (forecasts.unknown_series > 0) {
    messages.push_back(fmt::format("{} rows are of series that the model does not know: no value.",
                                   human_count(forecasts.unknown_series)));
  }
  if (forecasts.before > 0) {
    messages.push_back(
        fmt::format("{} rows are before the history of their series: no value.", human_count(forecasts.before)));
  }
}

}  // namespace sinan::ml

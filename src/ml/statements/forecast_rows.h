// The rows of a query as time series, for statements about forecasting models. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/batch.h"
#include "flow/step.h"
#include "ml/model.h"
#include "ml/series/forecaster.h"
#include "ml/statements/model_query.h"

namespace sinan::ml {

struct ForecastRows {
  series::SeriesRows rows;
  std::shared_ptr<const arrow::Schema> schema;
  std::vector<arrow::Batch> batches;  // the rows as they came; empty unless kept
};

// `value`: the column with the series' values, empty for none. Errors: the query's, at `place`, and SeriesReader's.
Result<ForecastRows> read_forecast_rows(const std::string& query, Span place, const series::SeriesColumns& columns,
                                        std::string_view value, bool keep, flow::RunContext& context);

// Model and rows of PREDICT, EVALUATE and EXPLAIN. Errors: a model of another kind.
struct OpenForecast {
  std::shared_ptr<const Model> model;
  const series::Forecaster* forecaster = nullptr;  // the model's
  ForecastRows read;
};
Result<OpenForecast> open_forecast(const ModelQuery& query, std::string_view value, bool keep,
                                   flow::RunContext& context);

// Sentences about rows that have no forecast.
void tell_missing(const series::RowForecasts& forecasts, std::vector<std::string>& messages);

}  // namespace sinan::ml

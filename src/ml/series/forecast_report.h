// Tables and pictures of a forecasting model. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/builder.h"
#include "base/json.h"
#include "flow/outcome.h"
#include "ml/series/forecaster.h"

namespace sinan::ml {

// Which steps a TRAIN shows.
struct ForecastRange {
  std::optional<series::Moment> start;
  std::optional<series::Moment> end;
  int64_t horizon = 0;  // 0: of the model's seasons
};

// The rows that the range asks for, series by series; regressors are taken from `known`, where without an end the range ends
// with them.
series::SeriesRows rows_of_range(const series::Forecaster& forecaster, const ForecastRange& range,
                                 const series::SeriesRows& known);

// (groups.., time, value, lower, upper), of the rows in order; those without a forecast are left out.
flow::ResultTable forecast_table(const series::Forecaster& forecaster, std::string_view value,
                                 const series::SeriesRows& rows, const series::RowForecasts& forecasts);

// (groups.., step, first, last, values, periods, order, aicc, deviation) a series.
flow::ResultTable series_table(const series::Forecaster& forecaster);

// One step ahead within the history, over all series: mae, rmse, mape, smape, mase.
series::ForecastErrors fit_errors(const series::Forecaster& forecaster);
// Metrics as a model package keeps them.
Json error_metrics(const series::ForecastErrors& errors);

// History, fit and forecast with its interval of the first series, and what each is made of.
std::vector<flow::Artefact> forecast_charts(const series::Forecaster& forecaster, std::string_view value,
                                            const series::SeriesRows& rows, const series::RowForecasts& forecasts);
std::vector<flow::Artefact> component_charts(const series::Forecaster& forecaster, std::string_view value);

// The values of a key, one a group column.
std::vector<std::string> key_parts(const series::Forecaster& forecaster, std::string_view key);
arrow::Type time_type(series::TimeKind kind);
void append_moment(arrow::ColumnBuilder& column, series::Moment moment, const series::SeriesColumns& columns);
void append_number(arrow::ColumnBuilder& column, double value);  // NaN = NULL

}  // namespace sinan::ml

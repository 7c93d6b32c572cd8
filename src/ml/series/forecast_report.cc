#include "ml/series/forecast_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/strings.h"

namespace sinan::ml {
namespace {

using series::Forecaster;
using series::Moment;
using series::SeriesModel;
using series::TimeKind;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostPictures = 3;              // series
constexpr size_t kHistoryShown = 400;            // steps
constexpr int64_t kFarAhead = int64_t{1} << 61;  // microseconds behind a start, which 64 bits still hold
constexpr int64_t kLeastHorizon = 10, kMostHorizon = 400;

int64_t length(const SeriesModel& model) { return static_cast<int64_t>(model.values.size()); }

int64_t default_horizon(const SeriesModel& model) {
  const int64_t season = model.periods.empty() ? 0 : model.periods.front();
  return std::clamp<int64_t>(2 * season, kLeastHorizon, kMostHorizon);
}

double chart_time(const SeriesModel& model, int64_t index, const series::SeriesColumns& columns) {
  const Moment moment = model.axis.at(index);
  return columns.kind == TimeKind::kNumber ? static_cast<double>(moment)
                                           : static_cast<double>(moment) / static_cast<double>(series::kSecond);
}

plot::Axis time_axis(const series::SeriesColumns& columns) {
  plot::Axis axis;
  axis.label = columns.time;
  axis.is_date = columns.kind != TimeKind::kNumber;
  return axis;
}

std::string title(std::string_view what, const Forecaster& forecaster, const SeriesModel& model) {
  if (forecaster.columns.groups.empty()) return std::string(what);
  return fmt::format("{}: {}", what, join(key_parts(forecaster, model.key), ", "));
}

std::string numbered(std::string name, size_t i) { return i == 0 ? name : fmt::format("{}_{}", name, i); }

plot::Line line_of(std::string name, const SeriesModel& model, const std::vector<double>& values, size_t from,
                   const series::SeriesColumns& columns) {
  plot::Line line{std::move(name), {}, {}, false};
  for (size_t t = from; t < values.size(); ++t) {
    line.x.push_back(chart_time(model, static_cast<int64_t>(t), columns));
    line.y.push_back(values[t]);
  }
  return line;
}

void append_groups(const Forecaster& forecaster, std::string_view key, arrow::BatchBuilder& rows) {
  size_t column = 0;
  for (const std::string& part : key_parts(forecaster, key)) rows.column(column++).append(std::string_view(part));
}

std::vector<arrow::Field> group_fields(const Forecaster& forecaster) {
  std::vector<arrow::Field> fields;
  for (const std::string& group : forecaster.columns.groups) fields.push_back({group, arrow::string_type()});
  return fields;
}

}  // namespace

arrow::Type time_type(TimeKind kind) {
  switch (kind) {
    case TimeKind::kDate:
      return arrow::Type(arrow::TypeId::kDate);
    case TimeKind::kTimestamp:
      return arrow::Type(arrow::TypeId::kTimestamp);
    case TimeKind::kText:
      return arrow::string_type();
    case TimeKind::kNumber:
      break;
  }
  return arrow::int64_type();
}

void append_moment(arrow::ColumnBuilder& column, Moment moment, const series::SeriesColumns& columns) {
  switch (columns.kind) {
    case TimeKind::kDate:
      column.append(moment / series::kDay - (moment % series::kDay < 0 ? 1 : 0));
      return;
    case TimeKind::kText:
      column.append(std::string_view(moment_text(moment, columns)));
      return;
    case TimeKind::kTimestamp:
    case TimeKind::kNumber:
      column.append(moment);
  }
}

void append_number(arrow::ColumnBuilder& column, double value) {
  if (std::isfinite(value))
    column.append(value);
  else
    column.append_null();
}

std::vector<std::string> key_parts(const Forecaster& forecaster, std::string_view key) {
  std::vector<std::string> parts;
  if (forecaster.columns.groups.empty()) return parts;
  for (const std::string_view part : split_on(key, series::kKeySeparator)) parts.emplace_back(part);
  parts.resize(forecaster.columns.groups.size());
  return parts;
}

series::SeriesRows rows_of_range(const Forecaster& forecaster, const ForecastRange& range,
                                 const series::SeriesRows& known) {
  const size_t regressors = forecaster.columns.regressors.size();
  std::map<std::pair<std::string_view, Moment>, size_t> places;
  for (size_t i = 0; i < known.moments.size() && regressors > 0; ++i)
    places.emplace(std::pair(std::string_view(known.keys[known.series[i]]), known.moments[i]), i);
  series::SeriesRows out;
  out.regressors.resize(regressors);
  for (const SeriesModel& model : forecaster.series) {
    const int64_t first = range.start ? std::max<int64_t>(0, model.axis.first_from(*range.start)) : length(model);
    const int64_t horizon = range.horizon > 0 ? range.horizon : default_horizon(model);
    int64_t end = first + horizon;
    if (range.end) end = model.axis.first_from(*range.end + 1);
    if (model.axis.unit == series::StepUnit::kFixed) end = std::min(end, kFarAhead / model.axis.step);
    const auto series = static_cast<uint32_t>(out.keys.size());
    out.keys.push_back(model.key);
    // A regressor's steps on the way are needed too; what comes before `first` is not shown.
    const int64_t from = regressors > 0 ? std::min(first, length(model)) : first;
    for (int64_t i = from; i < end; ++i) {
      const Moment moment = model.axis.at(i);
      const auto at = places.find({model.key, moment});
      if (regressors > 0 && i >= length(model) && at == places.end() && !range.end && range.horizon == 0) break;
      out.moments.push_back(moment);
      out.series.push_back(series);
      for (size_t r = 0; r < regressors; ++r)
        out.regressors[r].push_back(at == places.end() ? kNaN : known.regressors[r][at->second]);
    }
  }
  return out;
}

flow::ResultTable forecast_table(const Forecaster& forecaster, std::string_view value, const series::SeriesRows& rows,
                                 const series::RowForecasts& forecasts) {
  std::vector<arrow::Field> fields = group_fields(forecaster);
  const size_t time = fields.size();
  fields.push_back({forecaster.columns.time, time_type(forecaster.columns.kind)});
  fields.push_back({std::string(value), arrow::double_type()});
  fields.push_back({"lower", arrow::double_type()});
  fields.push_back({"upper", arrow::double_type()});
  arrow::BatchBuilder out(std::move(fields));
  for (size_t i = 0; i < rows.moments.size(); ++i) {
    if (std::isnan(forecasts.value[i])) continue;
    append_groups(forecaster, rows.keys[rows.series[i]], out);
    append_moment(out.column(time), rows.moments[i], forecaster.columns);
    append_number(out.column(time + 1), forecasts.value[i]);
    append_number(out.column(time + 2), forecasts.lower[i]);
    append_number(out.column(time + 3), forecasts.upper[i]);
  }
  return {"Forecast", out.finish()};
}

flow::ResultTable series_table(const Forecaster& forecaster) {
  std::vector<arrow::Field> fields = group_fields(forecaster);
  const size_t groups = fields.size();
  for (const std::string_view name : {"step", "first", "last"})
    fields.push_back({std::string(name), arrow::string_type()});
  fields.push_back({"values", arrow::int64_type()});
  fields.push_back({"periods", arrow::string_type()});
  fields.push_back({"arima", arrow::string_type()});
  fields.push_back({"aicc", arrow::double_type()});
  fields.push_back({"deviation", arrow::double_type()});
  arrow::BatchBuilder out(std::move(fields));
  for (const SeriesModel& model : forecaster.series) {
    append_groups(forecaster, model.key, out);
    const auto known = std::ranges::count_if(model.values, [](double v) { return !std::isnan(v); });
    out.column(groups).append(std::string_view(model.axis.step_text()));
    out.column(groups + 1).append(std::string_view(moment_text(model.axis.start, forecaster.columns)));
    out.column(groups + 2).append(std::string_view(moment_text(model.axis.at(length(model) - 1), forecaster.columns)));
    out.column(groups + 3).append(static_cast<int64_t>(known));
    out.column(groups + 4).append(std::string_view(fmt::format("{}", fmt::join(model.periods, ", "))));
    const std::string_view constant = !model.arima.constant     ? ""
                                      : model.arima.order.d > 0 ? " with drift"
                                                                : " with mean";
    out.column(groups + 5).append(std::string_view(to_string(model.arima.order) + std::string(constant)));
    append_number(out.column(groups + 6), model.arima.aicc());
    append_number(out.column(groups + 7), std::sqrt(model.arima.sigma2));
  }
  return {"Series", out.finish()};
}

series::ForecastErrors fit_errors(const Forecaster& forecaster) {
  std::vector<double> actual, fitted;
  double scaled = 0;
  uint64_t count = 0;
  for (const SeriesModel& model : forecaster.series) {
    const std::vector<double> own = forecast_series(model, {}, 0).fitted;
    const double scale = series::naive_error(model.values, model.periods.empty() ? 1 : model.periods.front());
    const series::ForecastErrors errors = series::forecast_errors(model.values, own, scale);
    if (std::isfinite(errors.mase)) {
      scaled += errors.mase * static_cast<double>(errors.count);
      count += errors.count;
    }
    actual.insert(actual.end(), model.values.begin(), model.values.end());
    fitted.insert(fitted.end(), own.begin(), own.end());
  }
  series::ForecastErrors all = series::forecast_errors(actual, fitted, 0);
  if (count > 0) all.mase = scaled / static_cast<double>(count);
  return all;
}

Json error_metrics(const series::ForecastErrors& errors) {
  const auto one = [](double value) { return Json::array({value}); };
  return Json::object({{"rounds", 0},
                       {"best_round", 0},
                       {"train", Json::object({{"rmse", one(errors.rmse)},
                                               {"mae", one(errors.mae)},
                                               {"mase", one(errors.mase)},
                                               {"smape", one(errors.smape)},
                                               {"mape", one(errors.mape)}})}});
}

std::vector<flow::Artefact> forecast_charts(const Forecaster& forecaster, std::string_view value,
                                            const series::SeriesRows& rows, const series::RowForecasts& forecasts) {
  std::vector<flow::Artefact> out;
  for (size_t s = 0; s < std::min(kMostPictures, forecaster.series.size()); ++s) {
    const SeriesModel& model = forecaster.series[s];
    plot::LineChart chart;
    chart.x = time_axis(forecaster.columns);
    chart.y.label = std::string(value);
    const size_t from = model.values.size() > kHistoryShown ? model.values.size() - kHistoryShown : 0;
    chart.lines.push_back(line_of("history", model, model.values, from, forecaster.columns));
    chart.lines.push_back(line_of("fit", model, forecast_series(model, {}, 0).fitted, from, forecaster.columns));
    plot::Line line{"forecast", {}, {}, false};
    plot::Band band{fmt::format("{:g} % interval", forecaster.confidence * 100), {}, {}, {}};
    for (size_t i = 0; i < rows.moments.size(); ++i) {
      if (rows.keys[rows.series[i]] != model.key || std::isnan(forecasts.value[i])) continue;
      const auto at = model.axis.index_of(rows.moments[i]);
      if (!at) continue;
      line.x.push_back(chart_time(model, *at, forecaster.columns));
      line.y.push_back(forecasts.value[i]);
      band.low.push_back(forecasts.lower[i]);
      band.high.push_back(forecasts.upper[i]);
    }
    band.x = line.x;
    chart.lines.push_back(std::move(line));
    chart.bands.push_back(std::move(band));
    out.push_back({numbered("forecast", s),
                   {title(fmt::format("Forecast of {}", value), forecaster, model), "", std::move(chart)}});
  }
  return out;
}

std::vector<flow::Artefact> component_charts(const Forecaster& forecaster, std::string_view value) {
  std::vector<flow::Artefact> out;
  for (size_t s = 0; s < std::min(kMostPictures, forecaster.series.size()); ++s) {
    const SeriesModel& model = forecaster.series[s];
    const auto add = [&](std::string name, std::string what, std::vector<plot::Line> lines) {
      plot::LineChart chart;
      chart.x = time_axis(forecaster.columns);
      chart.y.label = std::string(value);
      chart.lines = std::move(lines);
      out.push_back({numbered(std::move(name), s), {title(what, forecaster, model), "", std::move(chart)}});
    };
    const auto line = [&](std::string name, const std::vector<double>& values) {
      return line_of(std::move(name), model, values, 0, forecaster.columns);
    };
    if (model.periods.empty()) continue;
    add("trend", fmt::format("Trend of {}", value), {line("history", model.values), line("trend", model.parts.trend)});
    for (size_t p = 0; p < model.periods.size(); ++p) {
      add(fmt::format("season_{}", model.periods[p]), fmt::format("Season of {} steps", model.periods[p]),
          {line("", model.parts.seasonal[p])});
    }
    add("remainder", "Remainder", {line("", model.parts.remainder)});
  }
  return out;
}

}  // namespace sinan::ml

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "ml/series/forecaster.h"

namespace sinan::ml::series {
namespace {

constexpr int64_t kVersion = 1;
constexpr size_t kMostStates = 2000;  // of one filter, which is a matrix of this size
constexpr std::array<std::string_view, 4> kTimeKinds = {"date", "timestamp", "text", "number"};
constexpr std::array<std::string_view, 4> kUnits = {"number", "microsecond", "month", "weekday"};

Json numbers(std::span<const double> values) {
  Json::Array out;
  out.reserve(values.size());
  for (const double value : values) {
    if (std::isfinite(value))
      out.emplace_back(value);
    else
      out.emplace_back(nullptr);
  }
  return out;
}

template <class Lists>
Json number_lists(const Lists& lists) {
  Json::Array out;
  for (const auto& list : lists) out.emplace_back(numbers(list));
  return out;
}

template <class Values>
Json plain_list(const Values& values) {
  Json::Array out;
  for (const auto& value : values) out.emplace_back(value);
  return out;
}

// `nulls`: null is a missing value; otherwise every one must be a number.
Result<std::vector<double>> read_numbers(const Json& json, bool nulls = false) {
  if (!json.is_array()) return fail(Code::kData, "a list of numbers is missing");
  std::vector<double> out;
  out.reserve(json.items().size());
  for (const Json& item : json.items()) {
    if (nulls && item.is_null())
      out.push_back(std::numeric_limits<double>::quiet_NaN());
    else
      out.push_back(TRY(item.as_double()));
  }
  return out;
}

Result<std::vector<std::vector<double>>> read_lists(const Json& json, size_t length) {
  std::vector<std::vector<double>> out;
  for (const Json& item : json.items()) {
    out.push_back(TRY(read_numbers(item)));
    if (out.back().size() != length) return fail(Code::kData, "parts of a series have different lengths");
  }
  return out;
}

Result<std::vector<std::string>> read_strings(const Json& json) {
  std::vector<std::string> out;
  for (const Json& item : json.items()) out.push_back(TRY(item.as_string()));
  return out;
}

Result<uint32_t> read_count(const Json& json, int64_t most) {
  const int64_t value = TRY(json.as_int());
  if (value < 0 || value > most) return fail(Code::kData, fmt::format("a number is out of range: {}", value));
  return static_cast<uint32_t>(value);
}

template <size_t n>
Result<size_t> read_name(const Json& json, const std::array<std::string_view, n>& names) {
  const auto at = std::ranges::find(names, json.string_view());
  if (at == names.end()) return fail(Code::kData, fmt::format("unknown word: \"{}\"", json.string_view()));
  return static_cast<size_t>(at - names.begin());
}

Json to_json(const TimeAxis& axis) {
  return Json::object({{"unit", kUnits[static_cast<size_t>(axis.unit)]},
                       {"step", axis.step},
                       {"start", axis.start},
                       {"month_end", axis.month_end}});
}

Result<TimeAxis> read_axis(const Json& json) {
  TimeAxis axis;
  axis.unit = static_cast<StepUnit>(TRY(read_name(json.at("unit"), kUnits)));
  axis.step = TRY(json.at("step").as_int());
  axis.start = TRY(json.at("start").as_int());
  axis.month_end = TRY(json.at("month_end").as_bool());
  constexpr int64_t kFar = int64_t{1} << 58;
  const int64_t most_step = axis.unit == StepUnit::kWeekday ? 1 : axis.unit == StepUnit::kMonth ? 1200 : kFar >> 8;
  if (axis.step < 1 || axis.step > most_step || axis.start < -kFar || axis.start > kFar) {
    return fail(Code::kData, "a time axis is out of range");
  }
  return axis;
}

Json to_json(const Arima& arima) {
  const ArimaOrder& o = arima.order;
  return Json::object({{"order", Json::array({o.p, o.d, o.q, o.seasonal_p, o.seasonal_d, o.seasonal_q, o.period})},
                       {"constant", arima.constant},
                       {"ar", numbers(arima.ar)},
                       {"ma", numbers(arima.ma)},
                       {"seasonal_ar", numbers(arima.seasonal_ar)},
                       {"seasonal_ma", numbers(arima.seasonal_ma)},
                       {"regression", numbers(arima.regression)},
                       {"sigma2", arima.sigma2},
                       {"log_likelihood", arima.log_likelihood},
                       {"observations", arima.observations}});
}

Result<Arima> read_arima(const Json& json, size_t regressors) {
  Arima arima;
  std::vector<uint32_t> order;
  for (const Json& item : json.at("order").items()) order.push_back(TRY(read_count(item, 1000)));
  if (order.size() != 7) return fail(Code::kData, "an order of ARIMA has seven numbers");
  arima.order = {order[0], order[1], order[2], order[3], order[4], order[5], order[6]};
  arima.constant = TRY(json.at("constant").as_bool());
  arima.ar = TRY(read_numbers(json.at("ar")));
  arima.ma = TRY(read_numbers(json.at("ma")));
  arima.seasonal_ar = TRY(read_numbers(json.at("seasonal_ar")));
  arima.seasonal_ma = TRY(read_numbers(json.at("seasonal_ma")));
  arima.regression = TRY(read_numbers(json.at("regression")));
  arima.sigma2 = TRY(json.at("sigma2").as_double());
  arima.log_likelihood = TRY(json.at("log_likelihood").as_double());
  const int64_t observations = TRY(json.at("observations").as_int());
  const ArimaOrder& o = arima.order;
  const size_t period = std::max(1u, o.period);
  const bool fits = arima.ar.size() == o.p && arima.ma.size() == o.q && arima.seasonal_ar.size() == o.seasonal_p &&
                    arima.seasonal_ma.size() == o.seasonal_q &&
                    arima.regression.size() == regressors + (arima.constant ? 1 : 0);
  const size_t states = std::max(o.p + o.seasonal_p * period, o.q + o.seasonal_q * period) + lost_to_differences(o);
  if (!fits || o.d > 2 || o.seasonal_d > 1 || states > kMostStates || !(arima.sigma2 >= 0) || observations < 0) {
    return fail(Code::kData, "an ARIMA model contradicts itself");
  }
  if (!is_stationary(arima.ar) || !is_stationary(arima.seasonal_ar)) {
    return fail(Code::kData, "an ARIMA model is not stationary");
  }
  arima.observations = static_cast<uint64_t>(observations);
  return arima;
}

Json to_json(const SeriesModel& model) {
  return Json::object({{"key", model.key},
                       {"axis", to_json(model.axis)},
                       {"values", numbers(model.values)},
                       {"periods", plain_list(model.periods)},
                       {"seasonal_windows", plain_list(model.seasonal_windows)},
                       {"seasonal", number_lists(model.parts.seasonal)},
                       {"trend", numbers(model.parts.trend)},
                       {"regressors", number_lists(model.regressors)},
                       {"arima", to_json(model.arima)}});
}

Result<SeriesModel> read_series(const Json& json, size_t regressors) {
  SeriesModel model;
  model.key = TRY(json.at("key").as_string());
  model.axis = TRY(read_axis(json.at("axis")));
  model.values = TRY(read_numbers(json.at("values"), true));
  const size_t length = model.values.size();
  // And as far as anyone may ask, 100,000 steps ahead, moments are numbers of 64 bits.
  const int64_t most = model.axis.unit == StepUnit::kMonth || model.axis.unit == StepUnit::kWeekday
                           ? 20'000'000
                           : std::min<int64_t>(20'000'000, (int64_t{1} << 61) / model.axis.step - 100'000);
  if (length == 0 || static_cast<int64_t>(length) > most)
    return fail(Code::kData, "a series has no values, or too many");
  for (const Json& period : json.at("periods").items()) {
    model.periods.push_back(TRY(read_count(period, 100'000'000)));
    if (model.periods.back() < 2 || model.periods.back() > length)
      return fail(Code::kData, "a period does not fit its series");
  }
  for (const Json& window : json.at("seasonal_windows").items()) {
    model.seasonal_windows.push_back(TRY(read_count(window, 10'000'001)));
    if (model.seasonal_windows.back() < 3) return fail(Code::kData, "a seasonal window is too small");
  }
  model.parts.seasonal = TRY(read_lists(json.at("seasonal"), length));
  model.parts.trend = TRY(read_numbers(json.at("trend")));
  model.regressors = TRY(read_lists(json.at("regressors"), length));
  const size_t trend = model.periods.empty() ? 0 : length;
  if (model.parts.seasonal.size() != model.periods.size() || model.seasonal_windows.size() != model.periods.size() ||
      model.parts.trend.size() != trend || model.regressors.size() != regressors) {
    return fail(Code::kData, "parts of a series are missing");
  }
  set_remainder(model);
  model.arima = TRY(read_arima(json.at("arima"), regressors));
  return model;
}

}  // namespace

std::string to_json_text(const Forecaster& forecaster) {
  Json::Array series;
  for (const SeriesModel& model : forecaster.series) series.push_back(to_json(model));
  const SeriesColumns& columns = forecaster.columns;
  return Json::object({{"format", "sinan series"},
                       {"version", kVersion},
                       {"time", columns.time},
                       {"time_kind", kTimeKinds[static_cast<size_t>(columns.kind)]},
                       {"date_format", columns.date_format},
                       {"groups", plain_list(columns.groups)},
                       {"regressors", plain_list(columns.regressors)},
                       {"holidays", plain_list(forecaster.holidays)},
                       {"confidence", forecaster.confidence},
                       {"series", std::move(series)}})
      .dump();
}

Result<Forecaster> forecaster_from_json(std::string_view text) {
  const Json json = TRY(Json::parse(text));
  if (json.at("format").string_view() != "sinan series")
    return fail(Code::kData, "this is no file of a forecasting model");
  if (TRY(json.at("version").as_int()) != kVersion) {
    return fail(Code::kUnsupported, "a forecasting model was written by a newer version", "use that version");
  }
  Forecaster out;
  out.columns.time = TRY(json.at("time").as_string());
  out.columns.kind = static_cast<TimeKind>(TRY(read_name(json.at("time_kind"), kTimeKinds)));
  out.columns.date_format = TRY(json.at("date_format").as_string());
  if (!out.columns.date_format.empty()) TRY(DateFormat::make(out.columns.date_format));
  out.columns.groups = TRY(read_strings(json.at("groups")));
  out.columns.regressors = TRY(read_strings(json.at("regressors")));
  for (const Json& holiday : json.at("holidays").items()) out.holidays.push_back(TRY(holiday.as_int()));
  out.confidence = TRY(json.at("confidence").as_double());
  if (!(out.confidence > 0 && out.confidence < 1)) return fail(Code::kData, "a confidence is out of range");
  const size_t regressors = out.columns.regressors.size() + (out.holidays.empty() ? 0 : 1);
  for (const Json& item : json.at("series").items()) {
    out.series.push_back(TRY(read_series(item, regressors)));
    if (out.series.size() > 1 && !(out.series[out.series.size() - 2].key < out.series.back().key)) {
      return fail(Code::kData, "series are out of order");
    }
  }
  if (out.series.empty()) return fail(Code::kData, "a forecasting model has no series");
  return out;
}

}  // namespace sinan::ml::series

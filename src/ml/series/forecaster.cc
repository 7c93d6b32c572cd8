#include "ml/series/forecaster.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

#include "base/strings.h"

namespace sinan::ml::series {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kMostAhead = 100'000;
constexpr int64_t kMostSteps = 10'000'000;  // of one series
constexpr size_t kMostNotes = 5;

std::string shown(std::string key) {
  std::ranges::replace(key, kKeySeparator, ',');
  return key;
}

// The rows of each series, in time.
std::vector<std::vector<size_t>> rows_by_series(const SeriesRows& rows) {
  std::vector<std::vector<size_t>> out(rows.keys.size());
  for (size_t i = 0; i < rows.series.size(); ++i) {
    if (rows.moments[i] != kNoMoment) out[rows.series[i]].push_back(i);
  }
  for (std::vector<size_t>& list : out) std::ranges::stable_sort(list, {}, [&](size_t i) { return rows.moments[i]; });
  return out;
}

std::vector<double> holiday_column(const std::vector<Moment>& holidays, const TimeAxis& axis, int64_t from,
                                   size_t count) {
  std::vector<double> out(count, 0.0);
  for (const Moment holiday : holidays) {
    const auto index = axis.index_of(holiday);
    if (index && *index >= from && *index < from + static_cast<int64_t>(count))
      out[static_cast<size_t>(*index - from)] = 1;
  }
  return out;
}

// From the rows of one series to a fitted model.
class SeriesFit {
 public:
  SeriesFit(const SeriesColumns& columns, const SeriesRows& rows, std::span<const size_t> own,
            const ForecastOptions& options)
      : columns_(columns), rows_(rows), own_(own), options_(options) {}

  Result<SeriesModel> run(const CancelToken& cancel) {
    TRY(take_history());
    const TimeAxis axis = TRY(infer_axis(moments_, columns_.kind == TimeKind::kNumber));
    const auto last = axis.index_of(moments_.back());
    if (!last) return fail(Code::kData, "times follow no regular step");
    if (*last >= kMostSteps) {
      return fail(Code::kData,
                  fmt::format("a time series has too many steps: {}, the most are {}", *last + 1, kMostSteps));
    }
    const auto length = static_cast<size_t>(*last) + 1;
    std::vector<double> values(length, kNaN);
    Regressors regressors(rows_.regressors.size(), std::vector<double>(length, kNaN));
    for (size_t i = 0; i < moments_.size(); ++i) {
      const auto at = axis.index_of(moments_[i]);
      if (!at) return fail(Code::kData, "times follow no regular step");
      const auto index = static_cast<size_t>(*at);
      const size_t row = own_[first_ + i];
      values[index] = rows_.values[row];
      for (size_t r = 0; r < regressors.size(); ++r) {
        regressors[r][index] = rows_.regressors[r][row];
        if (std::isnan(regressors[r][index]) && !std::isnan(values[index])) {
          return fail(Code::kData,
                      fmt::format("a regressor has no value: \"{}\" at {}", columns_.regressors[r],
                                  moment_text(moments_[i], columns_)),
                      "fill it in the query, or leave the column out");
        }
      }
    }
    for (std::vector<double>& column : regressors) column = interpolated(column);
    if (!options_.holidays.empty()) regressors.push_back(holiday_column(options_.holidays, axis, 0, length));
    SeriesModel model = TRY(fit_series(axis, std::move(values), std::move(regressors), options_.series, cancel));
    const auto missing =
        static_cast<size_t>(std::ranges::count_if(model.values, [](double v) { return std::isnan(v); }));
    if (missing > 0) {
      model.notes.push_back(
          fmt::format("{} of {} steps have no value; the likelihood goes without them", missing, length));
    }
    return model;
  }

 private:
  // From the first to the last value.
  Status take_history() {
    const auto known = [&](size_t i) { return !std::isnan(rows_.values[i]); };
    const auto first = std::ranges::find_if(own_, known);
    if (first == own_.end()) return fail(Code::kData, "a time series has no value at all");
    first_ = static_cast<size_t>(first - own_.begin());
    size_t last = own_.size() - 1;
    while (!known(own_[last])) --last;
    for (size_t i = first_; i <= last; ++i) {
      const Moment moment = rows_.moments[own_[i]];
      if (!moments_.empty() && moments_.back() == moment) {
        return fail(Code::kData, fmt::format("a time has more than one row: {}", moment_text(moment, columns_)),
                    columns_.groups.empty()
                        ? "sum them up in the query, or name what tells the series apart: GROUP BY column"
                        : "sum them up in the query, or GROUP BY more columns");
      }
      moments_.push_back(moment);
    }
    return {};
  }

  const SeriesColumns& columns_;
  const SeriesRows& rows_;
  std::span<const size_t> own_;
  const ForecastOptions& options_;
  size_t first_ = 0;
  std::vector<Moment> moments_;
};

// Calls `work(i)` for all i below `count`, on several threads.
template <class Work>
void on_threads(size_t count, uint32_t threads, const Work& work) {
  std::atomic<size_t> next = 0;
  const auto loop = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> workers;
  for (uint32_t t = 1; t < std::min<size_t>(threads, count); ++t) workers.emplace_back(loop);
  loop();
}

void add_notes(const std::vector<std::string>& from, const std::string& key, std::vector<std::string>& notes,
               size_t& left_out) {
  for (const std::string& note : from) {
    if (notes.size() >= kMostNotes) {
      ++left_out;
      continue;
    }
    notes.push_back(key.empty() ? note : fmt::format("{}: {}", shown(key), note));
  }
}

// One series' rows of a query to forecast.
Status forecast_one(const Forecaster& forecaster, const SeriesModel& model, const SeriesRows& rows,
                    std::span<const size_t> own, double z, RowForecasts& out) {
  const auto history = static_cast<int64_t>(model.values.size());
  const SeriesColumns& columns = forecaster.columns;
  std::vector<int64_t> places;
  int64_t ahead = 0;
  for (const size_t row : own) {
    const auto at = model.axis.index_of(rows.moments[row]);
    if (!at) {
      return fail(Code::kData,
                  fmt::format("a time lies between two steps of the model's series: {}, the step is {}",
                              moment_text(rows.moments[row], columns), model.axis.step_text()),
                  fmt::format("the series has {} and {}", moment_text(model.axis.at(history - 1), columns),
                              moment_text(model.axis.at(history), columns)));
    }
    places.push_back(*at);
    ahead = std::max(ahead, *at - history + 1);
  }
  if (ahead > kMostAhead) {
    return fail(Code::kData, fmt::format("a time is too far ahead: {} steps, the most are {}", ahead, kMostAhead));
  }
  const auto steps = static_cast<size_t>(ahead);
  Regressors future(columns.regressors.size(), std::vector<double>(steps, kNaN));
  for (size_t r = 0; r < future.size(); ++r) {
    for (size_t i = 0; i < own.size(); ++i) {
      if (places[i] >= history) future[r][static_cast<size_t>(places[i] - history)] = rows.regressors[r][own[i]];
    }
    for (size_t h = 0; h < steps; ++h) {
      if (!std::isnan(future[r][h])) continue;
      return fail(Code::kData,
                  fmt::format("a regressor has no value: \"{}\" at {}", columns.regressors[r],
                              moment_text(model.axis.at(history + static_cast<int64_t>(h)), columns)),
                  "a forecast needs a row with it for each step after the history");
    }
  }
  if (!forecaster.holidays.empty()) future.push_back(holiday_column(forecaster.holidays, model.axis, history, steps));
  const SeriesForecast forecast = forecast_series(model, future, steps);
  const double one_step = std::sqrt(model.arima.sigma2);
  for (size_t i = 0; i < own.size(); ++i) {
    if (places[i] < 0) {
      ++out.before;
      continue;
    }
    const bool past = places[i] < history;
    const auto at = static_cast<size_t>(past ? places[i] : places[i] - history);
    const double value = past ? forecast.fitted[at] : forecast.mean[at];
    const double deviation = past ? one_step : forecast.deviation[at];
    out.value[own[i]] = value;
    out.lower[own[i]] = value - z * deviation;
    out.upper[own[i]] = value + z * deviation;
  }
  return {};
}

}  // namespace

const SeriesModel* Forecaster::find(std::string_view key) const {
  const auto at = std::ranges::lower_bound(series, key, {}, &SeriesModel::key);
  return at != series.end() && at->key == key ? &*at : nullptr;
}

Result<FittedForecaster> fit_forecaster(const SeriesColumns& columns, const SeriesRows& rows,
                                        const ForecastOptions& options, uint32_t threads, const CancelToken& cancel) {
  const std::vector<std::vector<size_t>> own = rows_by_series(rows);
  std::vector<std::optional<Result<SeriesModel>>> fits(own.size());
  on_threads(own.size(), threads, [&](size_t i) { fits[i] = SeriesFit(columns, rows, own[i], options).run(cancel); });
  TRY(cancel.check());

  FittedForecaster out;
  out.forecaster.columns = columns;
  out.forecaster.confidence = options.confidence;
  out.forecaster.holidays = options.holidays;
  const auto without_time = static_cast<size_t>(std::ranges::count(rows.moments, kNoMoment));
  if (without_time > 0) out.notes.push_back(fmt::format("{} rows have no time and were left out", without_time));
  size_t failed = 0, more = 0;
  for (size_t i = 0; i < fits.size(); ++i) {
    Result<SeriesModel>& fit = *fits[i];
    if (!fit) {
      if (fit.error().code != Code::kData || (++failed == fits.size() && out.forecaster.series.empty())) {
        Failure failure = fail(std::move(fit).error());
        if (rows.keys[i].empty()) return failure;
        return std::move(failure).within(fmt::format("fitting the series {}", shown(rows.keys[i])));
      }
      add_notes({fmt::format("left out, {}", fit.error().message)}, rows.keys[i], out.notes, more);
      continue;
    }
    fit->key = rows.keys[i];
    add_notes(fit->notes, fit->key, out.notes, more);
    out.forecaster.series.push_back(*std::move(fit));
  }
  if (out.forecaster.series.empty()) return fail(Code::kData, "there are no rows to train on", "check the query");
  if (more > 0) out.notes.push_back(fmt::format("{} more remarks of this kind", more));
  std::ranges::sort(out.forecaster.series, {}, &SeriesModel::key);
  for (const SeriesModel& model : out.forecaster.series) {
    out.rows += static_cast<uint64_t>(std::ranges::count_if(model.values, [](double v) { return !std::isnan(v); }));
  }
  return out;
}

Result<RowForecasts> forecast_rows(const Forecaster& forecaster, const SeriesRows& rows, double confidence,
                                   const CancelToken& cancel) {
  RowForecasts out;
  out.value.assign(rows.moments.size(), kNaN);
  out.lower = out.upper = out.value;
  const double z = normal_quantile(0.5 + confidence / 2);
  const std::vector<std::vector<size_t>> own = rows_by_series(rows);
  for (size_t i = 0; i < own.size(); ++i) {
    TRY(cancel.check());
    const SeriesModel* model = forecaster.find(rows.keys[i]);
    if (model == nullptr) {
      out.unknown_series += own[i].size();
      continue;
    }
    auto done = forecast_one(forecaster, *model, rows, own[i], z, out);
    if (done) continue;
    Failure failure = fail(std::move(done).error());
    if (rows.keys[i].empty()) return failure;
    return std::move(failure).within(fmt::format("forecasting the series {}", shown(rows.keys[i])));
  }
  return out;
}

}  // namespace sinan::ml::series

// Forecaster: what a forecasting model is made of and how it answers: one fitted series (ml/series/series_model.h) a group of
// rows. Stored as JSON, the model package's own file (docs/formats/model.md). Immutable once built; any thread may ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/batch.h"
#include "base/cancel.h"
#include "base/error.h"
#include "ml/series/series_model.h"

namespace sinan::ml::series {

enum class TimeKind : uint8_t { kDate, kTimestamp, kText, kNumber };

// Which columns of a query are what, and how its times are read.
struct SeriesColumns {
  std::string time;
  TimeKind kind = TimeKind::kDate;
  std::string date_format;  // of kText; empty: ISO
  std::vector<std::string> groups;
  std::vector<std::string> regressors;
};

inline constexpr Moment kNoMoment = INT64_MIN;
// Between the values of several group columns in a series' key.
inline constexpr char kKeySeparator = '\x1f';

// Rows in the order they came.
struct SeriesRows {
  std::vector<Moment> moments;    // kNoMoment = NULL
  std::vector<uint32_t> series;   // index in keys
  std::vector<std::string> keys;  // distinct; one "" without groups
  std::vector<double> values;     // NaN = NULL; empty when no value column was read
  Regressors regressors;
};

// Reads batches of one query. Errors (kData): a text that is no date, a time out of the years 1 to 9999.
class SeriesReader {
 public:
  // `value` may be empty. Errors (kProgram): a column that the query lacks.
  static Result<SeriesReader> make(const SeriesColumns& columns, std::string_view value, const arrow::Schema& query);
  Status add(const arrow::Batch& batch);
  SeriesRows take() { return std::move(rows_); }

 private:
  Result<Moment> moment(const arrow::ColumnView& column, size_t row) const;
  uint32_t series_of(const arrow::Batch& batch, size_t row);

  SeriesColumns columns_;
  std::optional<DateFormat> format_;
  size_t time_ = 0;
  std::vector<size_t> groups_, regressors_;
  std::optional<size_t> value_;
  std::vector<std::pair<std::string, uint32_t>> known_;  // sorted
  SeriesRows rows_;
};

// A moment as a text or literal of the query: "2014-09-01".
std::string moment_text(Moment moment, const SeriesColumns& columns);
Result<Moment> parse_moment(std::string_view text, const SeriesColumns& columns);

struct Forecaster {
  SeriesColumns columns;
  double confidence = 0.95;
  std::vector<Moment> holidays;     // ascending; a regressor of 0 and 1 after the others, when there are any
  std::vector<SeriesModel> series;  // by key, ascending

  const SeriesModel* find(std::string_view key) const;
};

// What a TRAIN asks for.
struct ForecastOptions {
  SeriesOptions series;
  std::vector<Moment> holidays;
  double confidence = 0.95;
};

struct FittedForecaster {
  Forecaster forecaster;
  std::vector<std::string> notes;  // sentences without their full stop: gaps, periods, series left out
  uint64_t rows = 0;               // with a value
};

// Fits every series, on `threads` threads. Of several series those that cannot be fitted are left out with a note; when none
// is left, and for a single one, that is an error (kData): duplicate times, irregular times, too little history, regressors
// without a value. Rows behind the last value of their series are no history.
Result<FittedForecaster> fit_forecaster(const SeriesColumns& columns, const SeriesRows& rows,
                                        const ForecastOptions& options, uint32_t threads, const CancelToken& cancel);

// A forecast a row; NaN where there is none. Within the history: the fit, one step ahead.
struct RowForecasts {
  std::vector<double> value, lower, upper;
  uint64_t unknown_series = 0;  // rows of series that the model does not know, or left out
  uint64_t before = 0;          // rows before their series' history
};

// Errors (kData): times between two steps, more than 100,000 steps ahead, regressors without a value on the way.
Result<RowForecasts> forecast_rows(const Forecaster& forecaster, const SeriesRows& rows, double confidence,
                                   const CancelToken& cancel);

std::string to_json_text(const Forecaster& forecaster);
// Foreign input. Errors: kData (malformed, parts that do not fit each other), kUnsupported (a newer version).
Result<Forecaster> forecaster_from_json(std::string_view text);

}  // namespace sinan::ml::series

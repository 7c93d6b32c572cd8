#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/strings.h"
#include "ml/series/forecaster.h"

namespace sinan::ml::series {
namespace {

constexpr Moment kFirst = -719162 * kDay, kLast = 2932897 * kDay;  // 0001-01-01, the day after 9999-12-31
constexpr int64_t kMostNumber = int64_t{1} << 43;                  // milliseconds since 1970 too

int64_t in_microseconds(int64_t value, arrow::TimeUnit unit) {
  switch (unit) {
    case arrow::TimeUnit::kSecond:
      return value > kLast / kSecond || value < kFirst / kSecond ? kLast : value * kSecond;
    case arrow::TimeUnit::kMilli:
      return value > kLast / 1000 || value < kFirst / 1000 ? kLast : value * 1000;
    case arrow::TimeUnit::kMicro:
      return value;
    case arrow::TimeUnit::kNano:
      break;
  }
  return value / 1000;
}

Result<size_t> place(const arrow::Schema& query, std::string_view column) {
  const auto at = query.index_of(column);
  if (at) return *at;
  return fail(Code::kProgram, fmt::format("the query has no column \"{}\"", column),
              did_you_mean(column, query.names()));
}

}  // namespace

Result<SeriesReader> SeriesReader::make(const SeriesColumns& columns, std::string_view value,
                                        const arrow::Schema& query) {
  SeriesReader out;
  out.columns_ = columns;
  out.time_ = TRY(place(query, columns.time));
  for (const std::string& group : columns.groups) out.groups_.push_back(TRY(place(query, group)));
  for (const std::string& regressor : columns.regressors) out.regressors_.push_back(TRY(place(query, regressor)));
  if (!value.empty()) out.value_ = TRY(place(query, value));
  if (columns.kind == TimeKind::kText && !columns.date_format.empty())
    out.format_ = TRY(DateFormat::make(columns.date_format));
  out.rows_.regressors.resize(columns.regressors.size());
  if (columns.groups.empty()) out.rows_.keys.emplace_back();
  return out;
}

Result<Moment> SeriesReader::moment(const arrow::ColumnView& column, size_t row) const {
  if (column.is_null(row)) return kNoMoment;
  Moment out = 0;
  switch (columns_.kind) {
    case TimeKind::kDate: {
      // A text may have become a date since, and the other way round.
      const int64_t value = column.as_int(row);
      if (column.type().id == arrow::TypeId::kTimestamp)
        out = in_microseconds(value, column.type().unit);
      else
        out = value < kFirst / kDay || value >= kLast / kDay ? kLast : value * kDay;
      break;
    }
    case TimeKind::kTimestamp:
      out = column.type().id == arrow::TypeId::kDate
                ? std::clamp<int64_t>(column.as_int(row), kFirst / kDay, kLast / kDay) * kDay
                : in_microseconds(column.as_int(row), column.type().unit);
      break;
    case TimeKind::kText:
      out = format_ ? TRY(format_->parse(column.string(row))) : TRY(from_iso(column.string(row)));
      break;
    case TimeKind::kNumber:
      out = column.as_int(row);
      if (std::abs(out) > kMostNumber) return fail(Code::kData, fmt::format("a time is out of range: {}", out));
      return out;
  }
  if (out < kFirst || out >= kLast) {
    return fail(Code::kData, fmt::format("a time is out of the years 1 to 9999: {}", column.to_text(row)));
  }
  return out;
}

uint32_t SeriesReader::series_of(const arrow::Batch& batch, size_t row) {
  if (groups_.empty()) return 0;
  std::string key;
  for (const size_t group : groups_) {
    if (group != groups_.front()) key += kKeySeparator;
    const arrow::ColumnView column = batch.column(group);
    if (column.is_null(row))
      key += "NULL";
    else if (column.type().is_text())
      key += column.string(row);
    else
      key += column.to_text(row);
  }
  const auto at = std::ranges::lower_bound(known_, key, {}, &std::pair<std::string, uint32_t>::first);
  if (at != known_.end() && at->first == key) return at->second;
  const auto index = static_cast<uint32_t>(rows_.keys.size());
  rows_.keys.push_back(key);
  known_.insert(at, {std::move(key), index});
  return index;
}

Status SeriesReader::add(const arrow::Batch& batch) {
  const size_t rows = batch.rows();
  const arrow::ColumnView times = batch.column(time_);
  for (size_t i = 0; i < rows; ++i) {
    rows_.moments.push_back(TRY(moment(times, i)));
    rows_.series.push_back(series_of(batch, i));
  }
  const auto read = [&](size_t column, std::vector<double>& out) {
    const arrow::ColumnView view = batch.column(column);
    for (size_t i = 0; i < rows; ++i) {
      const double value = view.is_null(i)                          ? std::numeric_limits<double>::quiet_NaN()
                           : view.type().id == arrow::TypeId::kBool ? (view.as_bool(i) ? 1.0 : 0.0)
                                                                    : view.as_double(i);
      out.push_back(std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN());
    }
  };
  if (value_) read(*value_, rows_.values);
  for (size_t r = 0; r < regressors_.size(); ++r) read(regressors_[r], rows_.regressors[r]);
  return {};
}

std::string moment_text(Moment moment, const SeriesColumns& columns) {
  if (columns.kind == TimeKind::kNumber) return fmt::format("{}", moment);
  if (columns.kind == TimeKind::kText && !columns.date_format.empty()) {
    if (const auto format = DateFormat::make(columns.date_format)) return format->format(moment);
  }
  return to_iso(moment);
}

Result<Moment> parse_moment(std::string_view text, const SeriesColumns& columns) {
  if (columns.kind == TimeKind::kNumber) {
    Moment value = 0;
    const std::string_view digits = trim(text);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc{} && end == digits.data() + digits.size() && std::abs(value) <= kMostNumber) return value;
    return fail(Code::kArgument, fmt::format("a moment is no whole number, as the query's times are: \"{}\"", text));
  }
  if (!columns.date_format.empty()) {
    if (auto moment = TRY(DateFormat::make(columns.date_format)).parse(text)) return *moment;
  }
  auto moment = from_iso(text);
  if (moment) return *moment;
  return fail(Code::kArgument, fmt::format("a moment is no date: \"{}\"", text),
              columns.date_format.empty()
                  ? "write it as \"2014-09-01\" or \"2014-09-01 12:00:00\""
                  : fmt::format("write it as model.date_format has it: \"{}\"", columns.date_format));
}

}  // namespace sinan::ml::series

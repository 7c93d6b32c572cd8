// The moments of a time series: regular steps of time (days, hours, months, weekdays), told from the rows' own times. Used
// by forecasting (ml/series/series_model.h). Values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan::ml::series {

// A moment: microseconds since 1970-01-01, without a time zone; or a number of the query, when time is counted.
using Moment = int64_t;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;

enum class StepUnit : uint8_t {
  kNumber,   // time is a number of the query
  kFixed,    // microseconds
  kMonth,    // calendar months, on one day of the month or on its last one
  kWeekday,  // Monday to Friday
};

struct TimeAxis {
  StepUnit unit = StepUnit::kFixed;
  int64_t step = kDay;  // in the unit
  Moment start = 0;
  bool month_end = false;  // of kMonth: each moment is its month's last day

  Moment at(int64_t index) const;
  // Nothing for a moment between two steps.
  std::optional<int64_t> index_of(Moment moment) const;
  // The first step that is not before the moment.
  int64_t first_from(Moment moment) const;
  std::string step_text() const;  // "day", "15 minutes", "month", "weekday"
  friend bool operator==(const TimeAxis&, const TimeAxis&) = default;

 private:
  int64_t nearest_index(Moment moment) const;
};

// The axis of ascending, distinct moments; gaps are steps that no row has. Errors (kData): fewer than three moments, moments
// that follow no step, and more gaps than nine in ten. `counted`: moments are numbers.
Result<TimeAxis> infer_axis(std::span<const Moment> moments, bool counted);

// How many steps make a day, a week, a year: the seasons that people live by, at least 2, ascending.
std::vector<uint32_t> natural_periods(const TimeAxis& axis);

// Text to moments and back by a strptime format: %Y %m %d %H %M %S %y %b %B %j %p %I %f %% and other characters as they are.
// Errors: kArgument for a format without a year or with unknown letters; kData for a text that does not fit.
class DateFormat {
 public:
  static Result<DateFormat> make(std::string_view format);
  Result<Moment> parse(std::string_view text) const;
  std::string format(Moment moment) const;
  const std::string& text() const { return format_; }

 private:
  std::string format_;
};

// ISO, "2014-09-01" or "2014-09-01 12:30:00": how moments are shown, and how literals are read where no format is given.
std::string to_iso(Moment moment);
Result<Moment> from_iso(std::string_view text);

}  // namespace sinan::ml::series

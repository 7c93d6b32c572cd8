#include "ml/series/time_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>

namespace sinan::ml::series {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month;
using std::chrono::year_month_day;

constexpr int64_t kMostGaps = 9;  // for one moment that is there

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
int64_t day_of(Moment moment) { return floor_div(moment, kDay); }
year_month_day date_of(Moment moment) { return sys_days(days(day_of(moment))); }

int64_t month_index(Moment moment) {
  const year_month_day date = date_of(moment);
  return static_cast<int64_t>(static_cast<int>(date.year())) * 12 + static_cast<unsigned>(date.month()) - 1;
}

unsigned last_day(int64_t month_number) {
  const year_month which = year(static_cast<int>(floor_div(month_number, 12))) /
                           month(static_cast<unsigned>(month_number - 12 * floor_div(month_number, 12)) + 1);
  return static_cast<unsigned>((which / std::chrono::last).day());
}

bool is_month_end(Moment moment) {
  return static_cast<unsigned>(date_of(moment).day()) == last_day(month_index(moment));
}

Moment moment_in_month(int64_t month_number, unsigned on_day, int64_t time_of_day) {
  const int64_t y = floor_div(month_number, 12);
  const year_month_day date{year(static_cast<int>(y)), month(static_cast<unsigned>(month_number - 12 * y) + 1),
                            day(std::min(on_day, last_day(month_number)))};
  return sys_days(date).time_since_epoch().count() * kDay + time_of_day;
}

// Weekdays since Monday, 1969-12-29; weekends count as the Friday before them.
int64_t weekday_index(int64_t day_number) {
  const int64_t since = day_number + 3;
  const int64_t week = floor_div(since, 7);
  return week * 5 + std::min<int64_t>(since - 7 * week, 4);
}
int64_t day_of_weekday(int64_t index) {
  const int64_t week = floor_div(index, 5);
  return week * 7 + (index - 5 * week) - 3;
}
bool is_weekend(int64_t day_number) {
  const int64_t since = day_number + 3;
  return since - 7 * floor_div(since, 7) > 4;
}

bool same_time_of_day(std::span<const Moment> moments) {
  const int64_t time = moments[0] - day_of(moments[0]) * kDay;
  return std::ranges::all_of(moments, [&](Moment m) { return m - day_of(m) * kDay == time; });
}

std::optional<TimeAxis> monthly(std::span<const Moment> moments) {
  for (size_t i = 1; i < moments.size(); ++i) {
    if (moments[i] - moments[i - 1] < 28 * kDay) return std::nullopt;
  }
  if (!same_time_of_day(moments)) return std::nullopt;
  const bool ends = std::ranges::all_of(moments, is_month_end);
  const auto on = date_of(moments[0]).day();
  if (!ends && !std::ranges::all_of(moments, [&](Moment m) { return date_of(m).day() == on; })) return std::nullopt;
  int64_t step = 0;
  for (size_t i = 1; i < moments.size(); ++i)
    step = std::gcd(step, month_index(moments[i]) - month_index(moments[i - 1]));
  // Two days of a year are told apart from months by the calendar; four weeks apart is a month only if the day is the same.
  return TimeAxis{.unit = StepUnit::kMonth, .step = step, .start = moments[0], .month_end = ends};
}

// Daily but for weekends, over more than two of them.
std::optional<TimeAxis> weekdays(std::span<const Moment> moments) {
  if (!same_time_of_day(moments) || moments.back() - moments.front() < 15 * kDay) return std::nullopt;
  size_t next_day = 0;
  for (size_t i = 0; i < moments.size(); ++i) {
    if (is_weekend(day_of(moments[i]))) return std::nullopt;
    next_day += i > 0 && moments[i] - moments[i - 1] == kDay;
  }
  if (2 * next_day < moments.size()) return std::nullopt;
  return TimeAxis{.unit = StepUnit::kWeekday, .step = 1, .start = moments[0]};
}

int64_t usual_step(std::span<const Moment> moments) {
  std::map<int64_t, size_t> counts;
  for (size_t i = 1; i < moments.size(); ++i) ++counts[moments[i] - moments[i - 1]];
  return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
}

std::string fixed_text(int64_t step) {
  static constexpr std::pair<int64_t, std::string_view> kUnits[] = {
      {7 * kDay, "week"}, {kDay, "day"}, {3600 * kSecond, "hour"}, {60 * kSecond, "minute"}, {kSecond, "second"}};
  for (const auto& [size, name] : kUnits) {
    if (step % size == 0) return step == size ? std::string(name) : fmt::format("{} {}s", step / size, name);
  }
  return fmt::format("{} microseconds", step);
}

std::string moment_text(Moment moment, bool counted) { return counted ? fmt::format("{}", moment) : to_iso(moment); }

}  // namespace

Moment TimeAxis::at(int64_t index) const {
  switch (unit) {
    case StepUnit::kNumber:
    case StepUnit::kFixed:
      return start + index * step;
    case StepUnit::kWeekday:
      return day_of_weekday(weekday_index(day_of(start)) + index * step) * kDay + (start - day_of(start) * kDay);
    case StepUnit::kMonth: {
      const unsigned on = month_end ? 31 : static_cast<unsigned>(date_of(start).day());
      return moment_in_month(month_index(start) + index * step, on, start - day_of(start) * kDay);
    }
  }
  return start;
}

// At most a step off.
int64_t TimeAxis::nearest_index(Moment moment) const {
  switch (unit) {
    case StepUnit::kWeekday:
      return floor_div(weekday_index(day_of(moment)) - weekday_index(day_of(start)), step);
    case StepUnit::kMonth:
      return floor_div(month_index(moment) - month_index(start), step);
    case StepUnit::kNumber:
    case StepUnit::kFixed:
      break;
  }
  return floor_div(moment - start, step);
}

std::optional<int64_t> TimeAxis::index_of(Moment moment) const {
  const int64_t index = nearest_index(moment);
  if (at(index) != moment) return std::nullopt;
  return index;
}

int64_t TimeAxis::first_from(Moment moment) const {
  int64_t index = nearest_index(moment);
  while (at(index) < moment) ++index;
  return index;
}

std::string TimeAxis::step_text() const {
  switch (unit) {
    case StepUnit::kNumber:
      return fmt::format("{}", step);
    case StepUnit::kFixed:
      return fixed_text(step);
    case StepUnit::kWeekday:
      return "weekday";
    case StepUnit::kMonth:
      break;
  }
  if (step % 12 == 0) return step == 12 ? "year" : fmt::format("{} years", step / 12);
  if (step == 3) return "quarter";
  return step == 1 ? "month" : fmt::format("{} months", step);
}

Result<TimeAxis> infer_axis(std::span<const Moment> moments, bool counted) {
  if (moments.size() < 3) {
    return fail(Code::kData, fmt::format("a time series needs three moments at least: there are {}", moments.size()));
  }
  if (!counted) {
    if (auto axis = monthly(moments)) return *axis;
    if (auto axis = weekdays(moments)) return *axis;
  }
  const int64_t usual = usual_step(moments);
  int64_t step = usual;
  for (size_t i = 1; i < moments.size(); ++i) step = std::gcd(step, moments[i] - moments[i - 1]);
  if ((moments.back() - moments.front()) / step > (kMostGaps + 1) * static_cast<int64_t>(moments.size()) ||
      (step != usual && usual / step > 4)) {
    size_t odd = 1;
    while (odd + 1 < moments.size() && (moments[odd] - moments[odd - 1]) % usual == 0) ++odd;
    return fail(Code::kData,
                fmt::format("times follow no regular step: most are {} apart, but after {} comes {}",
                            counted ? fmt::format("{}", usual) : fixed_text(usual),
                            moment_text(moments[odd - 1], counted), moment_text(moments[odd], counted)),
                "bring the rows to a regular step in the query, such as GROUP BY date_trunc('day', time)");
  }
  return TimeAxis{.unit = counted ? StepUnit::kNumber : StepUnit::kFixed, .step = step, .start = moments[0]};
}

std::vector<uint32_t> natural_periods(const TimeAxis& axis) {
  std::vector<uint32_t> out;
  const auto add = [&](int64_t whole, int64_t step) {
    if (whole % step == 0 && whole / step >= 2) out.push_back(static_cast<uint32_t>(whole / step));
  };
  switch (axis.unit) {
    case StepUnit::kNumber:
      break;
    case StepUnit::kWeekday:
      out = {5};
      break;
    case StepUnit::kMonth:
      add(12, axis.step);
      break;
    case StepUnit::kFixed:
      if (axis.step < kDay) {
        if (axis.step < 3600 * kSecond && axis.step >= 60 * kSecond) add(3600 * kSecond, axis.step);
        if (axis.step >= 60 * kSecond) {
          add(kDay, axis.step);
          add(7 * kDay, axis.step);
        } else {
          add(60 * kSecond, axis.step);
          add(3600 * kSecond, axis.step);
        }
      } else if (axis.step == kDay) {
        out = {7, 365};
      } else if (axis.step == 7 * kDay) {
        out = {52};
      }
  }
  return out;
}

}  // namespace sinan::ml::series

#include "ml/feature_plan_input.h"

#include <chrono>
#include <cmath>

#include "base/check.h"

namespace sinan::ml {
namespace {

using arrow::ColumnView;
using arrow::TimeUnit;
using arrow::TypeId;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kMicrosPerDay = 86'400'000'000;

template <class T>
bool convert(const ColumnView& column, std::span<float> out) {
  const auto values = column.values<T>();
  if (!values) return false;
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>((*values)[i]);
  return true;
}

int64_t to_micros(int64_t value, TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond:
      return value * 1'000'000;
    case TimeUnit::kMilli:
      return value * 1'000;
    case TimeUnit::kMicro:
      return value;
    case TimeUnit::kNano:
      return value >= 0 ? value / 1'000 : -((-value + 999) / 1'000);
  }
  return value;
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// DATE and TIMESTAMP have +-infinity, and years beyond any calendar: those have no parts.
bool has_calendar(int64_t day) { return day > -12'000'000 && day < 12'000'000; }

float calendar_part(Transform::Kind part, int64_t day) {
  if (!has_calendar(day)) return kNaN;
  const std::chrono::sys_days days{std::chrono::days(day)};
  if (part == Transform::Kind::kWeekday) return static_cast<float>(std::chrono::weekday(days).iso_encoding());
  const std::chrono::year_month_day date(days);
  switch (part) {
    case Transform::Kind::kYear:
      return static_cast<float>(static_cast<int>(date.year()));
    case Transform::Kind::kMonth:
      return static_cast<float>(static_cast<unsigned>(date.month()));
    default:
      return static_cast<float>(static_cast<unsigned>(date.day()));
  }
}

constexpr Transform::Kind kDateParts[] = {Transform::Kind::kYear, Transform::Kind::kMonth, Transform::Kind::kDay,
                                          Transform::Kind::kWeekday, Transform::Kind::kEpoch};
constexpr Transform::Kind kTimeParts[] = {Transform::Kind::kHour, Transform::Kind::kMinute, Transform::Kind::kEpoch};
constexpr Transform::Kind kTimestampParts[] = {
    Transform::Kind::kYear, Transform::Kind::kMonth,  Transform::Kind::kDay,  Transform::Kind::kWeekday,
    Transform::Kind::kHour, Transform::Kind::kMinute, Transform::Kind::kEpoch};

}  // namespace

std::optional<InputKind> input_kind(const arrow::Type& type) {
  if (type.is_numeric() || type.id == TypeId::kBool || type.id == TypeId::kNull) return InputKind::kNumber;
  if (type.is_text()) return InputKind::kText;
  switch (type.id) {
    case TypeId::kDate:
      return InputKind::kDate;
    case TypeId::kTime:
      return InputKind::kTime;
    case TypeId::kTimestamp:
      return InputKind::kTimestamp;
    default:
      return std::nullopt;
  }
}

std::string_view describe(InputKind kind) {
  switch (kind) {
    case InputKind::kNumber:
      return "a number";
    case InputKind::kText:
      return "a text";
    case InputKind::kDate:
      return "a date";
    case InputKind::kTime:
      return "a time";
    case InputKind::kTimestamp:
      return "a timestamp";
  }
  return "";
}

void read_numbers(const ColumnView& column, std::span<float> out) {
  CHECK(out.size() == column.size());
  bool done = false;
  switch (column.type().id) {
    case TypeId::kNull:
      std::ranges::fill(out, kNaN);
      return;
    case TypeId::kInt8:
      done = convert<int8_t>(column, out);
      break;
    case TypeId::kInt16:
      done = convert<int16_t>(column, out);
      break;
    case TypeId::kInt32:
      done = convert<int32_t>(column, out);
      break;
    case TypeId::kInt64:
      done = convert<int64_t>(column, out);
      break;
    case TypeId::kUInt8:
      done = convert<uint8_t>(column, out);
      break;
    case TypeId::kUInt16:
      done = convert<uint16_t>(column, out);
      break;
    case TypeId::kUInt32:
      done = convert<uint32_t>(column, out);
      break;
    case TypeId::kUInt64:
      done = convert<uint64_t>(column, out);
      break;
    case TypeId::kFloat:
      done = convert<float>(column, out);
      break;
    case TypeId::kDouble:
      done = convert<double>(column, out);
      break;
    default:
      break;
  }
  if (!done) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(column.as_double(i));
  }
  if (!column.has_nulls()) return;
  for (size_t i = 0; i < out.size(); ++i) {
    if (column.is_null(i)) out[i] = kNaN;
  }
}

std::optional<std::span<const float>> borrow_numbers(const ColumnView& column) {
  if (column.type().id != TypeId::kFloat || column.has_nulls()) return std::nullopt;
  return column.values<float>();
}

void read_moments(const ColumnView& column, std::span<int64_t> out) {
  CHECK(out.size() == column.size());
  const arrow::Type& type = column.type();
  for (size_t i = 0; i < out.size(); ++i) {
    if (column.is_null(i)) {
      out[i] = kMissingMoment;
    } else {
      const int64_t value = column.as_int(i);
      out[i] = type.id == TypeId::kDate ? value : to_micros(value, type.unit);
    }
  }
}

std::span<const Transform::Kind> moment_parts(InputKind kind) {
  switch (kind) {
    case InputKind::kDate:
      return kDateParts;
    case InputKind::kTime:
      return kTimeParts;
    case InputKind::kTimestamp:
      return kTimestampParts;
    default:
      return {};
  }
}

std::string_view part_name(Transform::Kind kind) {
  switch (kind) {
    case Transform::Kind::kNumber:
      return "number";
    case Transform::Kind::kYear:
      return "year";
    case Transform::Kind::kMonth:
      return "month";
    case Transform::Kind::kDay:
      return "day";
    case Transform::Kind::kWeekday:
      return "weekday";
    case Transform::Kind::kHour:
      return "hour";
    case Transform::Kind::kMinute:
      return "minute";
    case Transform::Kind::kEpoch:
      return "epoch";
    case Transform::Kind::kVocabulary:
      return "vocabulary";
    case Transform::Kind::kFunction:
      return "function";
  }
  return "";
}

void moment_part(InputKind kind, Transform::Kind part, std::span<const int64_t> moments, std::span<float> out) {
  CHECK(out.size() == moments.size());
  const bool is_date = kind == InputKind::kDate;
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t moment = moments[i];
    if (moment == kMissingMoment) {
      out[i] = kNaN;
      continue;
    }
    const int64_t day = is_date ? moment : floor_div(moment, kMicrosPerDay);
    const int64_t in_day = is_date ? 0 : moment - day * kMicrosPerDay;
    switch (part) {
      case Transform::Kind::kHour:
        out[i] = static_cast<float>(in_day / 3'600'000'000 % 24);
        break;
      case Transform::Kind::kMinute:
        out[i] = static_cast<float>(in_day / 60'000'000 % 60);
        break;
      case Transform::Kind::kEpoch:
        if (kind == InputKind::kTime) {
          out[i] = static_cast<float>(static_cast<double>(moment) / 1e6);
        } else {
          const double days =
              static_cast<double>(day) + static_cast<double>(in_day) / static_cast<double>(kMicrosPerDay);
          out[i] = has_calendar(day) ? static_cast<float>(days) : kNaN;
        }
        break;
      default:
        out[i] = calendar_part(part, day);
        break;
    }
  }
}

namespace {

std::optional<Transform::Kind> as_transform(DatePart part) {
  switch (part) {
    case DatePart::kYear:
      return Transform::Kind::kYear;
    case DatePart::kMonth:
      return Transform::Kind::kMonth;
    case DatePart::kDay:
      return Transform::Kind::kDay;
    case DatePart::kWeekday:
      return Transform::Kind::kWeekday;
    case DatePart::kHour:
      return Transform::Kind::kHour;
    case DatePart::kMinute:
      return Transform::Kind::kMinute;
    case DatePart::kEpoch:
      return Transform::Kind::kEpoch;
    default:
      return std::nullopt;
  }
}

double calendar_part(DatePart part, int64_t day) {
  if (!has_calendar(day)) return std::numeric_limits<double>::quiet_NaN();
  const std::chrono::sys_days days{std::chrono::days(day)};
  const std::chrono::year_month_day date(days);
  const auto day_of_year = [](std::chrono::sys_days at) {
    const std::chrono::year_month_day in(at);
    return (at - std::chrono::sys_days{in.year() / 1 / 1}).count() + 1;
  };
  if (part == DatePart::kQuarter) return (static_cast<unsigned>(date.month()) - 1) / 3 + 1;
  if (part == DatePart::kYearday) return static_cast<double>(day_of_year(days));
  // An ISO week belongs to the year that has its Thursday.
  const std::chrono::weekday weekday(days);
  const auto thursday = days + std::chrono::days(4 - static_cast<int>(weekday.iso_encoding()));
  return static_cast<double>((day_of_year(thursday) - 1) / 7 + 1);
}

}  // namespace

void date_parts(InputKind kind, DatePart part, std::span<const int64_t> moments, std::span<double> out) {
  CHECK(out.size() == moments.size());
  if (const auto transform = as_transform(part)) {
    std::vector<float> values(moments.size());
    moment_part(kind, *transform, moments, values);
    std::ranges::copy(values, out.begin());
    return;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t moment = moments[i];
    const bool is_date = kind == InputKind::kDate;
    const int64_t day = is_date ? moment : floor_div(moment, kMicrosPerDay);
    if (moment == kMissingMoment) {
      out[i] = std::numeric_limits<double>::quiet_NaN();
    } else if (part == DatePart::kSecond) {
      out[i] = is_date ? 0 : static_cast<double>((moment - day * kMicrosPerDay) / 1'000'000 % 60);
    } else {
      out[i] = calendar_part(part, day);
    }
  }
}

}  // namespace sinan::ml

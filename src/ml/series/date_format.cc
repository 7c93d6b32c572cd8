#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/strings.h"
#include "ml/series/time_axis.h"

namespace sinan::ml::series {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};

int64_t floor_days(Moment moment) { return moment / kDay - (moment % kDay < 0 ? 1 : 0); }

std::chrono::year_month_day date_of(int64_t day_number) { return std::chrono::sys_days(std::chrono::days(day_number)); }

// Takes `least` to `most` digits off the front.
std::optional<int64_t> take_number(std::string_view& text, size_t least, size_t most) {
  int64_t value = 0;
  size_t digits = 0;
  while (digits < most && digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    value = value * 10 + (text[digits++] - '0');
  }
  if (digits < least) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

std::optional<int64_t> take_month(std::string_view& text) {
  for (size_t i = 0; i < kMonths.size(); ++i) {
    for (const size_t length : {kMonths[i].size(), size_t{3}}) {
      if (!equals_ignore_case(text.substr(0, length), kMonths[i].substr(0, length))) continue;
      text.remove_prefix(length);
      return static_cast<int64_t>(i + 1);
    }
  }
  return std::nullopt;
}

// A moment in parts, as far as a text tells them.
struct Parts {
  int64_t year = 1970, month = 1, day = 1, day_of_year = 0, hour = 0, minute = 0, second = 0, micros = 0;
  bool afternoon = false, twelve = false;

  std::optional<Moment> moment() const {
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    const int64_t h = twelve ? hour % 12 + (afternoon ? 12 : 0) : hour;
    if (!date.ok() || h > 23 || minute > 59 || second > 59 || (twelve && (hour < 1 || hour > 12))) return std::nullopt;
    int64_t day_number = std::chrono::sys_days(date).time_since_epoch().count();
    if (day_of_year > 0) {
      const auto first = std::chrono::sys_days(date.year() / 1 / 1);
      if (day_of_year > (date.year().is_leap() ? 366 : 365)) return std::nullopt;
      day_number = first.time_since_epoch().count() + day_of_year - 1;
    }
    return day_number * kDay + ((h * 60 + minute) * 60 + second) * kSecond + micros;
  }
};

bool take_field(char letter, std::string_view& text, Parts& parts) {
  const auto take = [&](int64_t& part, size_t least, size_t most) {
    const auto value = take_number(text, least, most);
    if (value) part = *value;
    return value.has_value();
  };
  switch (letter) {
    case 'Y':
      return take(parts.year, 4, 4);
    case 'y':
      if (!take(parts.year, 2, 2)) return false;
      parts.year += parts.year < 69 ? 2000 : 1900;
      return true;
    case 'm':
      return take(parts.month, 1, 2);
    case 'b':
    case 'B': {
      const auto month = take_month(text);
      if (month) parts.month = *month;
      return month.has_value();
    }
    case 'd':
      return take(parts.day, 1, 2);
    case 'j':
      return take(parts.day_of_year, 1, 3) && parts.day_of_year > 0;
    case 'H':
      return take(parts.hour, 1, 2);
    case 'I':
      parts.twelve = true;
      return take(parts.hour, 1, 2);
    case 'p':
      parts.afternoon = equals_ignore_case(text.substr(0, 2), "PM");
      if (!parts.afternoon && !equals_ignore_case(text.substr(0, 2), "AM")) return false;
      text.remove_prefix(2);
      return true;
    case 'M':
      return take(parts.minute, 1, 2);
    case 'S':
      return take(parts.second, 1, 2);
    case 'f': {
      const size_t before = text.size();
      if (!take(parts.micros, 1, 6)) return false;
      for (size_t digits = before - text.size(); digits < 6; ++digits) parts.micros *= 10;
      return true;
    }
    default:
      return false;
  }
}

}  // namespace

Result<DateFormat> DateFormat::make(std::string_view format) {
  bool has_year = false;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    const char letter = ++i < format.size() ? format[i] : ' ';
    if (std::string_view("YymdbBjHIpMSf%").find(letter) == std::string_view::npos) {
      return fail(Code::kArgument, fmt::format("unknown part of a date format: \"%{}\"", letter),
                  "there are %Y %y %m %b %B %d %j %H %I %p %M %S %f");
    }
    has_year = has_year || letter == 'Y' || letter == 'y';
  }
  if (!has_year)
    return fail(Code::kArgument, fmt::format("a date format needs a year: \"{}\"", format), "such as \"%Y-%m-%d\"");
  DateFormat out;
  out.format_ = std::string(format);
  return out;
}

Result<Moment> DateFormat::parse(std::string_view text) const {
  std::string_view rest = trim(text);
  Parts parts;
  bool fits = true;
  for (size_t i = 0; i < format_.size() && fits; ++i) {
    if (format_[i] == '%' && format_[i + 1] != '%') {
      fits = take_field(format_[++i], rest, parts);
      continue;
    }
    if (format_[i] == '%') ++i;
    fits = !rest.empty() && rest.front() == format_[i];
    if (fits) rest.remove_prefix(1);
  }
  const auto moment = parts.moment();
  if (!fits || !rest.empty() || !moment) {
    return fail(Code::kData,
                fmt::format("a date does not fit its format: \"{}\", \"{}\"", text.substr(0, 60), format_));
  }
  return *moment;
}

std::string DateFormat::format(Moment moment) const {
  const int64_t day_number = floor_days(moment);
  const auto date = date_of(day_number);
  const int64_t seconds = (moment - day_number * kDay) / kSecond, hour = seconds / 3600;
  const auto month = static_cast<unsigned>(date.month());
  std::string out;
  for (size_t i = 0; i < format_.size(); ++i) {
    if (format_[i] != '%') {
      out += format_[i];
      continue;
    }
    switch (format_[++i]) {
      case 'Y':
        out += fmt::format("{:04}", static_cast<int>(date.year()));
        break;
      case 'y':
        out += fmt::format("{:02}", static_cast<int>(date.year()) % 100);
        break;
      case 'm':
        out += fmt::format("{:02}", month);
        break;
      case 'b':
        out += kMonths[month - 1].substr(0, 3);
        break;
      case 'B':
        out += kMonths[month - 1];
        break;
      case 'd':
        out += fmt::format("{:02}", static_cast<unsigned>(date.day()));
        break;
      case 'j':
        out += fmt::format("{:03}",
                           day_number - std::chrono::sys_days(date.year() / 1 / 1).time_since_epoch().count() + 1);
        break;
      case 'H':
        out += fmt::format("{:02}", hour);
        break;
      case 'I':
        out += fmt::format("{:02}", (hour + 11) % 12 + 1);
        break;
      case 'p':
        out += hour < 12 ? "AM" : "PM";
        break;
      case 'M':
        out += fmt::format("{:02}", seconds / 60 % 60);
        break;
      case 'S':
        out += fmt::format("{:02}", seconds % 60);
        break;
      case 'f':
        out += fmt::format("{:06}", (moment - day_number * kDay) % kSecond);
        break;
      default:
        out += format_[i];
    }
  }
  return out;
}

std::string to_iso(Moment moment) {
  static const DateFormat kDate = *DateFormat::make("%Y-%m-%d"), kTime = *DateFormat::make("%Y-%m-%d %H:%M:%S");
  return moment % kDay == 0 ? kDate.format(moment) : kTime.format(moment);
}

Result<Moment> from_iso(std::string_view text) {
  static const DateFormat kDate = *DateFormat::make("%Y-%m-%d"), kTime = *DateFormat::make("%Y-%m-%d %H:%M:%S");
  if (trim(text).size() <= 10) return kDate.parse(text);
  return kTime.parse(text);
}

}  // namespace sinan::ml::series

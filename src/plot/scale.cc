#include "plot/scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>

#include "base/strings.h"
#include "plot/layout.h"

namespace sinan::plot {
namespace {

constexpr double kHuge = 1e300;  // sums and differences of two such values are still finite
constexpr double kTiny = 1e-290;

double clamped(double value) { return std::clamp(value, -kHuge, kHuge); }

// "1.500" -> "1.5"; leaves "100" alone.
std::string without_trailing_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

// Fixed notation with about that many significant digits: (1234.5, 3) -> "1235", (0.012345, 3) -> "0.0123".
std::string significant(double value, int digits) {
  const int decimals = std::clamp(digits - 1 - static_cast<int>(std::floor(std::log10(std::abs(value)))), 0, 9);
  return without_trailing_zeros(fmt::format("{:.{}f}", value, decimals));
}

// "12346" -> "12,346".
std::string grouped(std::string digits) {
  size_t end = digits.find('.');
  if (end == std::string::npos) end = digits.size();
  const size_t begin = digits.starts_with('-') ? 1 : 0;
  for (size_t i = end; i > begin + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

struct Unit {
  double size;
  std::string_view suffix;
};
constexpr std::array kUnits = {Unit{1e12, "T"}, Unit{1e9, "G"}, Unit{1e6, "M"}, Unit{1e3, "k"}};

}  // namespace

void Range::add(double value) {
  if (!std::isfinite(value)) return;
  low = std::min(low, clamped(value));
  high = std::max(high, clamped(value));
}

double nice_step(double width, int target) {
  const double rough = width / std::max(target, 1);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    // A little slack: 0.1 + 0.2 must not take the next step.
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string format_value(double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "NaN" : value > 0 ? "∞" : "-∞";
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size < 1e-4 || size >= 1e15) return fmt::format("{:.3g}", value);
  if (value == std::round(value) && size < 1e7) return grouped(fmt::format("{:.0f}", value));
  for (const Unit& unit : kUnits) {
    if (size >= unit.size) return significant(value / unit.size, 3) + std::string(unit.suffix);
  }
  return significant(value, 4);
}

std::string format_tick(double value, double step) {
  if (std::abs(value) < step * 1e-6) value = 0;
  const double size = std::max(std::abs(value), step);
  if (size >= 1e15 || step < 1e-5) return fmt::format("{:.3g}", value);
  if (value == 0 && step >= 1) return "0";
  for (const Unit& unit : kUnits) {
    // Thousands are written out below ten of them: "2,500" reads better than "2.5k".
    if (size < unit.size * (unit.size == 1e3 ? 10 : 1)) continue;
    const double in_units = value / unit.size;
    const int decimals = std::clamp(-static_cast<int>(std::floor(std::log10(step / unit.size) + 1e-9)), 0, 6);
    return without_trailing_zeros(fmt::format("{:.{}f}", in_units, decimals)) + std::string(unit.suffix);
  }
  const int decimals = std::clamp(-static_cast<int>(std::floor(std::log10(step) + 1e-9)), 0, 6);
  return grouped(fmt::format("{:.{}f}", value, decimals));
}

std::string format_date_tick(double seconds, double step) {
  if (!(std::abs(seconds) < 9e11)) return format_value(seconds);
  const auto day_number = static_cast<int>(std::floor(seconds / 86400));
  const std::chrono::year_month_day date = std::chrono::sys_days(std::chrono::days(day_number));
  const auto of_day = static_cast<int>(seconds - day_number * 86400.0);
  const int year = static_cast<int>(date.year());
  const auto month = static_cast<unsigned>(date.month()), day = static_cast<unsigned>(date.day());
  if (step < 60) return fmt::format("{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
  if (step < 86400) return fmt::format("{:02}-{:02} {:02}:{:02}", month, day, of_day / 3600, of_day / 60 % 60);
  if (step < 28 * 86400.0) return fmt::format("{:04}-{:02}-{:02}", year, month, day);
  return step < 360 * 86400.0 ? fmt::format("{:04}-{:02}", year, month) : fmt::format("{}", year);
}

std::string format_seconds(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  const double nanoseconds = std::clamp(seconds, -1e9, 1e9) * 1e9;
  return human_duration(std::chrono::nanoseconds(static_cast<int64_t>(nanoseconds)));
}

Scale Scale::make(const Axis& axis, Range data, int target_ticks, bool round_out) {
  Scale scale;
  if (!axis.categories.empty()) {
    scale.category_ticks(axis.categories, target_ticks);
    return scale;
  }
  scale.log_ = axis.log;
  const auto usable = [&](const std::optional<double>& limit) {
    return limit && std::isfinite(*limit) && (!axis.log || *limit > 0);
  };
  if (axis.log) {
    data.low = std::max(data.low, kTiny);
    if (!data.empty() && data.high <= 0) data = {};
  }
  if (data.empty()) data = axis.log ? Range{1, 10} : Range{0, 1};
  scale.low_ = usable(axis.min) ? clamped(*axis.min) : data.low;
  scale.high_ = usable(axis.max) ? clamped(*axis.max) : data.high;
  if (scale.low_ > scale.high_) std::swap(scale.low_, scale.high_);

  if (axis.log) {
    scale.low_ = std::max(scale.low_, kTiny);
    scale.high_ = std::max(scale.high_, kTiny);
    if (scale.high_ / scale.low_ < 1.01) {
      scale.low_ /= 2;
      scale.high_ *= 2;
    }
    if (round_out) {
      if (!usable(axis.min)) scale.low_ = std::pow(10, std::floor(std::log10(scale.low_) + 1e-9));
      if (!usable(axis.max)) scale.high_ = std::pow(10, std::ceil(std::log10(scale.high_) - 1e-9));
    }
    scale.log_ticks(target_ticks);
    return scale;
  }

  const double size = std::max(std::abs(scale.low_), std::abs(scale.high_));
  if (scale.high_ - scale.low_ <= size * 1e-9 || size < kTiny) {
    const double margin = size < kTiny ? 1 : size * 0.1;
    // A limit of the axis's own stays where it is.
    if (!usable(axis.min) || usable(axis.max)) scale.low_ -= margin;
    if (!usable(axis.max) || usable(axis.min)) scale.high_ += margin;
  }
  if (axis.is_date) {
    scale.date_ticks(target_ticks);
    return scale;
  }
  const double step = nice_step(scale.high_ - scale.low_, target_ticks);
  if (round_out) {
    if (!usable(axis.min)) scale.low_ = std::floor(scale.low_ / step + 1e-9) * step;
    if (!usable(axis.max)) scale.high_ = std::ceil(scale.high_ / step - 1e-9) * step;
  }
  scale.linear_ticks(step);
  return scale;
}

Scale Scale::of_seconds(double end, int target_ticks) {
  constexpr std::array kSteps = {60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0};
  Scale scale;
  scale.low_ = 0;
  scale.high_ = std::isfinite(end) && end > 1e-9 ? std::min(end, 1e9) : 1e-9;
  double step = nice_step(scale.high_, target_ticks);
  if (step > 20) {
    const auto at = std::ranges::find_if(kSteps, [&](double s) { return scale.high_ / s <= target_ticks; });
    step = at != kSteps.end() ? *at : std::ceil(scale.high_ / target_ticks / 86400) * 86400;
  }
  for (int i = 0; i * step <= scale.high_ * (1 + 1e-9); ++i) {
    const double value = i * step;
    std::string label;
    if (step >= 3600) {
      label = fmt::format("{:g} h", value / 3600);
    } else if (step >= 60) {
      label = fmt::format("{:g} min", value / 60);
    } else if (step >= 1 || scale.high_ >= 1) {
      label = format_tick(value, step) + " s";
    } else if (scale.high_ >= 1e-3) {
      label = format_tick(value * 1e3, step * 1e3) + " ms";
    } else {
      label = format_tick(value * 1e6, step * 1e6) + " µs";
    }
    scale.ticks_.push_back({value, i == 0 ? "0" : label});
  }
  return scale;
}

void Scale::category_ticks(const std::vector<std::string>& names, int target_ticks) {
  constexpr size_t kTickColumns = 9;
  low_ = -0.5;
  high_ = static_cast<double>(names.size()) - 0.5;
  const auto most = static_cast<size_t>(std::max(target_ticks, 1)) + 4;
  const size_t stride = (names.size() + most - 1) / most;
  for (size_t i = 0; i < names.size(); i += stride)
    ticks_.push_back({static_cast<double>(i), shortened(names[i], kTickColumns)});
}

void Scale::linear_ticks(double step) {
  const double first = std::ceil(low_ / step - 1e-9);
  const double last = std::floor(high_ / step + 1e-9);
  for (double i = first; i <= last && ticks_.size() < 64; i += 1) {
    const double value = std::clamp(i * step, low_, high_);
    ticks_.push_back({value, format_tick(value, step)});
  }
}

// Whole units of the calendar: seconds to weeks by counting, months and years by their first day.
void Scale::date_ticks(int target_ticks) {
  constexpr std::array kSteps = {1.0,    5.0,    15.0,   30.0,    60.0,    300.0,   900.0,    1800.0,
                                 3600.0, 10800., 21600., 43200.0, 86400.0, 172800., 604800.0, 1209600.0};
  constexpr std::array kMonths = {1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000};
  constexpr double kMonth = 30.44 * 86400, kMonday = 4 * 86400;  // 1970-01-05
  const double width = high_ - low_;
  const auto fits = [&](double step) { return width / step <= target_ticks; };
  if (const auto at = std::ranges::find_if(kSteps, fits); at != kSteps.end()) {
    const double shift = *at >= 604800 ? kMonday : 0;
    for (double i = std::ceil((low_ - shift) / *at - 1e-9); i * *at + shift <= high_ && ticks_.size() < 64; i += 1) {
      ticks_.push_back({i * *at + shift, format_date_tick(i * *at + shift, *at)});
    }
    return;
  }
  const auto at = std::ranges::find_if(kMonths, [&](int months) { return fits(months * kMonth); });
  if (at == kMonths.end() || std::abs(low_) > 9e11 || std::abs(high_) > 9e11) {  // beyond what calendars are for
    linear_ticks(nice_step(width, target_ticks));
    return;
  }
  const std::chrono::year_month_day first = std::chrono::sys_days(std::chrono::days(static_cast<int>(low_ / 86400)));
  // From a January on, which every step counts from.
  std::chrono::year_month month = first.year() / 1;
  for (;; month += std::chrono::months(*at)) {
    const auto day = std::chrono::sys_days(month / 1);
    const double value = static_cast<double>(day.time_since_epoch().count()) * 86400;
    if (value > high_ || ticks_.size() >= 64 || !month.ok()) return;
    if (value >= low_) ticks_.push_back({value, format_date_tick(value, *at * kMonth)});
  }
}

void Scale::log_ticks(int target_ticks) {
  const double first = std::ceil(std::log10(low_) - 1e-9);
  const double last = std::floor(std::log10(high_) + 1e-9);
  const double decades = last - first;
  if (decades < 1) {  // less than one whole decade: plain 1-2-5 steps
    linear_ticks(nice_step(high_ - low_, target_ticks));
    return;
  }
  const double stride = std::max(1.0, std::ceil(decades / std::max(target_ticks, 1)));
  for (double i = first; i <= last && ticks_.size() < 64; i += stride) {
    const double value = std::pow(10, i);
    std::string label =
        std::abs(i) <= 4 ? without_trailing_zeros(fmt::format("{:.4f}", value)) : fmt::format("1e{:.0f}", i);
    ticks_.push_back({value, std::move(label)});
  }
}

bool Scale::shows(double value) const {
  if (!std::isfinite(value) || (log_ && value <= 0)) return false;
  const double position = clamped(value);
  return position >= low_ && position <= high_;
}

double Scale::at(double value) const {
  value = std::clamp(clamped(value), low_, high_);
  // Halved, so that the width of the largest range does not overflow.
  const double part = log_ ? (std::log(value) - std::log(low_)) / (std::log(high_) - std::log(low_))
                           : (value / 2 - low_ / 2) / (high_ / 2 - low_ / 2);
  return std::clamp(part, 0.0, 1.0);
}

}  // namespace sinan::plot

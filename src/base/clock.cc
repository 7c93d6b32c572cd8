#include "base/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>

namespace sinan {
namespace {

using std::chrono::nanoseconds;

class SystemClock final : public Clock {
 public:
  TimePoint now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  nanoseconds monotonic() const override { return std::chrono::steady_clock::now().time_since_epoch(); }
  bool wait(nanoseconds duration, const std::atomic<bool>& stop) const override {
    // Short naps: an atomic flag cannot be waited for with a time limit, and 10 ms is quick enough for a person.
    constexpr nanoseconds kNap = std::chrono::milliseconds(10);
    const nanoseconds end = monotonic() + duration;
    while (!stop.load()) {
      const nanoseconds left = end - monotonic();
      if (left <= nanoseconds::zero()) return true;
      std::this_thread::sleep_for(std::min(left, kNap));
    }
    return false;
  }
};

// The fixed number of digits at the front of `text`, which they are taken off.
std::optional<int> take_digits(std::string_view& text, size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc{} || end != text.data() + count || text[0] == '-') return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<TimePoint> read_iso8601(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = take_digits(text, 4);
  if (!year_number || !take(text, '-')) return std::nullopt;
  const auto month_number = take_digits(text, 2);
  if (!month_number || !take(text, '-')) return std::nullopt;
  const auto day_number = take_digits(text, 2);
  if (!day_number || !take(text, 'T')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second) return std::nullopt;
  int64_t micros = 0;
  if (take(text, '.')) {
    int64_t place = 100'000;
    const size_t before = text.size();
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), place /= 10) {
      micros += (text[0] - '0') * place;
    }
    if (text.size() == before) return std::nullopt;
  }
  const year_month_day date{year(*year_number), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number))};
  if (text != "Z" || !date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return TimePoint(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second) + microseconds(micros);
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

bool SimulatedClock::wait(nanoseconds duration, const std::atomic<bool>& stop) const {
  if (stop.load()) return false;
  now_ += std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return true;
}

std::string to_iso8601(TimePoint time) {
  using namespace std::chrono;
  const auto day_start = floor<days>(time);
  const year_month_day date(day_start);
  const hh_mm_ss clock(time - day_start);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

Result<TimePoint> from_iso8601(std::string_view text) {
  if (const auto time = read_iso8601(text)) return *time;
  return fail(Code::kData, fmt::format("not a UTC time of the form 2026-11-22T17:31:37Z: \"{}\"", text));
}

}  // namespace sinan

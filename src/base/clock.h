// Time is injected: code asks a Clock, tests move a SimulatedClock by hand. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sinan {

using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;                       // wall time, may step
  virtual std::chrono::nanoseconds monotonic() const = 0;  // since an arbitrary start, never goes back
  // Returns early (false) when `stop` becomes true. The only place that sleeps.
  virtual bool wait(std::chrono::nanoseconds duration, const std::atomic<bool>& stop) const = 0;
};

const Clock& system_clock();

class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(TimePoint start = TimePoint{}) : now_(start.time_since_epoch().count()) {}
  void advance(std::chrono::microseconds by) { now_ += by.count(); }
  TimePoint now() const override { return TimePoint(std::chrono::microseconds(now_.load())); }
  std::chrono::nanoseconds monotonic() const override { return std::chrono::microseconds(now_.load()); }
  // Moves the clock by `duration` and returns at once.
  bool wait(std::chrono::nanoseconds duration, const std::atomic<bool>& stop) const override;

 private:
  mutable std::atomic<int64_t> now_;
};

// "2026-11-22T17:31:37.123456Z" and back (Code::kData; the fraction may be missing or longer).
std::string to_iso8601(TimePoint time);
Result<TimePoint> from_iso8601(std::string_view text);

}  // namespace sinan

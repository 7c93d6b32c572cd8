// Scale: an axis worked out from its data: range, 1-2-5 ticks, labels, and the map from values to [0, 1].
//
// Total for any doubles: points that are not finite (and, on a logarithmic axis, not positive) are no points; a range
// of one value or none is widened; values beyond 1e300 count as that. Pure values, shared by the SVG and terminal
// renderers.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "plot/chart.h"

namespace sinan::plot {

// The smallest and largest value seen; empty until the first.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  bool empty() const { return low > high; }
  void add(double value);  // ignores what is not finite
};

struct Tick {
  double value = 0;
  std::string label;
};

class Scale {
 public:
  // From the axis's own limits where it has them, else the data's; `round_out` widens the latter to the next ticks. At
  // most about `target_ticks` + 1 ticks.
  static Scale make(const Axis& axis, Range data, int target_ticks, bool round_out);
  // Seconds from zero, with labels such as "30 s", "2 min".
  static Scale of_seconds(double end, int target_ticks);

  bool shows(double value) const;  // inside the range, finite, and positive on a logarithmic axis
  double at(double value) const;   // 0 at low(), 1 at high(); clamped
  double low() const { return low_; }
  double high() const { return high_; }
  bool log() const { return log_; }
  const std::vector<Tick>& ticks() const { return ticks_; }

 private:
  void linear_ticks(double step);
  void log_ticks(int target_ticks);
  void category_ticks(const std::vector<std::string>& names, int target_ticks);
  void date_ticks(int target_ticks);
  double low_ = 0;
  double high_ = 1;
  bool log_ = false;
  std::vector<Tick> ticks_;
};

// A step of 1, 2 or 5 times a power of ten that cuts `width` into at most `target` parts.
double nice_step(double width, int target);
// A value for a person: "1,234", "0.0312", "1.5M", "-2e-07". About four significant digits; never "-0".
std::string format_value(double value);
// A tick label, with as many decimals as `step` has.
std::string format_tick(double value, double step);
// Seconds since 1970-01-01 as "2014-09-01", "09-01 12:00", "12:00:30": as much as a tick every `step` seconds needs.
std::string format_date_tick(double seconds, double step);
// Seconds as "12.3 s", "1 m 02 s".
std::string format_seconds(double seconds);

}  // namespace sinan::plot

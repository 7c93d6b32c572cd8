// Which experiments have outlived their purpose, why, and which of them to take on first: those that still decide over what code
// reads, then those that keep their contexts from others, then what is left of those that have ended. Pure.
//
// That something has been so for long is counted from the experiment's last change, of whatever kind.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "experiment/model.h"
#include "experiment/statements/usage.h"

namespace sinan::experiment {

inline constexpr int64_t kStaleDays = 30;  // unless a question says otherwise
inline constexpr int64_t kMostStaleDays = 36'500;

enum class StaleRisk : uint8_t {
  kHigh,    // it gives units different values that code may read: whoever ends it changes what they see
  kMedium,  // it makes no difference, or for nobody, but keeps its contexts from others
  kLow,     // a draft, or a parameter that an ended experiment has left behind
};
std::string_view to_string(StaleRisk risk);  // "high"

struct Stale {
  const Experiment* experiment = nullptr;
  StaleRisk risk = StaleRisk::kLow;
  int64_t idle_days = 0;                // since its last change
  std::vector<std::string> reasons;     // at least one
  std::vector<std::string> parameters;  // that it is about
  uint64_t reads = 0;                   // of these, as counted
  std::optional<TimePoint> last_read;
  std::string todo;  // a statement, where one is enough
};

struct StaleQuestion {
  TimePoint now;
  int64_t days = kStaleDays;  // without a change or a read
  Usage usage;
  std::function<TimePoint(const Experiment&)> changed;  // last
};

// The riskiest first; of one risk the longest idle. Borrows the configuration.
std::vector<Stale> stale_experiments(const Configuration& configuration, const StaleQuestion& question);

}  // namespace sinan::experiment

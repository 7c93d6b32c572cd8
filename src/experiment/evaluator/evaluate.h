// Evaluation: the value of a parameter for a context, why it is that, and which experiments the value depends on.
//
// An experiment's override beats the parameter's rules, those beat its default, that beats what the caller brought along.
// Pure functions of (snapshot, context) but for the access counters; no allocation, no lock, no failure: what cannot be answered
// is the caller's default with reason kError. Texts borrow from the snapshot.
//
//     Detail detail;
//     bool fast = boolean(snapshot, "search.fast", context, false, &detail);
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/evaluator/snapshot.h"

namespace sinan::experiment {

// OpenFeature's words; to_string() spells them.
enum class Reason : uint8_t { kStatic, kDefault, kTargetingMatch, kSplit, kError };
enum class Problem : uint8_t { kNone, kFlagNotFound, kTypeMismatch };
std::string_view to_string(Reason reason);
std::string_view to_string(Problem problem);  // "", "FLAG_NOT_FOUND", "TYPE_MISMATCH"

// Whether code acts on the value (the access is counted and may be an exposure) or only fetches it for later.
enum class Access : uint8_t { kRead, kPrefetch };

// Where the unit stands in one experiment.
struct Membership {
  uint32_t experiment = format::kNone;
  uint32_t leaf = 0;  // from the left
  uint32_t bucket = 0;
};

struct Detail {
  Reason reason = Reason::kError;
  Problem problem = Problem::kNone;
  bool missing_unit = false;  // an experiment would have applied, had the context its unit
  uint64_t version = 0;       // of the configuration
  uint32_t parameter = format::kNone;
  uint32_t value = format::kNone;  // of the snapshot's values; kNone: the caller's default
  Membership decided_by;           // the experiment whose override it is

  // The experiments whose group the value depends on: had the unit been in another group of one of them, and in its own of the
  // others, it would have got another value. Only these are to be recorded as exposures.
  static constexpr size_t kMaxExposures = 16;
  std::array<Membership, kMaxExposures> exposures;
  uint32_t exposure_count = 0;
};

// Everything but the value itself.
Detail evaluate(const Snapshot& snapshot, std::string_view parameter, const Context& context,
                Access access = Access::kRead);

// The same of a parameter by its number, which must be one of the snapshot's.
Detail evaluate_number(const Snapshot& snapshot, uint32_t parameter, const Context& context,
                       Access access = Access::kRead);

// For a caller that can use this type only (a number of ValueType): another one is kTypeMismatch. An int serves as a double.
Detail evaluate_as(const Snapshot& snapshot, std::string_view parameter, uint32_t type, const Context& context,
                   Access access = Access::kRead);

bool boolean(const Snapshot& snapshot, std::string_view parameter, const Context& context, bool fallback,
             Detail* detail = nullptr);
int64_t integer(const Snapshot& snapshot, std::string_view parameter, const Context& context, int64_t fallback,
                Detail* detail = nullptr);
// An int parameter too.
double real(const Snapshot& snapshot, std::string_view parameter, const Context& context, double fallback,
            Detail* detail = nullptr);
std::string_view string(const Snapshot& snapshot, std::string_view parameter, const Context& context,
                        std::string_view fallback, Detail* detail = nullptr);
// The text of a JSON parameter.
std::string_view json(const Snapshot& snapshot, std::string_view parameter, const Context& context,
                      std::string_view fallback, Detail* detail = nullptr);

std::string_view experiment_name(const Snapshot& snapshot, const Membership& membership);
std::string_view group_name(const Snapshot& snapshot, const Membership& membership);

// One decision on the way to a value; allocates.
struct Step {
  uint32_t depth = 0;  // of parameters that decide over each other
  std::string text;    // "experiment button_black: branch 1 does not hold: city"
};
std::vector<Step> explain(const Snapshot& snapshot, std::string_view parameter, const Context& context);

// The unit's bucket and leaf by its id alone, conditions, rollout and schedule aside; experiment is kNone without a unit.
Membership membership(const Snapshot& snapshot, uint32_t experiment, const Context& context);
// The bucket that decides over the rollout; kNone without a unit.
uint32_t rollout_bucket(const Snapshot& snapshot, uint32_t experiment, const Context& context);

}  // namespace sinan::experiment

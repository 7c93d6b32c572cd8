// How often services have read each parameter: what tells whether code still needs it. A server's evaluator counts without cost on
// the way of a value (Snapshot::count_access); ReadRecorder takes what has been counted since the last time to the catalog, as a
// note, which makes no version of the configuration.
//
// Only single reads count: whoever fetches all values at once, or evaluates by itself, tells nobody which of them it uses. Reads
// belong to a name: a parameter that is dropped and made again goes on with them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "catalog/catalog.h"

namespace sinan::experiment {

struct Usage {
  struct Reads {
    uint64_t count = 0;
    TimePoint last;  // to the minute
    friend bool operator==(const Reads&, const Reads&) = default;
  };
  std::optional<TimePoint> since;  // when counting began, to the minute; nothing: no server has run yet
  std::map<std::string, Reads, std::less<>> parameters;

  // Null when none was counted.
  const Reads* find(std::string_view parameter) const;
};

// Errors: those of the catalog; kData when the note in it cannot be read.
Result<Usage> stored_usage(const catalog::Catalog& catalog);

// One in a process, on one thread.
class ReadRecorder {
 public:
  // Both must outlive this.
  ReadRecorder(catalog::Catalog& catalog, const Clock& clock) : catalog_(catalog), clock_(clock) {}

  // `counts` are since the process began: Evaluator::counts(). Writes when some have grown, and at the first call. What could not be
  // written is taken along the next time. Errors: those of stored_usage().
  Status record(const std::map<std::string, uint64_t>& counts);

 private:
  catalog::Catalog& catalog_;
  const Clock& clock_;
  std::optional<std::map<std::string, uint64_t>> recorded_;
};

}  // namespace sinan::experiment

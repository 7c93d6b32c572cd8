// The project's configuration as a server serves it: compiled, and replaced within a tenth of a second when a statement has
// published another, whoever ran it. A configuration that cannot be read leaves the last good one in place and is logged. What
// services read is recorded in the catalog every few seconds and at the end.
//
// Thread-safe; has a thread that looks at the catalog.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "experiment/evaluator/evaluator.h"
#include "experiment/ofrep/evaluation.h"
#include "experiment/statements/usage.h"

namespace sinan::experiment {

class ServedConfiguration {
 public:
  // Both must outlive this. `changed` is called after each replacement but the first load, with the version, on the thread of
  // this.
  ServedConfiguration(catalog::Catalog& catalog, const Clock& clock, std::function<void(uint64_t)> changed);
  ~ServedConfiguration();
  ServedConfiguration(const ServedConfiguration&) = delete;
  ServedConfiguration& operator=(const ServedConfiguration&) = delete;

  Evaluator::Reading read() const { return evaluator_.read(); }

  // What all clients get of a snapshot, made when the first asks for it.
  struct Prepared {
    explicit Prepared(const Snapshot& snapshot);
    BulkAnswers bulk;
    std::shared_ptr<const std::string> bytes;  // of the snapshot
  };
  std::shared_ptr<const Prepared> prepared(const Snapshot& snapshot) const;

 private:
  // Whether there was a newer one. Errors: those of the catalog and of bind().
  Result<bool> take_newest();
  Result<uint64_t> newest_version() const;
  void watch();

  const catalog::Catalog& catalog_;
  const Clock& clock_;
  const std::function<void(uint64_t)> changed_;
  Evaluator evaluator_;
  ReadRecorder reads_;  // used by watcher_
  mutable std::mutex prepared_mutex_;
  mutable std::shared_ptr<const Prepared> prepared_;  // guarded by it
  std::atomic<bool> ended_ = false;
  std::thread watcher_;
};

}  // namespace sinan::experiment

// The newest configuration of a catalog, read once and kept until another is published. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "experiment/evaluator/snapshot.h"
#include "experiment/model.h"

namespace sinan::experiment {

// Immutable.
class ConfigurationView {
 public:
  // Errors: those of stored_configuration().
  static Result<std::shared_ptr<const ConfigurationView>> load(const catalog::Catalog& catalog);

  const Configuration& configuration() const { return configuration_; }
  struct ObjectState {
    uint32_t version = 0;
    TimePoint changed;
  };
  // Null when there is no such object.
  const ObjectState* state(const ObjectRef& ref) const;
  // Compiled when it is first asked for. Errors: those of bind().
  Result<std::reference_wrapper<const Snapshot>> snapshot() const;

 private:
  ConfigurationView() = default;
  Configuration configuration_;
  std::map<ObjectRef, ObjectState> states_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<const Snapshot> snapshot_;  // guarded by mutex_ until it is there
};

// Of the configuration; 0 when nothing has been published.
Result<uint64_t> newest_version(const catalog::Catalog& catalog);

class NewestConfiguration {
 public:
  explicit NewestConfiguration(const catalog::Catalog& catalog) : catalog_(catalog) {}
  Result<std::shared_ptr<const ConfigurationView>> read();

 private:
  const catalog::Catalog& catalog_;
  std::mutex mutex_;
  std::shared_ptr<const ConfigurationView> known_;
};

}  // namespace sinan::experiment

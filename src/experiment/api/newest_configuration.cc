#include "experiment/api/newest_configuration.h"

#include <utility>

#include "experiment/bound.h"
#include "experiment/compile.h"
#include "experiment/statements/stored_configuration.h"

namespace sinan::experiment {

Result<uint64_t> newest_version(const catalog::Catalog& catalog) {
  for (const auto& object : TRY(catalog.objects(kConfigurationKind))) return object.ref.version;
  return 0;
}

Result<std::shared_ptr<const ConfigurationView>> ConfigurationView::load(const catalog::Catalog& catalog) {
  // Another version that is published in between makes half of this old: then it is read again.
  for (;;) {
    std::shared_ptr<ConfigurationView> view(new ConfigurationView);
    view->configuration_ = TRY(stored_configuration(catalog));
    for (const std::string_view kind : {kParameterKind, kExperimentKind, kSegmentKind}) {
      for (const auto& object : TRY(catalog.objects(kind))) {
        view->states_[{object.ref.kind, object.ref.name}] = {object.ref.version, object.created};
      }
    }
    if (TRY(newest_version(catalog)) == view->configuration_.version) return view;
  }
}

const ConfigurationView::ObjectState* ConfigurationView::state(const ObjectRef& ref) const {
  const auto found = states_.find(ref);
  return found == states_.end() ? nullptr : &found->second;
}

Result<std::reference_wrapper<const Snapshot>> ConfigurationView::snapshot() const {
  const std::lock_guard lock(mutex_);
  if (!snapshot_) snapshot_ = TRY(Snapshot::load(compile(TRY(bind(configuration_)), configuration_.version)));
  return std::cref(*snapshot_);
}

Result<std::shared_ptr<const ConfigurationView>> NewestConfiguration::read() {
  const uint64_t newest = TRY(newest_version(catalog_));
  const std::lock_guard lock(mutex_);
  if (!known_ || known_->configuration().version != newest) known_ = TRY(ConfigurationView::load(catalog_));
  return known_;
}

}  // namespace sinan::experiment

#include "experiment/ofrep/served_configuration.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "base/log.h"
#include "experiment/bound.h"
#include "experiment/compile.h"
#include "experiment/statements/stored_configuration.h"

namespace sinan::experiment {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr std::chrono::seconds kRecordInterval{5};

}  // namespace

ServedConfiguration::ServedConfiguration(catalog::Catalog& catalog, const Clock& clock,
                                         std::function<void(uint64_t)> changed)
    : catalog_(catalog), clock_(clock), changed_(std::move(changed)), reads_(catalog, clock) {
  if (auto first = take_newest(); !first) log::error("experiments are not served: " + first.error().to_string());
  watcher_ = std::thread([this] { watch(); });
}

ServedConfiguration::~ServedConfiguration() {
  ended_ = true;
  ended_.notify_all();
  watcher_.join();
}

ServedConfiguration::Prepared::Prepared(const Snapshot& snapshot)
    : bulk(snapshot),
      bytes(std::make_shared<const std::string>(reinterpret_cast<const char*>(snapshot.bytes().data()),
                                                snapshot.bytes().size())) {}

std::shared_ptr<const ServedConfiguration::Prepared> ServedConfiguration::prepared(const Snapshot& snapshot) const {
  const std::scoped_lock lock(prepared_mutex_);
  if (prepared_ == nullptr || prepared_->bulk.version() != snapshot.version())
    prepared_ = std::make_shared<const Prepared>(snapshot);
  return prepared_;
}

Result<uint64_t> ServedConfiguration::newest_version() const {
  for (const auto& object : TRY(catalog_.objects(kConfigurationKind))) return object.ref.version;
  return 0;
}

Result<bool> ServedConfiguration::take_newest() {
  if (TRY(newest_version()) == evaluator_.read()->version()) return false;
  const Configuration configuration = TRY(stored_configuration(catalog_));
  const auto bytes = compile(TRY(bind(configuration)), configuration.version);
  TRY(evaluator_.load(bytes));
  return true;
}

void ServedConfiguration::watch() {
  // The same trouble is logged once.
  const auto log_news = [](std::string_view what, const Error* error, std::string& told) {
    std::string trouble = error == nullptr ? "" : error->to_string();
    if (!trouble.empty() && trouble != told) log::error(fmt::format("{}: {}", what, trouble));
    told = std::move(trouble);
  };
  std::string served_told;
  std::string reads_told;
  const auto record = [&] {
    const Status recorded = reads_.record(evaluator_.counts().accesses);
    log_news("reads of parameters are not recorded", recorded ? nullptr : &recorded.error(), reads_told);
  };
  record();
  auto recorded_at = clock_.monotonic();
  while (clock_.wait(kInterval, ended_)) {
    const auto taken = take_newest();
    if (taken && *taken) changed_(evaluator_.read()->version());
    log_news("the last good experiments are served", taken ? nullptr : &taken.error(), served_told);
    if (clock_.monotonic() - recorded_at < kRecordInterval) continue;
    record();
    recorded_at = clock_.monotonic();
  }
  record();
}

}  // namespace sinan::experiment

// The OpenFeature provider that evaluates in this process: experiment::Client behind it. It answers what the server's OFREP answers for the
// same context: the targeting key is an attribute `targetingKey`, and is `user_id` too where the context has none; where an
// experiment lacks its unit the answer is TARGETING_KEY_MISSING.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "experiment/client/client.h"
#include "experiment/client/openfeature/provider.h"

namespace sinan::openfeature {

class SinanProvider final : public Provider {
 public:
  // Gets what track() is told, merged context and all; events are kept nowhere else.
  using Tracker = std::function<void(std::string_view event, const EvaluationContext&, const TrackingDetails&)>;

  explicit SinanProvider(experiment::ClientOptions options, Tracker tracker = nullptr);
  ~SinanProvider() override;

  std::string_view name() const override { return "sinan"; }
  // Waits as the options say. Without a snapshot by then it is an error, and READY is told when there is one.
  Status initialize(const EvaluationContext& context, Emit emit) override;
  void shutdown() override;
  Resolution<Value> resolve(std::string_view flag_key, FlagType type, const Value& fallback,
                            const EvaluationContext& context) override;
  void track(std::string_view event, const EvaluationContext& context, const TrackingDetails& details) override;

 private:
  void tell(experiment::Client& client, experiment::ClientEvent event, const Emit& emit);

  const experiment::ClientOptions options_;
  const Tracker tracker_;
  // Evaluations that have begun keep it beyond shutdown().
  std::shared_ptr<experiment::Client> client_;                           // guarded by mutex_
  experiment::ClientStatus told_ = experiment::ClientStatus::kNotReady;  // guarded by mutex_
  std::mutex mutex_;
};

}  // namespace sinan::openfeature

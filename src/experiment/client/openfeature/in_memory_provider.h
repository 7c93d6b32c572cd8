// A provider whose flags are given by the program: for its tests (specification 0.8, appendix A).
//
//     auto flags = std::make_shared<InMemoryProvider>(InMemoryProvider::Flags{
//         {"search.fast", {.variants = {{"on", true}, {"off", false}}, .default_variant = "off"}}});
//     api().set_provider_and_wait(flags);
//
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "experiment/client/openfeature/provider.h"

namespace sinan::openfeature {

class InMemoryProvider final : public Provider {
 public:
  struct Flag {
    std::map<std::string, Value, std::less<>> variants;
    std::string default_variant;
    // The variant for a context; what is empty or unknown stands for the default variant.
    std::function<std::string(const EvaluationContext&)> choose = nullptr;
    bool is_disabled = false;  // then callers' defaults are served, with the reason DISABLED
    Metadata metadata = {};
  };
  using Flags = std::map<std::string, Flag, std::less<>>;

  explicit InMemoryProvider(Flags flags = {});

  // Replaces these flags, or adds them; PROVIDER_CONFIGURATION_CHANGED names them.
  void update(const Flags& flags);

  std::string_view name() const override { return "in-memory"; }
  Status initialize(const EvaluationContext& context, Emit emit) override;
  void shutdown() override;
  Resolution<Value> resolve(std::string_view flag_key, FlagType type, const Value& fallback,
                            const EvaluationContext& context) override;

 private:
  std::mutex mutex_;
  Flags flags_;  // guarded by mutex_
  Emit emit_;    // guarded by mutex_
};

}  // namespace sinan::openfeature

#include "experiment/client/openfeature/in_memory_provider.h"

#include <utility>

namespace sinan::openfeature {

InMemoryProvider::InMemoryProvider(Flags flags) : flags_(std::move(flags)) {}

Status InMemoryProvider::initialize(const EvaluationContext& /*context*/, Emit emit) {
  const std::lock_guard lock(mutex_);
  emit_ = std::move(emit);
  return {};
}

void InMemoryProvider::shutdown() {
  const std::lock_guard lock(mutex_);
  emit_ = nullptr;
}

void InMemoryProvider::update(const Flags& flags) {
  EventDetails details;
  Emit emit;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, flag] : flags) {
      flags_[key] = flag;
      details.flags_changed.push_back(key);
    }
    emit = emit_;
  }
  if (emit) emit(ProviderEvent::kConfigurationChanged, std::move(details));
}

Resolution<Value> InMemoryProvider::resolve(std::string_view flag_key, FlagType /*type*/, const Value& fallback,
                                            const EvaluationContext& context) {
  Flag flag;
  {
    const std::lock_guard lock(mutex_);
    const auto found = flags_.find(flag_key);
    if (found == flags_.end()) {
      return {.value = fallback,
              .reason = Reason::kError,
              .error_code = ErrorCode::kFlagNotFound,
              .error_message = "no such flag: " + std::string(flag_key)};
    }
    flag = found->second;
  }
  if (flag.is_disabled) return {.value = fallback, .reason = Reason::kDisabled, .flag_metadata = flag.metadata};
  const std::string chosen = flag.choose ? flag.choose(context) : std::string();
  const bool is_default = !flag.variants.contains(chosen);
  const std::string& variant = is_default ? flag.default_variant : chosen;
  const auto found = flag.variants.find(variant);
  if (found == flag.variants.end()) {
    return {.value = fallback,
            .reason = Reason::kError,
            .error_code = ErrorCode::kGeneral,
            .error_message = "the flag has no such variant: " + variant};
  }
  const Reason reason = !flag.choose ? Reason::kStatic : is_default ? Reason::kDefault : Reason::kTargetingMatch;
  return {.value = found->second, .reason = reason, .variant = variant, .flag_metadata = flag.metadata};
}

}  // namespace sinan::openfeature

// What OpenFeature (specification 0.8) asks of a provider and of hooks, and what they are told. Implemented by SinanProvider, by
// tests, and by whoever brings values from elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "experiment/client/openfeature/value.h"

namespace sinan::openfeature {

enum class FlagType : uint8_t { kBoolean, kInteger, kDouble, kString, kObject };
enum class Reason : uint8_t {
  kStatic,
  kDefault,
  kTargetingMatch,
  kSplit,
  kCached,
  kDisabled,
  kUnknown,
  kStale,
  kError
};
enum class ErrorCode : uint8_t {
  kNone,
  kProviderNotReady,
  kFlagNotFound,
  kParseError,
  kTypeMismatch,
  kTargetingKeyMissing,
  kInvalidContext,
  kProviderFatal,
  kGeneral
};
enum class ProviderStatus : uint8_t { kNotReady, kReady, kError, kStale, kFatal };
enum class ProviderEvent : uint8_t { kReady, kError, kConfigurationChanged, kStale };

// The specification's words: "TARGETING_MATCH", "FLAG_NOT_FOUND", "NOT_READY", "PROVIDER_READY".
std::string_view to_string(Reason reason);
std::string_view to_string(ErrorCode code);
std::string_view to_string(ProviderStatus status);
std::string_view to_string(ProviderEvent event);

// `value` is the caller's default when there is an error.
template <class T>
struct Resolution {
  T value{};
  Reason reason = Reason::kUnknown;
  std::string variant;
  ErrorCode error_code = ErrorCode::kNone;
  std::string error_message;
  Metadata flag_metadata;
};
template <class T>
struct Details : Resolution<T> {
  std::string flag_key;
};

struct EventDetails {
  std::string provider_name;  // filled in on the way
  std::vector<std::string> flags_changed;
  std::string message;
  ErrorCode error_code = ErrorCode::kNone;
  Metadata metadata;
};

struct TrackingDetails {
  std::optional<double> value = {};
  Structure attributes = {};
};

struct HookContext {
  std::string_view flag_key;
  FlagType type = FlagType::kBoolean;
  const Value& fallback;
  std::string_view client_domain;
  std::string_view provider_name;
  const EvaluationContext& context;  // as merged so far
  Structure& data;                   // of this hook and this evaluation: from one stage to the next
};
using HookHints = Structure;

// Stages of an evaluation. An error of before() or after() ends it with the caller's default; so does an exception in any of them.
class Hook {
 public:
  virtual ~Hook() = default;
  // What is answered is merged into the context, over all else.
  virtual Result<EvaluationContext> before(const HookContext& /*context*/, const HookHints& /*hints*/) {
    return EvaluationContext();
  }
  virtual Status after(const HookContext& /*context*/, const Details<Value>& /*details*/, const HookHints& /*hints*/) {
    return {};
  }
  virtual void error(const HookContext& /*context*/, const Error& /*error*/, const HookHints& /*hints*/) {}
  virtual void finally_after(const HookContext& /*context*/, const Details<Value>& /*details*/,
                             const HookHints& /*hints*/) {}
};
// Shared: the same hook may stand at the API, at clients and in calls.
using Hooks = std::vector<std::shared_ptr<Hook>>;

// All but initialize() and shutdown() are called by many threads at once.
class Provider {
 public:
  using Emit = std::function<void(ProviderEvent, EventDetails)>;

  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;
  // Success makes it READY, kInternal FATAL, any other error ERROR. May take long; `emit` may be called from then on, by any
  // thread, until shutdown() has returned.
  virtual Status initialize(const EvaluationContext& /*context*/, Emit /*emit*/) { return {}; }
  virtual void shutdown() {}
  // A value of the type that is asked for, or an error.
  virtual Resolution<Value> resolve(std::string_view flag_key, FlagType type, const Value& fallback,
                                    const EvaluationContext& context) = 0;
  virtual Hooks hooks() { return {}; }
  virtual void track(std::string_view /*event*/, const EvaluationContext& /*context*/,
                     const TrackingDetails& /*details*/) {}
};

}  // namespace sinan::openfeature

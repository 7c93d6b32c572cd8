// OpenFeature for C++ (specification 0.8, for servers): the API, its clients, hooks, events, contexts and tracking.
//
//     openfeature::Api& api = openfeature::api();
//     TRY(api.set_provider_and_wait(std::make_shared<openfeature::SinanProvider>(options)));
//     openfeature::Client client = api.client();
//     bool fast = client.boolean_value("search.fast", false, {.targeting_key = "u42"});
//
// Getters never fail, throw or wait: what cannot be answered is the caller's default with the reason ERROR and a code. Thread-safe,
// all of it; handlers run on the thread that caused the event, and may call anything but shutdown().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "experiment/client/openfeature/provider.h"

namespace sinan::openfeature {

// Of one evaluation.
struct EvaluationOptions {
  Hooks hooks = {};
  HookHints hints = {};
};

using Handler = std::function<void(const EventDetails&)>;
using HandlerId = uint64_t;

class Registry;

// Cheap to copy: a domain, with the state that its copies share. May be kept for good; goes on with whatever provider its domain has.
class Client {
 public:
  bool boolean_value(std::string_view key, bool fallback, const EvaluationContext& context = {},
                     const EvaluationOptions& options = {}) const {
    return boolean_details(key, fallback, context, options).value;
  }
  int64_t integer_value(std::string_view key, int64_t fallback, const EvaluationContext& context = {},
                        const EvaluationOptions& options = {}) const {
    return integer_details(key, fallback, context, options).value;
  }
  double double_value(std::string_view key, double fallback, const EvaluationContext& context = {},
                      const EvaluationOptions& options = {}) const {
    return double_details(key, fallback, context, options).value;
  }
  std::string string_value(std::string_view key, std::string_view fallback, const EvaluationContext& context = {},
                           const EvaluationOptions& options = {}) const {
    return string_details(key, fallback, context, options).value;
  }
  // A list or a structure.
  Value object_value(std::string_view key, const Value& fallback, const EvaluationContext& context = {},
                     const EvaluationOptions& options = {}) const {
    return object_details(key, fallback, context, options).value;
  }
  Details<bool> boolean_details(std::string_view key, bool fallback, const EvaluationContext& context = {},
                                const EvaluationOptions& options = {}) const;
  Details<int64_t> integer_details(std::string_view key, int64_t fallback, const EvaluationContext& context = {},
                                   const EvaluationOptions& options = {}) const;
  Details<double> double_details(std::string_view key, double fallback, const EvaluationContext& context = {},
                                 const EvaluationOptions& options = {}) const;
  Details<std::string> string_details(std::string_view key, std::string_view fallback,
                                      const EvaluationContext& context = {},
                                      const EvaluationOptions& options = {}) const;
  Details<Value> object_details(std::string_view key, const Value& fallback, const EvaluationContext& context = {},
                                const EvaluationOptions& options = {}) const;

  void track(std::string_view event, const EvaluationContext& context = {}, const TrackingDetails& details = {}) const;

  const std::string& domain() const;
  ProviderStatus provider_status() const;
  void set_context(EvaluationContext context);
  void add_hooks(const Hooks& hooks);
  // Runs at once when the provider is in the state that the event tells.
  HandlerId add_handler(ProviderEvent event, Handler handler);
  void remove_handler(HandlerId id);

 private:
  friend class Api;
  struct State;
  Client(Registry& registry, std::string_view domain);
  Details<Value> evaluate(std::string_view key, FlagType type, const Value& fallback, const EvaluationContext& context,
                          const EvaluationOptions& options) const;

  Registry* registry_;
  std::shared_ptr<State> state_;
};

class Api {
 public:
  Api();
  ~Api();  // shuts down
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // For `domain`, or for all clients whose domain has none. The provider that it replaces is shut down when no domain has it any
  // more. Initialises on a thread of its own, or waits for it and answers what became of it.
  void set_provider(std::shared_ptr<Provider> provider, std::string_view domain = "");
  Status set_provider_and_wait(std::shared_ptr<Provider> provider, std::string_view domain = "");
  std::string provider_name(std::string_view domain = "") const;

  void set_context(EvaluationContext context);
  void add_hooks(const Hooks& hooks);
  HandlerId add_handler(ProviderEvent event, Handler handler);
  void remove_handler(HandlerId id);

  Client client(std::string_view domain = "");
  // Shuts down all providers, and forgets them with hooks, handlers and context.
  void shutdown();

 private:
  std::unique_ptr<Registry> registry_;
};

// The one of the process.
Api& api();

// The context of what this thread is doing (a request), for as long as this lives; it hides the one around it.
class TransactionContext {
 public:
  explicit TransactionContext(EvaluationContext context);
  ~TransactionContext();
  TransactionContext(const TransactionContext&) = delete;
  TransactionContext& operator=(const TransactionContext&) = delete;

  static const EvaluationContext* current();  // null where there is none

 private:
  EvaluationContext context_;
  TransactionContext* around_;
};

}  // namespace sinan::openfeature

#include "experiment/client/openfeature/api.h"

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace sinan::openfeature {
namespace {

// Provides nothing: what domains have before a provider is set.
class NoProvider final : public Provider {
 public:
  std::string_view name() const override { return "none"; }
  Resolution<Value> resolve(std::string_view /*key*/, FlagType /*type*/, const Value& fallback,
                            const EvaluationContext& /*context*/) override {
    return {.value = fallback, .reason = Reason::kDefault};
  }
};

// Code of others may throw; ours does not.
template <class Result, class Call>
Result guarded(Call call) {
  try {
    return call();
  } catch (const std::exception& exception) {
    return fail(Code::kIo, std::string("an exception: ") + exception.what());
  } catch (...) {
    return fail(Code::kIo, "an exception");
  }
}
template <class Call>
void guarded_call(Call call) {
  (void)guarded<Status>([&]() -> Status {
    call();
    return {};
  });
}

bool is_of(const Value& value, FlagType type) {
  switch (type) {
    case FlagType::kBoolean:
      return value.get_if<bool>() != nullptr;
    case FlagType::kInteger:
      return value.get_if<int64_t>() != nullptr;
    case FlagType::kDouble:
      return value.get_if<double>() != nullptr;
    case FlagType::kString:
      return value.get_if<std::string>() != nullptr;
    case FlagType::kObject:
      return value.get_if<Value::List>() != nullptr || value.get_if<Structure>() != nullptr;
  }
  return false;
}

ProviderStatus status_after(ProviderEvent event, const EventDetails& details, ProviderStatus before) {
  switch (event) {
    case ProviderEvent::kReady:
      return ProviderStatus::kReady;
    case ProviderEvent::kStale:
      return ProviderStatus::kStale;
    case ProviderEvent::kError:
      return details.error_code == ErrorCode::kProviderFatal ? ProviderStatus::kFatal : ProviderStatus::kError;
    case ProviderEvent::kConfigurationChanged:
      return before;
  }
  return before;
}

// The event that tells this status; nothing for NOT_READY.
std::optional<ProviderEvent> event_of(ProviderStatus status) {
  switch (status) {
    case ProviderStatus::kReady:
      return ProviderEvent::kReady;
    case ProviderStatus::kStale:
      return ProviderEvent::kStale;
    case ProviderStatus::kError:
    case ProviderStatus::kFatal:
      return ProviderEvent::kError;
    case ProviderStatus::kNotReady:
      break;
  }
  return std::nullopt;
}

thread_local TransactionContext* transaction = nullptr;

}  // namespace

// Shared by the registry and evaluations that have begun.
struct Bound {
  std::shared_ptr<Provider> provider;
  ProviderStatus status = ProviderStatus::kNotReady;  // guarded by the registry
};

struct HandlerEntry {
  HandlerId id = 0;
  ProviderEvent event = ProviderEvent::kReady;
  Handler run;
};

// What the API, and each client, brings to every evaluation. Never changed once it is shared: evaluations that have begun hold it.
struct Surroundings {
  EvaluationContext context;
  Hooks hooks;
};
using SharedSurroundings = std::shared_ptr<const Surroundings>;

SharedSurroundings with_context(const SharedSurroundings& before, EvaluationContext context) {
  return std::make_shared<const Surroundings>(std::move(context), before->hooks);
}
SharedSurroundings with_hooks(const SharedSurroundings& before, const Hooks& more) {
  Surroundings now = *before;
  now.hooks.insert(now.hooks.end(), more.begin(), more.end());
  return std::make_shared<const Surroundings>(std::move(now));
}

struct Client::State {
  std::string domain;
  SharedSurroundings surroundings = std::make_shared<const Surroundings>();  // guarded by the registry
};

// What the API and all of its clients share.
class Registry {
 public:
  Registry() { providers_[""] = none(); }

  static std::shared_ptr<Bound> none() {
    return std::make_shared<Bound>(Bound{std::make_shared<NoProvider>(), ProviderStatus::kReady});
  }

  const std::shared_ptr<Bound>& bound(std::string_view domain) const {
    const auto found = providers_.find(domain);
    return found == providers_.end() ? providers_.find("")->second : found->second;
  }

  // What an evaluation of a client begins with.
  struct Seen {
    std::shared_ptr<Bound> bound;
    ProviderStatus status = ProviderStatus::kNotReady;
    SharedSurroundings api;
    SharedSurroundings client;

    // In the order of precedence, least first; `last` is that of the call.
    template <class Use>
    void for_each_context(const EvaluationContext& last, Use use) const {
      use(api->context);
      if (const EvaluationContext* current = TransactionContext::current()) use(*current);
      use(client->context);
      use(last);
    }
  };
  Seen see(std::string_view domain, const SharedSurroundings& client) const {
    const std::lock_guard lock(mutex);
    const std::shared_ptr<Bound>& found = bound(domain);
    return {found, found->status, surroundings, client};
  }

  // The provider's place, and whether it has to be initialised there; `replaced` is to be shut down.
  struct Placed {
    std::shared_ptr<Bound> bound;
    bool is_new = false;
    std::shared_ptr<Bound> replaced;
  };
  Placed place(std::shared_ptr<Provider> provider, std::string_view domain) {
    const std::lock_guard lock(mutex);
    Placed placed;
    for (const auto& [name, bound] : providers_) {
      if (bound->provider == provider) placed.bound = bound;
    }
    placed.is_new = placed.bound == nullptr;
    if (placed.is_new) placed.bound = std::make_shared<Bound>(Bound{std::move(provider), ProviderStatus::kNotReady});
    std::shared_ptr<Bound>& slot = providers_[std::string(domain)];
    const std::shared_ptr<Bound> before = std::exchange(slot, placed.bound);
    if (before != nullptr && !is_used(before)) placed.replaced = before;
    return placed;
  }

  Status initialize(const std::shared_ptr<Bound>& bound) {
    EvaluationContext given;
    {
      const std::lock_guard lock(mutex);
      given = surroundings->context;
    }
    const std::weak_ptr<Bound> weak = bound;
    const Status status = guarded<Status>([&] {
      return bound->provider->initialize(given, [this, weak](ProviderEvent event, EventDetails details) {
        if (const auto target = weak.lock()) emit(target, event, std::move(details));
      });
    });
    if (status) {
      emit(bound, ProviderEvent::kReady, {});
    } else {
      const bool is_fatal = status.error().code == Code::kInternal;
      emit(bound, ProviderEvent::kError,
           {.message = status.error().message,
            .error_code = is_fatal ? ErrorCode::kProviderFatal : ErrorCode::kGeneral});
    }
    return status;
  }

  // Runs the handlers of the API and of the clients whose domain has the provider.
  void emit(const std::shared_ptr<Bound>& bound, ProviderEvent event, EventDetails details) {
    std::vector<Handler> run;
    {
      const std::lock_guard lock(mutex);
      if (!is_used(bound)) return;  // it was replaced in the meantime
      bound->status = status_after(event, details, bound->status);
      for (const HandlerEntry& entry : handlers) {
        if (entry.event == event) run.push_back(entry.run);
      }
      for (const auto& [domain, entries] : client_handlers) {
        if (this->bound(domain) != bound) continue;
        for (const HandlerEntry& entry : entries) {
          if (entry.event == event) run.push_back(entry.run);
        }
      }
    }
    details.provider_name = bound->provider->name();
    for (const Handler& handler : run) guarded_call([&] { handler(details); });
  }

  // Of a client where it has a domain, else of the API.
  HandlerId add(const std::string* domain, ProviderEvent event, Handler handler) {
    std::shared_ptr<Bound> now;
    HandlerId id = 0;
    {
      const std::lock_guard lock(mutex);
      id = ++last_id_;
      (domain == nullptr ? handlers : client_handlers[*domain]).push_back({id, event, handler});
      now = bound(domain == nullptr ? "" : *domain);
      if (event_of(now->status) != event) now = nullptr;
    }
    if (now != nullptr) guarded_call([&] { handler({.provider_name = std::string(now->provider->name())}); });
    return id;
  }

  void remove(HandlerId id) {
    const std::lock_guard lock(mutex);
    std::erase_if(handlers, [&](const HandlerEntry& entry) { return entry.id == id; });
    for (auto& [domain, entries] : client_handlers)
      std::erase_if(entries, [&](const HandlerEntry& entry) { return entry.id == id; });
  }

  // All providers but ours; what they were is forgotten.
  std::vector<std::shared_ptr<Bound>> take_all() {
    std::vector<HandlerEntry> old_handlers;  // destroyed without the lock, as they are code of others
    decltype(client_handlers) old_client_handlers;
    auto old_surroundings = std::make_shared<const Surroundings>();
    const std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<Bound>> all;
    for (const auto& [domain, bound] : providers_) {
      if (std::ranges::find(all, bound) == all.end()) all.push_back(bound);
    }
    providers_.clear();
    providers_[""] = none();
    handlers.swap(old_handlers);
    client_handlers.swap(old_client_handlers);
    surroundings.swap(old_surroundings);
    return all;
  }

  // A thread for a provider that is initialised, or shut down, while nobody waits.
  void in_background(std::function<void()> work) {
    const std::lock_guard lock(threads_mutex_);
    threads_.emplace_back(std::move(work));
  }
  void join() {
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(threads_mutex_);
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
  }

  mutable std::mutex mutex;  // of all below; never held while code of others runs
  SharedSurroundings surroundings = std::make_shared<const Surroundings>();
  std::vector<HandlerEntry> handlers;
  std::map<std::string, std::vector<HandlerEntry>, std::less<>> client_handlers;  // by domain

 private:
  bool is_used(const std::shared_ptr<Bound>& bound) const {
    return std::ranges::any_of(providers_, [&](const auto& entry) { return entry.second == bound; });
  }

  std::map<std::string, std::shared_ptr<Bound>, std::less<>> providers_;
  HandlerId last_id_ = 0;
  std::mutex threads_mutex_;
  std::vector<std::thread> threads_;
};

namespace {

// One evaluation on its way through the hooks.
class Evaluation {
 public:
  Evaluation(std::string_view key, FlagType type, const Value& fallback, std::string_view domain, Provider& provider,
             const HookHints& hints)
      : key_(key), type_(type), fallback_(fallback), domain_(domain), provider_(provider), hints_(hints) {}

  // In the order of before(): API, client, invocation, provider.
  void add_hooks(const Hooks& hooks) {
    for (const auto& hook : hooks) stages_.push_back({hook.get(), {}});
  }

  // In the order of precedence, least first: API, transaction, client, invocation. It has to outlive this.
  void add_context(const EvaluationContext& context) {
    if (context.is_empty()) return;
    if (context_->is_empty()) {
      context_ = &context;
    } else {
      merge(context);
    }
  }

  Details<Value> run(ProviderStatus status) {
    Details<Value> details = attempt(status);
    details.flag_key = key_;
    if (details.error_code != ErrorCode::kNone) {
      const Error error = {
          .code = Code::kData, .message = details.error_message, .hint = {}, .span = {}, .context = {}};
      backwards([&](Stage& stage) { stage.hook->error(of(stage), error, hints_); });
    }
    backwards([&](Stage& stage) { stage.hook->finally_after(of(stage), details, hints_); });
    return details;
  }

 private:
  struct Stage {
    Hook* hook;
    Structure data;
  };

  HookContext of(Stage& stage) { return {key_, type_, fallback_, domain_, provider_.name(), *context_, stage.data}; }
  void merge(const EvaluationContext& over) {
    if (context_ != &merged_) merged_ = *context_;
    merged_.merge(over);
    context_ = &merged_;
  }
  template <class Call>
  void backwards(Call call) {
    for (size_t i = stages_.size(); i > 0; --i) guarded_call([&] { call(stages_[i - 1]); });
  }
  Details<Value> failure(ErrorCode code, std::string message) const {
    Details<Value> details;
    details.value = fallback_;
    details.reason = Reason::kError;
    details.error_code = code;
    details.error_message = std::move(message);
    return details;
  }

  Details<Value> attempt(ProviderStatus status) {
    if (status == ProviderStatus::kNotReady)
      return failure(ErrorCode::kProviderNotReady, "the provider has not been initialised yet");
    if (status == ProviderStatus::kFatal) return failure(ErrorCode::kProviderFatal, "the provider cannot be used");
    for (Stage& stage : stages_) {
      const auto added = guarded<Result<EvaluationContext>>([&] { return stage.hook->before(of(stage), hints_); });
      if (!added) return failure(ErrorCode::kGeneral, "a hook failed: " + added.error().message);
      if (!added->is_empty()) merge(*added);
    }
    Details<Value> details = resolve();
    if (details.error_code != ErrorCode::kNone) return details;
    for (size_t i = stages_.size(); i > 0; --i) {
      Stage& stage = stages_[i - 1];
      const Status after = guarded<Status>([&] { return stage.hook->after(of(stage), details, hints_); });
      if (!after) return failure(ErrorCode::kGeneral, "a hook failed: " + after.error().message);
    }
    return details;
  }

  Details<Value> resolve() {
    auto resolved = guarded<Result<Resolution<Value>>>(
        [&]() -> Result<Resolution<Value>> { return provider_.resolve(key_, type_, fallback_, *context_); });
    if (!resolved) return failure(ErrorCode::kGeneral, "the provider failed: " + resolved.error().message);
    Details<Value> details;
    static_cast<Resolution<Value>&>(details) = *std::move(resolved);
    if (details.error_code != ErrorCode::kNone) {
      details.value = fallback_;
      details.reason = Reason::kError;
    } else if (!is_of(details.value, type_)) {
      return failure(ErrorCode::kTypeMismatch, "the value is of another type");
    }
    return details;
  }

  std::string_view key_;
  FlagType type_;
  const Value& fallback_;
  std::string_view domain_;
  Provider& provider_;
  const HookHints& hints_;
  EvaluationContext merged_;                     // where there is more than one
  const EvaluationContext* context_ = &merged_;  // that one, or the only one that is not empty
  std::vector<Stage> stages_;
};

template <class T>
Details<T> typed(Details<Value> from) {
  Details<T> details;
  details.value = *from.value.get_if<T>();
  details.reason = from.reason;
  details.variant = std::move(from.variant);
  details.error_code = from.error_code;
  details.error_message = std::move(from.error_message);
  details.flag_metadata = std::move(from.flag_metadata);
  details.flag_key = std::move(from.flag_key);
  return details;
}

template <class Enum, size_t kCount>
std::string_view name_of(Enum value, const std::array<std::string_view, kCount>& names) {
  return names[static_cast<size_t>(value)];
}

}  // namespace

std::string_view to_string(Reason reason) {
  return name_of(reason, std::array<std::string_view, 9>{"STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "CACHED",
                                                         "DISABLED", "UNKNOWN", "STALE", "ERROR"});
}
std::string_view to_string(ErrorCode code) {
  return name_of(
      code, std::array<std::string_view, 9>{"", "PROVIDER_NOT_READY", "FLAG_NOT_FOUND", "PARSE_ERROR", "TYPE_MISMATCH",
                                            "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "PROVIDER_FATAL", "GENERAL"});
}
std::string_view to_string(ProviderStatus status) {
  return name_of(status, std::array<std::string_view, 5>{"NOT_READY", "READY", "ERROR", "STALE", "FATAL"});
}
std::string_view to_string(ProviderEvent event) {
  return name_of(event, std::array<std::string_view, 4>{"PROVIDER_READY", "PROVIDER_ERROR",
                                                        "PROVIDER_CONFIGURATION_CHANGED", "PROVIDER_STALE"});
}

void EvaluationContext::merge(const EvaluationContext& over) {
  if (over.targeting_key) targeting_key = over.targeting_key;
  for (const auto& [name, value] : over.attributes) attributes[name] = value;
}

TransactionContext::TransactionContext(EvaluationContext context)
    : context_(std::move(context)), around_(std::exchange(transaction, this)) {}
TransactionContext::~TransactionContext() { transaction = around_; }
const EvaluationContext* TransactionContext::current() {
  return transaction == nullptr ? nullptr : &transaction->context_;
}

Client::Client(Registry& registry, std::string_view domain)
    : registry_(&registry), state_(std::make_shared<State>(State{.domain = std::string(domain)})) {}

const std::string& Client::domain() const { return state_->domain; }

ProviderStatus Client::provider_status() const {
  const std::lock_guard lock(registry_->mutex);
  return registry_->bound(state_->domain)->status;
}

void Client::set_context(EvaluationContext context) {
  const std::lock_guard lock(registry_->mutex);
  state_->surroundings = with_context(state_->surroundings, std::move(context));
}

void Client::add_hooks(const Hooks& hooks) {
  const std::lock_guard lock(registry_->mutex);
  state_->surroundings = with_hooks(state_->surroundings, hooks);
}

HandlerId Client::add_handler(ProviderEvent event, Handler handler) {
  return registry_->add(&state_->domain, event, std::move(handler));
}
void Client::remove_handler(HandlerId id) { registry_->remove(id); }

Details<Value> Client::evaluate(std::string_view key, FlagType type, const Value& fallback,
                                const EvaluationContext& context, const EvaluationOptions& options) const {
  const Registry::Seen seen = registry_->see(state_->domain, state_->surroundings);
  const Hooks inner =
      guarded<Result<Hooks>>([&]() -> Result<Hooks> { return seen.bound->provider->hooks(); }).value_or(Hooks());
  Evaluation evaluation(key, type, fallback, state_->domain, *seen.bound->provider, options.hints);
  for (const Hooks* hooks :
       std::array<const Hooks*, 4>{&seen.api->hooks, &seen.client->hooks, &options.hooks, &inner}) {
    evaluation.add_hooks(*hooks);
  }
  seen.for_each_context(context, [&](const EvaluationContext& one) { evaluation.add_context(one); });
  return evaluation.run(seen.status);
}

Details<bool> Client::boolean_details(std::string_view key, bool fallback, const EvaluationContext& context,
                                      const EvaluationOptions& options) const {
  return typed<bool>(evaluate(key, FlagType::kBoolean, fallback, context, options));
}
Details<int64_t> Client::integer_details(std::string_view key, int64_t fallback, const EvaluationContext& context,
                                         const EvaluationOptions& options) const {
  return typed<int64_t>(evaluate(key, FlagType::kInteger, fallback, context, options));
}
Details<double> Client::double_details(std::string_view key, double fallback, const EvaluationContext& context,
                                       const EvaluationOptions& options) const {
  return typed<double>(evaluate(key, FlagType::kDouble, fallback, context, options));
}
Details<std::string> Client::string_details(std::string_view key, std::string_view fallback,
                                            const EvaluationContext& context, const EvaluationOptions& options) const {
  return typed<std::string>(evaluate(key, FlagType::kString, fallback, context, options));
}
Details<Value> Client::object_details(std::string_view key, const Value& fallback, const EvaluationContext& context,
                                      const EvaluationOptions& options) const {
  return evaluate(key, FlagType::kObject, fallback, context, options);
}

void Client::track(std::string_view event, const EvaluationContext& context, const TrackingDetails& details) const {
  const Registry::Seen seen = registry_->see(state_->domain, state_->surroundings);
  EvaluationContext merged;
  seen.for_each_context(context, [&](const EvaluationContext& one) { merged.merge(one); });
  guarded_call([&] { seen.bound->provider->track(event, merged, details); });
}

Api::Api() : registry_(std::make_unique<Registry>()) {}
Api::~Api() { shutdown(); }

void Api::set_provider(std::shared_ptr<Provider> provider, std::string_view domain) {
  const Registry::Placed placed = registry_->place(std::move(provider), domain);
  registry_->in_background([registry = registry_.get(), placed] {
    if (placed.replaced != nullptr) guarded_call([&] { placed.replaced->provider->shutdown(); });
    if (placed.is_new) (void)registry->initialize(placed.bound);
  });
}

Status Api::set_provider_and_wait(std::shared_ptr<Provider> provider, std::string_view domain) {
  const Registry::Placed placed = registry_->place(std::move(provider), domain);
  if (placed.replaced != nullptr)
    registry_->in_background([placed] { guarded_call([&] { placed.replaced->provider->shutdown(); }); });
  return placed.is_new ? registry_->initialize(placed.bound) : Status();
}

std::string Api::provider_name(std::string_view domain) const {
  const std::lock_guard lock(registry_->mutex);
  return std::string(registry_->bound(domain)->provider->name());
}

void Api::set_context(EvaluationContext context) {
  const std::lock_guard lock(registry_->mutex);
  registry_->surroundings = with_context(registry_->surroundings, std::move(context));
}
void Api::add_hooks(const Hooks& hooks) {
  const std::lock_guard lock(registry_->mutex);
  registry_->surroundings = with_hooks(registry_->surroundings, hooks);
}
HandlerId Api::add_handler(ProviderEvent event, Handler handler) {
  return registry_->add(nullptr, event, std::move(handler));
}
void Api::remove_handler(HandlerId id) { registry_->remove(id); }

Client Api::client(std::string_view domain) { return {*registry_, domain}; }

void Api::shutdown() {
  registry_->join();
  for (const auto& bound : registry_->take_all()) guarded_call([&] { bound->provider->shutdown(); });
}

Api& api() {
  static Api the_api;
  return the_api;
}

}  // namespace sinan::openfeature

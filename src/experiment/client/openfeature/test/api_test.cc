// The API by the requirements of the OpenFeature specification 0.8; the numbers are its own.
#include "experiment/client/openfeature/api.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace sinan::openfeature {
namespace {

// Answers what the test put there, and remembers what it was asked.
class TestProvider : public Provider {
 public:
  explicit TestProvider(std::string name = "test") : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  Status initialize(const EvaluationContext& context, Emit given) override {
    emit = std::move(given);
    initialized_with = context;
    return initial;
  }
  void shutdown() override { ++shutdowns; }
  Resolution<Value> resolve(std::string_view key, FlagType /*type*/, const Value& fallback,
                            const EvaluationContext& context) override {
    const std::lock_guard lock(mutex);
    seen = context;
    if (key == "throws") throw std::runtime_error("no");
    const auto found = flags.find(key);
    if (found == flags.end())
      return {.value = fallback,
              .reason = Reason::kError,
              .error_code = ErrorCode::kFlagNotFound,
              .error_message = "no such flag"};
    return {.value = found->second,
            .reason = Reason::kTargetingMatch,
            .variant = "v",
            .flag_metadata = {{"n", int64_t{1}}}};
  }
  Hooks hooks() override { return own_hooks; }
  void track(std::string_view event, const EvaluationContext& context, const TrackingDetails& details) override {
    tracked = std::string(event) + " " + context.targeting_key.value_or("") + " " + std::to_string(*details.value);
  }

  Status initial;
  std::map<std::string, Value, std::less<>> flags;
  Hooks own_hooks;
  Emit emit;
  EvaluationContext initialized_with;
  EvaluationContext seen;
  std::string tracked;
  std::atomic<int> shutdowns = 0;
  std::mutex mutex;

 private:
  std::string name_;
};

class TestHook : public Hook {
 public:
  TestHook(std::string name, std::vector<std::string>& log) : name_(std::move(name)), log_(log) {}
  Result<EvaluationContext> before(const HookContext& context, const HookHints& hints) override {
    log_.push_back(name_ + " before " + std::string(context.flag_key) + (hints.contains("hint") ? " hinted" : ""));
    context.data["own"] = name_;
    if (breaks_before) return fail(Code::kData, "refused");
    return EvaluationContext{.targeting_key = std::nullopt, .attributes = {{"by", name_}, {name_, true}}};
  }
  Status after(const HookContext& context, const Details<Value>& details, const HookHints& /*hints*/) override {
    log_.push_back(name_ + " after " + details.variant);
    EXPECT_EQ(*context.data.at("own").get_if<std::string>(), name_);
    if (breaks_after) throw std::runtime_error("broken");
    return {};
  }
  void error(const HookContext& /*context*/, const Error& error, const HookHints& /*hints*/) override {
    log_.push_back(name_ + " error " + error.message);
  }
  void finally_after(const HookContext& /*context*/, const Details<Value>& details,
                     const HookHints& /*hints*/) override {
    log_.push_back(name_ + " finally " + std::string(to_string(details.reason)));
    throw 7;  // 4.4.6: changes nothing
  }
  bool breaks_before = false;
  bool breaks_after = false;

 private:
  std::string name_;
  std::vector<std::string>& log_;
};

EvaluationContext keyed(const std::string& key) { return {.targeting_key = key, .attributes = {}}; }

TEST(OpenFeature, EveryTypeAndItsDetails) {
  Api api;
  const auto provider = std::make_shared<TestProvider>();
  provider->flags = {
      {"b", true}, {"i", 7}, {"d", 2.5}, {"s", "text"}, {"o", Structure{{"list", Value::List{1, "two"}}}}};
  ASSERT_TRUE(api.set_provider_and_wait(provider).has_value());
  const Client client = api.client();
  EXPECT_TRUE(client.boolean_value("b", false));
  EXPECT_EQ(client.integer_value("i", 0), 7);
  EXPECT_EQ(client.double_value("d", 0), 2.5);
  EXPECT_EQ(client.string_value("s", ""), "text");
  EXPECT_EQ(client.object_value("o", {}), provider->flags["o"]);
  const auto details = client.integer_details("i", 0);
  EXPECT_EQ(details.flag_key, "i");
  EXPECT_EQ(to_string(details.reason), "TARGETING_MATCH");
  EXPECT_EQ(details.variant, "v");
  EXPECT_EQ(details.error_code, ErrorCode::kNone);
  EXPECT_EQ(std::get<int64_t>(details.flag_metadata.at("n")), 1);
}

TEST(OpenFeature, WhatFailsIsTheDefault) {
  Api api;
  const auto provider = std::make_shared<TestProvider>();
  provider->flags["s"] = "text";
  ASSERT_TRUE(api.set_provider_and_wait(provider).has_value());
  const Client client = api.client();
  const auto expect = [&](std::string_view key, std::string_view code) {
    const auto details = client.integer_details(key, 9);
    EXPECT_EQ(details.value, 9);
    EXPECT_EQ(details.reason, Reason::kError);
    EXPECT_EQ(to_string(details.error_code), code);
    EXPECT_FALSE(details.error_message.empty());
  };
  expect("unknown", "FLAG_NOT_FOUND");
  expect("s", "TYPE_MISMATCH");
  expect("throws", "GENERAL");
}

TEST(OpenFeature, WithoutAProviderDefaultsAreServed) {
  Api api;
  const auto details = api.client("nowhere").string_details("s", "mine");
  EXPECT_EQ(details.value, "mine");
  EXPECT_EQ(details.error_code, ErrorCode::kNone);
  EXPECT_EQ(api.provider_name(), "none");
}

TEST(OpenFeature, ContextsAreMergedByPrecedence) {
  Api api;
  const auto provider = std::make_shared<TestProvider>();
  provider->flags["b"] = true;
  api.set_context(
      {.targeting_key = "api", .attributes = {{"a", "api"}, {"t", "api"}, {"c", "api"}, {"i", "api"}, {"h", "api"}}});
  ASSERT_TRUE(api.set_provider_and_wait(provider).has_value());
  EXPECT_EQ(provider->initialized_with.targeting_key, "api");
  Client client = api.client();
  client.set_context(
      {.targeting_key = std::nullopt, .attributes = {{"c", "client"}, {"i", "client"}, {"h", "client"}}});
  class Last : public Hook {
    Result<EvaluationContext> before(const HookContext& context, const HookHints& /*hints*/) override {
      EXPECT_EQ(context.context.attributes.at("i"), Value("call"));
      return EvaluationContext{.targeting_key = std::nullopt, .attributes = {{"h", "hook"}}};
    }
  };
  {
    const TransactionContext outer(keyed("hidden"));
    const TransactionContext request(
        {.targeting_key = std::nullopt, .attributes = {{"t", "request"}, {"c", "request"}}});
    client.boolean_value("b", false, {.targeting_key = "call", .attributes = {{"i", "call"}, {"h", "call"}}},
                         {.hooks = {std::make_shared<Last>()}, .hints = {}});
  }
  EXPECT_EQ(provider->seen.targeting_key, "call");
  EXPECT_EQ(provider->seen.attributes,
            (Structure{{"a", "api"}, {"t", "request"}, {"c", "client"}, {"i", "call"}, {"h", "hook"}}));
  client.boolean_value("b", false);
  EXPECT_EQ(provider->seen.targeting_key, "api");  // the request has ended
  EXPECT_EQ(provider->seen.attributes.at("t"), Value("api"));
}

TEST(OpenFeature, HooksRunInOrderAndBackwards) {  // 4.4.2
  Api api;
  std::vector<std::string> log;
  const auto hook = [&](const char* name) { return std::make_shared<TestHook>(name, log); };
  const auto provider = std::make_shared<TestProvider>();
  provider->flags["b"] = true;
  provider->own_hooks = {hook("provider")};
  ASSERT_TRUE(api.set_provider_and_wait(provider).has_value());
  api.add_hooks({hook("api")});
  Client client = api.client();
  client.add_hooks({hook("client")});
  const auto call = hook("call");
  EXPECT_TRUE(client.boolean_value("b", false, {}, {.hooks = {call}, .hints = {{"hint", 1}}}));
  EXPECT_EQ(log,
            (std::vector<std::string>{"api before b hinted", "client before b hinted", "call before b hinted",
                                      "provider before b hinted", "provider after v", "call after v", "client after v",
                                      "api after v", "provider finally TARGETING_MATCH", "call finally TARGETING_MATCH",
                                      "client finally TARGETING_MATCH", "api finally TARGETING_MATCH"}));
  EXPECT_EQ(provider->seen.attributes.at("by"), Value("provider"));
  EXPECT_EQ(provider->seen.attributes.at("api"), Value(true));

  log.clear();
  call->breaks_before = true;
  EXPECT_FALSE(client.boolean_value("b", false, {}, {.hooks = {call}, .hints = {}}));
  const std::string error = " error a hook failed: refused";
  EXPECT_EQ(log, (std::vector<std::string>{"api before b", "client before b", "call before b", "provider" + error,
                                           "call" + error, "client" + error, "api" + error, "provider finally ERROR",
                                           "call finally ERROR", "client finally ERROR", "api finally ERROR"}));
  call->breaks_before = false;
  call->breaks_after = true;
  const auto details = client.boolean_details("b", false, {}, {.hooks = {call}, .hints = {}});
  EXPECT_EQ(details.error_message, "a hook failed: an exception: broken");
  EXPECT_FALSE(details.value);
}

TEST(OpenFeature, EventsAndStatuses) {
  Api api;
  std::vector<std::string> told;
  const auto handler = [&](const char* who) {
    return [&told, who](const EventDetails& details) {
      told.push_back(std::string(who) + " " + details.provider_name + details.message);
    };
  };
  const auto provider = std::make_shared<TestProvider>();
  Client client = api.client("shop");
  Client other = api.client("other");
  api.add_handler(ProviderEvent::kReady, handler("api"));  // 5.3.3: at once, the one before is ready
  EXPECT_EQ(told, std::vector<std::string>{"api none"});
  told.clear();
  const HandlerId id = client.add_handler(ProviderEvent::kReady, handler("client"));
  told.clear();
  provider->initial = fail(Code::kUnavailable, "away");
  client.add_handler(ProviderEvent::kError, handler("failed"));
  EXPECT_FALSE(api.set_provider_and_wait(provider, "shop").has_value());
  EXPECT_EQ(told, std::vector<std::string>{"failed testaway"});
  EXPECT_EQ(to_string(client.provider_status()), "ERROR");
  EXPECT_EQ(to_string(other.provider_status()), "READY");
  told.clear();
  other.add_handler(ProviderEvent::kStale, handler("other"));
  provider->emit(ProviderEvent::kReady, {});
  EXPECT_EQ(told, (std::vector<std::string>{"api test", "client test"}));
  EXPECT_EQ(to_string(client.provider_status()), "READY");
  client.remove_handler(id);
  client.add_handler(ProviderEvent::kStale, handler("stale"));
  client.add_handler(ProviderEvent::kConfigurationChanged, [](const EventDetails&) { throw 3; });
  client.add_handler(ProviderEvent::kConfigurationChanged, handler("changed"));
  told.clear();
  provider->emit(ProviderEvent::kStale, {.message = " alone"});
  provider->emit(ProviderEvent::kConfigurationChanged, {});
  EXPECT_EQ(to_string(client.provider_status()), "STALE");
  EXPECT_EQ(told, (std::vector<std::string>{"stale test alone", "changed test"}));
}

TEST(OpenFeature, NotReadyAndFatalAreAnsweredAtOnce) {  // 1.7.6, 1.7.7
  Api api;
  std::vector<std::string> log;
  class Slow : public TestProvider {
   public:
    Status initialize(const EvaluationContext& /*context*/, Emit /*emit*/) override {
      go.wait(false);
      return fail(Code::kInternal, "for good");
    }
    std::atomic<bool> go = false;
  };
  const auto slow = std::make_shared<Slow>();
  slow->flags["b"] = true;
  api.set_provider(slow);
  Client client = api.client();
  const auto hook = std::make_shared<TestHook>("hook", log);
  EXPECT_EQ(client.boolean_details("b", false, {}, {.hooks = {hook}, .hints = {}}).error_code,
            ErrorCode::kProviderNotReady);
  EXPECT_EQ(log,
            (std::vector<std::string>{"hook error the provider has not been initialised yet", "hook finally ERROR"}));
  std::atomic<bool> failed = false;
  client.add_handler(ProviderEvent::kError, [&](const EventDetails&) {
    failed = true;
    failed.notify_all();
  });
  slow->go = true;
  slow->go.notify_all();
  failed.wait(false);
  EXPECT_EQ(to_string(client.provider_status()), "FATAL");
  EXPECT_EQ(to_string(client.boolean_details("b", false).error_code), "PROVIDER_FATAL");
}

TEST(OpenFeature, ProvidersAreSharedReplacedAndShutDown) {
  const auto first = std::make_shared<TestProvider>("first");
  const auto second = std::make_shared<TestProvider>("second");
  {
    Api api;
    ASSERT_TRUE(api.set_provider_and_wait(first).has_value());
    ASSERT_TRUE(api.set_provider_and_wait(first, "shop").has_value());
    ASSERT_TRUE(api.set_provider_and_wait(second).has_value());
    EXPECT_EQ(api.provider_name(), "second");
    EXPECT_EQ(api.provider_name("shop"), "first");
    EXPECT_EQ(first->shutdowns, 0);  // the shop still has it
    api.client().track("sale", keyed("u1"), {.value = 9.5, .attributes = {}});
    EXPECT_EQ(second->tracked, "sale u1 9.500000");
    ASSERT_TRUE(api.set_provider_and_wait(second, "shop").has_value());
    api.shutdown();
    EXPECT_EQ(first->shutdowns, 1);
    EXPECT_EQ(second->shutdowns, 1);
    first->emit(ProviderEvent::kStale, {});  // nobody has it any more
    EXPECT_EQ(api.provider_name("shop"), "none");
  }
  EXPECT_EQ(second->shutdowns, 1);
}

TEST(OpenFeature, ManyThreads) {
  Api api;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Client client = api.client("shop");
      while (!stop) {
        const TransactionContext request(keyed("u"));
        const auto details = client.integer_details("i", -1);
        EXPECT_TRUE(details.value == -1 || details.value == 7);
        client.remove_handler(client.add_handler(ProviderEvent::kReady, [](const EventDetails&) {}));
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    const auto provider = std::make_shared<TestProvider>();
    provider->flags["i"] = 7;
    ASSERT_TRUE(api.set_provider_and_wait(provider, "shop").has_value());
    provider->emit(ProviderEvent::kStale, {});
    api.set_context(keyed(std::to_string(i)));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sinan::openfeature

#include "experiment/client/openfeature/in_memory_provider.h"

#include <gtest/gtest.h>

#include "experiment/client/openfeature/api.h"

namespace sinan::openfeature {
namespace {

TEST(InMemoryProvider, FlagsAreWhatTheProgramSays) {
  Api api;
  const auto provider = std::make_shared<InMemoryProvider>(InMemoryProvider::Flags{
      {"fast", {.variants = {{"on", true}, {"off", false}}, .default_variant = "off"}},
      {"color",
       {.variants = {{"internal", "INTERNAL"}, {"external", "EXTERNAL"}},
        .default_variant = "external",
        .choose =
            [](const EvaluationContext& context) {
              const auto found = context.attributes.find("customer");
              return found != context.attributes.end() && found->second == Value(false) ? "internal" : "";
            }}},
      {"off", {.variants = {{"x", 1}}, .default_variant = "x", .is_disabled = true}},
      {"wrong", {.variants = {}, .default_variant = "x"}}});
  ASSERT_TRUE(api.set_provider_and_wait(provider).has_value());
  Client client = api.client();
  const auto fast = client.boolean_details("fast", true);
  EXPECT_FALSE(fast.value);
  EXPECT_EQ(fast.variant, "off");
  EXPECT_EQ(fast.reason, Reason::kStatic);
  EXPECT_EQ(client.string_details("color", "").reason, Reason::kDefault);
  const auto color = client.string_details("color", "", {.targeting_key = {}, .attributes = {{"customer", false}}});
  EXPECT_EQ(color.value, "INTERNAL");
  EXPECT_EQ(color.reason, Reason::kTargetingMatch);
  const auto off = client.integer_details("off", 7);
  EXPECT_EQ(off.value, 7);
  EXPECT_EQ(off.reason, Reason::kDisabled);
  EXPECT_EQ(client.integer_details("wrong", 7).error_code, ErrorCode::kGeneral);
  EXPECT_EQ(client.integer_details("none", 7).error_code, ErrorCode::kFlagNotFound);

  std::vector<std::string> changed;
  client.add_handler(ProviderEvent::kConfigurationChanged,
                     [&](const EventDetails& details) { changed = details.flags_changed; });
  provider->update({{"fast", {.variants = {{"on", true}}, .default_variant = "on"}}});
  EXPECT_EQ(changed, std::vector<std::string>{"fast"});
  EXPECT_TRUE(client.boolean_value("fast", false));
}

}  // namespace
}  // namespace sinan::openfeature

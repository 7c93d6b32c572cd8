#include <gtest/gtest.h>

#include <functional>

#include "experiment/bound.h"
#include "experiment/configuration_json.h"
#include "experiment/test/test_configuration.h"

namespace sinan::experiment {
namespace {

std::string problem(const std::function<void(Configuration&)>& change) {
  Configuration configuration = button_configuration();
  change(configuration);
  const auto bound = bind(configuration);
  return bound ? "none" : bound.error().message;
}

TEST(Bind, TheExampleIsRight) {
  const Configuration configuration = button_configuration();
  const auto bound = bind(configuration);
  ASSERT_TRUE(bound.has_value()) << bound.error().to_string();
  ASSERT_EQ(bound->experiments[1].leaves.size(), 3);
  EXPECT_EQ(bound->values[bound->experiments[1].branches[0].treatments[0].by_leaf[1]], Value(std::string("black")));
}

TEST(Bind, MistakesAreNamed) {
  const std::pair<std::string_view, std::function<void(Configuration&)>> cases[] = {
      {"buckets overlap: \"treatment\" begins at 49, which is taken up to 49",
       [](auto& c) { c.experiments[1].groups[1].first = 49; }},
      {"buckets are in no group: 50 to 50, before \"treatment\"",
       [](auto& c) { c.experiments[1].groups[1].first = 51; }},
      {"buckets are in no group: 75 to 99", [](auto& c) { c.experiments[1].groups[1].children.pop_back(); }},
      {"buckets reach beyond 99: \"treatment\" [50..100]", [](auto& c) { c.experiments[1].groups[1].last = 100; }},
      {"buckets are in no group: 0 to 99", [](auto& c) { c.experiments[1].groups.clear(); }},
      {"group is there twice: \"control\"", [](auto& c) { c.experiments[1].groups[1].name = "control"; }},
      {"value of string parameter \"checkout.button_color\" has the wrong type: 3",
       [](auto& c) { c.experiments[1].branches[0].treatments[0].by_group[0].second = int64_t{3}; }},
      {"illegal value of parameter \"checkout.button_color\": 'red'",
       [](auto& c) { c.experiments[1].branches[0].treatments[0].by_group[0].second = std::string("red"); }},
      {"illegal value of parameter \"traffic_slice\": 'Z'",
       [](auto& c) { c.parameters[0].fallback = std::string("Z"); }},
      {"unknown parameter \"checkout.color\"",
       [](auto& c) { c.experiments[1].branches[0].treatments[0].parameter = "checkout.color"; }},
      {"unknown group \"t3\"", [](auto& c) { c.experiments[1].branches[0].treatments[0].by_group[0].first = "t3"; }},
      {"unknown attribute or parameter \"town\"",
       [](auto& c) { c.experiments[1].branches[0].condition = condition("town = 'SF'"); }},
      {"\"age\" is int and cannot be compared with 'x'",
       [](auto& c) { c.experiments[1].branches[0].condition = condition("age = 'x'"); }},
      {"\"app_version\" is semver and cannot be compared with 'new'",
       [](auto& c) { c.experiments[1].branches[0].condition = condition("app_version < 'new'"); }},
      {"this operator does not fit the type of \"tags\": list",
       [](auto& c) { c.experiments[1].branches[0].condition = condition("tags = 'x'"); }},
      {"unknown segment \"nobody\"",
       [](auto& c) { c.experiments[1].branches[0].condition = condition("IN SEGMENT nobody"); }},
      {"segments contain each other in a circle: staff → other → staff",
       [](auto& c) {
         c.segments = {{"staff", condition("IN SEGMENT other")}, {"other", condition("NOT IN SEGMENT staff")}};
       }},
      {"experiment has no unit", [](auto& c) { c.experiments[1].unit.clear(); }},
      {"unit is no declared attribute: \"rider\"", [](auto& c) { c.experiments[1].unit = {"rider"}; }},
      {"unit must be a string or an int, and \"beta\" is bool", [](auto& c) { c.experiments[1].unit = {"beta"}; }},
      {"number of buckets must be from 1 to 1000000: 0", [](auto& c) { c.experiments[1].buckets = 0; }},
      {"growthbook_v1 has 1000 buckets, not 100", [](auto& c) { c.experiments[1].scheme = HashScheme::kGrowthBookV1; }},
      {"rollout is more than its declared maximum", [](auto& c) { c.experiments[1].max_rollout = 1; }},
      {"window of the schedule ends before it begins", [](auto& c) { c.experiments[1].schedule = {{5, 5}}; }},
      {"parameter is there twice: \"traffic_slice\"", [](auto& c) { c.parameters.push_back(c.parameters[0]); }},
      {"experiment is there twice: \"slices\"", [](auto& c) { c.experiments.push_back(c.experiments[0]); }},
      {"name is that of an attribute and of a parameter: \"city\"",
       [](auto& c) { c.parameters.push_back(text_parameter("city", "")); }},
      {"parameter has an unusable name: \"a b\"", [](auto& c) { c.parameters.push_back(text_parameter("a b", "")); }},
      {"parameters depend on each other in a circle: traffic_slice → checkout.button_color → traffic_slice",
       [](auto& c) { c.experiments[0].branches[0].condition = condition("checkout.button_color = 'green'"); }},
      {"parameters depend on each other in a circle: traffic_slice → traffic_slice",
       [](auto& c) { c.experiments[0].branches[0].condition = condition("traffic_slice = 'B'"); }},
  };
  for (const auto& [message, change] : cases) EXPECT_EQ(problem(change), message);
}

TEST(Bind, AnEndedExperimentClosesNoCircle) {
  EXPECT_EQ(problem([](Configuration& c) {
              c.experiments[0].branches[0].condition = condition("checkout.button_color = 'green'");
              c.experiments[0].state = State::kEnded;
            }),
            "none");
}

TEST(Bind, LongChainsAreRefused) {
  const auto chain = [](size_t length) {
    return problem([&](Configuration& c) {
      for (size_t i = 0; i < length; ++i) {
        c.parameters.push_back(text_parameter("p" + std::to_string(i), ""));
        if (i > 0)
          c.parameters.back().rules.push_back({condition("p" + std::to_string(i - 1) + " = 'x'"), std::string("x")});
      }
    });
  };
  EXPECT_EQ(chain(kMaxParameterDepth), "none");
  EXPECT_EQ(chain(kMaxParameterDepth + 1), "more than 16 parameters decide over each other in a chain");
  EXPECT_EQ(chain(5000), "more than 16 parameters decide over each other in a chain");
}

TEST(Model, SplitTilesTheGroup) {
  Configuration c = button_configuration();
  Experiment& button = c.experiments[1];
  EXPECT_TRUE(split_group(button, "t2", {{"t2b", 80, 99, {}}, {"t2a", 75, 79, {}}}).has_value());
  EXPECT_TRUE(bind(c).has_value());
  EXPECT_FALSE(split_group(button, "t1", {{"x", 50, 70, {}}}).has_value());
  EXPECT_FALSE(split_group(button, "t1", {{"x", 50, 60, {}}, {"y", 62, 74, {}}}).has_value());
  EXPECT_FALSE(split_group(button, "t1", {{"control", 50, 74, {}}}).has_value());
  EXPECT_FALSE(split_group(button, "treatment", {{"x", 50, 99, {}}}).has_value());
  EXPECT_FALSE(split_group(button, "none", {{"x", 50, 99, {}}}).has_value());
}

TEST(Model, AttributesAreInferred) {
  Configuration c;
  ASSERT_TRUE(infer_attributes(condition("v >= '3.2.0' AND v = '3.2' AND t < '2026-01-01' AND ip = '10.0.0.0/8' AND n "
                                         "> 1 AND n < 2.5 AND b AND s LIKE 'x'"),
                               c)
                  .has_value());
  using Types = std::map<std::string, AttributeType, std::less<>>;
  EXPECT_EQ(c.attributes, (Types{{"v", AttributeType::kSemver},
                                 {"t", AttributeType::kTimestamp},
                                 {"ip", AttributeType::kIp},
                                 {"n", AttributeType::kDouble},
                                 {"b", AttributeType::kBool},
                                 {"s", AttributeType::kString}}));
  const auto clash = infer_attributes(condition("n = 'x'"), c);
  ASSERT_FALSE(clash.has_value());
  EXPECT_EQ(clash.error().message, "attribute is used as double and as string: \"n\"");
}

TEST(Json, RoundTripKeepsEverything) {
  Configuration c = button_configuration();
  c.parameters[1].rules.push_back({condition("IN SEGMENT staff"), std::string("blue")});
  c.parameters.push_back(
      {.name = "limits", .type = ValueType::kJson, .fallback = JsonText{R"({"max":3,"list":[1,2.5,null]})"}});
  c.parameters.push_back({.name = "ratio", .type = ValueType::kDouble, .fallback = 3.0});
  c.experiments[1].schedule = {{1'764'000'000'000'000, std::nullopt}};
  const std::string text = to_json(c).dump();
  const auto again = configuration_from_json(text);
  ASSERT_TRUE(again.has_value()) << again.error().to_string();
  EXPECT_EQ(to_json(*again).dump(), text);
  EXPECT_EQ(again->parameters[3].fallback, Value(3.0));
  EXPECT_EQ(again->experiments[1].rollout, 50'000);
  EXPECT_TRUE(bind(*again).has_value());
}

TEST(Json, DamageAndMistakesAreRefused) {
  const std::string text = to_json(button_configuration()).dump();
  const std::pair<std::pair<std::string_view, std::string_view>, std::string_view> cases[] = {
      {{"\"version\":7", "\"version\":8"}, "configuration: content does not fit its hash at content_hash"},
      {{"\"format\":1", "\"format\":2"}, "configuration has format 2, this build reads 1"},
      {{"\"buckets\":100", "\"buckets\":-1"},
       "configuration: expected a whole number from 0 to 4294967295 at experiments[1].buckets"},
      {{"\"epoch\"", "\"epoche\""}, "configuration: unknown member \"epoche\" at experiments[0]"},
      {{"\"rollout\":5.0", "\"rollout\":0.00001"},
       "configuration: rollout has more than four digits behind the point: 1e-05 at experiments[1].rollout"},
      {{"\"state\":\"running\"", "\"state\":\"on\""}, "configuration: unknown word \"on\" at experiments[0].state"},
      {{"\"default\":\"none\"", "\"default\":1"},
       "configuration: expected a value of type string at parameters[0].default"},
  };
  for (const auto& [change, message] : cases) {
    std::string damaged = text;
    const size_t at = damaged.find(change.first);
    ASSERT_NE(at, std::string::npos) << change.first;
    damaged.replace(at, change.first.size(), change.second);
    const auto read = configuration_from_json(damaged);
    ASSERT_FALSE(read.has_value()) << change.second;
    EXPECT_EQ(read.error().message, message);
  }
  for (size_t length = 0; length < text.size(); length += 7)
    EXPECT_FALSE(configuration_from_json(text.substr(0, length)).has_value());
}

}  // namespace
}  // namespace sinan::experiment

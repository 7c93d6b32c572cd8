// Expectations that the platforms' own SDKs gave (test/importers/importers_test.py --write), and each refusal with its path.
#include "experiment/importers/import.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "experiment/importers/test/answers.h"

namespace sinan::experiment {
namespace {

class Expectations : public testing::TestWithParam<const char*> {};

TEST_P(Expectations, AnswersAreThoseOfTheSdk) {
  std::ifstream file("src/experiment/importers/test/data/" + std::string(GetParam()) + ".json");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto expected = Json::parse(text);
  ASSERT_TRUE(expected) << expected.error().to_string();
  const auto answers = answers_to(*expected);
  ASSERT_TRUE(answers) << answers.error().to_string();
  const Json::Array& wanted = expected->at("answers").items();
  ASSERT_GT(wanted.size(), 10U);
  ASSERT_EQ(answers->at("answers").items().size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    for (const auto& [flag, value] : wanted[i].members()) {
      EXPECT_EQ(answers->at("answers").items()[i].at(flag).dump(), value.dump())
          << flag << " for " << expected->at("contexts").items()[i].dump();
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Platforms, Expectations, testing::Values("growthbook", "flagd", "unleash", "eppo", "planout"));

struct Refused {
  const char* platform;
  const char* document;
  const char* says;
};

class Refusals : public testing::TestWithParam<Refused> {};

TEST_P(Refusals, AreNamedWithTheirPath) {
  const auto imported = import_configuration(*platform_named(GetParam().platform), GetParam().document, {}, {});
  ASSERT_FALSE(imported);
  EXPECT_NE(imported.error().to_string().find(GetParam().says), std::string::npos) << imported.error().to_string();
}
INSTANTIATE_TEST_SUITE_P(
    All, Refusals,
    testing::Values(
        Refused{
            "growthbook",
            R"({"features": {"f": {"defaultValue": 1, "rules": [{"condition": {"a": {"$size": 2}}, "force": 2}]}}})",
            "the operator $size at features.f.rules[0].condition.a.$size"},
        Refused{"growthbook", R"({"features": {"f": {}}})",
                "without a default value: the caller's counts at features.f"},
        Refused{"growthbook",
                R"({"features": {"f": {"defaultValue": 1, "rules": [{"force": 2, "hashVersion": 3, "coverage": 1}]}}})",
                "a hash version other than 1 and 2 at features.f.rules[0].hashVersion"},
        Refused{"growthbook",
                R"({"features": {"f": {"defaultValue": 1, "rules": [{"contextualVariations": [1, 2]}]}}})",
                "unknown member \"contextualVariations\" at features.f.rules[0]"},
        Refused{"growthbook", R"({"encryptedFeatures": "x"})", "an encrypted payload at encryptedFeatures"},
        Refused{
            "growthbook",
            R"({"features": {"f": {"defaultValue": 1, "rules": [{"force": 1, "condition": {"v": {"$vgt": "3.2"}}}]}}})",
            "a version of other than three numbers at features.f.rules[0].condition.v.$vgt"},
        Refused{"growthbook", R"({"features": {"f f": {"defaultValue": 1}}})", "the name \"f f\" at features.f f"},
        Refused{"flagd", R"({"flags": {"f": {"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a",
                            "targeting": {"if": [{"some": [{"var": "x"}, true]}, "a"]}}}})",
                "the operation some at flags.f.targeting.if[0]"},
        Refused{"flagd", R"({"flags": {"f": {"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a",
                            "targeting": {"fractional": [{"cat": [{"var": "x"}, "y"]}, ["a", 1]]}}}})",
                "more than a constant text and one attribute behind it at flags.f.targeting.fractional[0].cat[1]"},
        Refused{"flagd", R"({"flags": {"f": {"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a",
                            "targeting": {"$ref": "x"}}}, "$evaluators": {"x": {"$ref": "x"}}})",
                "references that lead in a circle"},
        Refused{"flagd", R"({"flags": {"f": {"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a",
                            "targeting": {"if": [{"==": [0, {"var": "x"}]}, "a"]}}}})",
                "0 or false on the left of an attribute at flags.f.targeting.if[0]"},
        Refused{"flagd", R"({"flags": {"f": {"state": "ENABLED", "variants": {"a": 1}, "targeting": {}}}})",
                "without a default variant"},
        Refused{
            "flagd",
            R"({"flags": {"f": {"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a", "targeting": {"if": [true, "b"]}}}})",
            "the variant \"b\", which the flag does not have at flags.f.targeting.if[1]"},
        Refused{"unleash",
                R"({"features": [{"name": "f", "enabled": true, "strategies": [{"name": "applicationHostname"}]}]})",
                "the strategy applicationHostname at features[0].strategies[0].name"},
        Refused{"unleash", R"({"features": [{"name": "f", "enabled": true, "strategies": [{"name": "flexibleRollout",
                            "parameters": {"rollout": 50, "stickiness": "random", "groupId": "g"}}]}]})",
                "a draw at random, which nobody can repeat"},
        Refused{"unleash", R"({"features": [{"name": "f", "enabled": true, "dependencies": [{"feature": "g"}]}]})",
                "a dependency that is not in the document, \"g\" at features[0].dependencies[0]"},
        Refused{"eppo", R"({"format": "CLIENT", "flags": {}})", "the format CLIENT at format"},
        Refused{
            "eppo",
            R"({"flags": {"f": {"enabled": true, "variationType": "STRING", "variations": {"a": {"key": "a", "value": "x"}},
                           "totalShards": 10, "allocations": [{"key": "k", "splits": [{"variationKey": "a",
                           "shards": [{"salt": "s", "ranges": [{"start": 0, "end": 5}]}]}]}]}}})",
            "leaves some subjects to the caller's default at flags.f"},
        Refused{"planout", R"({"op": "set", "var": "x", "value": {"op": "sample", "choices": [1]}})",
                "the operation sample at value"},
        Refused{
            "planout",
            R"({"op": "set", "var": "x", "value": {"op": "uniformChoice", "choices": [1], "unit": {"op": "get", "var": "u"}}})",
            "does not say its experiment's salt"},
        Refused{"planout", R"({"op": "return", "value": true})", "the operation return at the top"},
        Refused{"flagd", R"({"flags": {"f": {"state": "ENABLED", "state": "DISABLED"}}})",
                "member \"state\" is there twice at flags.f"}));

TEST(Import, IsAllOrNothing) {
  const auto imported =
      import_configuration(Platform::kFlagd,
                           R"({"flags": {"New": {"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a"},
                    "Old": {"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a"}}})",
                           {}, {});
  ASSERT_TRUE(imported) << imported.error().to_string();
  Configuration configuration;
  configuration.parameters.push_back({.name = "old", .type = ValueType::kInt, .fallback = int64_t{1}});
  const auto status = add_imported(*imported, configuration);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kExists);
  EXPECT_EQ(configuration.parameters.size(), 1U);
}

TEST(Import, EndsWhereReferencesMultiply) {
  std::string document = R"({"flags": {"f": {"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a",
      "targeting": {"if": [{"$ref": "e0"}, "a"]}}}, "$evaluators": {)";
  for (int i = 0; i < 29; ++i) {
    const std::string next = "{\"$ref\": \"e" + std::to_string(i + 1) + "\"}";
    document += "\"e" + std::to_string(i) + "\": {\"or\": [" + next + ", " + next + "]}, ";
  }
  const auto imported =
      import_configuration(Platform::kFlagd, document + R"("e29": {"==": [{"var": "x"}, "y"]}}})", {}, {});
  ASSERT_FALSE(imported);
  EXPECT_NE(imported.error().message.find("parts of conditions"), std::string::npos) << imported.error().to_string();
}

}  // namespace
}  // namespace sinan::experiment

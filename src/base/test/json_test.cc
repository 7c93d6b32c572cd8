#include "base/json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "base/strings.h"

namespace sinan {
namespace {

std::string valid_utf8(std::string text) {
  while (const auto at = find_invalid_utf8(text)) text[*at] = '?';
  return text;
}

Json arbitrary_json(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<int64_t>();
    case 3:
      return *rc::gen::arbitrary<double>();
    case 4:
      return valid_utf8(*rc::gen::arbitrary<std::string>());
    case 5: {
      Json array = Json::array();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) array.push_back(arbitrary_json(depth - 1));
      return array;
    }
    default: {
      Json object = Json::object();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
        object.set(valid_utf8(*rc::gen::arbitrary<std::string>()), arbitrary_json(depth - 1));
      }
      return object;
    }
  }
}

RC_GTEST_PROP(Json, RoundTrips, ()) {
  const Json value = arbitrary_json(4);
  const auto line = Json::parse(value.dump());
  RC_ASSERT(line.has_value());
  RC_ASSERT(*line == value);
  const auto indented = Json::parse(value.dump_indented());
  RC_ASSERT(indented.has_value());
  RC_ASSERT(*indented == value);
}

// No proper prefix of an array or an object is JSON.
RC_GTEST_PROP(Json, TruncatedIsRefused, ()) {
  const std::string text = Json::array({arbitrary_json(3), arbitrary_json(3)}).dump();
  const auto size = *rc::gen::inRange<size_t>(0, text.size());
  const auto parsed = Json::parse(std::string_view(text).substr(0, size));
  RC_ASSERT(!parsed.has_value());
  RC_ASSERT(parsed.error().code == Code::kData);
}

// Whatever a mutated text parses to, it round-trips.
RC_GTEST_PROP(Json, MutatedIsRefusedOrRoundTrips, ()) {
  std::string text = Json::array({arbitrary_json(3), arbitrary_json(3)}).dump();
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    text[*rc::gen::inRange<size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
  }
  const auto parsed = Json::parse(text);
  if (parsed) RC_ASSERT(*Json::parse(parsed->dump()) == *parsed);
}

TEST(Json, KeepsOrderAndKinds) {
  const auto doc = Json::parse(R"( {"b": 1, "a": [1.0, -0.0, 1e3, true, null, "\u00e9\n\"\\\u0001"]} )");
  ASSERT_TRUE(doc);
  EXPECT_EQ(doc->dump(), R"({"b":1,"a":[1.0,-0.0,1000.0,true,null,"é\n\"\\\u0001"]})");
  EXPECT_TRUE(doc->at("b").is_int());
  EXPECT_FALSE(doc->at("a").items()[0].is_int());
  EXPECT_EQ(*doc->at("b").as_double(), 1.0);
}

TEST(Json, NumbersAtTheEdges) {
  EXPECT_EQ(*Json::parse("9223372036854775807")->as_int(), INT64_MAX);
  EXPECT_FALSE(Json::parse("9223372036854775808")->is_int());
  EXPECT_EQ(*Json::parse("-9223372036854775808")->as_int(), INT64_MIN);
  EXPECT_EQ(Json(UINT64_MAX).dump(), "1.8446744073709552e+19");
  EXPECT_EQ(Json(std::nan("")).dump(), "null");
  EXPECT_EQ(Json(-INFINITY).dump(), "null");
  EXPECT_EQ(*Json::parse(Json(5e-324).dump())->as_double(), 5e-324);
  EXPECT_EQ(*Json::parse(Json(std::numeric_limits<double>::max()).dump())->as_double(),
            std::numeric_limits<double>::max());
}

TEST(Json, ErrorsSayWhatIsThere) {
  const auto doc = *Json::parse(R"({"version": "two", "rate": 0.5})");
  const auto error = doc.at("version").as_int().error();
  EXPECT_EQ(error.code, Code::kData);
  EXPECT_EQ(error.message, "JSON value of the wrong type: expected an integer, found a string");
  EXPECT_EQ(doc.at("missing").at("deeper").as_string().error().message,
            "JSON value of the wrong type: expected a string, found null");
  EXPECT_FALSE(doc.at("rate").as_int());
  EXPECT_FALSE(doc.at("rate").as_bool());
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'x'", "01", "1.", "NaN", "\"\\x\"", "\"\xff\"",
                           "\"a\nb\"", "[1] 2", "nul", "\"\\ud800\""}) {
    const auto parsed = Json::parse(text);
    EXPECT_FALSE(parsed) << text;
    EXPECT_TRUE(parsed || parsed.error().code == Code::kData) << text;
  }
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(Json::parse(nested(100)));
  EXPECT_FALSE(Json::parse(nested(129)));
  EXPECT_FALSE(Json::parse(nested(1'000'000)));
}

TEST(Json, BuildsAndReplaces) {
  Json doc;
  doc.set("a", 1);
  doc.set("b", Json::array({1, 2}));
  doc.set("a", "x");
  EXPECT_EQ(doc, Json::object({{"a", "x"}, {"b", Json::array({1, 2})}}));
  EXPECT_EQ(doc.dump_indented(), "{\n  \"a\": \"x\",\n  \"b\": [1, 2]\n}");
  EXPECT_EQ(Json::array().dump_indented(), "[]");
  EXPECT_EQ(Json::object().dump_indented(), "{}");
  EXPECT_EQ(json_quote("a\xffz"), "\"a\uFFFDz\"");
}

}  // namespace
}  // namespace sinan

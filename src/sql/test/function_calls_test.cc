#include "sql/function_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "sql/lexer.h"

namespace sinan::sql {
namespace {

using Kind = CallArgument::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kFunctions[] = {"predict", "score"};

// Each call and its arguments, as they are written.
std::vector<std::string> calls(std::string_view text) {
  std::vector<std::string> out;
  for (const FunctionCall& call : find_function_calls(text, kFunctions)) {
    std::string line(text_of(text, call.whole));
    line += " =";
    for (const Span argument : call.arguments) line += " [" + std::string(text_of(text, argument)) + "]";
    out.push_back(std::move(line));
  }
  return out;
}

TEST(FunctionCalls, AreFoundWhereverTheyStand) {
  EXPECT_THAT(calls("SELECT a, Predict('m', t) FROM t WHERE PREDICT ( 'n' , {'a': f(1, 2), 'b': [3, 4]} ) > 1"),
              ElementsAre("Predict('m', t) = ['m'] [t]",
                          "PREDICT ( 'n' , {'a': f(1, 2), 'b': [3, 4]} ) = ['n'] [{'a': f(1, 2), 'b': [3, 4]}]"));
  EXPECT_THAT(calls("predict()"), ElementsAre("predict() ="));
  EXPECT_THAT(calls("predict('m' /* , */, -- no\n t.*)"),
              ElementsAre("predict('m' /* , */, -- no\n t.*) = ['m'] [t.*]"));
  // An argument that is missing is one all the same.
  EXPECT_THAT(calls("predict('m',)"), ElementsAre("predict('m',) = ['m'] []"));
  // The outer one only.
  EXPECT_THAT(calls("score('a', predict('b', t))"),
              ElementsAre("score('a', predict('b', t)) = ['a'] [predict('b', t)]"));
}

TEST(FunctionCalls, AreNotWhatOnlyLooksLikeThem) {
  for (const char* text :
       {"SELECT 'predict(1)', \"predict\"(1), x.predict(1), predict, predicted(1)", "-- predict(1)\nSELECT 1",
        "/* predict(1) */ SELECT $$predict(1)$$", "CREATE TABLE predict(a INT)", "INSERT INTO predict(a) VALUES (1)",
        "CREATE MACRO predict(a) AS a", "CREATE FUNCTION predict(a) AS a", "SELECT predict('m', t",
        "SELECT 'predict(1)"}) {
    EXPECT_THAT(calls(text), IsEmpty()) << text;
  }
}

TEST(FunctionCalls, HaveArgumentsOfEveryKind) {
  const auto read = [](std::string_view text) {
    const CallArgument argument = read_argument(text, {0, static_cast<uint32_t>(text.size())});
    return std::tuple(argument.kind, argument.value, std::string(text_of(text, argument.text)));
  };
  EXPECT_EQ(read("'it''s'"), std::tuple(Kind::kString, "it's", "'it''s'"));
  EXPECT_EQ(read("*"), std::tuple(Kind::kStar, "", "*"));
  EXPECT_EQ(read("t"), std::tuple(Kind::kName, "t", "t"));
  EXPECT_EQ(read("s.\"T x\""), std::tuple(Kind::kName, "T x", "s.\"T x\""));
  EXPECT_EQ(read("s.t.*"), std::tuple(Kind::kNameStar, "", "s.t"));
  EXPECT_EQ(read("a := b + 1"), std::tuple(Kind::kNamed, "a", "b + 1"));
  EXPECT_EQ(read("\"a b\" => 'x'"), std::tuple(Kind::kNamed, "a b", "'x'"));
  for (const char* text : {"a + 1", "f(x)", "{'a': 1}", "NULL", "TRUE", "1", "a :=", "t. *.x", "", "(t)", "t::INT"}) {
    EXPECT_EQ(std::get<0>(read(text)), Kind::kExpression) << text;
  }
}

TEST(UnnamedItems, AreExpressionsOfSelectLists) {
  const auto items = [](std::string_view text) {
    std::vector<std::string> out;
    for (const Span item : unnamed_items(text)) out.emplace_back(text_of(text, item));
    return out;
  };
  EXPECT_THAT(items("SELECT a, t.b, *, f(a), f(b) AS x, y: f(c), g(d) z, a + 1 FROM t"), ElementsAre("f(a)", "a + 1"));
  EXPECT_THAT(items("CREATE TABLE x AS WITH c AS (SELECT f(1)) SELECT (SELECT g(2) FROM c) FROM (SELECT h(3) UNION "
                    "SELECT 4 AS k)"),
              ElementsAre("f(1)", "g(2)", "(SELECT g(2) FROM c)", "h(3)"));
  EXPECT_THAT(items("INSERT INTO t SELECT f(1)"), ElementsAre("f(1)"));
  EXPECT_THAT(items("SELECT FROM WHERE"), IsEmpty());
}

// No bytes make them crash, and every place is in the text, in order, and apart.
TEST(FunctionCalls, KeepWithinTheText) {
  const std::string seed =
      "SELECT predict('zoo.m', t), score(a := 'x', \"b\" => [1, {2: 3}]) AS \"s\" FROM t /* c */ WHERE predict($$m$$) "
      "> E'\\n' -- end";
  Random random(7);
  for (int turn = 0; turn < 20000; ++turn) {
    std::string text = seed;
    for (uint64_t i = 0; i <= random.below(6); ++i) {
      const auto at = static_cast<size_t>(random.below(text.size()));
      switch (random.below(3)) {
        case 0:
          text[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, "()[]{},.'\"$:= *"[random.below(15)]);
      }
    }
    uint32_t end = 0;
    for (const FunctionCall& call : find_function_calls(text, kFunctions)) {
      ASSERT_LE(end, call.whole.begin);
      ASSERT_LE(call.whole.end, text.size());
      uint32_t last = call.name.end;
      for (const Span argument : call.arguments) {
        ASSERT_LE(last, argument.begin);
        ASSERT_LE(argument.begin, argument.end);
        last = argument.end;
        (void)read_argument(text, argument);
      }
      ASSERT_LT(last, call.whole.end);
      end = call.whole.end;
    }
    (void)unnamed_items(text);
  }
}

}  // namespace
}  // namespace sinan::sql

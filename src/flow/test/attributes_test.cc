#include "flow/attributes.h"

#include <gtest/gtest.h>

#include "sql/clause.h"

namespace sinan::flow {
namespace {

constexpr AttributeSpec kSpecs[] = {
    {.name = "max_depth",
     .type = AttributeType::kInteger,
     .default_text = "6",
     .doc = "deepest level",
     .min = 0,
     .max = 64},
    {.name = "eta",
     .type = AttributeType::kFloat,
     .default_text = "0.3",
     .doc = "step",
     .min = 0,
     .max = 1,
     .min_open = true,
     .aliases = "learning_rate"},
    {.name = "objective", .type = AttributeType::kString, .doc = "what", .choices = "reg:squarederror|binary:logistic"},
    {.name = "silent", .type = AttributeType::kBoolean, .default_text = "false", .doc = "quiet"},
    {.name = "eval_metric", .type = AttributeType::kStringList, .doc = "metrics"},
    {.name = "signs", .type = AttributeType::kIntegerList, .doc = "signs", .min = -1, .max = 1},
    {.name = "validation.select", .type = AttributeType::kQuery, .doc = "a query"},
    {.name = "rounds", .type = AttributeType::kInteger, .doc = "rounds", .min = 1},
};

// The attributes of a TRAIN clause, as the parser gives them.
std::vector<sql::Attribute> parse(const std::string& attributes) {
  static std::vector<std::string> programs;  // names view them
  programs.push_back("TO TRAIN m WITH " + attributes + " LABEL y INTO z");
  auto clause = sql::parse_clause(programs.back(), Span{0, static_cast<uint32_t>(programs.back().size())});
  EXPECT_TRUE(clause) << clause.error().to_string();
  return clause ? std::get<sql::Train>(clause->body).attributes : std::vector<sql::Attribute>();
}

Result<AttributeValues> check(const std::string& attributes) {
  return check_attributes(parse(attributes), kSpecs, "xgboost.gbtree");
}

struct ErrorCase {
  std::string attributes;
  std::string message;
  std::string hint;
  std::string place;  // what the span covers
};

class AttributeErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(AttributeErrors, SaysWhatIsWrongWhereAndHowToMendIt) {
  const ErrorCase& c = GetParam();
  const auto values = check(c.attributes);
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().code, Code::kArgument);
  EXPECT_EQ(values.error().message, c.message);
  EXPECT_EQ(values.error().hint, c.hint);
  const std::string program = "TO TRAIN m WITH " + c.attributes;
  ASSERT_TRUE(values.error().span);
  EXPECT_EQ(program.substr(values.error().span->begin, values.error().span->end - values.error().span->begin), c.place);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, AttributeErrors,
    testing::Values(
        ErrorCase{"max_deph=3", "unknown attribute of xgboost.gbtree: \"max_deph\"", "did you mean \"max_depth\"?",
                  "max_deph"},
        ErrorCase{"learning_rat=0.1", "unknown attribute of xgboost.gbtree: \"learning_rat\"",
                  "did you mean \"learning_rate\"?", "learning_rat"},
        ErrorCase{"max_depth=\"abc\"", "attribute \"max_depth\" has the wrong type: expected an integer, got 'abc'",
                  "deepest level", "\"abc\""},
        ErrorCase{"max_depth=2.5", "attribute \"max_depth\" has the wrong type: expected an integer, got 2.5",
                  "deepest level", "2.5"},
        ErrorCase{"silent=3", "attribute \"silent\" has the wrong type: expected TRUE or FALSE, got 3", "quiet", "3"},
        ErrorCase{"objective=3", "attribute \"objective\" has the wrong type: expected a text, got 3", "what", "3"},
        ErrorCase{"signs=[1,x]", "attribute \"signs\" has the wrong type: expected a list of integers, got x", "signs",
                  "x"},
        ErrorCase{"validation.select=t",
                  "attribute \"validation.select\" has the wrong type: expected a query in quotes, got t", "a query",
                  "t"},
        ErrorCase{"max_depth=99", "attribute \"max_depth\" is out of range: 99", "it must be in [0, 64]", "99"},
        ErrorCase{"eta=0", "attribute \"eta\" is out of range: 0", "it must be in (0, 1]", "0"},
        ErrorCase{"rounds=0", "attribute \"rounds\" is out of range: 0", "it must be at least 1", "0"},
        ErrorCase{"signs=[1,2]", "attribute \"signs\" is out of range: 2", "it must be in [-1, 1]", "[1,2]"},
        ErrorCase{"objective=\"binary:logistics\"", "attribute \"objective\" cannot be \"binary:logistics\"",
                  "did you mean \"binary:logistic\"?", "\"binary:logistics\""},
        ErrorCase{"objective=\"x\"", "attribute \"objective\" cannot be \"x\"",
                  "it can be reg:squarederror, binary:logistic", "\"x\""},
        ErrorCase{"eta=0.1, learning_rate=0.2", "attribute is given under two names: \"eta\" and \"learning_rate\"",
                  "keep one of them", "learning_rate"}));

TEST(Attributes, ReadsEveryType) {
  const auto values = check(
      "MAX_DEPTH=3, learning_rate=1, objective=\"binary:logistic\", silent=TRUE, eval_metric=[\"auc\",logloss], "
      "signs=[1,-1,0], "
      "validation.select=\"SELECT 1\"");
  ASSERT_TRUE(values) << values.error().to_string();
  EXPECT_EQ(values->integer("max_depth"), 3);
  EXPECT_EQ(values->number("eta"), 1.0);
  EXPECT_EQ(values->string("objective"), "binary:logistic");
  EXPECT_TRUE(values->boolean("silent"));
  EXPECT_EQ(values->strings("eval_metric"), (std::vector<std::string>{"auc", "logloss"}));
  EXPECT_EQ(values->numbers("signs"), (std::vector<double>{1, -1, 0}));
  EXPECT_EQ(values->string("validation.select"), "SELECT 1");
  EXPECT_TRUE(values->given("eta"));
  EXPECT_FALSE(values->given("rounds"));
  EXPECT_EQ(values->to_json().at("eta").as_double().value(), 1.0);
}

TEST(Attributes, GivesDefaultsWhereNothingIsSaid) {
  const auto values = check_attributes({}, kSpecs, "x");
  ASSERT_TRUE(values);
  EXPECT_EQ(values->integer("max_depth"), 6);
  EXPECT_EQ(values->number("eta"), 0.3);
  EXPECT_EQ(values->string("objective"), "");
  EXPECT_TRUE(values->strings("eval_metric").empty());
  EXPECT_TRUE(values->to_json().members().empty());
}

TEST(Attributes, TakesOneTextForAList) {
  EXPECT_EQ(check("eval_metric=\"auc, logloss\"")->strings("eval_metric"),
            (std::vector<std::string>{"auc", "logloss"}));
  EXPECT_EQ(check("eval_metric=auc")->strings("eval_metric"), (std::vector<std::string>{"auc"}));
}

TEST(Attributes, HintsAtNamesThatAreCheckedElsewhere) {
  constexpr AttributeSpec kElsewhere[] = {{.name = "tune.trials", .type = AttributeType::kInteger, .doc = "trials"}};
  const auto values = check_attributes(parse("tune.trails=3"), kSpecs, "x", kElsewhere);
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().message, "unknown attribute of x: \"tune.trails\"");
  EXPECT_EQ(values.error().hint, "did you mean \"tune.trials\"?");
}

TEST(Attributes, TakeValuesOneByOne) {
  AttributeValues values = check("max_depth=3, eta=0.5").value();
  const AttributeSpec* depth = find_attribute(kSpecs, "MAX_DEPTH");
  ASSERT_NE(depth, nullptr);
  EXPECT_EQ(find_attribute(kSpecs, "learning_rate")->name, "eta");
  EXPECT_EQ(find_attribute(kSpecs, "depth"), nullptr);
  values.set("max_depth", check_attribute_value(parse("max_depth=7")[0].value, *depth).value(), Span{});
  values.unset("eta");
  values.set("rounds", 9, Span{});
  EXPECT_EQ(values.integer("max_depth"), 7);
  EXPECT_EQ(values.number("eta"), 0.3);
  EXPECT_EQ(values.integer("rounds"), 9);
  EXPECT_EQ(check_attribute_value(parse("max_depth=99")[0].value, *depth).error().hint, "it must be in [0, 64]");
}

TEST(Attributes, MissesMandatoryOnes) {
  constexpr AttributeSpec kMandatory[] = {
      {.name = "order", .type = AttributeType::kInteger, .doc = "the order", .mandatory = true}};
  const auto values = check_attributes({}, kMandatory, "arima");
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().message, "attribute of arima is missing: \"order\"");
}

}  // namespace
}  // namespace sinan::flow

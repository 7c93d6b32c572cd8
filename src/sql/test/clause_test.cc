#include "sql/clause.h"

#include <gtest/gtest.h>

#include <string>

namespace sinan::sql {
namespace {

Clause parsed(std::string_view text) {
  auto clause = parse_clause(text, {0, static_cast<uint32_t>(text.size())});
  EXPECT_TRUE(clause) << text << "\n" << (clause ? "" : clause.error().message);
  return clause ? *clause : Clause{};
}

template <class T>
T parsed_as(std::string_view text) {
  Clause clause = parsed(text);
  EXPECT_TRUE(std::holds_alternative<T>(clause.body)) << text;
  return std::holds_alternative<T>(clause.body) ? std::get<T>(clause.body) : T{};
}

TEST(Clause, ReadsTheTrainExamples) {
  std::string_view text =
      "TO TRAIN xgboost.gbtree WITH objective=\"reg:squarederror\", train.num_boost_round=50,\n"
      "validation.select=\"SELECT * FROM homes_val\" COLUMN area, CATEGORY_HASH(city, 64) LABEL price INTO zoo.home";
  Train train = parsed_as<Train>(text);
  EXPECT_EQ(train.estimator.text, "xgboost.gbtree");
  ASSERT_EQ(train.attributes.size(), 3U);
  EXPECT_EQ(train.attributes[0].value.kind, Expr::Kind::kString);
  EXPECT_EQ(train.attributes[0].value.text, "reg:squarederror");
  EXPECT_EQ(train.attributes[1].name, "train.num_boost_round");
  EXPECT_EQ(train.attributes[1].value.kind, Expr::Kind::kInteger);
  EXPECT_EQ(text_of(text, train.attributes[1].span), "train.num_boost_round=50");
  EXPECT_EQ(text_of(text, train.attributes[1].name_span), "train.num_boost_round");
  ASSERT_EQ(train.columns.size(), 1U);
  EXPECT_EQ(train.columns[0].target, "feature_columns");
  EXPECT_EQ(to_string(train.columns[0].columns[1]), "CATEGORY_HASH(city, 64)");
  EXPECT_EQ(text_of(text, train.columns[0].columns[1].span), "CATEGORY_HASH(city, 64)");
  EXPECT_EQ(train.label->text, "price");
  EXPECT_EQ(train.into.text, "zoo.home");
  EXPECT_EQ(text_of(text, train.into.span), "zoo.home");

  Train wide = parsed_as<Train>(
      "TO TRAIN DNNLinearCombinedClassifier WITH model.dnn_hidden_units=[64,32]\n"
      "COLUMN CROSS([hour,device],200) FOR linear_feature_columns\n"
      "COLUMN EMBEDDING(CATEGORY_ID(ad,5000),16,mean) FOR dnn_feature_columns LABEL hit INTO zoo.wide");
  ASSERT_EQ(wide.columns.size(), 2U);
  EXPECT_EQ(wide.columns[1].target, "dnn_feature_columns");
  EXPECT_EQ(to_string(wide.attributes[0]), "model.dnn_hidden_units=[64, 32]");
}

TEST(Clause, ReadsTheOtherVerbs) {
  Predict predict = parsed_as<Predict>("TO PREDICT out.homes.price USING zoo.home");
  EXPECT_EQ(predict.table.text, "out.homes");
  EXPECT_EQ(predict.column.text, "price");
  EXPECT_EQ(predict.column.span, (Span{21, 26}));
  EXPECT_EQ(predict.model.text, "zoo.home");
  EXPECT_EQ(parsed_as<Predict>("TO PREDICT homes.price WITH a=1 USING m").table.text, "homes");

  Explain explain = parsed_as<Explain>("TO EXPLAIN zoo.home USING TreeExplainer INTO out.shap");
  EXPECT_EQ(explain.explainer->text, "TreeExplainer");
  EXPECT_EQ(explain.into->text, "out.shap");
  EXPECT_FALSE(parsed_as<Explain>("TO EXPLAIN zoo.home WITH summary.plot_type=bar").into);

  Evaluate evaluate =
      parsed_as<Evaluate>("TO EVALUATE zoo.home WITH validation.metrics=\"r2_score\" LABEL price INTO out.ev");
  EXPECT_EQ(evaluate.label->text, "price");

  sql::Run run =
      parsed_as<sql::Run>("TO RUN tools/prep:2.1 CMD \"binning.py\",\"--columns=qty\" INTO out.bins, out.b2");
  EXPECT_EQ(run.image.text, "tools/prep:2.1");
  EXPECT_EQ(run.command[1].text, "--columns=qty");
  EXPECT_EQ(run.into.size(), 2U);
  EXPECT_TRUE(parsed_as<sql::Run>("TO RUN a/b").command.empty());

  Optimize plan = parsed_as<Optimize>(
      "TO MAXIMIZE SUM((price - material - labour) * made)\n"
      "CONSTRAINT SUM(finish_h * made) <= 100, SUM(carve_h * made) <= 80 GROUP BY plant, made <= cap\n"
      "WITH variables=\"made(kind)\", var_type=\"NonNegativeIntegers\" USING glpk INTO out.plan");
  EXPECT_TRUE(plan.maximize);
  EXPECT_EQ(to_string(plan.objective), "SUM((price - material - labour) * made)");
  ASSERT_EQ(plan.constraints.size(), 3U);
  EXPECT_EQ(plan.constraints[1].group_by->text, "plant");
  EXPECT_EQ(plan.solver->text, "glpk");

  std::string_view show = "SHOW TRAIN zoo.home:3";
  Tokens tokens = *Tokens::make(show);
  EXPECT_EQ(parse_show_train(tokens)->model.text, "zoo.home:3");
}

struct BadRow {
  const char* clause;
  const char* place;  // the text the error points at; "" = the end
  const char* message;
  const char* hint;
};
void PrintTo(const BadRow& row, std::ostream* out) { *out << row.clause; }

class BadClause : public testing::TestWithParam<BadRow> {};

TEST_P(BadClause, IsExplained) {
  const BadRow& row = GetParam();
  std::string_view text = row.clause;
  auto clause = parse_clause(text, {0, static_cast<uint32_t>(text.size())});
  ASSERT_FALSE(clause);
  EXPECT_EQ(clause.error().code, Code::kProgram);
  EXPECT_EQ(clause.error().message, row.message);
  EXPECT_EQ(clause.error().hint, row.hint);
  ASSERT_TRUE(clause.error().span);
  EXPECT_EQ(text_of(text, *clause.error().span), row.place);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BadClause,
    testing::Values(
        BadRow{"TO TRAIN m INTO z", "INTO", "TRAIN needs WITH or LABEL, found the keyword INTO",
               "name the column to learn: LABEL column"},
        BadRow{"TO TRAIN m COLUMN a LABEL y INTO z", "COLUMN", "COLUMN needs WITH before it",
               "write WITH name=value before COLUMN"},
        BadRow{"TO TRAIN m LABEL y WITH a=1 INTO z", "WITH", "expected INTO, found the keyword WITH",
               "the parts of TRAIN come once each, in this order: WITH, COLUMN, LABEL, GROUP BY, USING, INTO"},
        BadRow{"TO TRAIN m WITH a=1 INTO z LABEL y", "LABEL",
               "expected the end of the statement, found the keyword LABEL",
               "the parts of TRAIN come once each, in this order: WITH, COLUMN, LABEL, GROUP BY, USING, INTO"},
        BadRow{"TO TRAIN m LABEL y GROUP store INTO z", "store", "expected BY, found \"store\"", ""},
        BadRow{"TO TRAIN m LABEL y GROUP BY INTO z", "INTO", "expected a column to group by, found the keyword INTO",
               "put it in quotes to use it as a name: \"INTO\""},
        BadRow{"TO TRAIN m LABEL y GROUP BY a, INTO z", "INTO",
               "expected another item after the comma, found the keyword INTO", "remove the comma"},
        BadRow{"TO TRAIN m LABEL y USING o GROUP BY a INTO z", "GROUP", "expected INTO, found the keyword GROUP",
               "the parts of TRAIN come once each, in this order: WITH, COLUMN, LABEL, GROUP BY, USING, INTO"},
        BadRow{"TO TRAIN m WITH a=1 LABEL y", "", "expected INTO, found the end of the statement", ""},
        BadRow{"TO TRAIN m WITH a=1 LABEL y INTO", "", "expected a model name, found the end of the statement", ""},
        BadRow{"TO TRAIN WITH a=1 LABEL y INTO z", "WITH", "expected an estimator, found the keyword WITH", ""},
        BadRow{"TO PREDICT t.c", "", "expected USING, found the end of the statement", ""},
        BadRow{"TO EVALUATE m INTO t LABEL y", "LABEL", "expected the end of the statement, found the keyword LABEL",
               "the parts of EVALUATE come once each, in this order: WITH, LABEL, INTO"},
        BadRow{"TO EVALUATE m LABEL y", "", "expected INTO, found the end of the statement", ""},
        BadRow{"TO MAXIMIZE a INTO t", "INTO", "expected WITH, found the keyword INTO",
               "the parts of MAXIMIZE come once each, in this order: CONSTRAINT, WITH, USING, INTO"},
        BadRow{"TO TRAIN m WITH a=1 COLUMN a COLUMN b LABEL y INTO z", "COLUMN",
               "a second COLUMN needs FOR, found the keyword LABEL", "name its target: COLUMN .. FOR target"},
        BadRow{"TO RUN \"img\" CMD \"a\"", "\"img\"", "expected an image or program, found a quoted string: \"img\"",
               "write it without quotes"},
        BadRow{"TO RUN img CMD run.py", "run.py", "expected a string, found \"run.py\"",
               "put it in quotes: \"run.py\""},
        BadRow{"TO RUN img INTO t", "INTO", "INTO needs CMD before it", "write CMD \"program\" before INTO"},
        BadRow{"TO RUN img CMD \"a\" INTO \"t\"", "\"t\"", "expected a table name, found a quoted string: \"t\"",
               "write it without quotes"},
        BadRow{"TO TRAIN m LABEL y INTO z extra", "extra", "expected the end of the statement, found \"extra\"", ""},
        BadRow{"TO TRAIN m LABEL y INTO z SELECT 1", "SELECT", "missing `;` before SELECT",
               "end each statement with `;`"},
        BadRow{"TO TRAIN m LABEL y INTO z TO PREDICT t.c USING z", "TO",
               "a statement has one clause, here a second begins: TO PREDICT",
               "end the first statement with `;` and write the query of the second before TO"},
        BadRow{"TO TRAIN m WITH a=1, LABEL y INTO z", "LABEL",
               "expected another item after the comma, found the keyword LABEL", "remove the comma"},
        BadRow{"TO TRAIN m WITH a=1 COLUMN a, LABEL y INTO z", "LABEL",
               "expected another item after the comma, found the keyword LABEL", "remove the comma"},
        BadRow{"TO TRAIN m WITH a=[1,] LABEL y INTO z", "]", "expected another item after the comma, found \"]\"",
               "remove the comma"},
        BadRow{"TO TRAIN m WITH eta=1, Eta=2 LABEL y INTO z", "Eta", "attribute given twice: \"Eta\"",
               "remove one of them"},
        BadRow{"TO TRAIN m WITH a=2**3 LABEL y INTO z", "**", "expected INTO, found \"**\"", ""},
        BadRow{"TO TRAIN m WITH a={1} LABEL y INTO z", "{", "expected a value, found \"{\"", ""},
        BadRow{"TO TRAIN m WITH a=1 } LABEL y INTO z", "}", "expected INTO, found \"}\"", ""},
        BadRow{"TO TRAIN m WITH a=!b LABEL y INTO z", "!", "expected a value, found \"!\"", ""},
        BadRow{"TO TRAIN m WITH a=\"x LABEL y INTO z", "\"", "string is never closed", "add the closing \""},
        BadRow{"TO TRAIN m /* LABEL y INTO z", "/*", "comment is never closed", "add */ (comments nest)"},
        BadRow{"TO TRAIN m LABEL `y` INTO z", "`y`", "expected the label column, found \"`y`\"",
               "write the name without backticks"},
        BadRow{"TO TRAIN m LABEL label INTO z", "label", "expected the label column, found the keyword label",
               "put it in quotes to use it as a name: \"label\""},
        BadRow{"TO TRAIN m LABEL y INTO select", "select", "expected a model name, found the keyword select", ""},
        BadRow{"TO PREDICT price USING m", "price", "the target of PREDICT is a table and a column, found \"price\"",
               "write table.column, schema.table.column or source.schema.table.column"},
        BadRow{"TO PREDICT a.b.c.d.e USING m", "a.b.c.d.e",
               "the target of PREDICT is a table and a column, found \"a.b.c.d.e\"",
               "write table.column, schema.table.column or source.schema.table.column"},
        BadRow{"TO TRAIN m WITH a=1+2 LABEL y INTO z", "+", "an attribute value cannot be computed, found \"+\"",
               "write the value itself"},
        BadRow{"TO TRAIN m WITH a=(1) LABEL y INTO z", "(", "an attribute value cannot be computed, found \"(\"",
               "write the value itself"},
        BadRow{"TO TRAIN m WITH a=NOT b LABEL y INTO z", "NOT",
               "an attribute value cannot be computed, found the keyword NOT", "write the value itself"},
        BadRow{"TO TRAIN m WITH a 1 LABEL y INTO z", "1", "expected \"=\" after the attribute a, found \"1\"",
               "write name=value"},
        BadRow{"TO TRIAN m LABEL y INTO z", "TRIAN",
               "expected TRAIN, PREDICT, EXPLAIN, EVALUATE, RUN, MAXIMIZE or MINIMIZE, found \"TRIAN\"",
               "did you mean \"TRAIN\"?"},
        BadRow{"TO TRAIN m WITH a=1 COLUM b LABEL y INTO z", "COLUM", "expected INTO, found \"COLUM\"",
               "did you mean \"COLUMN\"?"},
        BadRow{"TO TRAIN m LABLE y INTO z", "LABLE", "expected WITH or LABEL, found \"LABLE\"",
               "did you mean \"LABEL\"?"},
        BadRow{"TO TRAIN m WITH a=12abc LABEL y INTO z", "12abc", "not a number: \"12abc\"", "put text in quotes"},
        BadRow{"TO TRAIN m WITH a=1 COLUMN \"b\" LABEL y INTO z", "\"b\"", "expected a column, found the string \"b\"",
               "write it without quotes"},
        BadRow{"TO TRAIN m WITH a=1 COLUMN b + c LABEL y INTO z", "+", "COLUMN takes names and calls, found \"+\"",
               "compute it in the query before TO"}));

TEST(Clause, ShowTrainTakesNothingElse) {
  std::string_view text = "SHOW TRAIN zoo.home now";
  Tokens tokens = *Tokens::make(text);
  auto show = parse_show_train(tokens);
  ASSERT_FALSE(show);
  EXPECT_EQ(show.error().message, "expected the end of the statement, found \"now\"");
  EXPECT_EQ(show.error().span, (Span{20, 23}));
}

TEST(Clause, TakesTheValidThoughOdd) {
  EXPECT_EQ(parsed("to TrAiN m wItH a=1 label y into z"), parsed("TO TRAIN m WITH a=1 LABEL y INTO z"));
  EXPECT_TRUE(
      parsed_as<Train>("TO TRAIN m WITH a=1 COLUMN * LABEL y INTO z").columns[0].columns[0].is(Expr::Kind::kStar));
  EXPECT_EQ(to_string(parsed_as<Train>("TO TRAIN m WITH a=[] INTO z").attributes[0].value), "[]");
  EXPECT_EQ(to_string(parsed_as<Train>("TO TRAIN m WITH a=[[1,2],[3]] INTO z").attributes[0].value), "[[1, 2], [3]]");
  EXPECT_EQ(to_string(parsed_as<Train>("TO TRAIN m WITH a=f(1,\"x\") INTO z").attributes[0].value), "f(1, \"x\")");
  EXPECT_EQ(to_string(parsed_as<Train>("TO TRAIN m WITH a=1 COLUMN NO_SUCH(b) INTO z").columns[0].columns[0]),
            "NO_SUCH(b)");
  EXPECT_EQ(parsed_as<Train>("TO TRAIN m LABEL größe INTO 模型.一").into.text, "模型.一");
  EXPECT_EQ(parsed("TO /*a*/ TRAIN -- b\n m LABEL y INTO z -- c"), parsed("TO TRAIN m LABEL y INTO z"));
  EXPECT_EQ(parsed_as<Train>("TO TRAIN m LABEL \"label\" INTO z").label->text, "label");
  EXPECT_EQ(parsed_as<Train>("TO TRAIN m WITH a=-1 INTO z").attributes[0].value.text, "-1");
  EXPECT_EQ(parsed_as<Train>("TO TRAIN m WITH a=1 INTO z").label, std::nullopt);
  EXPECT_EQ(parsed_as<Train>("TO TRAIN m LABEL y USING zoo.old INTO z").warm_start->text, "zoo.old");
  EXPECT_EQ(parsed_as<Explain>("TO EXPLAIN h:80/m:2").model.text, "h:80/m:2");
  const Train by_store = parsed_as<Train>("TO TRAIN m LABEL y GROUP BY store, \"the day\" USING old INTO z");
  ASSERT_EQ(by_store.group_by.size(), 2u);
  EXPECT_EQ(by_store.group_by[0].text, "store");
  EXPECT_EQ(by_store.group_by[1].text, "the day");
  EXPECT_EQ(parsed_as<Train>("TO TRAIN m WITH a=1 GROUP BY store INTO z").group_by.size(), 1u);
}

TEST(Clause, TypesItsValues) {
  Train train =
      parsed_as<Train>("TO TRAIN m WITH a=.5, b=5., c=1e3, d=TRUE, e=mean, f='it\\'s', g=0x1F, h=1_000 INTO z");
  auto value = [&](size_t i) { return train.attributes[i].value; };
  EXPECT_EQ(value(0).kind, Expr::Kind::kFloat);
  EXPECT_EQ(value(1).kind, Expr::Kind::kFloat);
  EXPECT_EQ(value(2).kind, Expr::Kind::kFloat);
  EXPECT_EQ(value(3).kind, Expr::Kind::kBoolean);
  EXPECT_EQ(value(3).text, "true");
  EXPECT_EQ(value(4).kind, Expr::Kind::kName);
  EXPECT_EQ(value(5).text, "it's");
  EXPECT_EQ(value(6).text, "31");
  EXPECT_EQ(value(7).text, "1000");
}

TEST(Clause, UngluesNames) {
  auto unglued = [](std::string_view text) -> std::string {
    Tokens tokens = *Tokens::make(text);
    auto expr = unglue(*parse_expression(tokens));
    return expr ? to_string(*expr) : "";
  };
  EXPECT_EQ(unglued("price-cost/2-x"), "price - cost / 2 - x");
  EXPECT_EQ(unglued("price"), "");
  EXPECT_EQ(unglued("price-"), "");
}

TEST(Clause, RefusesDeepAndLongExpressions) {
  for (std::string opening : {"(", "[", "-", "f("}) {
    std::string text = "TO MAXIMIZE ";
    for (int i = 0; i < 100000; ++i) text += opening + " ";
    auto clause = parse_clause(text, {0, static_cast<uint32_t>(text.size())});
    ASSERT_FALSE(clause);
    EXPECT_EQ(clause.error().message, "expression is nested too deeply");
  }
  std::string sum = "TO MAXIMIZE a";
  for (int i = 0; i < 100000; ++i) sum += " + a";
  auto clause = parse_clause(sum, {0, static_cast<uint32_t>(sum.size())});
  ASSERT_FALSE(clause);
  EXPECT_EQ(clause.error().message, "expression is too long");
}

TEST(Tokens, ServesOtherStatements) {
  std::string_view text = "DROP MODEL IF EXISTS zoo.home:3 LIMIT 12 -5 'x'";
  Tokens tokens = *Tokens::make(text);
  EXPECT_TRUE(tokens.at_phrase("drop model"));
  EXPECT_FALSE(tokens.at_phrase("DROP MODELS"));
  EXPECT_TRUE(tokens.expect_phrase("DROP MODEL"));
  EXPECT_TRUE(tokens.accept_phrase("IF EXISTS"));
  EXPECT_EQ(tokens.expect_name("a model name")->text, "zoo.home:3");
  EXPECT_FALSE(tokens.accept_word("WHERE"));
  EXPECT_TRUE(tokens.expect_word("LIMIT"));
  EXPECT_EQ(*tokens.expect_integer("a number"), 12);
  EXPECT_EQ(*tokens.expect_integer("a number"), -5);
  EXPECT_FALSE(tokens.expect_integer("a number"));
  EXPECT_EQ(tokens.expect_string("a string")->text, "x");
  EXPECT_TRUE(tokens.expect_end());
  EXPECT_EQ(tokens.here(), (Span{47, 47}));
  EXPECT_FALSE(tokens.expect_name("a name"));
}

}  // namespace
}  // namespace sinan::sql

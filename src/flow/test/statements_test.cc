#include <gmock/gmock.h>

#include "flow/test/project_fixture.h"
#include "flow/test/test_kinds.h"

namespace sinan::flow {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::SizeIs;
using testing::StartsWith;

class StatementsTest : public ProjectTest {
 protected:
  StatementsTest() { register_test_kinds(registry_); }

  // The table that a statement gives, as text.
  std::vector<std::string> table(std::string statement) {
    report_ = run(std::move(statement));
    TextSink sink;
    for (const StepReport& step : report_.steps) {
      if (step.error) ADD_FAILURE() << step.error->to_string();
      for (const ResultTable& result : step.outcome.tables) EXPECT_TRUE(sink.write(result.rows));
    }
    return sink.rows;
  }
  RunReport report_;
};

TEST_F(StatementsTest, ShowRuns) {
  run("CREATE TABLE t AS SELECT 1 AS x");
  run("-- a comment\nSELECT 2");
  const auto rows = table("SHOW RUNS LIMIT 3");
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_THAT(rows[0], AllOf(HasSubstr("running"), HasSubstr("SHOW RUNS")));
  EXPECT_THAT(rows[1], AllOf(HasSubstr("done"), HasSubstr("SELECT 2")));
  EXPECT_THAT(rows[2], HasSubstr("CREATE TABLE t"));
  EXPECT_THAT(errors_of(plan("SHOW RUNS LIMIT x")), ElementsAre(HasSubstr("a number of runs")));
  EXPECT_THAT(errors_of(plan("SHOW RUNS LIMT 3")), ElementsAre(HasSubstr("LIMIT")));
}

TEST_F(StatementsTest, DescribeRun) {
  const RunReport first = run("CREATE TABLE t AS SELECT 1 AS x; SELECT CAST('a' || x AS INTEGER) FROM t");
  auto rows = table("DESCRIBE RUN");
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_THAT(rows[0], AllOf(StartsWith("1|CREATE TABLE AS|done|"), HasSubstr("|running ")));
  EXPECT_THAT(rows[1], AllOf(StartsWith("2|"), HasSubstr("|failed|"), HasSubstr("could not convert")));
  EXPECT_EQ(table("DESCRIBE RUN " + first.id.value), rows);
  EXPECT_EQ(table("DESCRIBE RUN '" + first.id.value + "'"), rows);
  EXPECT_THAT(errors_of(plan("DESCRIBE RUN zzz")),
              ElementsAre("no such run: \"zzz\" (SHOW RUNS lists the latest) at \"zzz\""));
}

TEST_F(StatementsTest, ShowLineageByColumn) {
  run("CREATE TABLE raw AS SELECT 1 AS a, 2 AS b; CREATE TABLE t AS SELECT a + 1 AS x, b AS y FROM raw;"
      "INSERT INTO t SELECT b, a FROM raw; CREATE VIEW v AS SELECT y FROM t");
  EXPECT_THAT(table("SHOW LINEAGE FOR t.x"),
              IsSupersetOf({"upstream|raw|a|t|x|create table as", "upstream|raw|b|t|x|insert"}));
  EXPECT_THAT(report_.steps[0].outcome.messages[0], AllOf(HasSubstr("t.x is computed from"), HasSubstr("└─ raw.b")));
  const auto down = table("SHOW LINEAGE FOR raw.b");
  EXPECT_THAT(down, Contains("downstream|t|y|v|y|create view"));
  const RunReport unknown = run("SHOW LINEAGE FOR rwa");
  ASSERT_TRUE(unknown.steps[0].error);
  EXPECT_EQ(unknown.steps[0].error->code, Code::kNotFound);
  EXPECT_EQ(unknown.steps[0].error->hint, "did you mean \"raw\"?");
}

TEST_F(StatementsTest, ShowStatements) {
  const auto rows = table("SHOW STATEMENTS");
  EXPECT_THAT(rows, Contains(StartsWith("DESCRIBE RUN|")));
  EXPECT_THAT(rows, SizeIs(registry_.kinds().size()));
}

TEST_F(StatementsTest, ThePhraseIsFoundWhateverItsSpelling) {
  EXPECT_THAT(table("show /* all */ Statements"), Contains(StartsWith("SHOW RUNS|")));
  // DuckDB's own SHOW stays its own.
  EXPECT_THAT(rows("SHOW TABLES"), SizeIs(0));
}

}  // namespace
}  // namespace sinan::flow

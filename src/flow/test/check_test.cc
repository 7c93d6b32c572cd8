// All errors of a program at once, each at its place, nothing run.

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "flow/test/project_fixture.h"
#include "flow/test/test_kinds.h"

namespace sinan::flow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckTest : public ProjectTest {
 protected:
  CheckTest() { register_test_kinds(registry_); }
  std::vector<std::string> errors(std::string program) { return errors_of(plan(std::move(program))); }
};

TEST_F(CheckTest, UnknownTablesAndColumnsNameTheNearest) {
  run("CREATE TABLE flights (dep_delay DOUBLE, carrier VARCHAR); CREATE TABLE planes (tailnum VARCHAR, seats INTEGER)");
  EXPECT_THAT(errors("SELECT * FROM flihgts"),
              ElementsAre("unknown table \"flihgts\" (did you mean \"flights\"?) at \"flihgts\""));
  EXPECT_THAT(errors("SELECT dep_dely FROM flights"),
              ElementsAre("unknown column \"dep_dely\" (did you mean \"dep_delay\"?) at \"dep_dely\""));
  EXPECT_THAT(errors("SELECT seats FROM flights"), ElementsAre(HasSubstr("main.planes has a column of that name")));
}

TEST_F(CheckTest, AllErrorsAtOnceInOrder) {
  EXPECT_THAT(errors("SELECT * FROM a; SELECT 1 +; SELECT 1 TO TRAIN e LABEL nope INTO m; SELECT x FROM b"),
              ElementsAre(HasSubstr("unknown table \"a\""), HasSubstr("syntax error"),
                          HasSubstr("unknown label \"nope\""), HasSubstr("unknown table \"b\"")));
  EXPECT_THAT(rows("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'main'"), ElementsAre("0"));
}

TEST_F(CheckTest, TablesThatEarlierStatementsCreateAreKnownWithTheirColumns) {
  EXPECT_THAT(
      errors("CREATE TABLE t AS SELECT 1 AS x, 'a' AS name; CREATE VIEW v AS SELECT name FROM t; SELECT name FROM v;"
             "ALTER TABLE t RENAME COLUMN x TO y; SELECT y FROM t; SELECT x FROM t; DROP TABLE t; SELECT y FROM t"),
      ElementsAre(HasSubstr("unknown column \"x\""), HasSubstr("unknown table \"t\"")));
}

TEST_F(CheckTest, CheckingMovesNothing) {
  run("CREATE TABLE t AS SELECT * FROM range(10) r(x)");
  EXPECT_THAT(errors("DELETE FROM t; INSERT INTO t VALUES (1); DROP TABLE t; CREATE TABLE u AS SELECT 1"), IsEmpty());
  EXPECT_THAT(rows("SELECT count(*) FROM t"), ElementsAre("10"));
  EXPECT_THAT(errors("SELECT * FROM u"), ElementsAre(HasSubstr("unknown table \"u\"")));
}

TEST_F(CheckTest, WhatFollowsFromAnErrorIsNotReported) {
  EXPECT_THAT(
      errors("CREATE TABLE a AS SELECT * FROM missing; CREATE TABLE b AS SELECT * FROM a; SELECT * FROM b;"
             "SELECT * FROM a TO TRAIN e LABEL x INTO m; SELECT 1 AS x TO EVALUATE m LABEL x INTO r; SELECT * FROM r"),
      ElementsAre(HasSubstr("unknown table \"missing\"")));
  // But its own mistakes are.
  EXPECT_THAT(errors("CREATE TABLE a AS SELECT * FROM missing; SELECT FROM FROM a"),
              ElementsAre(HasSubstr("unknown table \"missing\""), HasSubstr("syntax error")));
  // A table made again is good again.
  EXPECT_THAT(
      errors("CREATE TABLE a AS SELECT * FROM missing; CREATE OR REPLACE TABLE a AS SELECT 1 AS x; SELECT y FROM a"),
      ElementsAre(HasSubstr("unknown table \"missing\""), HasSubstr("unknown column \"y\"")));
}

TEST_F(CheckTest, AfterABarrierMissingNamesWaitForTheRun) {
  EXPECT_THAT(errors("ATTACH ':memory:' AS lake; SELECT * FROM lake.t; SELECT 1 +"),
              ElementsAre(HasSubstr("syntax error")));
  const RunReport report = run("ATTACH ':memory:' AS lake2; SELECT * FROM lake2.t; SELECT 2");
  EXPECT_THAT(status_of(report), ElementsAre("done", "failed", "done"));
}

TEST_F(CheckTest, FilesStillToBeWrittenAreReadAtTheRun) {
  EXPECT_THAT(errors("SELECT * FROM 'out.parquet'"), ElementsAre(HasSubstr("out.parquet")));
  const RunReport report =
      run("COPY (SELECT 5 AS x) TO 'out.parquet'; CREATE TABLE t AS SELECT x FROM 'out.parquet'; SELECT x FROM t");
  EXPECT_TRUE(report.ok()) << testing::PrintToString(status_of(report));
  EXPECT_THAT(recorder_.sinks[2].rows, ElementsAre("5"));
}

TEST_F(CheckTest, MisspeltVerbsAndStatements) {
  EXPECT_THAT(errors("SELECT 1 AS x TO TRIAN e LABEL x INTO m"),
              ElementsAre("unknown verb \"TRIAN\" after TO (did you mean \"TO TRAIN\"?) at \"TRIAN\""));
  EXPECT_THAT(errors("SHOW RUN"), ElementsAre(HasSubstr("did you mean \"SHOW RUNS\"?")));
  EXPECT_THAT(errors("SELECT 1 AS x TO RUN img"), ElementsAre(HasSubstr("TO RUN is not available in this build")));
  EXPECT_THAT(errors("SELECT 1 AS x TO MAXIMIZE x INTO"), ElementsAre(HasSubstr("expected")));
}

TEST_F(CheckTest, Transactions) {
  // Programs for MySQL end with one.
  EXPECT_THAT(errors("COMMIT"), IsEmpty());
  EXPECT_THAT(errors("BEGIN; SELECT 1"), ElementsAre(HasSubstr("BEGIN has no COMMIT")));
  EXPECT_THAT(errors("BEGIN; BEGIN; COMMIT"), ElementsAre(HasSubstr("BEGIN inside a transaction")));
  EXPECT_THAT(errors("BEGIN; SELECT 1 AS x TO TRAIN e LABEL x INTO m; COMMIT"),
              ElementsAre(HasSubstr("not possible inside BEGIN .. COMMIT")));
  EXPECT_THAT(errors("BEGIN; CREATE TABLE t AS SELECT 1 AS x; ROLLBACK; SELECT * FROM t"),
              ElementsAre(HasSubstr("unknown table \"t\"")));
}

TEST_F(CheckTest, ErrorsOfTheTextComeWithTheirPlace) {
  EXPECT_THAT(errors("SELECT 'abc"), ElementsAre(HasSubstr("string is never closed")));
  EXPECT_THAT(errors("SELECT (1"), ElementsAre(HasSubstr("at \"(\"")));
  // An error in the second line is in the second line.
  const Plan made = plan("SELECT 1;\nSELECT  nope;");
  ASSERT_EQ(made.diagnostics.size(), 1u);
  EXPECT_EQ(made.diagnostics[0].error.span->begin, 18u);
  EXPECT_EQ(made.diagnostics[0].statement, 1u);
}

TEST_F(CheckTest, ConstraintsOfRowsAreNoMatterOfTheCheck) {
  run("CREATE TABLE t AS SELECT NULL::INTEGER AS x");
  EXPECT_THAT(errors("DELETE FROM t; ALTER TABLE t ALTER x SET NOT NULL; CREATE UNIQUE INDEX i ON t (x)"), IsEmpty());
}

// SLOW: its check asks the engine something that takes hours: DuckDB looks for a PIVOT's columns when it describes it.
class SlowKind final : public StatementKind {
 public:
  explicit SlowKind(std::promise<void>& asked) : asked_(asked) {}
  std::string_view phrase() const override { return "SLOW"; }
  Help help() const override { return {"test", "", "", ""}; }
  Result<std::unique_ptr<Parsed>> parse(const Statement&, sql::Tokens& tokens) const override {
    TRY(tokens.expect_phrase(phrase()));
    return std::make_unique<Parsed>();
  }
  Result<std::unique_ptr<Step>> check(const Parsed&, CheckContext& context) const override {
    asked_.set_value();
    TRY(context.describe("PIVOT (SELECT range AS r FROM range(100000000000)) ON r % 3 USING count(*)",
                         context.statement().text.whole));
    return fail(Code::kInternal, "described it");
  }

 private:
  std::promise<void>& asked_;
};

TEST_F(CheckTest, PlanningIsCancelledInTheMiddleOfAStatement) {
  std::promise<void> asked;
  registry_.add(std::make_unique<SlowKind>(asked));
  open();
  CancelSource source;
  std::thread impatient([&] {
    asked.get_future().wait();
    source.cancel();
  });
  const auto made =
      make_plan("CREATE TABLE t AS SELECT 1 AS x; SLOW; SELECT * FROM nope", *project_, {.cancel = source.token()});
  impatient.join();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kCancelled);
  // The project is as it was, and fit for more.
  EXPECT_THAT(rows("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'main'"), ElementsAre("0"));
}

TEST_F(CheckTest, PlanAsJson) {
  const Json json = to_json(plan("CREATE TABLE t AS SELECT 1 AS x; SELECT x FROM t"));
  EXPECT_TRUE(json.at("ok").as_bool().value());
  ASSERT_EQ(json.at("steps").items().size(), 2u);
  EXPECT_EQ(json.at("steps").items()[0].at("kind").string_view(), "CREATE TABLE AS");
  EXPECT_EQ(json.at("steps").items()[1].at("depends_on").dump(),
            R"([{"step":1,"hazard":"read after write","object":"table main.t"}])");
  const Json failed = to_json(plan("SELECT\n  nope"));
  EXPECT_EQ(failed.at("diagnostics").items()[0].at("line").as_int().value(), 2);
  EXPECT_EQ(failed.at("diagnostics").items()[0].at("column").as_int().value(), 3);
}

}  // namespace
}  // namespace sinan::flow

// Plain SQL from text to rows, with the real engine.

#include <gmock/gmock.h>

#include "flow/plain_sql.h"
#include "flow/test/project_fixture.h"

namespace sinan::flow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using PlainSqlTest = ProjectTest;

TEST_F(PlainSqlTest, AQueryStreamsItsRows) {
  EXPECT_THAT(rows("SELECT 1, 'a'"), ElementsAre("1|a"));
  EXPECT_EQ(rows("SELECT * FROM range(100000)").size(), 100000u);
}

TEST_F(PlainSqlTest, TablesStayInTheProject) {
  const RunReport report = run("CREATE TABLE t AS SELECT 42 AS x; INSERT INTO t VALUES (43); SELECT sum(x) FROM t");
  EXPECT_TRUE(report.ok());
  EXPECT_THAT(recorder_.sinks[2].rows, ElementsAre("85"));
  EXPECT_EQ(report.steps[1].outcome.rows_written, 1);
  reopen();
  EXPECT_THAT(rows("SELECT x FROM t ORDER BY x"), ElementsAre("42", "43"));
}

TEST_F(PlainSqlTest, ReturningShowsRowsAndWrites) {
  run("CREATE TABLE t (x INTEGER)");
  EXPECT_THAT(rows("INSERT INTO t VALUES (1), (2) RETURNING x * 10"), ElementsAre("10", "20"));
  EXPECT_THAT(rows("SELECT count(*) FROM t"), ElementsAre("2"));
}

TEST_F(PlainSqlTest, TransactionsAreOneStep) {
  const RunReport report =
      run("CREATE TABLE t (x INTEGER); BEGIN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); COMMIT; "
          "BEGIN; INSERT INTO t VALUES (3); ROLLBACK; SELECT count(*) FROM t");
  EXPECT_EQ(report.steps.size(), 4u);
  EXPECT_TRUE(report.ok());
  EXPECT_THAT(recorder_.sinks[3].rows, ElementsAre("2"));
}

TEST_F(PlainSqlTest, ATransactionThatFailsLeavesNothing) {
  const RunReport report =
      run("CREATE TABLE t (x INTEGER PRIMARY KEY); BEGIN; INSERT INTO t VALUES (1); INSERT INTO t SELECT 1; COMMIT;");
  EXPECT_THAT(status_of(report), ElementsAre("done", "failed"));
  EXPECT_THAT(rows("SELECT count(*) FROM t"), ElementsAre("0"));
}

TEST_F(PlainSqlTest, SettingsReachLaterStatements) {
  EXPECT_THAT(
      rows("CREATE SCHEMA zoo; USE zoo; CREATE TABLE t AS SELECT 1 AS x; SELECT current_schema(), x FROM zoo.t"),
      ElementsAre("zoo|1"));
  // And later programs of the same process.
  EXPECT_THAT(rows("SELECT x FROM t"), ElementsAre("1"));
  EXPECT_THAT(rows("SET VARIABLE v = 5; SELECT getvariable('v')"), ElementsAre("5"));
  reopen();
  EXPECT_THAT(rows("SELECT current_schema()"), ElementsAre("main"));
}

TEST_F(PlainSqlTest, TemporaryTablesLiveAsLongAsTheProcess) {
  EXPECT_THAT(rows("CREATE TEMP TABLE t AS SELECT 7 AS x; INSERT INTO t VALUES (8); SELECT sum(x) FROM t"),
              ElementsAre("15"));
  EXPECT_THAT(rows("SELECT max(x) FROM t"), ElementsAre("8"));
  EXPECT_THAT(rows("CREATE TABLE u AS SELECT * FROM t; SELECT count(*) FROM u"), ElementsAre("2"));
  run("DROP TABLE t");
  EXPECT_THAT(errors_of(plan("SELECT * FROM t")), ElementsAre(HasSubstr("unknown table \"t\"")));
  reopen();
  EXPECT_THAT(rows("SELECT count(*) FROM u"), ElementsAre("2"));
}

TEST_F(PlainSqlTest, StatementsOutsideTransactionsRunAlone) {
  const RunReport report =
      run("CREATE TABLE t AS SELECT 1 AS x; CHECKPOINT; ATTACH ':memory:' AS other; "
          "CREATE TABLE other.u AS SELECT 2 AS y; SELECT y FROM other.u");
  EXPECT_TRUE(report.ok()) << testing::PrintToString(status_of(report));
  EXPECT_THAT(recorder_.sinks[4].rows, ElementsAre("2"));
}

TEST_F(PlainSqlTest, CopyWritesAndReadsFilesOfTheProject) {
  const RunReport report =
      run("COPY (SELECT 1 AS a, 'x' AS b) TO 'out.csv'; CREATE TABLE t AS SELECT * FROM 'out.csv'; SELECT a, b FROM t");
  EXPECT_TRUE(report.ok()) << testing::PrintToString(status_of(report));
  EXPECT_TRUE(std::filesystem::exists(dir_.path() / "out.csv"));
  EXPECT_THAT(recorder_.sinks[2].rows, ElementsAre("1|x"));
}

TEST_F(PlainSqlTest, CopyKeepsItsOptionsAndTheFileAppearsWhole) {
  run("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b");
  for (const char* sql : {"COPY t TO 'o.csv' (DELIMITER ';', HEADER)", "COPY t TO 'o.csv' WITH (DELIMITER ';', HEADER)",
                          "COPY t TO 'o.csv' (FORMAT csv, DELIMITER ';', HEADER true, USE_TMP_FILE false)"}) {
    std::filesystem::remove(dir_.path() / "o.csv");
    EXPECT_TRUE(run(sql).ok()) << sql;
    EXPECT_EQ(io::real_file_system().read_file(dir_.path() / "o.csv").value_or("missing"), "a;b\n1;x\n") << sql;
  }
  EXPECT_TRUE(run("COPY t TO 'parts' (FORMAT csv, PARTITION_BY (a))").ok());
  EXPECT_TRUE(std::filesystem::is_directory(dir_.path() / "parts/a=1"));
  EXPECT_TRUE(run("COPY (SELECT ') TO ''no''' AS s) TO 'quoted.parquet'").ok());
  EXPECT_THAT(rows("SELECT s FROM 'quoted.parquet'"), ElementsAre(") TO 'no'"));
}

TEST_F(PlainSqlTest, RunnableCopySpellsOutTheTarget) {
  open();
  const auto copy = [&](std::string sql) {
    PlainStatement statement{.sql = sql, .analysis = sql::analyze(sql, sql::EmptyScope())};
    return runnable_copy(statement, "/p", project_->engine().dialect());
  };
  EXPECT_EQ(copy("COPY t TO 'a.csv'"), "COPY t TO '/p/a.csv' (USE_TMP_FILE true)");
  EXPECT_EQ(copy("COPY t TO '/x/a.csv' (HEADER)"), "COPY t TO '/x/a.csv' (HEADER, USE_TMP_FILE true)");
  EXPECT_EQ(copy("COPY t TO '/dev/stdout'"), "COPY t TO '/dev/stdout'");
  EXPECT_EQ(copy("COPY t TO 's3://b/a.csv'"), "COPY t TO 's3://b/a.csv'");
  EXPECT_EQ(copy("COPY t TO 'a' (PARTITION_BY x)"), "COPY t TO '/p/a' (PARTITION_BY x)");
}

TEST_F(PlainSqlTest, AFailureSkipsItsDescendantsOnly) {
  const RunReport report =
      run("CREATE TABLE a AS SELECT 1 AS x; CREATE TABLE b AS SELECT CAST('no' || x AS INTEGER) AS y FROM a; "
          "CREATE TABLE c AS SELECT y FROM b; SELECT x FROM a; DROP TABLE c");
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(status_of(report), ElementsAre("done", "failed", "skipped", "done", "skipped"));
  ASSERT_TRUE(report.steps[1].error);
  EXPECT_EQ(report.steps[1].error->code, Code::kData);
  EXPECT_THAT(report.steps[2].outcome.messages, ElementsAre(HasSubstr("step 2 (CREATE TABLE b) failed")));
  EXPECT_THAT(errors_of(plan("SELECT * FROM b")), ElementsAre(HasSubstr("unknown table")));
}

TEST_F(PlainSqlTest, AnEmptyProgramDoesNothing) { EXPECT_THAT(run("-- nothing\n;;").steps, IsEmpty()); }

}  // namespace
}  // namespace sinan::flow

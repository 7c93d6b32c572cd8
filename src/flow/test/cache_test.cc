// What is skipped because nothing has changed, and what is not; resuming.

#include <gmock/gmock.h>

#include "flow/test/project_fixture.h"
#include "flow/test/test_kinds.h"

namespace sinan::flow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CacheTest : public ProjectTest {
 protected:
  CacheTest() { register_test_kinds(registry_); }
  std::vector<std::string> statuses(std::string program, ExecuteOptions options = {}) {
    return status_of(run(std::move(program), std::move(options)));
  }
  void write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(io::real_file_system().write_file_durable(dir_.path() / name, text));
  }
};

constexpr const char* kProgram =
    "CREATE OR REPLACE TABLE t AS SELECT 1 AS x; SELECT * FROM t TO TRAIN e LABEL x INTO m;"
    "SELECT * FROM t TO EVALUATE m LABEL x INTO r; SELECT * FROM r";

TEST_F(CacheTest, AnUnchangedProgramIsNotRunAgain) {
  EXPECT_THAT(statuses(kProgram), ElementsAre("done", "done", "done", "done"));
  EXPECT_THAT(statuses(kProgram), ElementsAre("cached", "cached", "cached", "done"));
  const Plan made = plan(kProgram);
  EXPECT_TRUE(made.steps[0].cached && made.steps[1].cached && made.steps[2].cached && !made.steps[3].cached);
  reopen();
  const RunReport again = run(kProgram);
  EXPECT_THAT(status_of(again), ElementsAre("cached", "cached", "cached", "done"));
  EXPECT_THAT(again.steps[1].outcome.messages, ElementsAre(HasSubstr("--no-cache runs it again")));
  EXPECT_EQ(project_->catalog().versions({"model", "m", 0})->size(), 1u);
  ExecuteOptions without;
  without.use_cache = false;
  EXPECT_THAT(statuses(kProgram, without), ElementsAre("done", "done", "done", "done"));
  ExecuteOptions seeded;
  seeded.seed = 7;
  // Only the training uses it; what comes after reads another model.
  EXPECT_THAT(statuses(kProgram, seeded), ElementsAre("cached", "done", "done", "done"));
  EXPECT_THAT(statuses(kProgram, seeded), ElementsAre("cached", "cached", "cached", "done"));
  const Plan with_first_seed = plan(kProgram);
  EXPECT_FALSE(with_first_seed.steps[1].cached);
}

TEST_F(CacheTest, AChangedInputRunsWhatDependsOnIt) {
  statuses(kProgram);
  std::string changed = kProgram;
  changed.replace(changed.find("1 AS x"), 6, "2 AS x");
  EXPECT_THAT(statuses(changed), ElementsAre("done", "done", "done", "done"));
  EXPECT_THAT(rows("SELECT * FROM r"), ElementsAre("1 2|1 2"));
}

TEST_F(CacheTest, AnInputThatSomeoneElseWroteRunsAgain) {
  statuses(kProgram);
  run("INSERT INTO t VALUES (5)");
  EXPECT_THAT(statuses(kProgram), ElementsAre("done", "cached", "cached", "done"));
  run("INSERT INTO r VALUES ('a', 'b')");
  EXPECT_THAT(statuses(kProgram), ElementsAre("cached", "cached", "done", "done"));
  run("DROP TABLE t");
  EXPECT_THAT(statuses(kProgram), ElementsAre("done", "cached", "cached", "done"));
}

TEST_F(CacheTest, FilesCountByTheirStat) {
  write("in.csv", "x\n1\n");
  constexpr const char* kRead = "CREATE OR REPLACE TABLE t AS SELECT * FROM 'in.csv'";
  EXPECT_THAT(statuses(kRead), ElementsAre("done"));
  EXPECT_THAT(statuses(kRead), ElementsAre("cached"));
  write("in.csv", "x\n12\n");
  EXPECT_THAT(statuses(kRead), ElementsAre("done"));
  constexpr const char* kGlob = "CREATE OR REPLACE TABLE u AS SELECT * FROM read_csv('in*.csv')";
  EXPECT_THAT(statuses(kGlob), ElementsAre("done"));
  EXPECT_THAT(statuses(kGlob), ElementsAre("cached"));
  write("in2.csv", "x\n3\n");
  EXPECT_THAT(statuses(kGlob), ElementsAre("done"));
}

TEST_F(CacheTest, VolatileFunctionsAndMacrosAreNotCached) {
  run("CREATE MACRO twice(x) AS x * 2");
  for (const char* sql :
       {"CREATE OR REPLACE TABLE v AS SELECT random() AS x",
        "CREATE OR REPLACE TABLE v AS SELECT current_timestamp AS x",
        "CREATE OR REPLACE TABLE v AS SELECT twice(2) AS x", "CREATE TABLE IF NOT EXISTS w AS SELECT 1"}) {
    EXPECT_THAT(statuses(sql), ElementsAre("done")) << sql;
    EXPECT_THAT(statuses(sql), ElementsAre("done")) << sql;
  }
}

TEST_F(CacheTest, AnUnknownStatementForgets) {
  statuses(kProgram);
  run("CHECKPOINT");
  EXPECT_THAT(statuses(kProgram), ElementsAre("cached", "cached", "cached", "done"));
  // Runs SQL that nobody has looked at.
  run("CALL query('SELECT 1')");
  EXPECT_THAT(statuses(kProgram), ElementsAre("done", "done", "done", "done"));
}

TEST_F(CacheTest, AnotherProgramThatChangesTheWarehouseIsNoticed) {
  statuses(kProgram);
  close();
  {
    // As another program would: the warehouse is just a database file.
    Registry empty;
    auto file = dir_.path() / ".sinan/warehouse/working.duckdb";
    const auto copy = dir_.path() / "copy";
    std::filesystem::create_directories(copy / ".sinan/warehouse");
    std::filesystem::copy_file(file, copy / ".sinan/warehouse/working.duckdb");
    {
      auto other = Project::open({.folder = copy}, empty);
      ASSERT_TRUE(other) << other.error().to_string();
      auto session = (*other)->engine().connect().value();
      ASSERT_TRUE(session->execute("INSERT INTO t VALUES (9)"));
    }
    std::filesystem::copy_file(copy / ".sinan/warehouse/working.duckdb", file,
                               std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_THAT(statuses(kProgram), ElementsAre("done", "done", "done", "done"));
}

TEST_F(CacheTest, ResumeGoesOnWhereItFailed) {
  const std::string program =
      "CREATE TABLE a AS SELECT 1 AS x; INSERT INTO a VALUES (2); COPY a TO 'a.csv';"
      "CREATE TABLE b AS SELECT * FROM read_csv('b.csv'); DROP TABLE a; SELECT count(*) FROM b";
  // The file is there when checked, and bad when read.
  write("b.csv", "y\n1\n");
  recorder_.on_start = [&](const PlannedStep& step) {
    if (step.statement.index == 3) std::filesystem::remove(dir_.path() / "b.csv");
  };
  EXPECT_THAT(statuses(program), ElementsAre("done", "done", "done", "failed", "done", "skipped"));
  recorder_.on_start = nullptr;
  write("b.csv", "y\n1\n2\n");
  reopen();
  PlanOptions options;
  options.resume = true;
  Plan made = plan(program, options);
  EXPECT_THAT(errors_of(made), IsEmpty());
  const auto report = execute(made, *project_, recorder_);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_THAT(status_of(*report), ElementsAre("cached", "cached", "cached", "done", "cached", "done"));
  EXPECT_THAT(rows("SELECT count(*) FROM b"), ElementsAre("2"));
  // A run that has succeeded is not continued.
  EXPECT_THAT(plan(program, options).ok(), false);
}

}  // namespace
}  // namespace sinan::flow

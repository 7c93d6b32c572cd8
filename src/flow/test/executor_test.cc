// Parallel running, budgets, failures, retries and cancellation, with steps that tell what they see.

#include "flow/executor.h"

#include <gmock/gmock.h>

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <thread>

#include "flow/test/project_fixture.h"
#include "flow/test/test_kinds.h"

namespace sinan::flow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ExecutorTest : public ProjectTest {
 protected:
  // Opens a project with `threads` and a WAIT statement that does `action`.
  void open_with(uint32_t threads, WaitKind::Action action, Budget budget = {1, 1, 0}) {
    registry_.add(std::make_unique<WaitKind>(std::move(action), budget));
    ASSERT_TRUE(io::real_file_system().write_file_durable(dir_.path() / "sinan.toml",
                                                          "[limits]\nthreads = " + std::to_string(threads) + "\n"));
    open();
  }
};

TEST_F(ExecutorTest, IndependentStepsRunAtOnce) {
  std::barrier both(2);
  // Ends only if both steps are running at the same time.
  open_with(2, [&](const std::string&, RunContext&) -> Result<Outcome> {
    both.arrive_and_wait();
    return Outcome{};
  });
  EXPECT_TRUE(run("WAIT a; WAIT b").ok());
}

TEST_F(ExecutorTest, NoMoreThanTheBudgetRunAtOnce) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  open_with(2, [&](const std::string&, RunContext& context) -> Result<Outcome> {
    const int now = ++running;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    EXPECT_EQ(context.threads(), 1u);
    (void)context.session().execute("SELECT sum(x) FROM range(100000) r(x)");
    --running;
    return Outcome{};
  });
  EXPECT_TRUE(run("WAIT a; WAIT b; WAIT c; WAIT d; WAIT e; WAIT f").ok());
  EXPECT_LE(most, 2);
}

TEST_F(ExecutorTest, AStepThatNeedsAllThreadsWaitsForThem) {
  std::atomic<uint32_t> held = 0;
  open_with(3,
            [&](const std::string&, RunContext& context) -> Result<Outcome> {
              held += context.threads();
              EXPECT_LE(held, 3u);
              EXPECT_GE(context.threads(), 2u);
              held -= context.threads();
              return Outcome{};
            },
            {2, 8, 0});
  const RunReport report = run("WAIT a; WAIT b; WAIT c; SELECT 1");
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.steps[3].threads, 1u);
}

TEST_F(ExecutorTest, TheLongestChainGoesFirst) {
  open_with(1, [](const std::string&, RunContext&) -> Result<Outcome> { return Outcome{}; });
  run("WAIT a; CREATE TABLE t AS SELECT 1 AS x; CREATE TABLE u AS SELECT * FROM t; SELECT * FROM u; WAIT b");
  // The chain of t, u and the query before the two single steps, which keep their order.
  EXPECT_THAT(recorder_.started, ElementsAre(1, 2, 0, 3, 4));
}

TEST_F(ExecutorTest, TransientErrorsAreRetried) {
  std::atomic<int> attempts = 0;
  SimulatedClock clock;
  options_.clock = &clock;
  open_with(2, [&](const std::string&, RunContext& context) -> Result<Outcome> {
    TRY(context.session().execute("CREATE TABLE made AS SELECT 1 AS x"));
    if (++attempts < 3) return fail(Code::kBusy, "busy");
    return Outcome{};
  });
  const auto before = clock.now();
  const RunReport report = run("WAIT a");
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(attempts, 3);
  EXPECT_EQ(report.steps[0].attempts, 3u);
  // 100 ms, then 200 ms.
  EXPECT_GE(clock.now() - before, std::chrono::milliseconds(300));
  EXPECT_THAT(rows("SELECT count(*) FROM made"), ElementsAre("1"));
}

TEST_F(ExecutorTest, OtherErrorsAreNotRetriedAndRetriesEnd) {
  std::atomic<int> attempts = 0;
  SimulatedClock clock;
  options_.clock = &clock;
  Code code = Code::kData;
  open_with(2, [&](const std::string&, RunContext&) -> Result<Outcome> {
    ++attempts;
    return fail(code, "no");
  });
  EXPECT_FALSE(run("WAIT a").ok());
  EXPECT_EQ(attempts, 1);
  code = Code::kUnavailable;
  attempts = 0;
  EXPECT_FALSE(run("WAIT a").ok());
  EXPECT_EQ(attempts, 3);  // the first and two retries
}

TEST_F(ExecutorTest, CancellingInterruptsARunningQueryAndStartsNothingMore) {
  open();
  CancelSource cancel;
  recorder_.on_start = [&](const PlannedStep& step) {
    if (step.statement.index == 1) cancel.cancel();
  };
  ExecuteOptions options;
  options.cancel = cancel.token();
  // The second would take hours.
  const RunReport report =
      run("CREATE TABLE a AS SELECT 1 AS x; CREATE TABLE b AS SELECT count(*) FROM a, range(10000000000000) r(i) WHERE "
          "i % 7 = x;"
          "CREATE TABLE c AS SELECT * FROM b",
          options);
  EXPECT_TRUE(report.cancelled);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(report.steps[1].status, catalog::StepStatus::kCancelled);
  EXPECT_EQ(report.steps[2].status, catalog::StepStatus::kSkipped);
  recorder_.on_start = nullptr;
  EXPECT_THAT(rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"), ElementsAre("a"));
  EXPECT_EQ(project_->catalog().run(report.id.value)->status, "cancelled");
}

TEST_F(ExecutorTest, CancellingWhileAQueryRunsInterruptsIt) {
  open();
  CancelSource cancel;
  ExecuteOptions options;
  options.cancel = cancel.token();
  std::thread canceller;
  // A progress report means that the query has been under way for a while.
  class Impatient final : public Observer {
   public:
    Impatient(CancelSource& source, ResultSink& sink) : source_(source), sink_(sink) {}
    void step_progress(const ProgressSnapshot&) override { source_.cancel(); }
    ResultSink& results(const PlannedStep&) override { return sink_; }

   private:
    CancelSource& source_;
    ResultSink& sink_;
  };
  TextSink sink;
  Impatient observer(cancel, sink);
  Plan made = plan("SELECT count(*) FROM range(10000000000000) r(i) WHERE i % 7 = 3");
  const auto report = execute(made, *project_, observer, options);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->steps[0].status, catalog::StepStatus::kCancelled);
}

TEST_F(ExecutorTest, ManyStepsOnManyTablesGiveTheSameAsOneAfterAnother) {
  std::string program;
  for (int i = 0; i < 8; ++i) {
    const std::string t = "t" + std::to_string(i);
    program += "CREATE TABLE " + t + " AS SELECT range AS x FROM range(1000);";
    program += "INSERT INTO " + t + " SELECT x + 1000 FROM " + t + ";";
    program += "UPDATE " + t + " SET x = x * 2;";
    program += "SELECT * FROM " + t + " TO TRAIN e LABEL x INTO m" + std::to_string(i) + ";";
  }
  register_test_kinds(registry_);
  const RunReport report = run(program);
  EXPECT_TRUE(report.ok()) << testing::PrintToString(status_of(report));
  for (int i = 0; i < 8; ++i) {
    EXPECT_THAT(rows("SELECT count(*), sum(x) FROM t" + std::to_string(i)), ElementsAre("2000|3998000"));
    EXPECT_EQ(project_->catalog().object({"model", "m" + std::to_string(i), 0})->payload.at("text").string_view(),
              "2000 3998000");
  }
}

TEST_F(ExecutorTest, TheRunIsRecorded) {
  const RunReport report = run("CREATE TABLE t AS SELECT 1 AS x; SELECT CAST('a' || x AS INTEGER) FROM t; SELECT 2");
  const auto record = project_->catalog().run(report.id.value);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->status, "failed");
  ASSERT_THAT(record->steps, SizeIs(3));
  EXPECT_EQ(record->steps[0].kind, "CREATE TABLE AS");
  EXPECT_EQ(record->steps[0].rows_written, 1);
  EXPECT_EQ(record->steps[1].status, catalog::StepStatus::kFailed);
  EXPECT_THAT(record->steps[1].error, HasSubstr("could not convert"));
  EXPECT_EQ(record->steps[2].rows_read, 1);
  EXPECT_GT(record->steps[0].peak_memory_bytes, 1u << 20);
}

TEST_F(ExecutorTest, AnotherProcessMayNotOpenTheFolder) {
  open();
  auto second = Project::open(options_, registry_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kBusy);
  EXPECT_THAT(second.error().message, HasSubstr("flow_test"));
}

TEST_F(ExecutorTest, SettingsComeFromTheProject) {
  ASSERT_TRUE(io::real_file_system().write_file_durable(dir_.path() / "sinan.toml", "[limits]\nthrads = 2\n"));
  auto opened = Project::open(options_, registry_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kArgument);
}

}  // namespace
}  // namespace sinan::flow

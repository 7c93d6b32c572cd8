// Sessions side by side: transactions, conflicts, cancelling, limits; and opening files that are not as they should be.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "engine/duckdb/test/open_engine.h"

namespace sinan::engine {
namespace {

constexpr const char* kEndless = "SELECT count(*) FROM range(100000000000) a WHERE a.range % 7 = 3";

class Sessions : public ::testing::Test {
 protected:
  Sessions() : engine(open_memory()), a(must(engine->connect())), b(must(engine->connect())) {}
  // Interrupts `session` from another thread, again and again until the call has ended.
  template <class Use>
  void interrupted(Session& session, Use use) {
    std::atomic<bool> done = false;
    std::jthread stopper([&] {
      while (!done) {
        session.interrupt();
        std::this_thread::yield();
      }
    });
    use();
    done = true;
  }
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Session> a;
  std::unique_ptr<Session> b;
};

TEST_F(Sessions, SeeOnlyWhatIsCommitted) {
  must(a->execute("CREATE TABLE t AS SELECT 1 AS x"));
  must(a->execute("BEGIN"));
  EXPECT_TRUE(a->in_transaction());
  must(a->execute("INSERT INTO t VALUES (2)"));
  EXPECT_EQ(one(*b, "SELECT count(*) FROM t"), "1");
  must(a->execute("/* end */ COMMIT"));
  EXPECT_FALSE(a->in_transaction());
  EXPECT_EQ(one(*b, "SELECT count(*) FROM t"), "2");
}

TEST_F(Sessions, AWriteConflictIsBusy) {
  must(a->execute("CREATE TABLE t AS SELECT 1 AS x"));
  must(a->begin());
  must(b->begin());
  must(a->execute("UPDATE t SET x = 2"));
  const auto conflict = b->execute("UPDATE t SET x = 3");
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().code, Code::kBusy) << conflict.error().message;
  EXPECT_TRUE(is_retryable(conflict.error().code));
  must(a->commit());
  must(b->rollback());
  EXPECT_FALSE(b->in_transaction());
  must(b->execute("UPDATE t SET x = 3"));
  EXPECT_EQ(one(*a, "FROM t"), "3");
}

TEST_F(Sessions, TwoMakersOfOneTableConflict) {
  must(a->begin());
  must(b->begin());
  must(a->execute("CREATE TABLE t AS SELECT 1 AS x"));
  const auto conflict = b->execute("CREATE TABLE t AS SELECT 2 AS x");
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().code, Code::kBusy) << conflict.error().message;
  must(b->rollback());
  must(a->commit());
  EXPECT_EQ(one(*b, "FROM t"), "1");
}

TEST_F(Sessions, AnErrorInATransactionCanBeRolledBack) {
  must(a->execute("CREATE TABLE t(x INTEGER PRIMARY KEY)"));
  must(a->begin());
  must(a->execute("INSERT INTO t VALUES (1)"));
  EXPECT_FALSE(a->execute("INSERT INTO t VALUES (1)"));
  EXPECT_TRUE(a->in_transaction());
  must(a->rollback());
  EXPECT_EQ(one(*a, "SELECT count(*) FROM t"), "0");
}

TEST_F(Sessions, ACommitThatFailsEndsTheTransaction) {
  must(a->execute("CREATE TABLE t(x INTEGER PRIMARY KEY)"));
  must(a->begin());
  must(b->begin());
  must(a->execute("INSERT INTO t VALUES (1)"));
  must(b->execute("INSERT INTO t VALUES (1)"));
  must(a->commit());
  EXPECT_FALSE(b->commit());
  EXPECT_FALSE(b->in_transaction());
  EXPECT_EQ(one(*b, "SELECT count(*) FROM t"), "1");
}

TEST_F(Sessions, InterruptStopsEachKindOfCall) {
  for (int round = 0; round < 3; ++round) {
    interrupted(*a, [&] {
      const auto result = a->execute(kEndless);
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Code::kCancelled);
      EXPECT_EQ(result.error().message, "cancelled");
    });
    EXPECT_EQ(one(*a, "SELECT 42"), "42");
    interrupted(*a, [&] {
      auto stream = a->query("SELECT range FROM range(100000000000)");
      while (stream) {
        const auto batch = (*stream)->next();
        if (!batch) {
          EXPECT_EQ(batch.error().code, Code::kCancelled);
          break;
        }
        ASSERT_TRUE(*batch);
      }
      if (!stream) {
        EXPECT_EQ(stream.error().code, Code::kCancelled);
      }
    });
    EXPECT_EQ(one(*a, "SELECT 43"), "43");
    auto rows = must(b->query("SELECT range AS x FROM range(100000000000)"));
    interrupted(*a, [&] {
      const auto result = a->ingest({"", "", "t"}, *rows, IngestMode::kReplace);
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Code::kCancelled);
    });
    EXPECT_EQ(one(*a, "SELECT count(*) FROM duckdb_tables()"), "0");
  }
}

TEST_F(Sessions, InterruptWhenIdleDoesNothing) {
  a->interrupt();
  EXPECT_EQ(one(*a, "SELECT 1"), "1");
  EXPECT_LT(a->progress(), 0);
}

TEST_F(Sessions, ProgressGrows) {
  must(a->execute("CREATE TABLE t AS SELECT range AS x FROM range(3000000)"));
  std::atomic<bool> done = false;
  double most = -1;
  std::thread watcher([&] {
    while (!done) most = std::max(most, a->progress());
  });
  must(a->execute(
      "CREATE TABLE u AS SELECT a.x % 1000 AS k, sum(sqrt(a.x)) AS s FROM t a JOIN t b ON a.x = b.x GROUP BY 1"));
  done = true;
  watcher.join();
  EXPECT_GT(most, 0);
  EXPECT_LE(most, 1);
  EXPECT_LT(a->progress(), 0);
}

TEST_F(Sessions, RunSideBySide) {
  must(a->execute("CREATE TABLE t AS SELECT range AS x FROM range(200000)"));
  std::vector<std::jthread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto session = must(engine->connect());
      for (int round = 0; round < 5; ++round) right += one(*session, "SELECT sum(x) FROM t") == "19999900000";
    });
  }
  threads.clear();
  EXPECT_EQ(right, 20);
}

TEST_F(Sessions, TablesListsWhatCanBeNamed) {
  const TempDir dir;
  {
    must(must(open_file(dir / "other.duckdb")->connect())->execute("CREATE TABLE far AS SELECT 1 AS a"));
  }
  must(a->execute(
      "CREATE SCHEMA s; CREATE TABLE s.t(a DECIMAL(5,2) NOT NULL, b ENUM('x', 'y'), c STRUCT(d INTEGER[]))"));
  must(a->execute("CREATE VIEW v AS SELECT a FROM s.t"));
  must(a->execute("ATTACH '" + (dir / "other.duckdb").string() + "' AS other"));
  const auto tables = must(engine->tables());
  ASSERT_EQ(tables.size(), 3U);
  EXPECT_EQ(tables[0].name, (TableName{"", "main", "v"}));
  EXPECT_TRUE(tables[0].is_view);
  EXPECT_EQ(tables[1].name, (TableName{"", "s", "t"}));
  EXPECT_FALSE(tables[1].is_view);
  ASSERT_EQ(tables[1].columns.size(), 3U);
  EXPECT_EQ(tables[1].columns[0].type.to_string(), "decimal(5,2)");
  EXPECT_FALSE(tables[1].columns[0].nullable);
  EXPECT_EQ(tables[1].columns[1].type.to_string(), "dictionary<string>");
  EXPECT_EQ(tables[1].columns[2].type.to_string(), "struct<d: list<int32>>");
  EXPECT_EQ(tables[2].name, (TableName{"other", "main", "far"}));
}

TEST_F(Sessions, LimitsHold) {
  must(engine->set_limits(1, 64 << 20));
  EXPECT_EQ(one(*a, "SELECT current_setting('memory_limit')"), "64.0 MiB");
  must(a->execute("SET temp_directory = ''"));
  const auto result = a->execute(
      "CREATE TABLE t AS SELECT range AS x, 'row ' || range || repeat('x', 50) AS s FROM range(5000000) ORDER BY s");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kExhausted) << result.error().message;
  EXPECT_EQ(one(*a, "SELECT 1"), "1");
}

// Threads come and go while queries run, and while one query writes what another one reads.
TEST(Threads, ChangeUnderRunningQueries) {
  const auto engine = must(open_duckdb({.threads = 4}));
  const auto writer = must(engine->connect());
  const auto reader = must(engine->connect());
  std::atomic<bool> done = false;
  std::thread changer([&] {
    for (uint32_t i = 0; !done; ++i) must(engine->set_limits(1 + i % 4, 0));
  });
  for (int i = 0; i < 20; ++i) {
    auto rows = must(reader->query("SELECT range AS x FROM range(100000) WHERE range % 3 = 0"));
    EXPECT_EQ(must(writer->ingest(TableName{"", "", "t"}, *rows, IngestMode::kReplace)), 33334);
    rows.reset();
    EXPECT_EQ(one(*reader, "SELECT count(DISTINCT x % 1000) FROM t"), "1000");
  }
  done = true;
  changer.join();
}

TEST_F(Sessions, TheNumberOfThreadsIsNotTheProgramsToSet) {
  const auto result = a->execute("SET threads = 1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kProgram);
  EXPECT_NE(result.error().hint.find("sinan.toml"), std::string::npos) << result.error().hint;
}

TEST(Spilling, StopsAtTheDiskLimitAndTakesNothingWithIt) {
  const TempDir dir;
  const auto engine = must(open_duckdb({.file = dir / "w.duckdb",
                                        .threads = 1,
                                        .memory_bytes = 100 << 20,
                                        .temp_disk_bytes = 16 << 20,
                                        .temp_dir = dir / "tmp"}));
  const auto session = must(engine->connect());
  must(session->execute("CREATE TABLE kept AS SELECT 1 AS a"));
  const auto result = session->execute(
      "CREATE TABLE t AS SELECT hash(range) AS x, md5(range::VARCHAR) AS s FROM range(4000000) ORDER BY s");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kExhausted) << result.error().message;
  EXPECT_EQ(one(*session, "SELECT count(*) FROM kept"), "1");
}

TEST(Files, RelativeNamesStartInTheWorkingDirectory) {
  const TempDir dir;
  std::ofstream(dir / "data.csv") << "a,b\n1,x\n2,y\n";
  const auto engine = must(open_duckdb({.working_dir = dir.path()}));
  EXPECT_EQ(one(*must(engine->connect()), "SELECT sum(a) FROM 'data.csv'"), "3");
}

TEST(Files, CheckpointPutsEverythingIntoTheFile) {
  const TempDir dir;
  const auto engine = open_file(dir / "w.duckdb");
  must(must(engine->connect())->execute("CREATE TABLE t AS SELECT * FROM range(1000)"));
  must(engine->checkpoint());
  std::filesystem::copy(dir / "w.duckdb", dir / "copy.duckdb");
  const auto copy = must(open_duckdb({.file = dir / "copy.duckdb", .read_only = true}));
  const auto session = must(copy->connect());
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "1000");
  EXPECT_FALSE(session->execute("CREATE TABLE u(a INT)"));
}

TEST(Files, OneInUseSaysByWhom) {
  const TempDir dir;
  int ready[2], finish[2];
  ASSERT_EQ(::pipe(ready) + ::pipe(finish), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto engine = open_file(dir / "w.duckdb");
    char byte = 'r';
    std::ignore = ::write(ready[1], &byte, 1);
    std::ignore = ::read(finish[0], &byte, 1);
    ::_exit(0);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const auto second = open_duckdb({.file = dir / "w.duckdb"});
  EXPECT_EQ(::write(finish[1], "x", 1), 1);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kBusy);
  EXPECT_NE(second.error().hint.find(std::to_string(child)), std::string::npos) << second.error().hint;
  EXPECT_TRUE(open_duckdb({.file = dir / "w.duckdb"}));
}

// Whatever the damage, opening and reading answer an error or the right rows; never a crash, never wrong rows.
TEST(Files, DamageIsNoticed) {
  const TempDir dir;
  {
    const auto engine = open_file(dir / "w.duckdb");
    must(must(engine->connect())
             ->execute("CREATE TABLE t AS SELECT range AS x, 'text ' || range AS s FROM range(50000)"));
    must(engine->checkpoint());
  }
  std::ifstream in(dir / "w.duckdb", std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto attempt = [&](const std::string& bytes) {
    std::ofstream(dir / "damaged.duckdb", std::ios::binary | std::ios::trunc) << bytes;
    const auto engine = open_duckdb({.file = dir / "damaged.duckdb", .read_only = true, .threads = 1});
    if (!engine) {
      EXPECT_EQ(engine.error().code, Code::kData) << engine.error().to_string();
      return false;
    }
    const auto session = must((*engine)->connect());
    auto stream = session->query("SELECT sum(x) FROM t");
    if (!stream) return false;
    const auto batch = (*stream)->next();
    if (!batch || !*batch) return false;
    EXPECT_EQ((*batch)->column(0).to_text(0), "1249975000");
    return true;
  };
  EXPECT_TRUE(attempt(whole));
  EXPECT_FALSE(attempt(whole.substr(0, 3000)));
  EXPECT_FALSE(attempt("not a database at all"));
  std::string newer = whole;
  newer[12] = 120;  // the storage version, behind checksum and magic bytes
  EXPECT_FALSE(attempt(newer));
  size_t noticed = 0;
  for (size_t at = 20; at < whole.size(); at += whole.size() / 40) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    noticed += attempt(flipped) ? 0 : 1;
  }
  EXPECT_GT(noticed, 0U);
}

}  // namespace
}  // namespace sinan::engine

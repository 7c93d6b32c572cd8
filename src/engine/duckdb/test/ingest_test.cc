// Ingest: what goes in comes out again, all of it or nothing, also when the process is killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "arrow/builder.h"
#include "engine/duckdb/test/open_engine.h"

namespace sinan::engine {
namespace {

class Ingest : public ::testing::Test {
 protected:
  Ingest() : engine(open_memory()), session(must(engine->connect())), source(must(engine->connect())) {}
  int64_t ingest(const TableName& table, std::string_view sql, IngestMode mode, size_t batch_rows = 0) {
    auto rows = must(source->query(sql, {.batch_rows = batch_rows}));
    return must(session->ingest(table, *rows, mode));
  }
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Session> session;
  std::unique_ptr<Session> source;
};

arrow::Batch ints(const std::string& name, const std::vector<int64_t>& values) {
  arrow::BatchBuilder builder({{name, arrow::int64_type(), true}});
  for (const int64_t value : values) builder.column(0).append(value);
  return builder.finish();
}

std::unique_ptr<arrow::BatchStream> stream_of(arrow::Batch batch) {
  auto schema = batch.shared_schema();
  std::vector<arrow::Batch> batches;
  batches.push_back(std::move(batch));
  return arrow::make_stream(std::move(schema), std::move(batches));
}

// Gives some batches, then fails.
class FailingStream final : public arrow::BatchStream {
 public:
  const std::shared_ptr<const arrow::Schema>& schema() const override { return first_.shared_schema(); }
  Result<std::optional<arrow::Batch>> next() override {
    if (given_++ < 100) return first_;
    return fail(Code::kUnavailable, "the rows ran dry", "wait");
  }

 private:
  arrow::Batch first_ = ints("a", std::vector<int64_t>(5000, 7));
  int given_ = 0;
};

// Every type, nulls at odd places, nested nulls, more list items than a vector has rows; compared by DuckDB itself.
TEST_F(Ingest, EveryTypeSurvivesTheRoundTrip) {
  must(source->execute(R"(CREATE TABLE t AS SELECT * REPLACE (
      CASE WHEN i % 5 = 0 THEN NULL ELSE l END AS l, CASE WHEN i % 3 = 0 THEN NULL ELSE s END AS s,
      CASE WHEN i % 7 = 0 THEN NULL ELSE dec4 END AS dec4, CASE WHEN i % 4 = 0 THEN NULL ELSE st END AS st) FROM (
    SELECT i, i % 2 = 0 AS b, (i % 100)::TINYINT AS i1, (i * 3)::SMALLINT AS i2, i * 100000 AS i8,
      (i % 200)::UTINYINT AS u1,
      i::USMALLINT AS u2, i::UINTEGER AS u4, i::UBIGINT AS u8, i::FLOAT / 3 AS f, i::DOUBLE / 7 AS d,
      (i % 99 / 10)::DECIMAL(4,1) AS dec4, (i / 10)::DECIMAL(9,2) AS dec9, (i / 7)::DECIMAL(18,5) AS dec18,
      (i::HUGEINT * 10000000000000000000)::DECIMAL(38,4) AS dec38,
      CASE WHEN i % 2 = 0 THEN 'short' ELSE 'a longer text, number ' || i END AS s, ('x' || i)::BLOB AS bin,
      DATE '2000-01-01' + i::INTEGER AS day, TIME '00:00:01' + to_seconds(i % 80000) AS tod,
      TIMESTAMP '2000-01-01' + to_seconds(i) AS ts, (TIMESTAMP '2000-01-01' + to_seconds(i))::TIMESTAMP_S AS ts_s,
      (TIMESTAMP '2000-01-01' + to_milliseconds(i))::TIMESTAMP_MS AS ts_ms,
      (TIMESTAMP '2000-01-01' + to_microseconds(i))::TIMESTAMP_NS AS ts_ns,
      (TIMESTAMP '2000-01-01' + to_seconds(i))::TIMESTAMPTZ AS ts_z, to_months(i::INTEGER) + to_seconds(i) AS iv,
      list_transform(range(i % 9), x -> CASE WHEN x = 2 THEN NULL ELSE 'item ' || x || repeat('y', x) END) AS l,
      [[i, NULL], [], NULL] AS ll, {'a': i, 'b': CASE WHEN i % 6 = 0 THEN NULL ELSE 'b' || i END} AS st,
      MAP {'k' || i: i, 'second key of this row': NULL} AS m, [{'p': i}] AS ls
    FROM range(10000) r(i)))"));
  for (const size_t batch_rows : {0U, 3000U, 100000U}) {
    EXPECT_EQ(ingest({"", "", "copy"}, "FROM t ORDER BY i", IngestMode::kReplace, batch_rows), 10000);
    EXPECT_EQ(must(session->describe("FROM copy")), must(session->describe("FROM t")));
    EXPECT_EQ(
        one(*session, "SELECT count(*) FROM ((FROM t EXCEPT ALL FROM copy) UNION ALL (FROM copy EXCEPT ALL FROM t))"),
        "0");
    EXPECT_EQ(one(*session, "SELECT count(*) FROM (SELECT i, row_number() OVER () - 1 AS n FROM copy) WHERE i <> n"),
              "0");
  }
}

TEST_F(Ingest, WhatDuckDbCannotNameComesBackAsItsNearestType) {
  ingest({"", "", "t"},
         "SELECT 'b'::ENUM('a', 'b') AS e, 5::HUGEINT AS h, [1, 2]::INTEGER[2] AS a, NULL AS n, "
         "'5b6f1f2e-8c1d-4e57-9d4c-0a1b2c3d4e5f'::UUID AS u",
         IngestMode::kCreate);
  EXPECT_EQ(one(*session, "FROM t"), "b|5|[1, 2]|NULL|5b6f1f2e-8c1d-4e57-9d4c-0a1b2c3d4e5f");
  EXPECT_EQ(one(*session,
                "SELECT string_agg(data_type, ' ' ORDER BY column_index) FROM duckdb_columns() WHERE table_name = 't'"),
            "VARCHAR DECIMAL(38,0) INTEGER[] INTEGER VARCHAR");
}

TEST_F(Ingest, AppendMatchesNamesAndCasts) {
  must(session->execute("CREATE TABLE t(a INTEGER, b VARCHAR DEFAULT 'none', c DOUBLE)"));
  EXPECT_EQ(ingest({"", "", "t"}, "SELECT 2.5::DOUBLE AS C, 7::BIGINT AS a", IngestMode::kAppend), 1);
  EXPECT_EQ(one(*session, "FROM t"), "7|none|2.5");
  auto too_large = stream_of(ints("a", {1, int64_t{1} << 40}));
  EXPECT_EQ(session->ingest({"", "", "t"}, *too_large, IngestMode::kAppend).error().code, Code::kData);
  auto unknown = stream_of(ints("nope", {1}));
  EXPECT_EQ(session->ingest({"", "", "t"}, *unknown, IngestMode::kAppend).error().message, "unknown column \"nope\"");
  auto missing = stream_of(ints("a", {1}));
  EXPECT_EQ(session->ingest({"", "", "missing"}, *missing, IngestMode::kAppend).error().code, Code::kNotFound);
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "1");
}

TEST_F(Ingest, CreatesReplacesAndMakesSchemas) {
  EXPECT_EQ(ingest({"", "new_schema", "odd \"name\""}, "SELECT 1 AS \"a b\" WHERE false", IngestMode::kCreate), 0);
  EXPECT_EQ(one(*session, "SELECT count(\"a b\") FROM new_schema.\"odd \"\"name\"\"\""), "0");
  auto again = stream_of(ints("a", {1}));
  EXPECT_EQ(session->ingest({"", "new_schema", "odd \"name\""}, *again, IngestMode::kCreate).error().code,
            Code::kExists);
  EXPECT_FALSE(session->in_transaction());
  EXPECT_EQ(ingest({"", "new_schema", "odd \"name\""}, "SELECT 5 AS x", IngestMode::kReplace), 1);
  EXPECT_EQ(one(*session, "FROM new_schema.\"odd \"\"name\"\"\""), "5");
}

TEST_F(Ingest, AFailureLeavesNothingBehind) {
  must(session->execute("CREATE TABLE t AS SELECT 1::BIGINT AS a"));
  for (const IngestMode mode : {IngestMode::kAppend, IngestMode::kReplace}) {
    FailingStream rows;
    const auto result = session->ingest({"", "", "t"}, rows, mode);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::kUnavailable);
    EXPECT_EQ(result.error().message, "the rows ran dry");
    EXPECT_EQ(result.error().hint, "wait");
    EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "1");
  }
  FailingStream rows;
  EXPECT_FALSE(session->ingest({"", "fresh", "t"}, rows, IngestMode::kCreate));
  EXPECT_FALSE(session->in_transaction());
  EXPECT_EQ(one(*session, "SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'fresh'"), "0");
}

TEST_F(Ingest, TextThatIsNotUtf8IsRefused) {
  arrow::BatchBuilder builder({{"s", arrow::string_type(), true}});
  builder.column(0).append(std::string_view("ok"));
  builder.column(0).append(std::string_view("\xff\xfe"));
  auto rows = stream_of(builder.finish());
  const auto result = session->ingest({"", "", "t"}, *rows, IngestMode::kCreate);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kData);
}

TEST_F(Ingest, IsPartOfAnOpenTransaction) {
  must(session->execute("CREATE TABLE t AS SELECT 1 AS a"));
  const auto reader = must(engine->connect());
  must(session->begin());
  EXPECT_EQ(ingest({"", "", "t"}, "SELECT 2 AS a UNION ALL SELECT 3", IngestMode::kReplace), 2);
  EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "2");
  EXPECT_EQ(one(*reader, "SELECT count(*) FROM t"), "1");
  must(session->rollback());
  EXPECT_EQ(one(*session, "SELECT sum(a) FROM t"), "1");
  {
    const auto transaction = must(Transaction::begin(*session));
    ingest({"", "", "t"}, "SELECT 9 AS a", IngestMode::kAppend);
    EXPECT_TRUE(session->in_transaction());
  }
  EXPECT_FALSE(session->in_transaction());
  EXPECT_EQ(one(*session, "SELECT sum(a) FROM t"), "1");
  auto transaction = must(Transaction::begin(*session));
  ingest({"", "", "t"}, "SELECT 9 AS a", IngestMode::kAppend);
  must(transaction.commit());
  EXPECT_EQ(one(*reader, "SELECT sum(a) FROM t"), "10");
}

TEST_F(Ingest, TheSourceFunctionIsNotForUsers) {
  EXPECT_FALSE(session->execute("SELECT * FROM sinan_ingest_source(1)"));
  EXPECT_EQ(one(*session, "SELECT 1"), "1");
}

// Writes a marker into the pipe every 50 batches, for ever.
class EndlessStream final : public arrow::BatchStream {
 public:
  explicit EndlessStream(int pipe) : pipe_(pipe) {}
  const std::shared_ptr<const arrow::Schema>& schema() const override { return batch_.shared_schema(); }
  Result<std::optional<arrow::Batch>> next() override {
    if (++given_ % 50 == 0) {
      EXPECT_EQ(::write(pipe_, "x", 1), 1);
    }
    return batch_;
  }

 private:
  arrow::Batch batch_ = ints("a", std::vector<int64_t>(10000, 7));
  int pipe_;
  int given_ = 0;
};

TEST(IngestCrash, AKilledProcessLeavesTheTableAsItWas) {
  const TempDir dir;
  {
    const auto engine = open_file(dir / "w.duckdb");
    must(must(engine->connect())->execute("CREATE TABLE t AS SELECT 1::BIGINT AS a"));
  }
  for (const IngestMode mode : {IngestMode::kAppend, IngestMode::kReplace}) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto engine = open_file(dir / "w.duckdb");
      EndlessStream rows(pipe_ends[1]);
      std::ignore = must(engine->connect())->ingest({"", "", "t"}, rows, mode);
      ::_exit(1);
    }
    ::close(pipe_ends[1]);
    // A million rows are on their way before the end comes.
    for (int i = 0; i < 2; ++i) {
      char marker;
      ASSERT_EQ(::read(pipe_ends[0], &marker, 1), 1);
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    ::close(pipe_ends[0]);
    const auto engine = open_file(dir / "w.duckdb");
    EXPECT_EQ(one(*must(engine->connect()), "SELECT count(*), sum(a) FROM t"), "1|1");
  }
}

}  // namespace
}  // namespace sinan::engine

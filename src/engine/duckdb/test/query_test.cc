// Queries: types, values, batches and descriptions, each compared with DuckDB's own text of the same value or plain
// SQL.
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "base/strings.h"
#include "engine/duckdb/test/open_engine.h"

namespace sinan::engine {
namespace {

class Query : public ::testing::Test {
 protected:
  Query() : engine(open_memory()), session(must(engine->connect())) {}
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Session> session;
};

struct TypeCase {
  std::string sql;         // an expression
  std::string arrow_type;  // as Type::to_string() writes it
  std::string text;        // of the value; empty: what DuckDB's CAST AS VARCHAR writes
};

TEST_F(Query, EveryTypeArrivesWithItsValue) {
  const std::vector<TypeCase> cases = {
      {"true", "bool", ""},
      {"(-128)::TINYINT", "int8", ""},
      {"(-32768)::SMALLINT", "int16", ""},
      {"(-2147483648)::INTEGER", "int32", ""},
      {"9223372036854775807::BIGINT", "int64", ""},
      {"255::UTINYINT", "uint8", ""},
      {"65535::USMALLINT", "uint16", ""},
      {"4294967295::UINTEGER", "uint32", ""},
      {"18446744073709551615::UBIGINT", "uint64", ""},
      {"0.1::FLOAT", "float", ""},
      {"0.1::DOUBLE", "double", ""},
      {"(-12345678901234567890123)::HUGEINT", "decimal(38,0)", ""},
      {"12345678901234567890123::UHUGEINT", "decimal(38,0)", ""},
      {"(-9.99)::DECIMAL(3,2)", "decimal(3,2)", ""},
      {"(-1234567.89)::DECIMAL(9,2)", "decimal(9,2)", ""},
      {"123456789012345.678::DECIMAL(18,3)", "decimal(18,3)", ""},
      {"(-12345678901234567890.123)::DECIMAL(38,3)", "decimal(38,3)", ""},
      {"'short'", "string", ""},
      {"'a text of more than twelve bytes: 日本語'", "string", ""},
      {"''", "string", ""},
      {"DATE '1969-12-31'", "date", ""},
      {"TIME '12:34:56.789'", "time[us]", ""},
      {"TIMESTAMP '2013-01-01 12:34:56.789'", "timestamp[us]", ""},
      {"TIMESTAMP_S '2013-01-01 12:34:56'", "timestamp[s]", ""},
      {"TIMESTAMP_MS '2013-01-01 12:34:56.789'", "timestamp[ms]", ""},
      {"TIMESTAMP_NS '2013-01-01 12:34:56.123456789'", "timestamp[ns]", ""},
      {"'5b6f1f2e-8c1d-4e57-9d4c-0a1b2c3d4e5f'::UUID", "string", ""},
      {"'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID", "string", ""},
      {"'1010110011'::BIT", "string", ""},
      {"'b'::ENUM('a', 'b')", "dictionary<string>", ""},
      {"[1, NULL, 3]", "list<int32>", ""},
      {"[[1], [], NULL, [2, 3]]", "list<list<int32>>", ""},
      {"['a', 'long enough not to be inlined']", "list<string>", "[a, long enough not to be inlined]"},
      {"[1, 2, 3]::INTEGER[3]", "list<int32>", ""},
      {"{'a': 1, 'b': 'x'}", "struct<a: int32, b: string>", ""},
  };
  for (const TypeCase& c : cases) {
    const std::string sql = "SELECT " + c.sql + " AS x";
    const auto described = must(session->describe(sql));
    ASSERT_EQ(described.size(), 1U);
    EXPECT_EQ(described[0].name, "x");
    EXPECT_EQ(described[0].type.to_string(), c.arrow_type) << sql;
    const std::string expected = c.text.empty() ? one(*session, "SELECT (" + c.sql + ")::VARCHAR") : c.text;
    std::string got = one(*session, sql);
    if (c.arrow_type == "struct<a: int32, b: string>")
      continue;  // written differently; EveryTypeSurvivesIngest compares it
    EXPECT_EQ(got, expected) << sql;
    EXPECT_EQ(one(*session, "SELECT CASE WHEN false THEN " + c.sql + " END AS x"), "NULL") << sql;
  }
}

TEST_F(Query, IntervalsAndMapsKeepTheirParts) {
  auto stream =
      must(session->query("SELECT INTERVAL '14 months 3 days 1.5 seconds' AS i, MAP {'a': 1, 'b': 2} AS m, "
                          "'\\x00\\xff'::BLOB AS b, TIMESTAMPTZ '2013-01-01 00:00:00+00' AS z"));
  EXPECT_EQ((*stream->schema())[1].type.to_string(), "map<string, int32>");
  const auto batch = must(stream->next());
  ASSERT_TRUE(batch);
  struct Interval {
    int32_t months, days;
    int64_t nanos;
  };
  const auto* interval = static_cast<const Interval*>(batch->column(0).slot(0, sizeof(Interval)));
  EXPECT_EQ(interval->months, 14);
  EXPECT_EQ(interval->days, 3);
  EXPECT_EQ(interval->nanos, 1'500'000'000);
  EXPECT_EQ(batch->column(1).list_range(0), (std::pair<size_t, size_t>{0, 2}));
  EXPECT_EQ(batch->column(1).child(0).string(1), "b");
  EXPECT_EQ(batch->column(1).child(1).as_int(1), 2);
  EXPECT_EQ(batch->column(2).string(0), std::string_view("\0\xff", 2));
  EXPECT_TRUE((*stream->schema())[3].type.has_zone);
  EXPECT_EQ(batch->column(3).as_int(0), 1'356'998'400'000'000);
}

TEST_F(Query, TypesWithoutAnArrowFormSaySo) {
  const auto result = session->query("SELECT 1::UNION(a INTEGER, b VARCHAR) AS u");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kUnsupported);
  EXPECT_EQ(result.error().hint, "cast the column to VARCHAR");
  const auto large = session->query("SELECT 340282366920938463463374607431768211455::UHUGEINT");
  ASSERT_TRUE(large);
  EXPECT_EQ((*large)->next().error().code, Code::kData);
}

// Batches of any size hold the same rows in the same order, nulls and text included; filters make chunks of odd sizes.
TEST_F(Query, BatchSizesDoNotChangeTheRows) {
  must(
      session->execute("CREATE TABLE t AS SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE i * 0.5 END AS d, "
                       "CASE WHEN i % 11 = 3 THEN NULL ELSE 'value ' || repeat('x', i % 30) END AS s, i % 3 = 0 AS b, "
                       "CASE WHEN i % 5 = 0 THEN NULL ELSE range(i % 4) END AS l, {'k': i, 's': s} AS st "
                       "FROM range(20000) r(i)"));
  const std::string filtered = "SELECT i, d, s, b, l, st FROM t WHERE i % 13 <> 4 AND (i // 2048) % 3 <> 1";
  const auto expected = rows_of(*session, filtered);
  ASSERT_EQ(std::to_string(expected.size()), one(*session, "SELECT count(*) FROM (" + filtered + ")"));
  for (const size_t batch_rows : {1U, 1000U, 4096U, 5000U, 1000000U}) {
    EXPECT_EQ(rows_of(*session, filtered, batch_rows), expected) << batch_rows;
  }
  // Independent of our reading: DuckDB sums the same columns.
  auto stream = must(session->query(filtered, {.batch_rows = 7000}));
  double sum = 0;
  size_t bytes = 0, nulls = 0, trues = 0;
  int64_t items = 0;
  while (auto batch = must(stream->next())) {
    EXPECT_GE(batch->rows(), 1U);
    nulls += batch->column(1).null_count();
    for (size_t i = 0; i < batch->rows(); ++i) {
      if (!batch->column(1).is_null(i)) sum += batch->column(1).as_double(i);
      bytes += batch->column(2).string(i).size();
      trues += batch->column(3).as_bool(i);
      const auto [begin, end] = batch->column(4).list_range(i);
      for (size_t k = begin; k < end; ++k) items += batch->column(4).list_values().as_int(k);
    }
  }
  EXPECT_EQ(one(*session, "SELECT sum(d)::DOUBLE = " + std::to_string(sum) +
                              ", sum(strlen(s)), count(*) - count(d), "
                              "count(*) FILTER (b), sum(list_sum(l)) FROM (" +
                              filtered + ")"),
            "true|" + std::to_string(bytes) + "|" + std::to_string(nulls) + "|" + std::to_string(trues) + "|" +
                std::to_string(items));
}

TEST_F(Query, EmptyResultsHaveASchema) {
  auto stream = must(session->query("SELECT 1 AS a, 'x' AS b WHERE false"));
  EXPECT_EQ(stream->schema()->names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(must(stream->next()));
  EXPECT_FALSE(must(stream->next()));
  EXPECT_EQ(must(session->query("CREATE TABLE t(a INT)"))->schema()->size(), 0U);
}

TEST_F(Query, WideResults) {
  std::string sql = "SELECT ";
  for (int i = 0; i < 500; ++i)
    sql += (i > 0 ? ", " : "") + std::string("i + ") + std::to_string(i) + " AS c" + std::to_string(i);
  sql += " FROM range(3000) r(i)";
  auto stream = must(session->query(sql, {.batch_rows = 3000}));
  const auto batch = must(stream->next());
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->columns(), 500U);
  EXPECT_EQ(batch->column(499).as_int(2999), 2999 + 499);
}

TEST_F(Query, BatchesOutliveStreamAndSession) {
  auto stream = must(session->query("SELECT i, 'text number ' || i AS s FROM range(5000) r(i)", {.batch_rows = 3000}));
  const auto first = must(stream->next());
  const auto second = must(stream->next());
  stream.reset();
  session.reset();
  engine.reset();
  EXPECT_EQ(first->rows() + second->rows(), 5000U);
  EXPECT_EQ(first->column(1).string(2999), "text number 2999");
  EXPECT_EQ(second->column(0).as_int(second->rows() - 1), 4999);
}

TEST_F(Query, DescribeRunsNothing) {
  must(session->execute("CREATE TABLE t AS SELECT 1::DECIMAL(7,2) AS a"));
  EXPECT_EQ(must(session->describe("INSERT INTO t SELECT a FROM t")).size(), 0U);
  EXPECT_EQ(must(session->describe("DELETE FROM t RETURNING a")).size(), 1U);
  EXPECT_EQ(must(session->describe("CREATE TABLE u AS SELECT a FROM t")).size(), 0U);
  EXPECT_EQ(must(session->describe("DROP TABLE t")).size(), 0U);
  EXPECT_EQ(must(session->describe("COPY t TO 'never-written.csv'")).size(), 0U);
  EXPECT_EQ(one(*session, "SELECT count(*), any_value(a) FROM t"), "1|1.00");
  EXPECT_EQ(must(session->describe("FROM t"))[0].type.to_string(), "decimal(7,2)");
  EXPECT_EQ(must(session->describe("SHOW TABLES")).size(), 1U);
  EXPECT_FALSE(std::filesystem::exists("never-written.csv"));
}

TEST_F(Query, PivotIsDescribedAndRun) {
  must(session->execute(
      "CREATE TABLE sales AS SELECT * FROM (VALUES ('a', 1, 10), ('b', 1, 20), ('a', 2, 30)) t(p, y, v)"));
  const std::string sql = "PIVOT sales ON p USING sum(v) ORDER BY y";
  EXPECT_EQ(must(session->describe(sql)).names(), (std::vector<std::string>{"y", "a", "b"}));
  EXPECT_FALSE(session->in_transaction());
  EXPECT_EQ(rows_of(*session, sql), (std::vector<std::string>{"1|10|20", "2|30|NULL"}));
}

TEST_F(Query, ExecuteCountsChangedRows) {
  EXPECT_EQ(must(session->execute("CREATE TABLE t AS SELECT * FROM range(10) r(i)")), 10);
  EXPECT_EQ(must(session->execute("INSERT INTO t SELECT * FROM range(5)")), 5);
  EXPECT_EQ(must(session->execute("DELETE FROM t WHERE i = 3")), 2);
  EXPECT_EQ(must(session->execute("SELECT * FROM t")), -1);
  EXPECT_EQ(must(session->execute("SET preserve_insertion_order = true")), -1);
  EXPECT_EQ(must(session->execute("CREATE TABLE u(a INT); INSERT INTO u VALUES (1), (2)")), 2);
}

TEST_F(Query, AnUnfinishedStreamHoldsNothingAfterItsEnd) {
  must(session->execute("CREATE TABLE t AS SELECT * FROM range(1000000) r(i)"));
  {
    auto stream = must(session->query("SELECT i FROM t"));
    must(stream->next());
    const auto busy = session->execute("SELECT 1");
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code, Code::kInternal);
  }
  const auto other = must(engine->connect());
  EXPECT_EQ(must(other->execute("DROP TABLE t")), -1);
  EXPECT_EQ(session->query("SELECT i FROM t").error().code, Code::kNotFound);
}

}  // namespace
}  // namespace sinan::engine

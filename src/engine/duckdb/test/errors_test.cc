// What a person sees for each kind of mistake: code, text, hint and the marked place.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/duckdb/error_map.h"
#include "engine/duckdb/test/open_engine.h"

namespace sinan::engine {
namespace {

struct Case {
  std::string sql;
  Code code;
  std::string message;
  std::string marked;  // the text under the span; empty = no span
  std::string hint;
};

class Errors : public ::testing::Test {
 protected:
  Errors() : engine(open_memory()), session(must(engine->connect())) {
    must(session->execute("CREATE TABLE flights(dep_delay INTEGER, b DECIMAL(10,2), carrier VARCHAR NOT NULL)"));
    must(session->execute("CREATE TABLE unique_ids(id INTEGER PRIMARY KEY)"));
    must(session->execute("INSERT INTO unique_ids VALUES (1)"));
  }
  Error error_of(const std::string& sql) {
    const auto result = session->execute(sql);
    return result ? Error{} : result.error();
  }
  void check(const Case& expected, const Error& error) {
    EXPECT_EQ(to_string(error.code), to_string(expected.code)) << expected.sql << "\n" << error.message;
    EXPECT_EQ(error.message, expected.message) << expected.sql;
    EXPECT_EQ(error.hint, expected.hint) << expected.sql;
    std::string marked;
    if (error.span) marked = expected.sql.substr(error.span->begin, error.span->end - error.span->begin);
    EXPECT_EQ(marked, expected.marked) << expected.sql;
  }
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Session> session;
};

TEST_F(Errors, NameTheMistakeAndItsPlace) {
  const std::vector<Case> cases = {
      {"selec 1", Code::kProgram, "syntax error at or near \"selec\"", "selec", ""},
      {"SELECT 1,\n '日本', foo FROM (SELECT 1 AS fox)", Code::kProgram, "unknown column \"foo\"", "foo",
       "did you mean \"fox\"?"},
      {"SELECT 'é日本' AS x fro t", Code::kProgram, "syntax error at or near \"fro\"", "fro", ""},
      {"SELECT * FROM flihts", Code::kNotFound, "unknown table \"flihts\"", "flihts", "did you mean \"flights\"?"},
      {"SELECT * FROM nope", Code::kNotFound, "unknown table \"nope\"", "nope", ""},
      {"SELECT dep_dela FROM flights", Code::kProgram, "unknown column \"dep_dela\"", "dep_dela",
       "did you mean \"dep_delay\"?"},
      {"SELECT f.dep_dela FROM flights f", Code::kProgram, "unknown column \"dep_dela\"", "f.dep_dela",
       "did you mean \"dep_delay\"?"},
      {"DROP TABLE zzz", Code::kNotFound, "unknown table \"zzz\"", "zzz", ""},
      {"INSERT INTO flights (zz) VALUES (1)", Code::kProgram, "unknown column \"zz\"", "zz",
       "columns: b, carrier, dep_delay"},
      {"UPDATE flights SET depp_delay = 1", Code::kProgram, "unknown column \"depp_delay\"", "depp_delay",
       "did you mean \"dep_delay\"?"},
      {"CREATE TABLE flights(a INT)", Code::kExists, "table exists already: \"flights\"", "flights", ""},
      {"CREATE TABLE nosuch.t(a INT)", Code::kNotFound, "unknown schema \"nosuch\"", "nosuch", ""},
      {"SELECT nofunc(1)", Code::kProgram, "unknown function \"nofunc\"", "nofunc", ""},
      {"SELECT 'x'::nosuchtype", Code::kProgram, "unknown type \"nosuchtype\"", "nosuchtype", ""},
      {"SELECT * FROM 'nofile.parquet'", Code::kNotFound, "no such file: \"nofile.parquet\"", "nofile.parquet", ""},
      {"SELECT 'abc", Code::kProgram, "unterminated quoted string at or near \"'abc\"", "'abc", ""},
      {"SELECT * FROM flights WHERE dep_delay =", Code::kProgram, "syntax error at end of input", "", ""},
      {"INSERT INTO unique_ids VALUES (1)", Code::kData, "duplicate key \"id: 1\" violates primary key constraint", "",
       ""},
      {"SELECT sum(dep_delay), b FROM flights", Code::kProgram,
       "column \"b\" must appear in the GROUP BY clause or must be part of an aggregate function", "b",
       "Either add it to the GROUP BY list, or use \"ANY_VALUE(b)\" if the exact value of \"b\" is not important."},
      {"LOAD httpfs", Code::kUnsupported, "database extension is not installed: \"httpfs\"", "httpfs", ""},
      {"SELECT ?", Code::kUnsupported, "query parameters are not supported", "", "write the value in place of ? or $1"},
      {"  -- nothing", Code::kProgram, "there is no statement", "", ""},
      {"ROLLBACK", Code::kProgram, "cannot rollback - no transaction is active", "", ""},
  };
  for (const Case& expected : cases) check(expected, error_of(expected.sql));
}

TEST_F(Errors, RowsThatDoNotFitAreDataErrors) {
  must(session->execute("CREATE TABLE texts AS SELECT unnest(['1', 'q']) AS x"));
  const std::string sql = "SELECT\n  cast(x AS INTEGER) FROM texts";
  const Error error = error_of(sql);
  EXPECT_EQ(error.code, Code::kData);
  EXPECT_EQ(error.message, "could not convert string 'q' to INT32 when casting from source column x");
  ASSERT_TRUE(error.span);
  EXPECT_EQ(sql.substr(error.span->begin, 4), "cast");
  EXPECT_EQ(error_of("INSERT INTO flights(dep_delay) VALUES (1)").message,
            "NOT NULL constraint failed: flights.carrier");
}

TEST_F(Errors, AreTheSameWhenOnlyDescribing) {
  const auto described = session->describe("SELECT dep_dela\nFROM flights");
  ASSERT_FALSE(described);
  EXPECT_EQ(described.error().message, "unknown column \"dep_dela\"");
  EXPECT_EQ(described.error().span, (Span{7, 15}));
  EXPECT_EQ(session->describe("CREATE TABLE t AS SELECT nope FROM flights").error().message, "unknown column \"nope\"");
  EXPECT_EQ(session->describe("SELECT 1; SELECT 2").error().message, "one statement is expected here, not 2");
}

TEST_F(Errors, PointIntoTheWholeTextOfSeveralStatements) {
  const std::string sql = "SELECT 'é';\nSELECT\n  nope FROM flights; SELECT 3";
  const Error error = error_of(sql);
  ASSERT_TRUE(error.span);
  EXPECT_EQ(sql.substr(error.span->begin, error.span->end - error.span->begin), "nope");
}

TEST_F(Errors, NulBytesAreRefused) {
  EXPECT_EQ(error_of(std::string("SELECT 1\0; DROP TABLE flights", 29)).code, Code::kProgram);
  EXPECT_EQ(one(*session, "SELECT count(*) FROM flights"), "0");
}

TEST(ErrorMap, ReadsPlainTexts) {
  const Error error = map_error("Out of Memory Error: failed to allocate\nmore", "", ErrorPhase::kRun);
  EXPECT_EQ(error.code, Code::kExhausted);
  EXPECT_EQ(error.message, "failed to allocate");
  EXPECT_EQ(map_error("IO Error: No space left on device", "", ErrorPhase::kRun).code, Code::kExhausted);
  EXPECT_EQ(map_error("", "SELECT 1", ErrorPhase::kRun).code, Code::kInternal);
  EXPECT_EQ(map_error("{", "SELECT 1", ErrorPhase::kRun).code, Code::kInternal);
}

}  // namespace
// One time in fifty DuckDB calls an error of another thread than the stream's reader an interrupt.
TEST_F(Errors, OfAnyThreadAreToldByAStream) {
  const std::string select = "SELECT CASE WHEN i = 200000 THEN error('boom') ELSE i END FROM range(250000) t(i)";
  for (int turn = 0; turn < 100; ++turn) {
    const bool in_transaction = turn % 2 == 0;
    if (in_transaction) must(session->begin());
    auto rows = session->query(select);
    Status status;
    while (rows && status) {
      auto batch = (*rows)->next();
      if (!batch)
        status = std::unexpected(batch.error());
      else if (!*batch)
        break;
    }
    const Error error = rows ? status.error() : rows.error();
    EXPECT_EQ(error.code, Code::kData);
    EXPECT_EQ(error.message, "boom");
    rows = fail(Code::kInternal, "closed");
    if (in_transaction) must(session->rollback());
  }
}

// The query that is run again to learn its error must not write a second time, nor outside of its transaction.
TEST_F(Errors, OfAStreamThatWritesLeaveNothing) {
  must(session->execute("CREATE TABLE numbers(i BIGINT)"));
  const std::string insert =
      "INSERT INTO numbers SELECT CASE WHEN i = 200000 THEN error('boom') ELSE i END FROM range(250000) t(i) RETURNING "
      "i";
  for (int turn = 0; turn < 20; ++turn) {
    auto rows = session->query(insert);
    Status status;
    while (rows && status) {
      auto batch = (*rows)->next();
      if (!batch)
        status = std::unexpected(batch.error());
      else if (!*batch)
        break;
    }
    EXPECT_FALSE(rows && status);
    rows = fail(Code::kInternal, "closed");
    auto count = must(session->query("SELECT count(*) FROM numbers"));
    const auto batch = must(count->next());
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->column(0).as_int(0), 0);
  }
}

}  // namespace sinan::engine

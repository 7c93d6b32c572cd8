// The dialect's text, tried on DuckDB itself: names and texts of any characters mean themselves and nothing else.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

#include "engine/duckdb/duckdb_dialect.h"
#include "engine/duckdb/test/open_engine.h"

namespace sinan::engine {
namespace {

class DialectOnDuckDb : public ::testing::Test {
 protected:
  DialectOnDuckDb() : engine(open_memory()), session(must(engine->connect())) {}
  const Dialect& dialect() { return engine->dialect(); }
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Session> session;
};

TEST_F(DialectOnDuckDb, QuotedTextMeansItself) {
  const bool held = rc::check("literals and identifiers", [&] {
    std::string text;
    for (const char c :
         *rc::gen::container<std::string>(rc::gen::element('\'', '"', '\\', ';', '-', '$', ' ', 'a', '\n', '%'))) {
      text.push_back(c);
    }
    auto stream = must(session->query("SELECT " + dialect().literal(text) + " AS " + dialect().identifier("x" + text)));
    RC_ASSERT((*stream->schema())[0].name == "x" + text);
    RC_ASSERT(must(stream->next())->column(0).string(0) == text);
  });
  EXPECT_TRUE(held);
}

TEST_F(DialectOnDuckDb, TypeNamesRoundTrip) {
  const std::string query =
      "SELECT true AS a, 1::TINYINT AS b, 1::SMALLINT AS c, 1::INTEGER AS d, 1::BIGINT AS e, 1::UTINYINT AS f, "
      "1::USMALLINT AS g, "
      "1::UINTEGER AS h, 1::UBIGINT AS i, 1::FLOAT AS j, 1::DOUBLE AS k, 1::DECIMAL(18,3) AS l, 'x' AS m, 'x'::BLOB AS "
      "n, "
      "DATE '2000-01-01' AS o, TIME '00:00:00' AS p, now() AS q, now()::TIMESTAMP AS r, now()::TIMESTAMP_S AS s, "
      "now()::TIMESTAMP_MS AS t, now()::TIMESTAMP_NS AS u, INTERVAL 1 DAY AS v, [1] AS w, {'odd \"name': "
      "[1.5::DOUBLE]} AS x, MAP {1: 'a'} AS y";
  const auto schema = must(session->describe(query));
  must(session->execute(dialect().create_table({"", "", "odd \"table\""}, schema, false)));
  EXPECT_EQ(must(session->describe("FROM \"odd \"\"table\"\"\"")), schema);
}

TEST_F(DialectOnDuckDb, StatementsTakeAnyQuery) {
  for (const std::string query : {"SELECT 1 AS a;", "WITH c AS (SELECT 1 AS a) FROM c -- done", "VALUES (1) ORDER BY 1",
                                  "FROM (SELECT 1 AS a) LIMIT 5"}) {
    must(session->execute(dialect().create_table_as({"", "", "t"}, query, true, false)));
    EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "0") << query;
    must(session->execute(dialect().create_table_as({"", "main", "t"}, query, true, true)));
    EXPECT_EQ(one(*session, "SELECT count(*) FROM t"), "1") << query;
    EXPECT_EQ(rows_of(*session, dialect().limit(query, 0)).size(), 0U) << query;
  }
  EXPECT_EQ(session->execute(dialect().create_table_as({"", "", "t"}, "SELECT 1", false, true)).error().code,
            Code::kExists);
  must(session->execute(dialect().drop_table_if_exists({"memory", "", "t"})));
  must(session->execute(dialect().drop_table_if_exists({"", "", "t"})));
  must(session->execute(dialect().create_schema_if_missing("s")));
  must(session->execute(dialect().create_schema_if_missing("s")));
}

}  // namespace
}  // namespace sinan::engine

// What the fuzzers check, over a fixed sequence of mutated inputs: seeds are fixed, so a failure repeats.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "sql/analyze.h"
#include "sql/clause.h"
#include "sql/lexer.h"
#include "sql/splitter.h"

namespace sinan::sql {
namespace {

constexpr std::array<std::string_view, 10> kPrograms = {
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * EXCLUDE (a) FROM r JOIN t "
    "USING (n)",
    "SELECT a.x::INT[], sum(b) FILTER (WHERE c > 1) OVER (PARTITION BY d ORDER BY e ROWS BETWEEN 1 PRECEDING AND "
    "CURRENT ROW) "
    "FROM 'f.parquet' a LEFT JOIN LATERAL (SELECT [v FOR v IN l IF v > 0]) q ON true QUALIFY 1 = 1",
    "MERGE INTO t USING u s ON t.id = s.id WHEN MATCHED THEN UPDATE SET x = s.x WHEN NOT MATCHED THEN INSERT VALUES "
    "(1)",
    "CREATE TABLE IF NOT EXISTS s.t (a DECIMAL(10, 2) DEFAULT 1, CHECK (a > 0)) ; COPY (FROM t) TO 'x' (FORMAT csv); "
    "DROP TABLE t",
    "INSERT INTO t (a) VALUES (1), (E'\\n') ON CONFLICT (a) DO UPDATE SET a = excluded.a RETURNING *; UPDATE t SET a = "
    "1 FROM u",
    "SELECT * FROM h TO TRAIN xgboost.gbtree WITH a=[1,[2.5]], b=\"q \\\"x\\\"\" COLUMN f(c, 1), * FOR t LABEL "
    "\"label\" GROUP BY g, \"h i\" INTO zoo.m",
    "SELECT * FROM h TO MAXIMIZE SUM((p - m) * x) CONSTRAINT SUM(f) <= 10 GROUP BY g, NOT a < -1 WITH v=\"x(k)\" USING "
    "s INTO o.p",
    "SELECT $t$ ; $t$, `a``b`, U&'\\0041', x'00' /* a /* b */ */ FROM \"größe\"; PIVOT t ON a USING sum(b); EXPLAIN "
    "SELECT 1",
    "SELECT * FROM t TO PREDICT a.b.c USING m:3; SELECT 1 TO EVALUATE m LABEL y INTO e; SELECT 1 TO RUN i/j:1 CMD "
    "\"a\" INTO k",
    "SELECT list_transform(l, x -> x + 1), {'a': [1, 2][1:2]}, CASE a WHEN 1 THEN (SELECT 1) END, x NOT IN (1, 2) FROM "
    "t, u"};

// Bytes and pieces that matter to the parsers.
constexpr std::array<std::string_view, 30> kPieces = {
    "(",      ")",     "[",  "]",    "{",    "'",     "\"",      "`",      "$$",   ";",
    "--",     "/*",    "*/", ",",    ".",    "::",    "->",      "SELECT", "FROM", " TO TRAIN ",
    " JOIN ", " NOT ", "\\", "\xff", "\xc3", "WITH ", " UNION ", "*",      "0",    " AS "};

std::string mutate(std::string text, std::mt19937& random) {
  auto below = [&](size_t n) { return static_cast<size_t>(random()) % (n == 0 ? 1 : n); };
  for (size_t edits = 1 + below(4); edits > 0; --edits) {
    size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        text.erase(at, 1 + below(8));
        break;
      case 1:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 2:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 3:
        text.resize(at);
        break;
      case 4: {
        std::string piece = text.substr(at, 1 + below(40));
        text.insert(below(text.size() + 1), piece);
        break;
      }
      default: {
        std::string_view other = kPrograms[below(kPrograms.size())];
        size_t from = below(other.size());
        text.insert(at, other.substr(from, 1 + below(40)));
      }
    }
  }
  return text;
}

void check(const std::string& program) {
  (void)is_complete(program);
  auto statements = split(program);
  if (!statements) {
    ASSERT_TRUE(statements.error().span) << program;
    ASSERT_LE(statements.error().span->end, program.size());
    (void)analyze(program, EmptyScope());
    return;
  }
  uint32_t last = 0;
  for (const StatementText& statement : *statements) {
    ASSERT_GE(statement.whole.begin, last) << program;
    ASSERT_LE(statement.whole.end, program.size());
    last = statement.whole.end;
    Analysis analysis = analyze(program, statement.standard, EmptyScope());
    if (analysis.unknown) {
      ASSERT_TRUE(analysis.access.barrier);
      ASSERT_LE(analysis.unknown->span.end, program.size());
    }
    if (!statement.has_clause()) continue;
    auto clause = parse_clause(program, statement.clause);
    if (!clause) {
      ASSERT_TRUE(clause.error().span) << program;
      ASSERT_FALSE(clause.error().message.empty());
      continue;
    }
    std::string printed = to_string(*clause);
    auto again = parse_clause(printed, {0, static_cast<uint32_t>(printed.size())});
    ASSERT_TRUE(again) << program << "\n" << printed;
    ASSERT_EQ(*again, *clause) << program << "\n" << printed;
  }
}

TEST(Mutation, NothingCrashesAndClausesRoundTrip) {
  std::mt19937 random(20'260'101);  // fixed: mt19937's sequence is the same everywhere
  std::string text;
  for (int i = 0; i < 100'000; ++i) {
    // Now and then a mutation goes on from the one before, so that damage piles up.
    if (i % 4 == 0 || text.size() > 2000) text = kPrograms[static_cast<size_t>(random()) % kPrograms.size()];
    text = mutate(std::move(text), random);
    check(text);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace sinan::sql

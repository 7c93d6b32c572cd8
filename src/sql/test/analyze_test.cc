#include "sql/analyze.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "sql/splitter.h"

namespace sinan::sql {
namespace {

class FixedScope final : public Scope {
 public:
  std::optional<std::vector<std::string>> columns_of(std::string_view table) const override {
    static const std::map<std::string, std::vector<std::string>, std::less<>> kTables = {
        {"main.a", {"id", "x", "y"}}, {"main.b", {"id", "z"}}, {"main.c", {"id", "x"}}, {"zoo.k", {"Key", "Val"}}};
    auto found = kTables.find(table);
    if (found == kTables.end()) return std::nullopt;
    return found->second;
  }
  std::string current_schema() const override { return schema; }
  std::string home_database() const override { return "warehouse"; }
  std::string schema = "main";
};

Analysis run(std::string_view sql) { return analyze(sql, FixedScope()); }

std::string list(const std::vector<ObjectRef>& refs) {
  std::string out;
  for (const ObjectRef& ref : refs) {
    if (!out.empty()) out += " ";
    if (ref.kind != "table") out += ref.kind + ":";
    out += ref.name;
  }
  return out;
}

// "reads > writes", with "!" before it for a barrier and "?reason" for what is not understood.
std::string access(std::string_view sql) {
  Analysis analysis = run(sql);
  if (analysis.unknown) return "?" + analysis.unknown->reason;
  return (analysis.access.barrier ? "!" : "") + list(analysis.access.reads) + " > " + list(analysis.access.writes);
}

struct Row {
  const char* sql;
  const char* access;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.sql; }
class AccessRow : public testing::TestWithParam<Row> {};
TEST_P(AccessRow, IsExact) { EXPECT_EQ(access(GetParam().sql), GetParam().access) << GetParam().sql; }

INSTANTIATE_TEST_SUITE_P(
    Queries, AccessRow,
    testing::Values(
        Row{"SELECT 1", " > "}, Row{"SELECT * FROM t", "main.t > "}, Row{"select * from T, S.t", "main.t s.t > "},
        Row{"FROM t", "main.t > "}, Row{"FROM t SELECT a WHERE b", "main.t > "}, Row{"TABLE t", "main.t > "},
        Row{"VALUES (1, (SELECT max(x) FROM t))", "main.t > "}, Row{"(SELECT * FROM t)", "main.t > "},
        Row{"SELECT * FROM \"Weird Name\" w", "main.weird name > "}, Row{"SELECT * FROM `t`", "main.t > "},
        Row{"SELECT * FROM lake.raw.t, lake.main.u, warehouse.main.v, warehouse.w",
            "lake.raw.t lake.u main.v main.w > "},
        Row{"SELECT * FROM a JOIN b USING (id) LEFT JOIN c ON a.id = c.id", "main.a main.b main.c > "},
        Row{"SELECT * FROM a NATURAL JOIN b CROSS JOIN c POSITIONAL JOIN d", "main.a main.b main.c main.d > "},
        Row{"SELECT * FROM a ASOF LEFT JOIN b ON a.t >= b.t SEMI JOIN c USING (id) ANTI JOIN d USING (id)",
            "main.a main.b main.c main.d > "},
        Row{"SELECT * FROM a JOIN b JOIN c ON b.id = c.id ON a.id = b.id", "main.a main.b main.c > "},
        Row{"SELECT * FROM (a JOIN b USING (id)) LEFT OUTER JOIN (SELECT * FROM c) q ON true",
            "main.a main.b main.c > "},
        Row{"SELECT (SELECT 1 FROM t), EXISTS (SELECT 1 FROM u), x IN (SELECT y FROM v), x = ANY (SELECT y FROM w) "
            "FROM a",
            "main.a main.t main.u main.v main.w > "},
        Row{"SELECT ARRAY(SELECT x FROM t), CASE WHEN EXISTS (FROM u) THEN 1 ELSE (FROM v) END",
            "main.t main.u main.v > "},
        Row{"SELECT x FROM a WHERE x > (SELECT avg(x) FROM t) GROUP BY (SELECT 1 FROM u) HAVING (SELECT true FROM v) "
            "QUALIFY row_number() OVER (PARTITION BY (SELECT 1 FROM w)) = 1 ORDER BY (SELECT 1 FROM o) LIMIT (SELECT 1 "
            "FROM l)",
            "main.a main.l main.o main.t main.u main.v main.w > "},
        Row{"SELECT sum(x) FILTER (WHERE x > (SELECT 1 FROM f)) OVER w FROM a WINDOW w AS (ORDER BY (SELECT 1 FROM g))",
            "main.a main.f main.g > "},
        Row{"SELECT a FROM t UNION ALL SELECT b FROM u EXCEPT (SELECT c FROM v INTERSECT SELECT d FROM w)",
            "main.t main.u main.v main.w > "},
        Row{"SELECT * FROM a UNION ALL BY NAME SELECT * FROM b", "main.a main.b > "},
        Row{"SELECT * FROM a, LATERAL (SELECT * FROM b WHERE b.id = a.id) l, unnest(a.list) u(x)", "main.a main.b > "},
        Row{"SELECT * FROM t TABLESAMPLE RESERVOIR(20 ROWS) REPEATABLE (42)", "main.t > "},
        Row{"SELECT * FROM t USING SAMPLE 10%", "main.t > "},
        Row{"PIVOT t ON year USING sum(x) GROUP BY y", "main.t > "},
        Row{"UNPIVOT t ON a, b INTO NAME n VALUE v", "main.t > "},
        Row{"SELECT * FROM t PIVOT (sum(x) FOR y IN (1, 2) GROUP BY z) p", "main.t > "},
        Row{"SELECT * FROM (PIVOT t ON x USING count(*))", "main.t > "},
        Row{"SELECT * FROM range(10) r(i), generate_series(1, 5)", " > "},
        Row{"SELECT [x + 1 FOR x IN [1, 2] IF x > 1], {'a': 1, b: 2}, MAP {'k': 1}, list_transform([1], x -> x + 1)",
            " > "},
        Row{"SELECT INTERVAL 1 DAY, INTERVAL '1 2' DAY TO SECOND, DATE '2020-01-01', x::DECIMAL(10,2)[] FROM t",
            "main.t > "},
        Row{"SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) RENAME (c AS d) FROM t", "main.t > "},
        Row{"SELECT COLUMNS('a.*'), t.* FROM t", "main.t > "},
        Row{"SELECT DISTINCT ON (a) a, b FROM t ORDER BY ALL", "main.t > "},
        Row{"SELECT a, FROM t GROUP BY ALL", "main.t > "},
        Row{"SELECT extract(year FROM d), substring(s FROM 1 FOR 2), trim(BOTH ' ' FROM s), position('a' IN s) FROM t",
            "main.t > "},
        Row{"SELECT x FROM t GROUP BY GROUPING SETS ((a, b), (a), ()), ROLLUP (c), CUBE (d)", "main.t > "},
        Row{"SELECT CONCAT(a, b) FROM t LIMIT 0, 1537", "main.t > "}, Row{"SELECT @x := 1, @x", " > "},
        Row{"SELECT a.b.c, (s).f, l[1:2], l[-1], 'x'.upper() FROM a", "main.a > "},
        Row{"SELECT x AT TIME ZONE 'UTC', x NOT BETWEEN 1 AND 2, y NOT LIKE 'a%' ESCAPE '!', z IS NOT DISTINCT FROM 1 "
            "FROM t",
            "main.t > "},
        Row{"SELECT * FROM t u v", "?not understood: expected the end of the statement, found \"v\""},
        Row{"SELECT first_value(x IGNORE NULLS) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t",
            "main.t > "},
        Row{"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x DESC NULLS LAST) FROM t", "main.t > "},
        Row{"SELECT nextval('seq')", "sequence:main.seq > sequence:main.seq"},
        Row{"SELECT * FROM information_schema.tables", "! > "}, Row{"SELECT * FROM duckdb_tables()", "! > "},
        Row{"SELECT * FROM my_macro(1)", "! > "}, Row{"SELECT * FROM query_table('zoo.t')", "zoo.t > "},
        Row{"SELECT * FROM (DESCRIBE t)", "main.t > "}));

INSTANTIATE_TEST_SUITE_P(
    CommonTables, AccessRow,
    testing::Values(
        Row{"WITH t AS (SELECT * FROM a) SELECT * FROM t", "main.a > "},
        Row{"WITH t AS (SELECT * FROM t) SELECT * FROM t", "main.t > "},
        Row{"WITH t AS (SELECT 1), u AS (SELECT * FROM t) SELECT * FROM u, s.t", "s.t > "},
        Row{"WITH u AS (SELECT * FROM t), t AS (SELECT 1) SELECT * FROM u", "main.t > "},
        Row{"WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r JOIN a ON true) SELECT * FROM r",
            "main.a > "},
        Row{"WITH t AS MATERIALIZED (SELECT 1), u AS NOT MATERIALIZED (SELECT 2) SELECT * FROM t, u", " > "},
        Row{"SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) q, t", "main.t > "},
        Row{"WITH t AS (SELECT 1) SELECT (SELECT max(x) FROM (WITH t AS (SELECT * FROM inner_t) SELECT * FROM t)) FROM "
            "T",
            "main.inner_t > "},
        Row{"WITH t(a, b) AS (VALUES (1, 2)) SELECT * FROM t UNION SELECT * FROM u", "main.u > "},
        Row{"INSERT INTO t WITH t AS (SELECT * FROM a) SELECT * FROM t", "main.a > main.t"},
        Row{"WITH s AS (SELECT * FROM a) INSERT INTO t SELECT * FROM s", "main.a > main.t"},
        Row{"WITH s AS (SELECT * FROM a) UPDATE t SET x = s.x FROM s WHERE s.id = t.id", "main.a main.t > main.t"}));

INSTANTIATE_TEST_SUITE_P(
    Files, AccessRow,
    testing::Values(Row{"SELECT * FROM 'data/x.parquet'", "file:data/x.parquet > "},
                    Row{"FROM \"./x.csv\"", "file:x.csv > "},
                    Row{"SELECT * FROM read_csv('a//b.csv', header = true, columns = {'a': 'INT'})", "file:a/b.csv > "},
                    Row{"SELECT * FROM read_parquet(['a.parquet', 'b/*.parquet'], union_by_name := true)",
                        "file:a.parquet file:b/*.parquet > "},
                    Row{"SELECT * FROM read_json(getvariable('f'))", "! > "},
                    Row{"SELECT * FROM 's3://b/k.parquet' x", "file:s3://b/k.parquet > "},
                    Row{"COPY t TO 'out/t.parquet' (FORMAT parquet)", "main.t > file:out/t.parquet"},
                    Row{"COPY (SELECT * FROM a WHERE x IN (SELECT y FROM b)) TO 'o.csv' WITH (HEADER)",
                        "main.a main.b > file:o.csv"},
                    Row{"COPY t (a, b) FROM 'i.csv' (DELIMITER '|')", "file:i.csv > main.t"},
                    Row{"COPY FROM DATABASE a TO b", "!database:a > database:b"}));

INSTANTIATE_TEST_SUITE_P(
    Changes, AccessRow,
    testing::Values(
        Row{"INSERT INTO s.t (a, b) VALUES (1, DEFAULT), (2, (SELECT 1 FROM u))", "main.u > s.t"},
        Row{"INSERT INTO t BY NAME SELECT * FROM a", "main.a > main.t"},
        Row{"INSERT INTO t DEFAULT VALUES", " > main.t"},
        Row{"INSERT INTO t SELECT * FROM a ON CONFLICT (id) DO UPDATE SET x = excluded.x + (SELECT 1 FROM u) WHERE x > "
            "1 "
            "RETURNING *",
            "main.a main.t main.u > main.t"},
        Row{"INSERT OR REPLACE INTO t VALUES (1)", "main.t > main.t"},
        Row{"UPDATE t AS x SET a = 1, b = (SELECT max(c) FROM u) FROM v WHERE v.id = x.id",
            "main.t main.u main.v > main.t"},
        Row{"DELETE FROM t USING u WHERE t.id = u.id AND t.x IN (SELECT x FROM v)", "main.t main.u main.v > main.t"},
        Row{"TRUNCATE t", " > main.t"}, Row{"TRUNCATE TABLE s.t", " > s.t"},
        Row{"MERGE INTO t USING (SELECT * FROM u) s ON t.id = s.id WHEN MATCHED AND s.x > 1 THEN UPDATE SET x = s.x "
            "WHEN MATCHED THEN DELETE WHEN NOT MATCHED BY TARGET THEN INSERT (id, x) VALUES (s.id, (SELECT 1 FROM v)) "
            "WHEN NOT MATCHED BY SOURCE THEN DO NOTHING",
            "main.t main.u main.v > main.t"},
        Row{"CREATE TABLE t (id INTEGER PRIMARY KEY, n DECIMAL(10, 2) NOT NULL DEFAULT 5 CHECK (n > 0), u INT "
            "REFERENCES u (id), "
            "d BIGINT DEFAULT nextval('seq'), CONSTRAINT f FOREIGN KEY (u) REFERENCES v (id))",
            "sequence:main.seq main.u main.v > sequence:main.seq main.t"},
        Row{"CREATE OR REPLACE TEMP TABLE t AS SELECT * FROM a", "main.a > main.t"},
        Row{"CREATE TABLE IF NOT EXISTS s.t AS FROM a", "main.a > s.t"},
        Row{"CREATE TABLE t (a, b) AS SELECT 1, 2 FROM a WITH NO DATA", "main.a > main.t"},
        Row{"CREATE TABLE t (a BIGINT(20) UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'x', KEY k (a)) ENGINE=InnoDB",
            " > main.t"},
        Row{"CREATE TABLE t USING iceberg PARTITIONED BY (d) AS SELECT * FROM a", "main.a > main.t"},
        Row{"CREATE TABLE t (a ARRAY<STRUCT<x: INT, y: MAP<STRING, INT>>>, b INT[3], c STRUCT(x INT, y VARCHAR[]))",
            " > main.t"},
        Row{"CREATE VIEW v (p, q) AS SELECT * FROM a", "main.a > main.v"},
        Row{"CREATE OR REPLACE VIEW s.v AS (SELECT 1)", " > s.v"},
        Row{"CREATE SCHEMA IF NOT EXISTS zoo", " > schema:zoo"}, Row{"CREATE SCHEMA lake.raw", " > schema:lake.raw"},
        Row{"CREATE SEQUENCE s START 1", " > sequence:main.s"},
        Row{"CREATE UNIQUE INDEX i ON t (a, (lower(b)))", " > main.t"}, Row{"CREATE MACRO f(x) AS x + 1", "! > "},
        Row{"CREATE TYPE mood AS ENUM ('a', 'b')", "! > "}, Row{"DROP TABLE IF EXISTS t, s.u CASCADE", " > main.t s.u"},
        Row{"DROP VIEW v", " > main.v"}, Row{"DROP SCHEMA s CASCADE", " > schema:s"}, Row{"DROP INDEX i", "! > "},
        Row{"ALTER TABLE s.t RENAME TO u", "s.t > s.t s.u"},
        Row{"ALTER TABLE t RENAME COLUMN a TO b", "main.t > main.t"},
        Row{"ALTER TABLE t ADD COLUMN c INT DEFAULT 1", "main.t > main.t"},
        Row{"ALTER TABLE t MODIFY COLUMN c BIGINT(20)", "main.t > main.t"},
        Row{"ALTER VIEW v RENAME TO w", "main.v > main.v main.w"},
        Row{"EXPLAIN INSERT INTO t SELECT * FROM a", "main.a main.t > "},
        Row{"EXPLAIN ANALYZE INSERT INTO t SELECT * FROM a", "main.a > main.t"},
        Row{"EXPLAIN (FORMAT json) SELECT * FROM a", "main.a > "}, Row{"DESCRIBE t", "main.t > "},
        Row{"DESCRIBE SELECT * FROM a", "main.a > "}, Row{"SUMMARIZE t", "main.t > "}, Row{"SHOW TABLES", "! > "}));

TEST(Analyze, SessionStatementsAreBarriers) {
  struct Session {
    const char* sql;
    StatementClass statement_class;
  };
  for (const Session& row :
       {Session{"SET threads = 4", StatementClass::kSet}, Session{"RESET threads", StatementClass::kSet},
        Session{"PRAGMA table_info('t')", StatementClass::kSet}, Session{"BEGIN", StatementClass::kBegin},
        Session{"START TRANSACTION", StatementClass::kBegin}, Session{"COMMIT", StatementClass::kCommit},
        Session{"ROLLBACK", StatementClass::kRollback}, Session{"ATTACH 'x.db' AS x", StatementClass::kAttach},
        Session{"DETACH x", StatementClass::kDetach}, Session{"CALL f(1)", StatementClass::kOther},
        Session{"CHECKPOINT", StatementClass::kOther}, Session{"LOAD httpfs", StatementClass::kOther},
        Session{"INSTALL spatial", StatementClass::kOther}, Session{"VACUUM", StatementClass::kOther},
        Session{"EXPORT DATABASE 'd'", StatementClass::kOther}, Session{"IMPORT DATABASE 'd'", StatementClass::kOther},
        Session{"USE lake.Raw", StatementClass::kUse}}) {
    Analysis analysis = run(row.sql);
    EXPECT_EQ(analysis.statement_class, row.statement_class) << row.sql;
    EXPECT_TRUE(analysis.access.barrier) << row.sql;
    EXPECT_FALSE(analysis.unknown) << row.sql;
  }
  EXPECT_EQ(run("USE lake.Raw").use, "lake.raw");
  EXPECT_EQ(*run("SET threads = 4").access.barrier, "SET changes the session");
}

TEST(Analyze, CurrentSchemaNamesBareTables) {
  FixedScope scope;
  scope.schema = "zoo";
  EXPECT_EQ(analyze("SELECT * FROM t, main.u", scope).access.reads[1].name, "zoo.t");
  scope.schema = "lake.main";
  std::string reads = list(analyze("SELECT * FROM t, main.u, lake.v, lake.main.w, raw.x", scope).access.reads);
  EXPECT_EQ(reads, "lake.t lake.u lake.v lake.w raw.x");
  EXPECT_EQ(canonical_table("Out.Homes", FixedScope()), "out.homes");
  EXPECT_EQ(canonical_table("Homes", FixedScope()), "main.homes");
}

TEST(Analyze, TellsWhatPlanningNeeds) {
  std::string_view sql = "CREATE OR REPLACE TEMP TABLE Zoo.T AS SELECT id, x + y AS s FROM a;";
  Analysis create = run(sql);
  EXPECT_EQ(create.statement_class, StatementClass::kCreateTableAs);
  EXPECT_EQ(create.target, (ObjectRef{"table", "zoo.t", 0}));
  EXPECT_TRUE(create.temporary);
  EXPECT_TRUE(create.or_replace);
  EXPECT_FALSE(create.returns_rows);
  ASSERT_TRUE(create.query);
  EXPECT_EQ(sql.substr(create.query->begin, create.query->end - create.query->begin), "SELECT id, x + y AS s FROM a");

  sql = "SELECT 1; INSERT INTO t (p, q) SELECT a, b FROM u RETURNING p";
  Analysis insert = analyze(sql, Span{10, static_cast<uint32_t>(sql.size())}, FixedScope());
  EXPECT_EQ(insert.target->name, "main.t");
  EXPECT_EQ(insert.target_columns, (std::vector<std::string>{"p", "q"}));
  EXPECT_TRUE(insert.returns_rows);
  EXPECT_EQ(sql.substr(insert.query->begin, insert.query->end - insert.query->begin), "SELECT a, b FROM u");

  Analysis copy = run("COPY (SELECT 1) TO 'x.csv'");
  EXPECT_EQ(copy.target, (ObjectRef{"file", "x.csv", 0}));
  EXPECT_TRUE(run("SELECT 1").returns_rows);
  EXPECT_EQ(run("").statement_class, StatementClass::kEmpty);
  EXPECT_EQ(run("SELECT f(1), S.G(2), count(*)").calls, (std::vector<std::string>{"count", "f", "g"}));
  EXPECT_EQ(run("CREATE TABLE t (a INT, b INT)").target_columns, (std::vector<std::string>{"a", "b"}));
}

TEST(Analyze, UnknownSaysWhere) {
  std::string_view sql = "SELECT * FROM where";
  Analysis analysis = run(sql);
  ASSERT_TRUE(analysis.unknown);
  EXPECT_EQ(analysis.unknown->reason, "not understood: expected a table name, found \"where\"");
  EXPECT_EQ(analysis.unknown->span, (Span{14, 19}));
  EXPECT_EQ(analysis.statement_class, StatementClass::kUnknown);
  EXPECT_TRUE(analysis.access.barrier);
  EXPECT_TRUE(analysis.returns_rows);
}

// "column: sources" for each output column; "?" where unknown.
std::string lineage(std::string_view sql) {
  Analysis analysis = run(sql);
  if (analysis.unknown) return "unknown: " + analysis.unknown->reason;
  if (!analysis.columns) return "not enumerable";
  std::string out;
  for (const ColumnLineage& column : *analysis.columns) {
    if (!out.empty()) out += "; ";
    out += column.column + ":";
    for (const ColumnSource& source : column.sources) out += " " + source.table + "." + source.column;
    if (column.unknown) out += " ?";
  }
  return out;
}

class LineageRow : public testing::TestWithParam<Row> {};
TEST_P(LineageRow, IsExact) { EXPECT_EQ(lineage(GetParam().sql), GetParam().access) << GetParam().sql; }

INSTANTIATE_TEST_SUITE_P(
    Rows, LineageRow,
    testing::Values(
        Row{"SELECT id, x + y AS s, 1 AS one FROM a", "id: main.a.id; s: main.a.x main.a.y; one:"},
        Row{"SELECT * FROM a", "id: main.a.id; x: main.a.x; y: main.a.y"},
        Row{"SELECT q.* EXCLUDE (id) REPLACE (x + id AS x) RENAME (y AS why) FROM a q",
            "x: main.a.id main.a.x; why: main.a.y"},
        Row{"SELECT * FROM zoo.k", "Key: zoo.k.key; Val: zoo.k.val"},
        Row{"SELECT * FROM a JOIN b USING (id)", "id: main.a.id; x: main.a.x; y: main.a.y; z: main.b.z"},
        Row{"SELECT id, z FROM a FULL JOIN b USING (id)", "id: main.a.id main.b.id; z: main.b.z"},
        Row{"SELECT id FROM a RIGHT JOIN b USING (id)", "id: main.b.id"},
        Row{"SELECT * FROM a NATURAL JOIN c", "id: main.a.id; x: main.a.x; y: main.a.y"},
        Row{"SELECT * FROM a SEMI JOIN b USING (id)", "id: main.a.id; x: main.a.x; y: main.a.y"},
        Row{"SELECT x FROM a JOIN c ON a.id = c.id", "x: ?"},
        Row{"SELECT a.x, c.x AS cx FROM a, c", "x: main.a.x; cx: main.c.x"},
        Row{"SELECT main.a.x, s.id FROM a, b AS s", "x: main.a.x; id: main.b.id"},
        Row{"WITH q AS (SELECT id AS k, x * 2 AS d FROM a) SELECT k, d, d + z AS e FROM q JOIN b ON k = b.id",
            "k: main.a.id; d: main.a.x; e: main.a.x main.b.z"},
        Row{"WITH q(m, n) AS (SELECT x, y FROM a) SELECT * FROM q", "m: main.a.x; n: main.a.y"},
        Row{"SELECT t.p, o FROM (SELECT x, y FROM a) t(p, o)", "p: main.a.x; o: main.a.y"},
        Row{"SELECT x AS p FROM a UNION ALL SELECT z FROM b", "p: main.a.x main.b.z"},
        Row{"SELECT x FROM a EXCEPT SELECT z FROM b", "x: main.a.x"},
        Row{"SELECT x FROM a UNION BY NAME SELECT z, id AS x FROM b", "x: main.a.x main.b.id; z: main.b.z"},
        Row{"SELECT (SELECT max(z) FROM b WHERE b.id = a.id) AS m, EXISTS (FROM b) AS e FROM a", "m: main.b.z; e:"},
        Row{"SELECT (SELECT x + z FROM b LIMIT 1) AS m FROM a", "m: main.a.x main.b.z"},
        Row{"SELECT x + 1 AS p, p * 2 AS q FROM a", "p: main.a.x; q: main.a.x"},
        Row{"SELECT y AS x, x AS w FROM a", "x: main.a.y; w: main.a.x"},
        Row{"SELECT list_transform([x, y], e -> e + id) AS l, [v * x FOR v IN [y]] AS m FROM a",
            "l: main.a.id main.a.x main.a.y; m: main.a.x main.a.y"},
        Row{"SELECT sum(x) FILTER (WHERE y > 1) AS s, row_number() OVER (PARTITION BY y) AS r, count(*) AS n FROM a",
            "s: main.a.x; r:; n:"},
        Row{"WITH RECURSIVE r AS (SELECT id AS p, x AS q FROM a UNION ALL SELECT q, p + z FROM r JOIN b ON r.p = b.id) "
            "SELECT * FROM r",
            "p: main.a.id main.a.x main.b.z; q: main.a.id main.a.x main.b.z"},
        Row{"SELECT u FROM open_table", "u: main.open_table.u"},
        Row{"SELECT o.u, x FROM open_table o, a", "u: main.open_table.u; x: main.a.x"},
        Row{"SELECT u FROM open_table o, a", "u: main.open_table.u"},
        Row{"SELECT u FROM open_table o, open_too", "u: ?"}, Row{"SELECT * FROM open_table", "not enumerable"},
        Row{"SELECT u FROM (SELECT * FROM open_table)", "u: ?"},
        Row{"SELECT (SELECT u FROM open_table) AS v FROM a", "v: main.open_table.u"},
        Row{"SELECT (SELECT u FROM open_table) AS v FROM open_too", "v: ?"}, Row{"SELECT nothing FROM a", "nothing: ?"},
        Row{"SELECT v AS w FROM a, unnest([x, y]) t(v)", "w: main.a.x main.a.y"},
        Row{"SELECT x.field, a.x.field, x.upper() AS up FROM a", "field: main.a.x; field: main.a.x; up: main.a.x"},
        Row{"SELECT COLUMNS('x') FROM a", "not enumerable"},
        Row{"INSERT INTO c SELECT id, y FROM a", "id: main.a.id; y: main.a.y"},
        Row{"SELECT current_date AS d, CAST(x AS VARCHAR) AS s FROM a", "d:; s: main.a.x"},
        Row{"SELECT col0 AS v FROM (VALUES (1), (2))", "v:"}));

// The order of section "Workflow" of the peer's documentation, from reads and writes alone.
TEST(Analyze, OrdersTheWorkflowExample) {
  std::string_view program =
      "CREATE TABLE t AS SELECT * FROM s; SELECT * FROM t; SELECT * FROM t; SELECT * FROM v; "
      "SELECT * FROM v; DROP TABLE t";
  std::vector<Access> steps;
  auto statements = split(program);
  ASSERT_TRUE(statements);
  for (const StatementText& statement : *statements)
    steps.push_back(analyze(program, statement.standard, EmptyScope()).access);
  ASSERT_EQ(steps.size(), 6U);
  // Models are nodes: 2 and 3 train m1 and m2, 4 and 5 evaluate them.
  steps[1].writes.push_back({"model", "m1", 0});
  steps[2].writes.push_back({"model", "m2", 0});
  steps[3].reads.push_back({"model", "m1", 0});
  steps[4].reads.push_back({"model", "m2", 0});
  auto conflict = [](const Access& first, const Access& second) {
    auto any = [](const std::vector<ObjectRef>& a, const std::vector<ObjectRef>& b) {
      for (const ObjectRef& x : a) {
        for (const ObjectRef& y : b) {
          if (overlap(x, y)) return true;
        }
      }
      return false;
    };
    return any(first.writes, second.reads) || any(first.reads, second.writes) || any(first.writes, second.writes);
  };
  std::vector<std::pair<int, int>> edges;
  for (int j = 0; j < 6; ++j) {
    for (int i = 0; i < j; ++i) {
      if (conflict(steps[static_cast<size_t>(i)], steps[static_cast<size_t>(j)])) edges.emplace_back(i + 1, j + 1);
    }
  }
  EXPECT_EQ(edges, (std::vector<std::pair<int, int>>{{1, 2}, {1, 3}, {2, 4}, {3, 5}, {1, 6}, {2, 6}, {3, 6}}));
}

TEST(Analyze, OverlapIsMoreThanEquality) {
  auto file = [](std::string_view a, std::string_view b) {
    ObjectRef x{"file", std::string(a), 0};
    ObjectRef y{"file", std::string(b), 0};
    EXPECT_EQ(overlap(x, y), overlap(y, x));
    return overlap(x, y);
  };
  EXPECT_TRUE(file("a/b.csv", "a/b.csv"));
  EXPECT_FALSE(file("a/b.csv", "a/c.csv"));
  EXPECT_TRUE(file("a/*.csv", "a/b.csv"));
  EXPECT_FALSE(file("a/*.csv", "a/b.parquet"));
  EXPECT_FALSE(file("a/*.csv", "a/d/b.csv"));
  EXPECT_TRUE(file("a/**/*.csv", "a/d/e/b.csv"));
  EXPECT_TRUE(file("a/**/*.csv", "a/b.csv"));
  EXPECT_TRUE(file("a/?.csv", "a/b.csv"));
  EXPECT_TRUE(file("a/[bc].csv", "a/b.csv"));
  EXPECT_TRUE(file("a/{b,c}.csv", "a/b.csv"));
  EXPECT_TRUE(file("out", "out/part-0.parquet"));
  EXPECT_TRUE(file("out", "out/*/*.parquet"));
  EXPECT_FALSE(file("out", "output/x.parquet"));
  EXPECT_TRUE(file("a/*.csv", "a/b*"));
  EXPECT_FALSE(file("a/*.csv", "b/*.csv"));
  EXPECT_TRUE(overlap({"schema", "zoo", 0}, {"table", "zoo.t", 0}));
  EXPECT_TRUE(overlap({"table", "lake.raw.t", 0}, {"database", "lake", 0}));
  EXPECT_TRUE(overlap({"schema", "lake.raw", 0}, {"database", "lake", 0}));
  EXPECT_FALSE(overlap({"schema", "zoo", 0}, {"table", "zoology.t", 0}));
  EXPECT_FALSE(overlap({"schema", "zoo", 0}, {"model", "zoo.m", 0}));
  EXPECT_FALSE(overlap({"table", "zoo.m", 0}, {"model", "zoo.m", 0}));
  EXPECT_TRUE(overlap({"model", "zoo.m", 1}, {"model", "zoo.m", 2}));
}

TEST(Analyze, IsBounded) {
  auto repeated = [](std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  constexpr int kMany = 100000;
  for (const std::string& sql : {"SELECT " + repeated("(", kMany),
                                 "SELECT " + repeated("(", kMany) + "1" + repeated(")", kMany),
                                 "SELECT " + repeated("- ", kMany) + "1",
                                 "SELECT " + repeated("NOT ", kMany) + "x",
                                 "SELECT 1" + repeated(" - 1", kMany),
                                 "SELECT x" + repeated("::int", kMany),
                                 "SELECT x" + repeated("[1]", kMany),
                                 "SELECT " + repeated("CASE WHEN ", kMany),
                                 "SELECT * FROM " + repeated("(", kMany) + "t",
                                 "SELECT * FROM t" + repeated(" JOIN t ON 1", kMany),
                                 repeated("(", kMany) + "SELECT 1",
                                 repeated("SELECT * FROM (", kMany),
                                 "SELECT 1" + repeated(" UNION SELECT 1 EXCEPT SELECT 1", kMany),
                                 repeated("WITH a AS (", kMany),
                                 "SELECT " + repeated("f(", kMany),
                                 "SELECT " + repeated("[", kMany),
                                 "SELECT " + repeated("{'a':", kMany),
                                 repeated("EXPLAIN ", kMany) + "SELECT 1",
                                 "SELECT " + repeated("x -> ", kMany),
                                 "SELECT f(" + repeated("LAMBDA x: ", kMany),
                                 "SELECT * FROM t " + repeated("PIVOT (x) ", kMany),
                                 "SELECT f() OVER (PARTITION BY " + repeated("f() OVER (PARTITION BY ", kMany)}) {
    EXPECT_TRUE(run(sql).unknown) << sql.substr(0, 40);
  }
  // Long but flat is fine.
  EXPECT_EQ(access("SELECT 1" + repeated(" + 1", kMany)), " > ");
  EXPECT_EQ(access("SELECT 1" + repeated(" UNION ALL SELECT 1", kMany)), " > ");
  EXPECT_EQ(access("SELECT x FROM t WHERE x = 1" + repeated(" OR x = 1", kMany)), "main.t > ");
  // Stars that double at each level, and sources that do.
  std::string stars = "SELECT * FROM a";
  std::string sums = "SELECT x FROM a";
  for (int i = 0; i < 50; ++i) {
    stars.insert(0, "SELECT q.*, q.* FROM (").append(") q");
    sums.insert(0, "SELECT x + x AS x FROM (").append(") q");
  }
  EXPECT_EQ(lineage(stars), "not enumerable");
  EXPECT_EQ(lineage(sums), "x: main.a.x");
}

}  // namespace
}  // namespace sinan::sql

#include "sql/splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/lexer.h"

namespace sinan::sql {
namespace {

struct Parts {
  std::string standard;
  std::string clause;
  friend bool operator==(const Parts&, const Parts&) = default;
};
void PrintTo(const Parts& parts, std::ostream* out) { *out << "[" << parts.standard << "|" << parts.clause << "]"; }

std::vector<Parts> parts(std::string_view program) {
  auto statements = split(program);
  if (!statements) return {{"error", statements.error().message}};
  std::vector<Parts> out;
  for (const StatementText& s : *statements) {
    out.push_back({std::string(text_of(program, s.standard)), std::string(text_of(program, s.clause))});
  }
  return out;
}

using List = std::vector<Parts>;

TEST(Splitter, CutsAtSemicolonsOnly) {
  EXPECT_EQ(parts("SELECT 1; SELECT 2"), (List{{"SELECT 1", ""}, {"SELECT 2", ""}}));
  EXPECT_EQ(parts(" ;; SELECT 1 ; ; "), (List{{"SELECT 1", ""}}));
  EXPECT_EQ(parts("-- nothing\n"), List{});
  EXPECT_EQ(parts("SELECT ';', \";\", `;`, $$;$$, $x$;$x$, E'\\';' /* ; */ -- ;\n; SELECT 2"),
            (List{{"SELECT ';', \";\", `;`, $$;$$, $x$;$x$, E'\\';'", ""}, {"SELECT 2", ""}}));
  EXPECT_EQ(parts("SELECT (1;2), [3;4], {5;6}; SELECT 2"),
            (List{{"SELECT (1;2), [3;4], {5;6}", ""}, {"SELECT 2", ""}}));
}

TEST(Splitter, CutsTheClauseOff) {
  EXPECT_EQ(parts("SELECT * FROM homes  TO TRAIN x WITH a=1 LABEL y INTO m; SHOW TRAIN m;"),
            (List{{"SELECT * FROM homes", "TO TRAIN x WITH a=1 LABEL y INTO m"}, {"SHOW TRAIN m", ""}}));
  EXPECT_EQ(parts("((SELECT 1)) to /* c */ -- d\n train x"), (List{{"((SELECT 1))", "to /* c */ -- d\n train x"}}));
  EXPECT_EQ(parts("FROM t1 t2 TO TRAIN x"), (List{{"FROM t1 t2", "TO TRAIN x"}}));
  for (std::string_view query :
       {"SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "FROM t", "VALUES (1)", "TABLE t"}) {
    for (std::string_view verb : {"TRAIN", "PREDICT", "EXPLAIN", "EVALUATE", "RUN", "MAXIMIZE", "MINIMIZE", "train"}) {
      std::string program = std::string(query) + " TO " + std::string(verb) + " x";
      EXPECT_EQ(parts(program), (List{{std::string(query), "TO " + std::string(verb) + " x"}}));
    }
  }
}

TEST(Splitter, IsNotFooled) {
  for (std::string_view sql :
       {"SELECT 'x TO TRAIN y'", "SELECT \"TO\" TRAIN FROM t", "SELECT INTERVAL '1 2' DAY TO SECOND",
        "SELECT a /* TO TRAIN m */ FROM t", "SELECT (SELECT 1 TO TRAIN x)", "COPY (SELECT 1) TO 'f.csv'",
        "COPY t TO run", "ALTER TABLE a RENAME TO run", "GRANT SELECT ON t TO train WITH GRANT OPTION",
        "ALTER TABLE a RENAME TO predict", "SELECT $$ TO TRAIN x $$", "SELECT a -- TO TRAIN x\nFROM t"}) {
    auto statements = split(sql);
    ASSERT_TRUE(statements) << sql;
    ASSERT_EQ(statements->size(), 1U);
    EXPECT_FALSE(statements->front().has_clause()) << sql;
    EXPECT_FALSE(statements->front().misplaced_clause) << sql;
    EXPECT_EQ(text_of(sql, statements->front().standard), sql);
  }
}

TEST(Splitter, ReadsTheClauseWithItsOwnEscapes) {
  EXPECT_EQ(parts(R"(SELECT 1 TO TRAIN x WITH s="a \"; b" INTO m; SELECT '\')"),
            (List{{"SELECT 1", R"(TO TRAIN x WITH s="a \"; b" INTO m)"}, {"SELECT '\\'", ""}}));
}

TEST(Splitter, SeesAClauseWhereNoneCanStand) {
  for (std::string_view sql : {"DROP TABLE t TO TRAIN x INTO m", "DESCRIBE t TO TRAIN x LABEL y INTO m",
                               "INSERT INTO a SELECT * FROM b TO PREDICT t.c USING m"}) {
    auto statements = split(sql);
    ASSERT_TRUE(statements);
    ASSERT_TRUE(statements->front().misplaced_clause) << sql;
    EXPECT_FALSE(statements->front().has_clause());
  }
  std::string_view sql = "DROP TABLE t TO TRAIN x INTO m";
  Error error = misplaced_clause_error(sql, split(sql)->front());
  EXPECT_EQ(error.message, "only a query can be followed by a clause: TO TRAIN stands after DROP");
  EXPECT_EQ(error.span, (Span{13, 21}));
}

TEST(Splitter, NamesTheNearVerb) {
  auto near = [](std::string_view sql) -> std::string {
    auto statements = split(sql);
    if (!statements || !statements->front().near_verb) return "";
    return std::string(statements->front().near_verb->verb) + "<" +
           std::string(text_of(sql, statements->front().near_verb->span));
  };
  EXPECT_EQ(near("SELECT 1 TO TRIAN x LABEL y INTO m"), "TRAIN<TRIAN");
  EXPECT_EQ(near("SELECT 1 TO predcit t.c USING m"), "PREDICT<predcit");
  EXPECT_EQ(near("SELECT 1 TO MAXIMISE x"), "MAXIMIZE<MAXIMISE");
  EXPECT_EQ(near("SELECT 1 TO RN x"), "RUN<RN");
  EXPECT_EQ(near("SELECT INTERVAL '1' DAY TO MINUTE"), "");
  EXPECT_EQ(near("SELECT 1 TO TRAIN x"), "");
  EXPECT_EQ(near("ALTER TABLE a RENAME TO trian"), "");
}

TEST(Splitter, KnowsWhatItSaw) {
  auto statements = split("(SELECT 1); INSERT INTO t VALUES (1)");
  ASSERT_TRUE(statements);
  EXPECT_TRUE((*statements)[0].is_query);
  EXPECT_TRUE((*statements)[0].terminated);
  EXPECT_FALSE((*statements)[1].is_query);
  EXPECT_FALSE((*statements)[1].terminated);
  EXPECT_EQ((*statements)[1].whole, (Span{12, 36}));
}

TEST(Splitter, ReportsWhatIsNeverClosed) {
  auto bracket = split("SELECT f(1, [2]; SELECT 3");
  ASSERT_FALSE(bracket);
  EXPECT_EQ(bracket.error().message, "\"(\" is never closed");
  EXPECT_EQ(bracket.error().span, (Span{8, 9}));
  auto string = split("SELECT 1; SELECT 'a; SELECT 2;");
  ASSERT_FALSE(string);
  EXPECT_EQ(string.error().message, "string is never closed");
  EXPECT_EQ(string.error().span, (Span{17, 18}));
}

TEST(Splitter, TellsThePromptWhenToRun) {
  for (std::string_view text : {"SELECT 1;", "SELECT 1; -- done", "SELECT ';';\n", "a; b;", "SELECT '\xff'", ";"}) {
    EXPECT_TRUE(is_complete(text)) << text;
  }
  for (std::string_view text : {"", "SELECT 1", "SELECT ';", "SELECT (1;", "SELECT 1 /* ;", "a; b", "SELECT $$;",
                                "SELECT 1 TO TRAIN x WITH a=\"\\\";", "SELECT 1; -- x\n SELECT"}) {
    EXPECT_FALSE(is_complete(text)) << text;
  }
}

}  // namespace
}  // namespace sinan::sql

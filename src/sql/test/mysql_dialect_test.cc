#include "sql/mysql_dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace sinan::sql {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string translated(std::string_view sql) {
  const auto result = translate_mysql(sql, {0, static_cast<uint32_t>(sql.size())});
  if (!result) return result.error().message;
  return *result ? (*result)->text : "as written";
}

TEST(MySqlDialectTest, WhatHasNothingOfMySqlStays) {
  for (const char* sql : {"SELECT a, 'x''y', 1.5 FROM t WHERE a IN (1, 2) ORDER BY 1 LIMIT 5 OFFSET 1", "FROM t", "",
                          "CREATE SCHEMA x", "INSERT INTO t VALUES (1)", "UPDATE t SET a = 1"}) {
    EXPECT_EQ(translated(sql), "as written") << sql;
  }
}

TEST(MySqlDialectTest, Strings) {
  EXPECT_EQ(translated(R"(SELECT "it's", 'a\'b\n', "a""b", 'x' 'y')"), "SELECT 'it''s', 'a''b\n', 'a\"b', 'xy'");
  EXPECT_EQ(translated(R"(SELECT a AS "b c", t."d" FROM `t``x`)"), "SELECT a AS \"b c\", t.\"d\" FROM \"t`x\"");
  EXPECT_EQ(translated(R"(SELECT a LIKE '50\%')"), "as written");
  EXPECT_EQ(translated("SELECT 1 # all\n FROM t LIMIT 0, 1"), "SELECT 1\nFROM t LIMIT 1 OFFSET 0");
}

TEST(MySqlDialectTest, CallsWithinCalls) {
  EXPECT_EQ(translated("SELECT ISNULL(ISNULL(`a`))"), "SELECT ((\"a\" IS NULL) IS NULL)");
  EXPECT_EQ(translated("SELECT t.rand(1), x.limit FROM t"), "as written");
}

TEST(MySqlDialectTest, PlacesLeadBack) {
  const std::string_view sql = "SELECT `one`, two FROM t WHERE `three` = 4 LIMIT 1, 2";
  const auto result = *translate_mysql(sql, {0, static_cast<uint32_t>(sql.size())});
  ASSERT_TRUE(result);
  for (const std::string_view name : {"one", "two", "three", "t", "4"}) {
    const auto at = static_cast<uint32_t>(result->text.find(name));
    const Span place = result->original({at, at + static_cast<uint32_t>(name.size())});
    EXPECT_THAT(std::string(sql.substr(place.begin, place.end - place.begin)), HasSubstr(std::string(name)));
  }
  EXPECT_THAT(result->notes, Contains("LIMIT 1, 2 is LIMIT 2 OFFSET 1"));
}

TEST(MySqlDialectTest, TextAsNumber) {
  Translation text = as_written("SELECT t.a + 1 FROM t", {0, 21});
  ASSERT_TRUE(mend_text_as_number(text, "no function takes these arguments: +(VARCHAR, INTEGER_LITERAL)", {11, 12}));
  EXPECT_THAT(text.text, HasSubstr("CASE WHEN t.a IS NOT NULL"));
  EXPECT_THAT(text.text, testing::EndsWith(" + 1 FROM t"));
  EXPECT_THAT(text.notes, ElementsAre("t.a is read as a number"));
  const auto plus = static_cast<uint32_t>(text.text.rfind('+'));
  EXPECT_EQ(text.original({plus, plus + 1}), (Span{11, 12}));
  EXPECT_FALSE(mend_text_as_number(text, "unknown column \"x\"", {plus, plus + 1}));
}

// Statements with bytes changed, cut and doubled: no crash, and every place stays within.
TEST(MySqlDialectTest, Mutations) {
  const std::vector<std::string> seeds = {
      "CREATE TABLE `a` (id BIGINT(20) UNSIGNED NOT NULL COMMENT 'x', KEY k (id)) ENGINE=InnoDB",
      "SELECT SUBSTRING_INDEX(a, '.', -1), CONCAT(\"x\", 'it\\'s') FROM `t` WHERE a NOT REGEXP 'b' LIMIT 0, 5",
      "LOAD DATA INFILE 'f' INTO TABLE t FIELDS TERMINATED BY ',' IGNORE 1 LINES (a)",
      "ALTER TABLE t MODIFY COLUMN a INT(3)",
      "SELECT @x := MAX(a) FROM t",
      "REPLACE t VALUE (1)"};
  std::mt19937 random(20240305);
  for (int round = 0; round < 30000; ++round) {
    std::string text = seeds[random() % seeds.size()];
    for (size_t change = 0; change <= random() % 4; ++change) {
      if (text.empty()) break;
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = "()`'\"\\,.@ #1a"[random() % 13];
          break;
        case 1:
          text.erase(at, 1 + random() % 4);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 8));
      }
    }
    const auto result = translate_mysql(text, {0, static_cast<uint32_t>(text.size())});
    if (!result || !*result) continue;
    uint32_t last = 0;
    for (const auto& piece : (*result)->pieces) {
      ASSERT_EQ(piece.begin, last) << text;
      ASSERT_LE(piece.from.end, text.size()) << text;
      last = piece.end;
    }
    ASSERT_EQ(last, (*result)->text.size()) << text;
  }
}

}  // namespace
}  // namespace sinan::sql

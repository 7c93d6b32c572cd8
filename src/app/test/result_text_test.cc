#include "app/result_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "app/cell_text.h"
#include "arrow/builder.h"
#include "base/json.h"

namespace sinan::app {
namespace {

arrow::Batch sample() {
  arrow::BatchBuilder rows({{"id", arrow::int64_type()},
                            {"score", arrow::double_type()},
                            {"note", arrow::string_type()},
                            {"ok", arrow::bool_type()}});
  rows.column(0).append(1);
  rows.column(1).append(0.5);
  rows.column(2).append("plain");
  rows.column(3).append(true);
  rows.column(0).append(2);
  rows.column(1).append(std::numeric_limits<double>::infinity());
  rows.column(2).append("a,\"b\"\nc|d");
  rows.column(3).append(false);
  rows.column(0).append_null();
  rows.column(1).append_null();
  rows.column(2).append("");
  rows.column(3).append_null();
  return rows.finish();
}

std::string rendered(Format format, const arrow::Batch& batch, size_t most_rows = 40) {
  ResultText text({.format = format, .table = {}, .most_rows = most_rows});
  text.begin("", batch.shared_schema());
  text.add(batch);
  text.finish();
  return text.take();
}

TEST(ResultText, CsvIsRfc4180) {
  EXPECT_EQ(rendered(Format::kCsv, sample()),
            "id,score,note,ok\n"
            "1,0.5,plain,true\n"
            "2,inf,\"a,\"\"b\"\"\nc|d\",false\n"
            ",,\"\",\n");
}

TEST(ResultText, JsonReadsBack) {
  const auto json = Json::parse(rendered(Format::kJson, sample()));
  ASSERT_TRUE(json.has_value());
  ASSERT_EQ(json->items().size(), 3U);
  EXPECT_EQ(json->items()[0].at("id").as_int().value(), 1);
  EXPECT_EQ(json->items()[0].at("score").as_double().value(), 0.5);
  EXPECT_TRUE(json->items()[1].at("score").is_null());
  EXPECT_EQ(json->items()[1].at("note").string_view(), "a,\"b\"\nc|d");
  EXPECT_FALSE(json->items()[1].at("ok").as_bool().value());
  EXPECT_TRUE(json->items()[2].at("id").is_null());
}

TEST(ResultText, JsonOfNoRowsIsAnEmptyArray) {
  arrow::BatchBuilder rows({{"id", arrow::int64_type()}});
  EXPECT_EQ(rendered(Format::kJson, rows.finish()), "[]\n");
}

TEST(ResultText, JsonLinesKeepTypesAndWhatJsonHasNoNumberFor) {
  EXPECT_EQ(rendered(Format::kJsonl, sample()),
            "{\"event\":\"result\",\"title\":\"\",\"columns\":[{\"name\":\"id\",\"type\":\"int64\"},"
            "{\"name\":\"score\",\"type\":\"double\"},{\"name\":\"note\",\"type\":\"string\"},"
            "{\"name\":\"ok\",\"type\":\"bool\"}]}\n"
            "[1,0.5,\"plain\",true]\n"
            "[2,\"inf\",\"a,\\\"b\\\"\\nc|d\",false]\n"
            "[null,null,\"\",null]\n"
            "{\"event\":\"end\",\"rows\":3}\n");
}

TEST(ResultText, JsonLinesTellTheColumnsOfNoRows) {
  arrow::Type list(arrow::TypeId::kList);
  list.children = {{"item", arrow::int64_type()}};
  arrow::Type decimal(arrow::TypeId::kDecimal);
  decimal.precision = 10;
  decimal.scale = 2;
  EXPECT_EQ(field_json({"l", list}).dump(),
            "{\"name\":\"l\",\"type\":\"list\",\"items\":{\"name\":\"item\",\"type\":\"int64\"}}");
  EXPECT_EQ(field_json({"d", decimal}).dump(), "{\"name\":\"d\",\"type\":\"decimal\",\"precision\":10,\"scale\":2}");
}

TEST(ResultText, MarkdownEscapesWhatWouldEndACell) {
  EXPECT_EQ(rendered(Format::kMarkdown, sample()),
            "| id | score | note | ok |\n"
            "| ---: | ---: | --- | --- |\n"
            "| 1 | 0.5 | plain | true |\n"
            "| 2 | inf | a,\"b\"<br>c\\|d | false |\n"
            "| NULL | NULL |  | NULL |\n");
}

TEST(ResultText, TablesShowTheFirstRowsAndCountAll) {
  const std::string text = rendered(Format::kTable, sample(), 2);
  EXPECT_NE(text.find("first 2 of 3 rows"), std::string::npos) << text;
  EXPECT_NE(text.find("a,\"b\"\\nc|d"), std::string::npos) << text;
  EXPECT_NE(rendered(Format::kTable, sample(), 0).find("\n3 rows\n"), std::string::npos);
}

TEST(CellText, ControlsCannotCommandTheTerminal) {
  EXPECT_EQ(escape_controls("a\x1b[2J\tb\x7f\xc2\x9b 中"), "a\\x1b[2J\\tb\\x7f\\u009b 中");
}

}  // namespace
}  // namespace sinan::app

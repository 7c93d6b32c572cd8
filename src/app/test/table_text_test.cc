#include "app/table_text.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

TEST(Table, NumbersStandFlushRight) {
  const TextTable table{.columns = {{"name", false}, {"n", true}},
                        .rows = {{{"a", false}, {"1", false}}, {{"bcd", false}, {"22", false}}}};
  EXPECT_EQ(render_table(table, {}).text,
            "┌──────┬────┐\n"
            "│ name │  n │\n"
            "├──────┼────┤\n"
            "│ a    │  1 │\n"
            "│ bcd  │ 22 │\n"
            "└──────┴────┘\n");
  EXPECT_EQ(render_table(table, {.unicode = false}).text,
            "+------+----+\n"
            "| name |  n |\n"
            "+------+----+\n"
            "| a    |  1 |\n"
            "| bcd  | 22 |\n"
            "+------+----+\n");
}

TEST(Table, WideCharactersTakeTwoColumns) {
  const TextTable table{.columns = {{"城市", false}}, .rows = {{{"a", false}}, {{"上海市", false}}}};
  const std::string text = render_table(table, {}).text;
  for (const std::string_view line : split_on(text, '\n')) {
    EXPECT_TRUE(line.empty() || display_width(line) == 10U) << line;
  }
}

TEST(Table, LongCellsAreCutBeforeColumnsAreLeftOut) {
  const TextTable table{.columns = {{"a", false}, {"text", false}},
                        .rows = {{{"1", false}, {std::string(200, 'x'), false}}}};
  const RenderedTable fitted = render_table(table, {.width = 40});
  EXPECT_EQ(fitted.columns_shown, 2U);
  EXPECT_EQ(display_width(fitted.text.substr(0, fitted.text.find('\n'))), 40U);
  EXPECT_NE(fitted.text.find("x…"), std::string::npos);
  EXPECT_NE(fitted.text.find("│ 1 │"), std::string::npos);
}

TEST(Table, ColumnsThatDoNotFitAreLeftOut) {
  TextTable table;
  std::vector<TextTable::Cell> row;
  for (int i = 0; i < 30; ++i) {
    table.columns.push_back({"column_" + std::to_string(i), false});
    row.push_back({"value", false});
  }
  table.rows.push_back(row);
  const RenderedTable fitted = render_table(table, {.width = 60});
  EXPECT_LT(fitted.columns_shown, 30U);
  EXPECT_GT(fitted.columns_shown, 3U);
}

TEST(Table, NeverWiderThanTheTerminal) {
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    TextTable table;
    const size_t columns = 1 + random.below(12);
    for (size_t c = 0; c < columns; ++c)
      table.columns.push_back({std::string(random.below(30), 'h'), random.below(2) == 0});
    for (uint64_t r = random.below(4); r > 0; --r) {
      std::vector<TextTable::Cell> row;
      for (size_t c = 0; c < columns; ++c)
        row.push_back({random.below(2) == 0 ? "中文字符" : std::string(random.below(60), 'v'), random.below(5) == 0});
      table.rows.push_back(std::move(row));
    }
    const int width = 10 + static_cast<int>(random.below(120));
    for (const bool unicode : {true, false}) {
      const std::string text = render_table(table, {.width = width, .unicode = unicode}).text;
      size_t first = 0;
      for (const std::string_view line : split_on(text, '\n')) {
        if (line.empty()) continue;
        if (first == 0) first = display_width(line);
        ASSERT_EQ(display_width(line), first) << text;
        ASSERT_LE(display_width(line), static_cast<size_t>(width)) << text;
      }
    }
  }
}

}  // namespace
}  // namespace sinan::app

#include "plot/terminal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <sstream>

#include "base/strings.h"
#include "plot/test/chart_samples.h"

namespace sinan::plot {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string without_escapes(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9;]*m"), "");
}

size_t count(const std::string& text, const std::string& piece) {
  size_t found = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + piece.size())) ++found;
  return found;
}

TEST(Terminal, BarsAreAsLongAsTheirValues) {
  const std::vector<std::string> lines =
      lines_of(to_terminal({"", "", BarChart{{}, {"a", "b"}, {100, 50}}}, {.width = 80}));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NEAR(static_cast<double>(count(lines[0], "█")) / static_cast<double>(count(lines[1], "█")), 2, 0.1);
  EXPECT_TRUE(lines[0].ends_with(" 100"));
  EXPECT_TRUE(lines[1].ends_with(" 50"));
}

TEST(Terminal, ADiagonalRunsFromCornerToCorner) {
  LineChart chart;
  chart.lines.push_back({"", {0, 1}, {0, 1}, false});
  const std::vector<std::string> lines =
      lines_of(to_terminal({"", "", chart}, {.width = 44, .height = 10, .color = false, .unicode = false}));
  // Ten rows of the plotting area, one mark or more in each, moving left as we go down.
  size_t before = 1000;
  for (size_t i = 0; i < 10; ++i) {
    const size_t at = lines[i].rfind('*');
    ASSERT_NE(at, std::string::npos) << i;
    EXPECT_LT(at, before);
    before = at;
  }
  EXPECT_EQ(lines[0].rfind('*'), 43U);
}

TEST(Terminal, BrailleDotsAreThoseOfTheStandard) {
  LineChart chart;
  chart.x = {.label = "", .min = 0, .max = 1, .log = false};
  chart.y = {.label = "", .min = 0, .max = 1, .log = false};
  chart.lines.push_back({"", {1}, {1}, false});  // the top right corner: dot 4 of its cell, U+2808
  EXPECT_NE(lines_of(to_terminal({"", "", chart}, {.width = 40, .height = 5}))[0].find("⠈"), std::string::npos);
  chart.lines[0] = {"", {0}, {0}, false};  // the bottom left one: dot 7, U+2840
  EXPECT_NE(to_terminal({"", "", chart}, {.width = 40, .height = 5}).find("⡀"), std::string::npos);
}

TEST(Terminal, HeatmapShowsCountsAndShares) {
  const std::string text =
      to_terminal({"", "", Heatmap{"actual", "predicted", {"no", "yes"}, {"no", "yes"}, {1200, 300, 30, 10}}});
  for (const char* part : {"1,200", "80.0%", "20.0%", "75.0%", "25.0%", "actual", "predicted"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(Terminal, TimelineNamesStatusAndDependencies) {
  Timeline timeline;
  timeline.items = {{"load", 0, 2, "done", {}}, {"train", 2, 6, "failed", {0}}, {"predict", 0, 0, "skipped", {0, 1}}};
  const std::vector<std::string> lines = lines_of(to_terminal({"", "", timeline}, {.width = 80}));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].starts_with("✓ 1 load"));
  EXPECT_TRUE(lines[1].starts_with("✗ 2 train"));
  EXPECT_TRUE(lines[2].ends_with("skipped  after 1, 2"));
  EXPECT_NEAR(static_cast<double>(count(lines[1], "█")) / static_cast<double>(count(lines[0], "█")), 3, 0.25);
}

TEST(Terminal, ColoursOnlyWhenAsked) {
  const Chart chart{"t", "s", BarChart{{}, {"a"}, {1}}};
  EXPECT_EQ(to_terminal(chart, {.color = false}).find('\x1b'), std::string::npos);
  EXPECT_NE(to_terminal(chart, {.color = true}).find('\x1b'), std::string::npos);
  EXPECT_EQ(without_escapes(to_terminal(chart, {.color = true})), to_terminal(chart, {.color = false}));
}

TEST(Terminal, DrawsEmptyCharts) {
  for (const Chart& chart : empty_charts()) {
    const std::string text = to_terminal(chart);
    EXPECT_TRUE(text.find("no data") != std::string::npos || text.find("no steps") != std::string::npos) << text;
  }
}

TEST(Terminal, AnyChartKeepsToItsWidth) {
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    Random random(seed);
    const Chart chart = random_chart(random);
    TerminalOptions options{.width = 1 + static_cast<int>(random.below(130)),
                            .height = static_cast<int>(random.below(30))};
    options.color = random.below(2) == 0;
    options.unicode = random.below(3) != 0;
    const std::string text = to_terminal(chart, options);
    ASSERT_FALSE(find_invalid_utf8(text)) << "seed " << seed;
    const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    ASSERT_TRUE(options.unicode || ascii) << "seed " << seed;
    const std::string plain = without_escapes(text);
    ASSERT_EQ(plain.find('\x1b'), std::string::npos) << "seed " << seed;
    for (const std::string& line : lines_of(plain)) {
      ASSERT_LE(display_width(line), static_cast<size_t>(options.width)) << "seed " << seed << ": " << line;
    }
  }
}

}  // namespace
}  // namespace sinan::plot

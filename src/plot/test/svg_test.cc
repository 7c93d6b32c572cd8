#include "plot/svg.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>

#include "base/strings.h"
#include "plot/layout.h"
#include "plot/test/chart_samples.h"

namespace sinan::plot {
namespace {

// A strict little XML reader: matching tags, quoted attributes, known entities, legal characters. The first fault, or
// "".
std::string xml_fault(const std::string& text) {
  if (find_invalid_utf8(text)) return "not UTF-8";
  std::vector<std::string> open;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') return "control character";
    if (c == '&') {
      static const std::regex entity("&(amp|lt|gt|quot);.*", std::regex::extended);
      const size_t end = text.find(';', i);
      if (end == std::string::npos || !std::regex_match(text.substr(i, end - i + 1), entity)) return "entity";
      i = end + 1;
    } else if (c == '<') {
      const size_t end = text.find('>', i);
      if (end == std::string::npos) return "unclosed tag";
      const std::string tag = text.substr(i + 1, end - i - 1);
      static const std::regex form("[A-Za-z]+( [a-zA-Z0-9:-]+=\"[^\"<]*\")*/?");
      if (tag.starts_with('/')) {
        if (open.empty() || open.back() != tag.substr(1)) return "closes " + tag;
        open.pop_back();
      } else if (!std::regex_match(tag, form)) {
        return "tag " + tag;
      } else if (!tag.ends_with('/')) {
        open.push_back(tag.substr(0, tag.find(' ')));
      }
      i = end + 1;
      if (!open.empty() && open.back() == "style" && !tag.starts_with('/')) i = text.find("</style>", i);
    } else if (c == '>') {
      return "bare >";
    } else {
      ++i;
    }
  }
  return open.empty() ? "" : "open " + open.back();
}

std::vector<double> attribute(const std::string& svg, const std::string& element_pattern, const std::string& name) {
  std::vector<double> values;
  const std::regex element("<" + element_pattern + "[^>]*>"), value(" " + name + "=\"([^\"]*)\"");
  for (std::sregex_iterator i(svg.begin(), svg.end(), element), end; i != end; ++i) {
    const std::string tag = i->str();
    std::smatch match;
    if (std::regex_search(tag, match, value)) values.push_back(std::stod(match[1]));
  }
  return values;
}

TEST(Svg, BarsAreAsLongAsTheirValues) {
  const Chart chart{"Gain", "", BarChart{{}, {"a", "b", "c"}, {100, 50, 25}}};
  const std::vector<double> widths = attribute(to_svg(chart), "rect [^>]*class=\"f0\"", "width");
  ASSERT_EQ(widths.size(), 3U);
  EXPECT_NEAR(widths[0] / widths[1], 2, 0.01);
  EXPECT_NEAR(widths[1] / widths[2], 2, 0.01);
}

TEST(Svg, NegativeBarsEndWherePositiveOnesBegin) {
  const std::string svg = to_svg({"", "", BarChart{{}, {"up", "down"}, {3, -1}}});
  const double up = attribute(svg, "rect [^>]*class=\"f0\"", "x").at(0);
  const double down = attribute(svg, "rect [^>]*class=\"f1\"", "x").at(0),
               width = attribute(svg, "rect [^>]*class=\"f1\"", "width").at(0);
  EXPECT_NEAR(down + width, up, 0.02);
}

TEST(Svg, LinePointsLieWhereTheAxesSay) {
  LineChart lines;
  lines.x = {.label = "", .min = 0, .max = 10, .log = false};
  lines.y = {.label = "", .min = 0, .max = 4, .log = false};
  lines.lines.push_back({"", {0, 5, 10}, {0, 4, 1}, false});
  const std::string svg = to_svg({"", "", lines});
  // The frame, from the grid lines; the curve, from its path.
  const std::vector<double> grid_x = attribute(svg, "line [^>]*class=\"grid\"", "x1"),
                            grid_y = attribute(svg, "line [^>]*class=\"grid\"", "y2");
  const std::vector<double> grid_right = attribute(svg, "line [^>]*class=\"grid\"", "x2");
  const double left = std::ranges::min(grid_x), right = std::ranges::max(grid_right);
  const double top = std::ranges::min(grid_y), bottom = std::ranges::max(grid_y);
  std::smatch match;
  ASSERT_TRUE(std::regex_search(
      svg, match,
      std::regex("<path d=\"M([0-9.]+) ([0-9.]+)L([0-9.]+) ([0-9.]+)L([0-9.]+) ([0-9.]+)\" class=\"curve s0\"")));
  const double expected[] = {left, bottom, (left + right) / 2, top, right, bottom - (bottom - top) / 4};
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(std::stod(match[i + 1]), expected[i], 0.02) << i;
}

TEST(Svg, ALineIsInterruptedWhereAValueIsMissing) {
  LineChart lines;
  lines.lines.push_back({"", {0, 1, 2, 3, 4}, {0, 1, std::nan(""), 1, 0}, false});
  const std::string svg = to_svg({"", "", lines});
  const std::regex two_pieces("d=\"M[^M\"]*L[^M\"]*M[^M\"]*L[^M\"]*\" class=\"curve s0\"");
  EXPECT_TRUE(std::regex_search(svg, two_pieces));
}

TEST(Svg, OnePointIsADot) {
  LineChart lines;
  lines.lines.push_back({"", {1}, {1}, false});
  EXPECT_NE(to_svg({"", "", lines}).find("<circle"), std::string::npos);
}

TEST(Svg, TextIsEscaped) {
  const std::string svg = to_svg({"a <b> & \"c\"\x1b\xff", "", BarChart{{}, {"<script>"}, {1}}});
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_NE(svg.find("a &lt;b&gt; &amp; &quot;c&quot; \xef\xbf\xbd</text>"), std::string::npos);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
}

TEST(Svg, HeatmapShowsCountsAndSharesOfTheRow) {
  const std::string svg =
      to_svg({"", "", Heatmap{"actual", "predicted", {"no", "yes"}, {"no", "yes"}, {900, 100, 30, 10}}});
  for (const char* text : {">900<", ">90.0 %<", ">10.0 %<", ">75.0 %<", ">25.0 %<", ">actual<", ">predicted<"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
  const std::vector<double> opacity = attribute(svg, "rect [^>]*class=\"heat\"", "fill-opacity");
  ASSERT_EQ(opacity.size(), 4U);
  EXPECT_GT(opacity[0], opacity[2]);  // 90 % before 75 %
  EXPECT_GT(opacity[3], opacity[1]);
}

TEST(Svg, TimelineBarsAreInProportionAndArrowsFollowDependencies) {
  Timeline timeline;
  timeline.items = {{"load", 0, 2, "done", {}}, {"train", 2, 6, "done", {0}}, {"test", 8, 2, "failed", {1, 0}}};
  const std::string svg = to_svg({"", "", timeline});
  const std::vector<double> x = attribute(svg, "rect [^>]*class=\"(done|failed)\"", "x");
  const std::vector<double> width = attribute(svg, "rect [^>]*class=\"(done|failed)\"", "width");
  ASSERT_EQ(x.size(), 3U);
  EXPECT_NEAR(width[1] / width[0], 3, 0.01);
  EXPECT_NEAR(x[0] + width[0], x[1], 0.02);
  const std::regex arrow("class=\"arrow\"");
  EXPECT_EQ(std::distance(std::sregex_iterator(svg.begin(), svg.end(), arrow), std::sregex_iterator()), 3);
}

TEST(Svg, DrawsEmptyCharts) {
  for (const Chart& chart : empty_charts()) {
    const std::string svg = to_svg(chart);
    EXPECT_EQ(xml_fault(svg), "") << svg;
    EXPECT_TRUE(svg.find("no data") != std::string::npos || svg.find("no steps") != std::string::npos);
  }
}

TEST(Svg, AnyChartIsWellFormedFiniteAndTheSameEveryTime) {
  static const std::regex not_finite("[\"MLC ](nan|inf|-nan|-inf)[\" ]");
  for (uint64_t seed = 0; seed < 600; ++seed) {
    Random random(seed);
    const Chart chart = random_chart(random);
    const SvgOptions options{.width = static_cast<int>(random.below(900))};
    const std::string svg = to_svg(chart, options);
    ASSERT_EQ(xml_fault(svg), "") << "seed " << seed;
    ASSERT_FALSE(std::regex_search(svg, not_finite)) << "seed " << seed;
    ASSERT_EQ(svg, to_svg(chart, options)) << "seed " << seed;
  }
}

// Parts that push up end at the output, the others begin there, each as long as its amount.
TEST(Layout, ForcesMeetAtTheOutput) {
  const Force force{.value = {}, .base = 1, .output = 3, .parts = {{"a", 2.5}, {"b", -1}, {"c", 0.5}, {"none", 0}}};
  const auto spans = force_spans(force);
  using Span = std::pair<double, double>;
  EXPECT_EQ(spans[0], Span(0.5, 3));
  EXPECT_EQ(spans[1], Span(3, 4));
  EXPECT_EQ(spans[2], Span(0, 0.5));
  EXPECT_EQ(spans[3].first, spans[3].second);
  const Range range = value_range(force);
  EXPECT_EQ(range.low, 0);
  EXPECT_EQ(range.high, 4);
}

TEST(Svg, ForcesAreNamedOnceWithTheirAmounts) {
  const std::string svg = to_svg({"", "", Force{{}, 1, 3, {{"a = 7", 2.5}, {"b = x", -0.5}}}});
  EXPECT_EQ(xml_fault(svg), "");
  for (const char* text : {">a = 7: +2.5<", ">b = x: −0.5<", ">f(x) = 3<", ">base 1<"})
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  const std::regex block("class=\"(up|down)\"");
  EXPECT_EQ(std::distance(std::sregex_iterator(svg.begin(), svg.end(), block), std::sregex_iterator()), 2);
}

// Each way has a point a feature, from the base value at the bottom up; equal steps are equally high.
TEST(Svg, DecisionsClimbFromTheBaseValue) {
  Decision chart{.value = {.label = "", .min = 0, .max = 4}, .base = 1, .labels = {"last", "first"}, .paths = {}};
  chart.paths.push_back({{1, 2, 4}, 0.0F});
  const std::string svg = to_svg({"", "", chart});
  std::smatch match;
  ASSERT_TRUE(std::regex_search(
      svg, match,
      std::regex("<path d=\"M([0-9.]+) ([0-9.]+)L([0-9.]+) ([0-9.]+)L([0-9.]+) ([0-9.]+)\" class=\"way\"")));
  std::vector<double> at;
  for (size_t i = 1; i <= 6; ++i) at.push_back(std::stod(match[i]));
  EXPECT_NEAR((at[4] - at[2]) / (at[2] - at[0]), 2, 0.01);
  EXPECT_GT(at[1], at[3]);
  EXPECT_NEAR(at[1] - at[3], at[3] - at[5], 0.02);
}

TEST(Svg, ViolinsAreAsHighAsTheirDensity) {
  Violin chart;
  chart.rows.push_back({"a", {0, 1, 2}, {0, 1, 0.5}, {0.5F, 0.5F, 0.5F}});
  const std::string svg = to_svg({"", "", chart});
  std::smatch match;
  ASSERT_TRUE(std::regex_search(svg, match,
                                std::regex("<path d=\"M[0-9.]+ ([0-9.]+)L[0-9.]+ ([0-9.]+)L[0-9.]+ ([0-9.]+)L[0-9.]+ "
                                           "([0-9.]+)L[0-9.]+ ([0-9.]+)L[0-9.]+ ([0-9.]+)Z\"")));
  std::vector<double> y;
  for (size_t i = 1; i <= 6; ++i) y.push_back(std::stod(match[i]));
  EXPECT_NEAR(y[0], y[5], 0.02);
  EXPECT_NEAR((y[4] - y[1]) / (y[3] - y[2]), 2, 0.02);
}

TEST(Svg, CategoriesAreNamedOnTheirAxis) {
  Scatter chart{.x = {.label = "colour", .categories = {"red", "green", "blue"}}, .y = {}, .xs = {0, 2}, .ys = {1, 2}};
  const std::string svg = to_svg({"", "", chart});
  for (const char* text : {">red<", ">green<", ">blue<"}) EXPECT_NE(svg.find(text), std::string::npos) << text;
  EXPECT_TRUE(std::regex_search(svg, std::regex("class=\"dots s0\"")));
}

// Along the upper border and back along the lower one, from left to right; the axis has room for it.
TEST(Svg, ABandIsBetweenItsBorders) {
  LineChart chart;
  chart.lines.push_back({"forecast", {0, 1, 2}, {5, 5, 5}, false});
  chart.bands.push_back({"90 % interval", {0, 1, 2}, {4, 3, 2}, {6, 7, 8}, 0});
  const std::string svg = to_svg({"t", "", chart});
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_NE(svg.find("90 % interval"), std::string::npos);
  std::smatch path;
  ASSERT_TRUE(std::regex_search(svg, path, std::regex("<path[^>]*class=\"band f0\"[^>]*>")) ||
              std::regex_search(svg, path, std::regex("<path class=\"band f0\"[^>]*>")));
  const std::string tag = path.str();
  std::vector<double> x, y;
  const std::regex point("[ML]([0-9.]+) ([0-9.]+)");
  for (std::sregex_iterator at(tag.begin(), tag.end(), point), end; at != end; ++at) {
    x.push_back(std::stod((*at)[1]));
    y.push_back(std::stod((*at)[2]));
  }
  ASSERT_EQ(x.size(), 6u);
  EXPECT_LT(x[0], x[1]);
  EXPECT_EQ(x[0], x[5]);
  EXPECT_EQ(x[2], x[3]);
  EXPECT_GT(y[0], y[2]);  // down is more: the upper border rises
  EXPECT_LT(y[5], y[3]);
}

}  // namespace
}  // namespace sinan::plot

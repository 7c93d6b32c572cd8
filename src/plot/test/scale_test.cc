#include "plot/scale.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace sinan::plot {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::string> labels(const Scale& scale) {
  std::vector<std::string> result;
  for (const Tick& tick : scale.ticks()) result.push_back(tick.label);
  return result;
}

TEST(Scale, TicksAreOneTwoFiveTimesAPowerOfTen) {
  EXPECT_EQ(labels(Scale::make({}, {0, 1}, 5, true)),
            (std::vector<std::string>{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels(Scale::make({}, {3, 97}, 5, true)), (std::vector<std::string>{"0", "20", "40", "60", "80", "100"}));
  EXPECT_EQ(labels(Scale::make({}, {-1500, 4000}, 4, true)),
            (std::vector<std::string>{"-2,000", "0", "2,000", "4,000"}));
  EXPECT_EQ(labels(Scale::make({}, {0, 2.4e6}, 3, false)), (std::vector<std::string>{"0", "1M", "2M"}));
}

TEST(Scale, DatesAreWholeUnitsOfTheCalendar) {
  const auto dates = [](double from, double to, int ticks) {
    return labels(
        Scale::make({.label = "", .min = {}, .max = {}, .log = false, .is_date = true}, {from, to}, ticks, false));
  };
  constexpr double kDay = 86400, k2014 = 16071 * kDay;  // 2014-01-01
  EXPECT_EQ(dates(k2014, k2014 + 364 * kDay, 4),
            (std::vector<std::string>{"2014-01", "2014-04", "2014-07", "2014-10"}));
  EXPECT_EQ(dates(k2014, k2014 + 20 * kDay, 4), (std::vector<std::string>{"2014-01-06", "2014-01-13", "2014-01-20"}));
  EXPECT_EQ(dates(k2014, k2014 + 3000 * kDay, 5), (std::vector<std::string>{"2014", "2016", "2018", "2020", "2022"}));
  EXPECT_EQ(dates(k2014, k2014 + 12 * 3600, 3),
            (std::vector<std::string>{"01-01 00:00", "01-01 06:00", "01-01 12:00"}));
  EXPECT_EQ(dates(0, 20, 5), (std::vector<std::string>{"00:00:00", "00:00:05", "00:00:10", "00:00:15", "00:00:20"}));
}

TEST(Scale, LogarithmicTicksAreDecades) {
  const Scale scale = Scale::make({.label = "", .min = {}, .max = {}, .log = true}, {0.02, 700}, 8, true);
  EXPECT_EQ(labels(scale), (std::vector<std::string>{"0.01", "0.1", "1", "10", "100", "1000"}));
  EXPECT_DOUBLE_EQ(scale.at(0.01), 0);
  EXPECT_DOUBLE_EQ(scale.at(1000), 1);
  EXPECT_NEAR(scale.at(1), 0.4, 1e-12);
  EXPECT_FALSE(scale.shows(0));
  EXPECT_FALSE(scale.shows(-1));
}

TEST(Scale, OwnLimitsWinOverTheData) {
  const Scale scale = Scale::make({.label = "", .min = 0.0, .max = 1.0, .log = false}, {0.3, 7}, 5, true);
  EXPECT_EQ(scale.low(), 0);
  EXPECT_EQ(scale.high(), 1);
  EXPECT_FALSE(scale.shows(7));
  EXPECT_TRUE(scale.shows(1));
}

TEST(Scale, AnyRangeGivesAUsableScale) {
  Random random(7);
  const double nasty[] = {0,         1,          -1,   1e308,    -1e308, 5e-324,     kNan,
                          kInfinity, -kInfinity, 1e16, 1e16 + 2, 0.1,    0.1 + 1e-17};
  for (int i = 0; i < 20'000; ++i) {
    Axis axis{.label = "", .min = {}, .max = {}, .log = random.below(3) == 0};
    const auto pick = [&] { return nasty[random.below(std::size(nasty))]; };
    if (random.below(3) == 0) axis.min = pick();
    if (random.below(3) == 0) axis.max = pick();
    Range range;
    for (uint64_t n = random.below(3); n > 0; --n) range.add(pick());
    const int target = static_cast<int>(random.below(12));
    const Scale scale = Scale::make(axis, range, target, random.below(2) == 0);
    ASSERT_LT(scale.low(), scale.high());
    ASSERT_LE(scale.ticks().size(), 64U);
    double before = -kInfinity;
    for (const Tick& tick : scale.ticks()) {
      ASSERT_GE(tick.value, before);
      before = tick.value;
      ASSERT_TRUE(scale.at(tick.value) >= 0 && scale.at(tick.value) <= 1) << tick.value;
      ASSERT_FALSE(tick.label.empty());
    }
    for (const double value : nasty) {
      ASSERT_TRUE(!scale.shows(value) || (scale.at(value) >= 0 && scale.at(value) <= 1)) << value;
    }
  }
}

TEST(Scale, SecondsAreLabelledAsPeopleSayThem) {
  EXPECT_EQ(labels(Scale::of_seconds(19.3, 4)), (std::vector<std::string>{"0", "5 s", "10 s", "15 s"}));
  EXPECT_EQ(labels(Scale::of_seconds(0.05, 5)),
            (std::vector<std::string>{"0", "10 ms", "20 ms", "30 ms", "40 ms", "50 ms"}));
  EXPECT_EQ(labels(Scale::of_seconds(700, 6)),
            (std::vector<std::string>{"0", "2 min", "4 min", "6 min", "8 min", "10 min"}));
  EXPECT_EQ(labels(Scale::of_seconds(9000, 3)), (std::vector<std::string>{"0", "1 h", "2 h"}));
  EXPECT_FALSE(Scale::of_seconds(kNan, 5).ticks().empty());
}

TEST(Format, ValuesHaveAboutFourDigits) {
  EXPECT_EQ(format_value(0), "0");
  EXPECT_EQ(format_value(-0.0), "0");
  EXPECT_EQ(format_value(1234567), "1,234,567");
  EXPECT_EQ(format_value(-1234), "-1,234");
  EXPECT_EQ(format_value(0.031249), "0.03125");
  EXPECT_EQ(format_value(12345.678), "12.3k");
  EXPECT_EQ(format_value(1.5e9), "1.5G");
  EXPECT_EQ(format_value(2e-7), "2e-07");
  EXPECT_EQ(format_value(1.5e20), "1.5e+20");
  EXPECT_EQ(format_value(0.5), "0.5");
  EXPECT_EQ(format_value(kNan), "NaN");
}

}  // namespace
}  // namespace sinan::plot

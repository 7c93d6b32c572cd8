#include <gtest/gtest.h>

#include "ml/series/time_axis.h"

namespace sinan::ml::series {
namespace {

std::vector<Moment> moments(std::initializer_list<std::string_view> texts) {
  std::vector<Moment> out;
  for (const std::string_view text : texts) out.push_back(*from_iso(text));
  return out;
}

std::string step_of(std::initializer_list<std::string_view> texts) {
  const auto axis = infer_axis(moments(texts), false);
  return axis ? axis->step_text() : "error: " + axis.error().message;
}

TEST(TimeAxis, StepsAreTold) {
  EXPECT_EQ(step_of({"2014-01-01", "2014-01-02", "2014-01-03"}), "day");
  EXPECT_EQ(step_of({"2014-01-01", "2014-01-02", "2014-01-05", "2014-01-06"}), "day");
  EXPECT_EQ(step_of({"2014-01-01", "2014-01-08", "2014-01-15"}), "week");
  EXPECT_EQ(step_of({"2014-01-31", "2014-02-28", "2014-03-31"}), "month");
  EXPECT_EQ(step_of({"2014-01-01", "2014-02-01", "2014-04-01"}), "month");
  EXPECT_EQ(step_of({"2014-01-01", "2014-04-01", "2014-07-01"}), "quarter");
  EXPECT_EQ(step_of({"2014-05-01", "2015-05-01", "2016-05-01"}), "year");
  EXPECT_EQ(step_of({"2014-01-01 00:00:00", "2014-01-01 01:00:00", "2014-01-01 02:00:00"}), "hour");
  EXPECT_EQ(step_of({"2014-01-01 00:00:00", "2014-01-01 00:15:00", "2014-01-01 00:45:00"}), "15 minutes");
  EXPECT_EQ(step_of({"2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06", "2026-11-09", "2026-11-10",
                     "2026-11-11", "2026-11-12", "2026-11-13", "2026-11-16", "2026-11-17"}),
            "weekday");
  EXPECT_EQ(infer_axis(std::vector<Moment>{1871, 1872, 1874}, true)->step_text(), "1");
}

TEST(TimeAxis, IrregularTimesAreAnError) {
  EXPECT_TRUE(step_of({"2014-01-01", "2014-01-02", "2014-01-03", "2014-01-04 05:30:01"})
                  .starts_with("error: times follow no regular step"));
  EXPECT_TRUE(step_of({"2014-01-01", "2014-01-02", "2014-12-31"}).starts_with("error: "));
  EXPECT_TRUE(step_of({"2014-01-01", "2014-01-02"}).starts_with("error: "));
}

TEST(TimeAxis, MomentsAndTheirPlaces) {
  const TimeAxis ends = *infer_axis(moments({"2014-01-31", "2014-02-28", "2014-03-31"}), false);
  EXPECT_EQ(to_iso(ends.at(25)), "2016-02-29");
  EXPECT_EQ(ends.index_of(*from_iso("2016-02-29")), 25);
  EXPECT_EQ(ends.index_of(*from_iso("2016-02-28")), std::nullopt);
  EXPECT_EQ(to_iso(ends.at(-1)), "2013-12-31");
  const TimeAxis work = {.unit = StepUnit::kWeekday, .step = 1, .start = *from_iso("2026-11-06")};
  EXPECT_EQ(to_iso(work.at(1)), "2026-11-09");
  EXPECT_EQ(to_iso(work.at(-5)), "2026-10-30");
  EXPECT_EQ(work.index_of(*from_iso("2026-11-08")), std::nullopt);
  EXPECT_EQ(work.index_of(*from_iso("2026-11-10")), 2);
  for (int64_t i = -400; i < 400; ++i) {
    EXPECT_EQ(ends.index_of(ends.at(i)), i);
    EXPECT_EQ(work.index_of(work.at(i)), i);
  }
  EXPECT_EQ(natural_periods(ends), (std::vector<uint32_t>{12}));
  EXPECT_EQ(natural_periods({.step = 3600 * kSecond}), (std::vector<uint32_t>{24, 168}));
  EXPECT_EQ(natural_periods({}), (std::vector<uint32_t>{7, 365}));
}

TEST(DateFormat, ThereAndBack) {
  const struct {
    const char* format;
    const char* text;
    const char* iso;
  } cases[] = {
      {"%Y-%m-%d", "2014-09-01", "2014-09-01"},
      {"%Y%m%d", "20140901", "2014-09-01"},
      {"%d.%m.%Y %H:%M", "01.09.2014 17:05", "2014-09-01 17:05:00"},
      {"%b %d, %Y", "Sep 01, 2014", "2014-09-01"},
      {"%B %Y", "February 1969", "1969-02-01"},
      {"%m/%d/%y %I:%M %p", "09/01/14 12:30 AM", "2014-09-01 00:30:00"},
      {"%Y/%j", "2016/366", "2016-12-31"},
      {"%Y-%m-%d %H:%M:%S.%f", "1969-12-31 23:59:59.250000", "1969-12-31 23:59:59"},
      {"100%% %Y", "100% 2000", "2000-01-01"},
  };
  for (const auto& each : cases) {
    const auto format = DateFormat::make(each.format);
    ASSERT_TRUE(format.has_value()) << each.format;
    const auto moment = format->parse(each.text);
    ASSERT_TRUE(moment.has_value()) << each.text;
    EXPECT_EQ(to_iso(*moment), each.iso);
    EXPECT_EQ(format->format(*moment), each.text);
  }
}

TEST(DateFormat, SaysWhatDoesNotFit) {
  EXPECT_FALSE(DateFormat::make("%Q").has_value());
  EXPECT_FALSE(DateFormat::make("%Y%").has_value());
  EXPECT_FALSE(DateFormat::make("%m-%d").has_value());
  const DateFormat format = *DateFormat::make("%Y-%m-%d");
  for (const char* text : {"", "2014", "2014-13-01", "2014-02-30", "2014-09-01x", "x", "201-09-01"}) {
    EXPECT_FALSE(format.parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sinan::ml::series

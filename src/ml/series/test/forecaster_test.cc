// A forecaster as a file: there and back, and what damaged ones do.
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "ml/series/forecaster.h"
#include "ml/series/test/series_sample.h"

namespace sinan::ml::series {
namespace {

SeriesRows rows_of(const std::vector<double>& values, size_t repeat = 1) {
  SeriesRows rows;
  for (size_t s = 0; s < repeat; ++s) {
    rows.keys.push_back(repeat == 1 ? "" : "shop" + std::to_string(s));
    for (size_t t = 0; t < values.size(); ++t) {
      rows.moments.push_back(static_cast<int64_t>(t) * kDay);
      rows.series.push_back(static_cast<uint32_t>(s));
      rows.values.push_back(values[t] * static_cast<double>(s + 1));
    }
  }
  return rows;
}

Forecaster fitted(size_t series = 1) {
  SeriesColumns columns{.time = "day", .kind = TimeKind::kDate, .date_format = {}, .groups = {}, .regressors = {}};
  if (series > 1) columns.groups = {"shop"};
  ForecastOptions options;
  options.series.order = ArimaOrder{1, 0, 1};
  options.series.periods = {7};
  options.holidays = {3 * kDay, 9 * kDay};
  auto out = fit_forecaster(columns, rows_of(sample(60), series), options, 2, {});
  EXPECT_TRUE(out.has_value()) << out.error().to_string();
  return std::move(out->forecaster);
}

RowForecasts ahead(const Forecaster& forecaster, std::string key = "") {
  SeriesRows rows;
  rows.keys = {std::move(key)};
  for (int64_t t = 55; t < 70; ++t) {
    rows.moments.push_back(t * kDay);
    rows.series.push_back(0);
  }
  auto out = forecast_rows(forecaster, rows, 0.9, {});
  EXPECT_TRUE(out.has_value()) << out.error().to_string();
  return *std::move(out);
}

TEST(Forecaster, ThereAndBackSaysTheSame) {
  const Forecaster before = fitted();
  const std::string text = to_json_text(before);
  const auto after = forecaster_from_json(text);
  ASSERT_TRUE(after.has_value()) << after.error().to_string();
  EXPECT_EQ(to_json_text(*after), text);
  const RowForecasts a = ahead(before), b = ahead(*after);
  EXPECT_EQ(a.value, b.value);
  EXPECT_EQ(a.lower, b.lower);
  EXPECT_EQ(a.upper, b.upper);
}

TEST(Forecaster, SeriesAreFittedApart) {
  const Forecaster many = fitted(5);
  ASSERT_EQ(many.series.size(), 5u);
  const RowForecasts one = ahead(fitted()), fifth = ahead(many, "shop4");
  for (size_t i = 0; i < one.value.size(); ++i)
    EXPECT_NEAR(fifth.value[i], 5 * one.value[i], 1e-3 * std::abs(one.value[i]));
  EXPECT_EQ(ahead(many, "shop9").unknown_series, 15u);
}

TEST(Forecaster, ThreadsDecideNothing) {
  const SeriesColumns columns{
      .time = "day", .kind = TimeKind::kDate, .date_format = {}, .groups = {"shop"}, .regressors = {}};
  const SeriesRows rows = rows_of(sample(60), 6);
  ForecastOptions options;
  options.series.periods = {7};
  const auto one = fit_forecaster(columns, rows, options, 1, {}), four = fit_forecaster(columns, rows, options, 4, {});
  ASSERT_TRUE(one.has_value() && four.has_value());
  EXPECT_EQ(to_json_text(one->forecaster), to_json_text(four->forecaster));
}

// Of several series one that cannot be fitted is left out and told; alone it is an error.
TEST(Forecaster, ASeriesThatCannotBeFitted) {
  const SeriesColumns columns{
      .time = "day", .kind = TimeKind::kDate, .date_format = {}, .groups = {"shop"}, .regressors = {}};
  SeriesRows rows = rows_of(sample(60), 2);
  rows.keys.emplace_back("short");
  for (int64_t t = 0; t < 3; ++t) {
    rows.moments.push_back(t * kDay);
    rows.series.push_back(2);
    rows.values.push_back(1);
  }
  ForecastOptions options;
  options.series.order = ArimaOrder{2, 0, 1};
  options.series.periods.emplace();
  const auto fit = fit_forecaster(columns, rows, options, 2, {});
  ASSERT_TRUE(fit.has_value()) << fit.error().to_string();
  EXPECT_EQ(fit->forecaster.series.size(), 2u);
  ASSERT_EQ(fit->notes.size(), 1u);
  EXPECT_TRUE(fit->notes[0].starts_with("short: left out, too few values")) << fit->notes[0];
  EXPECT_EQ(fit_forecaster(columns, rows_of(sample(4), 1), options, 2, {}).error().code, Code::kData);
}

// Any change of bytes: refused, or a forecaster that answers.
TEST(Forecaster, MutatedFilesAreRefusedOrAnswer) {
  const std::string text = to_json_text(fitted());
  Random random(7);
  size_t read = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string changed = text;
    for (uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
      const size_t at = random.below(changed.size());
      switch (random.below(3)) {
        case 0:
          changed[at] = static_cast<char>('0' + random.below(12));
          break;
        case 1:
          changed.erase(at, 1 + random.below(20));
          break;
        default:
          changed.insert(at, changed.substr(random.below(changed.size()), random.below(20)));
      }
      if (changed.empty()) break;
    }
    const auto forecaster = forecaster_from_json(changed);
    if (!forecaster) continue;
    ++read;
    SeriesRows rows;
    rows.keys = {forecaster->series[0].key};
    for (int64_t t = 0; t < 70; t += 23) {
      rows.moments.push_back(t * kDay);
      rows.series.push_back(0);
    }
    rows.regressors.resize(forecaster->columns.regressors.size(), std::vector<double>(rows.moments.size(), 1.0));
    (void)forecast_rows(*forecaster, rows, 0.9, {});
  }
  EXPECT_GT(read, 0u);
  for (size_t end = 0; end < text.size(); end += 101)
    EXPECT_FALSE(forecaster_from_json(text.substr(0, end)).has_value());
}

}  // namespace
}  // namespace sinan::ml::series

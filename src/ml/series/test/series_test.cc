// Decomposition, ARIMA and the tests behind automatic orders against statsmodels 0.15.0: statsmodels_numbers.py prints the
// numbers.
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "ml/series/arima.h"
#include "ml/series/auto_arima.h"
#include "ml/series/seasons.h"
#include "ml/series/series_model.h"
#include "ml/series/stl.h"
#include "ml/series/test/series_sample.h"

namespace sinan::ml::series {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void expect_near(const std::vector<double>& got, const std::vector<double>& expected, double relative) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], relative * std::max(1.0, std::abs(expected[i]))) << i;
}

std::vector<double> at(const std::vector<double>& values, std::initializer_list<size_t> places) {
  std::vector<double> out;
  for (const size_t place : places) out.push_back(values[place]);
  return out;
}

TEST(Stl, IsStatsmodels) {
  std::vector<double> y = sample(200);
  y[30] += 60;
  const auto plain = stl(y, {.period = 7});
  ASSERT_TRUE(plain.has_value());
  expect_near(at(plain->seasonal, {0, 1, 100, 198, 199}),
              {-3.57763598, 3.246496318, 9.843776601, 10.17564414, 13.22882772}, 1e-8);
  expect_near(at(plain->trend, {0, 1, 100, 198, 199}), {102.3800397, 102.1431058, 106.256802, 115.1452015, 115.6647306},
              1e-8);
  const auto robust = stl(y, {.period = 7, .robust = true});
  ASSERT_TRUE(robust.has_value());
  expect_near(at(robust->seasonal, {0, 1, 100, 198, 199}),
              {-4.362655125, 2.824282405, 9.793247165, 10.10468737, 12.60634567}, 1e-8);
  expect_near(at(robust->trend, {0, 1, 100, 198, 199}),
              {101.6266013, 101.5255819, 105.1848345, 115.2955179, 115.8392146}, 1e-8);
  EXPECT_EQ(robust->weights[30], 0);
  const auto windows = stl(nile(), {.period = 12, .seasonal_window = 13, .trend_window = 25});
  ASSERT_TRUE(windows.has_value());
  expect_near(at(windows->seasonal, {0, 50, 99}), {31.01849299, -11.17415053, 10.78820647}, 1e-8);
  expect_near(at(windows->trend, {0, 50, 99}), {1143.102046, 834.2827239, 843.4396357}, 1e-8);
}

TEST(Stl, SeveralPeriodsAreStatsmodelsMstl) {
  const auto parts = mstl(sample(200), {.periods = {7, 30}});
  ASSERT_TRUE(parts.has_value());
  const auto places = {0UL, 1UL, 100UL, 198UL, 199UL};
  expect_near(at(parts->seasonal[0], places), {-2.409964254, 3.8509952, 10.41018177, 8.897004367, 13.39249186}, 1e-8);
  expect_near(at(parts->seasonal[1], places), {-1.66951203, -0.3808833999, 0.2456029264, 1.43742208, 0.9145581555},
              1e-8);
  expect_near(at(parts->trend, places), {100.1443905, 100.0897728, 103.5453947, 113.1764907, 113.3919453}, 1e-8);
  expect_near(at(parts->remainder, places), {1.282810915, 0.915255889, 0.8172759618, 1.402947755, 0.06683876602}, 1e-8);
}

TEST(Stl, SaysWhatDoesNotFit) {
  const std::vector<double> y = sample(13);
  EXPECT_EQ(stl(y, {.period = 7}).error().code, Code::kData);
  EXPECT_EQ(stl(y, {.period = 1}).error().code, Code::kArgument);
  EXPECT_EQ(stl(y, {.period = 3, .seasonal_window = 6}).error().code, Code::kArgument);
  EXPECT_EQ(stl(y, {.period = 3, .trend_window = 3}).error().code, Code::kArgument);
  EXPECT_EQ(stl(std::vector<double>(20, kNaN), {.period = 3}).error().code, Code::kData);
}

TEST(Stl, PartsOfAConstantAreNothing) {
  const auto parts = mstl(std::vector<double>(40, 5.0), {.periods = {7}, .robust = true});
  ASSERT_TRUE(parts.has_value());
  for (size_t t = 0; t < 40; ++t) {
    EXPECT_NEAR(parts->seasonal[0][t], 0, 1e-9);
    EXPECT_NEAR(parts->trend[t], 5, 1e-9);
  }
  EXPECT_EQ(seasonal_strength(std::vector<double>(40, 0.0), std::vector<double>(40, 0.0)), 0);
}

TEST(Interpolated, FillsGaps) {
  EXPECT_EQ(interpolated(std::vector{kNaN, 1.0, kNaN, kNaN, 4.0, kNaN}), (std::vector<double>{1, 1, 2, 3, 4, 4}));
  EXPECT_TRUE(std::isnan(interpolated(std::vector{kNaN, kNaN})[1]));
}

struct Expected {
  const char* name;
  ArimaOrder order;
  bool constant;
  double log_likelihood;
  std::vector<double> parameters;  // regression, ar, ma, seasonal ar, sigma2
  double tolerance = 1e-4;         // relative, of the parameters: the likelihood is flat at its top
};

std::vector<double> parameters(const Arima& model) {
  std::vector<double> out = model.regression;
  for (const auto* list : {&model.ar, &model.ma, &model.seasonal_ar, &model.seasonal_ma})
    out.insert(out.end(), list->begin(), list->end());
  out.push_back(model.sigma2);
  return out;
}

void expect_fit(const std::vector<double>& y, const Regressors& regressors, const Expected& expected) {
  SCOPED_TRACE(expected.name);
  const auto model = fit_arima(y, regressors, {.order = expected.order, .constant = expected.constant});
  ASSERT_TRUE(model.has_value()) << model.error().to_string();
  EXPECT_NEAR(model->log_likelihood, expected.log_likelihood, 1e-6);
  expect_near(parameters(*model), expected.parameters, expected.tolerance);
}

TEST(Arima, IsStatsmodels) {
  expect_fit(nile(), {},
             {"nile 101", {1, 0, 1}, true, -637.0387845333154, {920.6946256, 0.861032937, -0.5176787509, 19891.69328}});
  expect_fit(nile(), {}, {"nile 011", {0, 1, 1}, false, -632.5456251030414, {-0.7329425125, 20599.86714}});
  expect_fit(nile(), {},
             {"nile 312",
              {3, 1, 2},
              false,
              -630.3730456978942,
              {-0.1725229019, 0.1762419834, 0.0678112556, -0.4617810046, -0.3885118915, 19672.34738},
              1e-3});
  expect_fit(sample(200), {},
             {"sample 201",
              {2, 0, 1},
              true,
              -700.2374850391352,
              {105.1410434, 1.038052298, -0.7410058243, -0.2588502883, 63.84525071}});
  expect_fit(sample(200), {},
             {"season",
              {.p = 1, .seasonal_p = 1, .seasonal_d = 1, .period = 7},
              false,
              -471.6084471582213,
              {0.7122940271, -0.50909482, 7.653688478}});
}

// At the border (an MA root on the unit circle) the maximum is a limit.
TEST(Arima, BorderOfInvertibility) {
  const auto model = fit_arima(nile(), {}, {.order = {1, 2, 1}});
  ASSERT_TRUE(model.has_value());
  EXPECT_NEAR(model->log_likelihood, -635.347849858984, 1e-3);
  EXPECT_NEAR(model->ma[0], -1, 1e-3);
  EXPECT_NEAR(model->ar[0], -0.3923828565, 1e-3);
}

TEST(Arima, MissingValuesAreStatsmodels) {
  std::vector<double> y = sample(200);
  for (const size_t t : {20, 21, 22, 60, 100, 150}) y[t] = kNaN;
  expect_fit(y, {},
             {"gaps",
              {2, 0, 1},
              true,
              -679.1402828977806,
              {105.2565017, 1.054673126, -0.7528972706, -0.3130136054, 62.8051395}});
}

// The filter with differences in its state against the differences themselves.
TEST(Arima, AGapAtTheEndChangesNothing) {
  std::vector<double> y = nile();
  const auto whole = fit_arima(y, {}, {.order = {1, 1, 1}});
  y.push_back(kNaN);
  const auto longer = fit_arima(y, {}, {.order = {1, 1, 1}});
  ASSERT_TRUE(whole.has_value() && longer.has_value());
  EXPECT_NEAR(whole->log_likelihood, longer->log_likelihood, 1e-8);
  const ArimaForecast a = forecast_arima(*whole, nile(), {}, 3), b = forecast_arima(*whole, y, {}, 2);
  EXPECT_NEAR(a.mean[1], b.mean[0], 1e-8);
  EXPECT_NEAR(a.variance[2], b.variance[1], 1e-6);
}

TEST(Arima, RegressorIsStatsmodels) {
  std::vector<double> y = sample(200), x(200);
  for (size_t t = 0; t < 200; ++t) {
    x[t] = static_cast<double>(t * 7 % 11);
    y[t] += 0.7 * x[t];
  }
  expect_fit(y, {x},
             {"regressor",
              {1, 0, 1},
              true,
              -714.5468663041893,
              {105.3620522, 0.6804908097, 0.2359184502, 0.856398612, 73.61543296}});
}

TEST(Arima, CriteriaAndForecastsAreStatsmodels) {
  const auto model = fit_arima(nile(), {}, {.order = {1, 0, 1}, .constant = true});
  ASSERT_TRUE(model.has_value());
  EXPECT_NEAR(model->aic(), 1282.0775690666308, 1e-5);
  EXPECT_NEAR(model->aicc(), 1282.4986216982097, 1e-5);
  EXPECT_NEAR(model->bic(), 1292.498249810583, 1e-5);
  const ArimaForecast ahead = forecast_arima(*model, nile(), {}, 3);
  expect_near(ahead.mean, {800.3650336, 817.0868836, 831.4849472}, 1e-5);
  expect_near(ahead.variance, {19891.69328, 22236.76671, 23975.35191}, 1e-5);
  expect_near(at(ahead.fitted, {1, 2, 50}), {1021.432907, 1060.564484, 858.5059112}, 1e-5);
}

// The textbook's formulas for a random walk with a drift.
TEST(Arima, RandomWalkWithDrift) {
  std::vector<double> y = {3};
  for (const double step : noise(300, 5)) y.push_back(y.back() + 0.5 + step);
  const auto model = fit_arima(y, {}, {.order = {0, 1, 0}, .constant = true});
  ASSERT_TRUE(model.has_value());
  const double drift = (y.back() - y.front()) / 300;
  EXPECT_NEAR(model->regression[0], drift, 1e-10);
  double squares = 0;
  for (size_t t = 1; t < y.size(); ++t) squares += (y[t] - y[t - 1] - drift) * (y[t] - y[t - 1] - drift);
  EXPECT_NEAR(model->sigma2, squares / 300, 1e-10);
  const ArimaForecast ahead = forecast_arima(*model, y, {}, 4);
  for (size_t h = 0; h < 4; ++h) {
    EXPECT_NEAR(ahead.mean[h], y.back() + static_cast<double>(h + 1) * drift, 1e-9);
    EXPECT_NEAR(ahead.variance[h], static_cast<double>(h + 1) * squares / 300, 1e-9);
  }
}

TEST(Arima, AConstantSeriesIsItsConstant) {
  const std::vector<double> y(50, 42.0);
  for (const ArimaOrder order : {ArimaOrder{1, 0, 1}, ArimaOrder{2, 1, 2}}) {
    const auto model = fit_arima(y, {}, {.order = order, .constant = order.d == 0});
    ASSERT_TRUE(model.has_value()) << model.error().to_string();
    const ArimaForecast ahead = forecast_arima(*model, y, {}, 2);
    EXPECT_NEAR(ahead.mean[1], 42, 1e-6);
    EXPECT_NEAR(ahead.variance[1], 0, 1e-6);
  }
}

TEST(Arima, SaysWhatDoesNotFit) {
  EXPECT_EQ(fit_arima(sample(5), {}, {.order = {3, 0, 2}}).error().code, Code::kData);
  EXPECT_EQ(fit_arima(sample(50), {}, {.order = {1, 3, 0}}).error().code, Code::kArgument);
  EXPECT_EQ(fit_arima(sample(50), {}, {.order = {99, 0, 0}}).error().code, Code::kArgument);
  EXPECT_EQ(fit_arima(sample(50), {}, {.order = {1, 2, 0}, .constant = true}).error().code, Code::kArgument);
  EXPECT_EQ(fit_arima(sample(50), {}, {.order = {.seasonal_p = 1}}).error().code, Code::kArgument);
  const std::vector<double> same(50, 3.0);
  EXPECT_EQ(fit_arima(sample(50), {same}, {.order = {1, 0, 0}, .constant = true}).error().code, Code::kData);
  EXPECT_EQ(fit_arima(std::vector<double>(50, kNaN), {}, {.order = {1, 1, 0}}).error().code, Code::kData);
  CancelSource source;
  source.cancel();
  EXPECT_EQ(fit_arima(sample(50), {}, {.order = {1, 0, 1}}, source.token()).error().code, Code::kCancelled);
}

TEST(Arima, StationaryThereAndBack) {
  const std::vector<double> x = {0.5, -2, 0.1, 3, -0.7};
  const std::vector<double> coefficients = to_stationary(x);
  EXPECT_TRUE(is_stationary(coefficients));
  expect_near(from_stationary(coefficients), x, 1e-10);
  EXPECT_FALSE(is_stationary(std::vector{1.0}));
  EXPECT_FALSE(is_stationary(std::vector{0.5, 0.6}));
  EXPECT_TRUE(is_stationary(std::vector{0.5, 0.4}));
}

TEST(AutoArima, KpssIsStatsmodels) {
  std::vector<double> steps;
  for (size_t t = 1; t < nile().size(); ++t) steps.push_back(nile()[t] - nile()[t - 1]);
  EXPECT_NEAR(kpss_statistic(nile(), 2), 1.3152264631776724, 1e-10);
  EXPECT_NEAR(kpss_statistic(steps, 2), 0.01962213154612995, 1e-10);
  EXPECT_NEAR(kpss_statistic(sample(200), 5), 1.5457543075216553, 1e-10);
  EXPECT_EQ(differences_needed(nile()), 1u);
  EXPECT_EQ(differences_needed(noise(200, 3)), 0u);
  std::vector<double> twice = noise(200, 3);
  std::partial_sum(twice.begin(), twice.end(), twice.begin());
  std::partial_sum(twice.begin(), twice.end(), twice.begin());
  EXPECT_EQ(differences_needed(twice), 2u);
}

TEST(AutoArima, IsAsGoodAsTheProcessItself) {
  const std::vector<double> e = noise(400, 11);
  std::vector<double> y(400);
  for (size_t t = 2; t < 400; ++t) y[t] = 1.2 * y[t - 1] - 0.6 * y[t - 2] + e[t];
  const auto found = auto_arima(y, {});
  const auto truth = fit_arima(y, {}, {.order = {2, 0, 0}, .constant = true});
  ASSERT_TRUE(found.has_value() && truth.has_value());
  EXPECT_EQ(found->order.d, 0u);
  EXPECT_LE(found->aicc(), truth->aicc() + 1e-6);
}

TEST(Seasons, AreFoundWhereTheyAre) {
  const std::vector<uint32_t> candidates = {7, 30};
  EXPECT_EQ(find_periods(sample(200), candidates), (std::vector<uint32_t>{7}));
  EXPECT_TRUE(find_periods(noise(200, 9), candidates).empty());
  std::vector<double> cycle = noise(220, 4);
  for (size_t t = 0; t < cycle.size(); ++t) cycle[t] += 4 * std::sin(2 * M_PI * static_cast<double>(t) / 11);
  EXPECT_EQ(find_periods(cycle, {}), (std::vector<uint32_t>{11}));
  EXPECT_TRUE(find_periods(nile(), {}).empty());
}

TEST(SeriesModel, QuantilesAreTheTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_quantile(0.05), -1.6448536269514722, 1e-12);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-12);
}

TEST(SeriesModel, ErrorsByHand) {
  const ForecastErrors e = forecast_errors(std::vector{1.0, 2.0, 0.0, kNaN}, std::vector{2.0, 2.0, 1.0, 5.0}, 2);
  EXPECT_EQ(e.count, 3u);
  EXPECT_NEAR(e.mae, 2.0 / 3, 1e-12);
  EXPECT_NEAR(e.rmse, std::sqrt(2.0 / 3), 1e-12);
  EXPECT_NEAR(e.mape, 0.5, 1e-12);
  EXPECT_NEAR(e.smape, (2.0 / 3 + 2) / 3, 1e-12);
  EXPECT_NEAR(e.mase, 1.0 / 3, 1e-12);
  EXPECT_NEAR(naive_error(std::vector{1.0, 2.0, 4.0, 8.0}, 2), 4.5, 1e-12);
}

// Intervals hold what they promise on series of which the truth is known: 200 series, 6 steps ahead, 90 %.
TEST(SeriesModel, IntervalsCover) {
  const double z = normal_quantile(0.95);
  size_t inside = 0, all = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const std::vector<double> e = noise(206, seed * 7919);
    std::vector<double> w(206), y(206);
    for (size_t t = 0; t < 206; ++t) {
      w[t] = e[t] + (t > 0 ? 0.7 * w[t - 1] : 0.0);
      y[t] = 50 + 8 * std::sin(2 * M_PI * static_cast<double>(t) / 7) + w[t];
    }
    const auto model =
        fit_series({}, {y.begin(), y.begin() + 200}, {}, {.order = ArimaOrder{1, 0, 0}, .periods = {{7}}});
    ASSERT_TRUE(model.has_value());
    const SeriesForecast ahead = forecast_series(*model, {}, 6);
    for (size_t h = 0; h < 6; ++h) {
      ++all;
      inside += std::abs(y[200 + h] - ahead.mean[h]) <= z * ahead.deviation[h];
    }
  }
  // The parameters are estimated too, which the intervals leave out: a little below 90 %.
  EXPECT_GT(static_cast<double>(inside) / static_cast<double>(all), 0.85);
  EXPECT_LT(static_cast<double>(inside) / static_cast<double>(all), 0.95);
  RecordProperty("coverage", std::to_string(static_cast<double>(inside) / static_cast<double>(all)));
}

TEST(SeriesModel, SeasonsGoOn) {
  std::vector<double> y;
  for (size_t t = 0; t < 70; ++t) y.push_back(10 + static_cast<double>(t % 7) + 0.1 * static_cast<double>(t));
  const auto model = fit_series({}, y, {}, {.order = ArimaOrder{0, 1, 0}, .periods = {{7, 40}}});
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ(model->periods, (std::vector<uint32_t>{7}));
  EXPECT_EQ(model->notes.size(), 1u);
  const SeriesForecast ahead = forecast_series(*model, {}, 7);
  for (size_t h = 1; h < 7; ++h) EXPECT_NEAR(ahead.mean[h] - ahead.mean[h - 1], 1 + 0.0, 0.35) << h;
  EXPECT_EQ(fit_series({}, y, {}, {.order = ArimaOrder{0, 1, 0}, .periods = {{40}}}).error().code, Code::kData);
}

}  // namespace
}  // namespace sinan::ml::series

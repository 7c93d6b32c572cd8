// Statistics of this room against exact counts and numbers of numpy 2.4.6, scipy 1.17.1 and scikit-learn 1.9.1.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "arrow/builder.h"
#include "profile/association.h"
#include "profile/distinct_count.h"
#include "profile/distribution.h"
#include "profile/drift.h"
#include "profile/sample.h"
#include "profile/shape.h"

namespace sinan::profile {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

SampledColumn numbers(std::string name, std::vector<double> values, arrow::Type type = arrow::double_type()) {
  SampledColumn column{.name = std::move(name), .type = std::move(type), .kind = ValueKind::kNumber};
  for (const double value : values) column.missing.push_back(std::isnan(value) ? 1 : 0);
  column.values = std::move(values);
  return column;
}

SampledColumn texts(std::string name, std::vector<std::string> values) {
  SampledColumn column{.name = std::move(name), .type = arrow::string_type(), .kind = ValueKind::kText};
  column.missing.resize(values.size());
  column.texts = std::move(values);
  return column;
}

// The two samples that the libraries' numbers below are of.
std::vector<double> first_sample() {
  std::vector<double> out;
  for (int i = 0; i < 100; ++i) out.push_back((i * 37 % 101) / 10.0);
  return out;
}
std::vector<double> second_sample() {
  std::vector<double> out;
  for (int i = 0; i < 80; ++i) out.push_back((i * 53 % 89) / 8.0);
  return out;
}

TEST(DistinctCount, IsExactForFewValuesAndCloseForMany) {
  for (const uint64_t wanted : {1, 7, 100, 5'000, 200'000, 3'000'000}) {
    DistinctCount count;
    for (uint64_t i = 0; i < wanted; ++i) {
      count.add(mix_bits(i * 3));
      if (i % 3 == 0) count.add(mix_bits(i * 3));
    }
    const auto error = std::abs(static_cast<double>(count.estimate()) / static_cast<double>(wanted) - 1);
    EXPECT_LE(error, wanted <= 100 ? 0 : 0.03) << wanted;
  }
  EXPECT_EQ(DistinctCount().estimate(), 0U);
}

TEST(ColumnSummary, CountsExtremesAndMoments) {
  arrow::BatchBuilder rows({{"i", arrow::int64_type()}, {"d", arrow::double_type()}, {"s", arrow::string_type()}});
  const int64_t big = int64_t{1} << 60;  // more than a double holds to the last digit
  for (const int64_t i : {3, 1, 2}) {
    rows.column(0).append(big + i);
    rows.column(1).append(i == 2 ? kNaN : 1e9 + static_cast<double>(i));
    rows.column(2).append(i == 1 ? "b" : "a");
  }
  for (size_t i = 0; i < 3; ++i) rows.column(i).append_null();
  const arrow::Batch batch = rows.finish();
  std::vector<ColumnSummary> columns;
  for (size_t i = 0; i < 3; ++i) {
    columns.emplace_back(batch.schema()[i].type);
    columns[i].append(batch.column(i));
    EXPECT_EQ(columns[i].rows(), 4U);
    EXPECT_EQ(columns[i].missing(), 1U);
  }
  EXPECT_EQ(columns[0].least(), "1152921504606846977");
  EXPECT_EQ(columns[0].greatest(), "1152921504606846979");
  EXPECT_EQ(columns[0].distinct(), 3U);
  EXPECT_EQ(columns[1].nan(), 1U);
  EXPECT_DOUBLE_EQ(*columns[1].mean(), 1e9 + 2);
  EXPECT_DOUBLE_EQ(*columns[1].deviation(), std::sqrt(2.0));
  EXPECT_EQ(columns[2].least(), "a");
  EXPECT_EQ(columns[2].distinct(), 2U);
  EXPECT_FALSE(columns[2].mean());
}

TEST(Distribution, QuantilesAreThoseOfNumpy) {
  const Distribution all = distribution_of(numbers("x", first_sample()));
  // numpy.quantile(a, [.05, .25, .5, .75, .95])
  const std::pair<double, double> expected[] = {{.05, .495}, {.25, 2.475}, {.5, 4.95}, {.75, 7.525}, {.95, 9.505}};
  for (const auto& [share, value] : expected) EXPECT_NEAR(quantile(all.points, share), value, 1e-12) << share;
}

TEST(Distribution, IsReadBackFromJsonAndThinned) {
  std::vector<double> many;
  for (int i = 0; i < 10'000; ++i) many.push_back(std::sqrt(i * 7919 % 10'007));
  many.push_back(kNaN);
  const Distribution all = distribution_of(numbers("x", many));
  const Distribution few = thinned(all);
  EXPECT_EQ(few.points.size(), kKeptPoints);
  EXPECT_EQ(few.points.front(), all.points.front());
  EXPECT_EQ(few.points.back(), all.points.back());
  EXPECT_LT(kolmogorov_smirnov(all.points, few.points), 0.005);

  const Distribution words = distribution_of(texts("w", {"b", "a", "b", "c"}));
  EXPECT_EQ(words.texts.front(), (std::pair<std::string, double>("b", 0.5)));
  for (const Distribution& one : {few, words}) {
    const auto back = distribution_from_json(*Json::parse(to_json(one).dump()));
    ASSERT_TRUE(back.has_value()) << back.error().to_string();
    EXPECT_EQ(*back, one);
  }
}

TEST(Distribution, RefusesWhatIsNone) {
  for (const char* text : {"{}", R"({"kind":"number","rows":-1,"missing":0,"points":[]})",
                           R"({"kind":"number","rows":1,"missing":2,"points":[]})",
                           R"({"kind":"number","rows":2,"missing":0,"points":[2,1]})",
                           R"({"kind":"text","rows":2,"missing":0,"texts":[["a"]],"others":0})", "[1]"}) {
    EXPECT_FALSE(distribution_from_json(*Json::parse(text)).has_value()) << text;
  }
}

TEST(Drift, KolmogorovSmirnovIsThatOfScipy) {
  const Distribution a = distribution_of(numbers("x", first_sample()));
  const Distribution b = distribution_of(numbers("x", second_sample()));
  EXPECT_NEAR(kolmogorov_smirnov(a.points, b.points), 0.11, 1e-12);  // scipy.stats.ks_2samp
  // scipy.stats.kstwobign.sf of the distance with Stephens's correction.
  EXPECT_NEAR(kolmogorov_smirnov_p(0.11, 100, 80), 0.6299481602774344, 1e-9);
  EXPECT_EQ(kolmogorov_smirnov_p(0, 100, 80), 1);
  EXPECT_LT(kolmogorov_smirnov_p(0.9, 1000, 1000), 1e-12);
}

TEST(Drift, StabilityIsThatOfTheFormulaOverDeciles) {
  const auto drift = drift_between(distribution_of(numbers("x", first_sample())),
                                   distribution_of(numbers("x", second_sample())), arrow::double_type());
  ASSERT_TRUE(drift.has_value());
  EXPECT_EQ(drift->bins.size(), 10U);
  EXPECT_NEAR(drift->psi, 0.07439478854546641, 1e-9);  // numpy: quantile, histogram, and the sum
}

TEST(Drift, SameRowsHaveNotMovedAndMissingValuesAreABin) {
  const Distribution a = distribution_of(numbers("x", first_sample()));
  EXPECT_EQ(drift_between(a, a, arrow::double_type())->psi, 0);
  std::vector<double> holes = first_sample();
  for (size_t i = 0; i < holes.size(); i += 2) holes[i] = kNaN;
  const auto drift = drift_between(a, distribution_of(numbers("x", holes)), arrow::double_type());
  EXPECT_EQ(drift->bins.back(), "missing");
  EXPECT_EQ(drift->current.back(), 0.5);
  EXPECT_GT(drift->psi, 0.25);
  double sum = 0;
  for (const double share : drift->current) sum += share;
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(Drift, ValuesThatCameSinceAreOther) {
  const auto drift = drift_between(distribution_of(numbers("month", {1, 1, 1, 1})),
                                   distribution_of(numbers("month", {7, 7, 7, 1})), arrow::int64_type());
  EXPECT_EQ(drift->bins, (std::vector<std::string>{"1", "other"}));
  EXPECT_EQ(drift->current, (std::vector<double>{0.25, 0.75}));
  EXPECT_GT(drift->psi, 0.25);
}

TEST(Drift, TextsThatCameSinceAreOther) {
  const auto drift = drift_between(distribution_of(texts("w", {"a", "a", "b", "b"})),
                                   distribution_of(texts("w", {"a", "c", "c", "c"})), arrow::string_type());
  ASSERT_TRUE(drift.has_value());
  EXPECT_EQ(drift->bins, (std::vector<std::string>{"a", "b", "other"}));
  EXPECT_EQ(drift->current, (std::vector<double>{0.25, 0, 0.75}));
  EXPECT_FALSE(drift->ks.has_value());
}

TEST(Association, OfClassesIsTheirMutualInformation) {
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 200; ++i) {
    x.push_back(i * 7 % 20);
    y.push_back(i * 7 % 20 + i % 3 > 10 ? 1 : 0);
  }
  const auto found = associations({numbers("x", x), numbers("y", y, arrow::int64_type())}, 1);
  ASSERT_EQ(found.size(), 1U);
  // (sklearn mutual_info_score - 19 / 400) / scipy.stats.entropy, sklearn roc_auc_score.
  EXPECT_NEAR(found[0].strength, 0.8433428956347052, 1e-9);
  EXPECT_NEAR(found[0].auc.value(), 0.997, 1e-12);
  EXPECT_TRUE(found[0].hint.has_value());
}

TEST(Association, OfNumbersIsTheCorrelationRatio) {
  std::vector<double> x;
  std::vector<double> z;
  for (int i = 0; i < 200; ++i) {
    x.push_back(i * 7 % 20);
    z.push_back(i * 7 % 20 * 1.5 + i * i % 31);
  }
  const auto found = associations({numbers("x", x), numbers("z", z)}, 1);
  EXPECT_NEAR(found[0].strength, 0.5369724751486714, 1e-9);  // numpy: 1 - (1 - between / all) * 199 / 180
  EXPECT_FALSE(found[0].auc.has_value());
}

TEST(Association, HintsAtIdentifiersAndAtWhatIsFilledInAfterwards) {
  std::vector<double> label, id, late_reason, noise, price;
  std::vector<std::string> copy;
  for (int i = 0; i < 1000; ++i) {
    const bool late = i * 7919 % 1000 < 300;
    label.push_back(late ? 1 : 0);
    id.push_back(i);
    late_reason.push_back(late ? i % 5 : kNaN);
    noise.push_back(i * 31 % 17);
    price.push_back(static_cast<double>(i * 104729LL % 1'000'003));  // as many values as rows, and no identifier
    copy.emplace_back(late ? "yes" : "no");
  }
  const auto found = associations({numbers("label", label, arrow::int64_type()), numbers("id", id, arrow::int64_type()),
                                   numbers("late_reason", late_reason), numbers("noise", noise, arrow::int64_type()),
                                   numbers("price", price, arrow::int64_type()), texts("copy", copy)},
                                  0);
  EXPECT_NE(found[0].hint.value_or("").find("identifier"), std::string::npos);
  EXPECT_NE(found[1].hint.value_or("").find("missing"), std::string::npos);
  EXPECT_FALSE(found[2].hint.has_value());
  EXPECT_LT(found[2].strength, 0.02);
  EXPECT_FALSE(found[3].hint.has_value());
  EXPECT_NEAR(found[4].strength, 1, 0.01);
  EXPECT_NE(found[4].hint.value_or("").find("by itself"), std::string::npos);
}

TEST(Shape, CountsEveryValueOnce) {
  const Distribution a = distribution_of(numbers("x", first_sample()));
  double sum = 0;
  for (const double share : shape_of(a, 7).shares) sum += share;
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_EQ(sparkline(distribution_of(numbers("x", {1, 1, 1}))), "█");
  EXPECT_EQ(sparkline(distribution_of(numbers("x", {kNaN}))), "");
  EXPECT_EQ(sparkline(distribution_of(numbers("x", {0, 0, 0, 0, 8}))), "█      ▂");
}

}  // namespace
}  // namespace sinan::profile

// Bins against a scan of their boundaries, with values on the boundaries and next to them; arguments in both spellings.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "profile/drift.h"
#include "run/arguments.h"
#include "run/bins.h"

namespace sinan::run {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

size_t scanned(const std::vector<double>& boundaries, double value) {
  size_t bin = 0;
  while (bin + 2 < boundaries.size() && value > boundaries[bin + 1]) ++bin;
  return bin;
}

void expect_as_scanned(const Bins& bins, std::mt19937& random) {
  const std::vector<double>& edges = bins.boundaries();
  std::vector<double> values;
  for (const double edge : edges) {
    values.push_back(edge);
    values.push_back(std::nextafter(edge, -INFINITY));
    values.push_back(std::nextafter(edge, INFINITY));
  }
  for (int i = 0; i < 200; ++i) {
    const double part = std::uniform_real_distribution<double>(0, 1)(random);
    values.push_back(edges.front() * (1 - part) + edges.back() * part);
  }
  values.push_back(std::numeric_limits<double>::lowest());
  values.push_back(std::numeric_limits<double>::max());
  std::vector<uint64_t> expected(bins.count(), 0);
  for (const double value : values) {
    ASSERT_EQ(bins.of(value), scanned(edges, value)) << value << " in " << to_list(edges);
    ++expected[scanned(edges, value)];
  }
  values.push_back(kMissing);
  EXPECT_EQ(bins.counts(values), expected);
}

TEST(Bins, AgreeWithAScan) {
  std::mt19937 random(7);
  const auto real = [&](double least, double most) {
    return std::uniform_real_distribution<double>(least, most)(random);
  };
  for (int i = 0; i < 300; ++i) {
    const double scale = std::pow(10, real(-12, 12));
    const double min = real(-1, 1) * scale;
    const double max = min + real(0, 1) * scale;
    const auto count = static_cast<size_t>(1 + random() % 40);
    expect_as_scanned(Bins::even(min, max, count), random);
    expect_as_scanned(Bins::even_log(std::abs(min), std::abs(min) + scale, count), random);
  }
  expect_as_scanned(Bins::at({0, 0, 1, 1, 1, 2}), random);
}

TEST(Bins, ReachFromTheLeastToTheGreatest) {
  const Bins bins = Bins::even(-3, 9, 4);
  EXPECT_EQ(bins.boundaries(), (std::vector<double>{-3, 0, 3, 6, 9}));
  EXPECT_EQ(Bins::even(7, 7, 2).boundaries(), (std::vector<double>{6.993, 7, 7.007}));
  EXPECT_EQ(Bins::even(0, 0, 1).boundaries(), (std::vector<double>{-0.001, 0.001}));
  const Bins logs = Bins::even_log(1, 10000, 4);
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(logs.boundaries()[i] / std::pow(10, i), 1, 1e-14);
  const double huge = std::numeric_limits<double>::max();
  EXPECT_EQ(Bins::even(-huge, huge, 2).boundaries(), (std::vector<double>{-huge, 0, huge}));
  EXPECT_EQ(Bins::even(-huge, huge, 2).of(1), 1U);
}

TEST(Summary, LeavesMissingValuesOut) {
  std::vector<double> values = {4, kMissing, 1, 10, kMissing, 1};
  const Summary summary = summarise(values);
  EXPECT_EQ(summary.count, 4U);
  EXPECT_EQ(summary.min, 1);
  EXPECT_EQ(summary.max, 10);
  EXPECT_EQ(summary.mean, 4);
  EXPECT_DOUBLE_EQ(summary.std, std::sqrt((0 + 9 + 36 + 9) / 3.0));
  EXPECT_EQ(median(values), 2.5);
  EXPECT_TRUE(std::isnan(median(std::vector<double>{kMissing})));
}

TEST(Median, OfManyValuesIsThatOfTheSortedOnes) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> bell;
  for (const int kind : {0, 1, 2, 3, 4}) {
    for (const size_t size : {100'000U, 100'001U, 250'000U}) {
      std::vector<double> values(size);
      for (size_t i = 0; i < size; ++i) {
        switch (kind) {
          case 0:
            values[i] = bell(random);
            break;
          case 1:
            values[i] = std::exp(4 * bell(random));
            break;
          case 2:
            values[i] = static_cast<double>(i);
            break;
          case 3:
            values[i] = static_cast<double>(random() % 3);
            break;
          // A sample with a fixed step sees none of the others: the median lies outside of what it says.
          default:
            values[i] = i % (size / 4096) == 0 ? 1e6 : bell(random);
        }
        if (kind != 2 && random() % 10 == 0) values[i] = kMissing;
      }
      std::vector<double> sorted = values;
      std::erase_if(sorted, [](double value) { return std::isnan(value); });
      std::ranges::sort(sorted);
      const size_t n = sorted.size();
      EXPECT_EQ(median(values), std::midpoint(sorted[(n - 1) / 2], sorted[n / 2])) << kind << " " << size;
    }
  }
}

TEST(Lists, AreReadBackAsTheyWereWritten) {
  const std::vector<double> values = {0.1, 1.0 / 3, -5e-324, 1e300, 0};
  EXPECT_EQ(read_list(to_list(values)).value(), values);
  EXPECT_EQ(read_list(" ").value().size(), 0U);
  for (const char* bad : {"1,", ",1", "1;2", "nan", "inf", "1e999", "0x1", "1 2"})
    EXPECT_FALSE(read_list(bad).has_value()) << bad;
}

TEST(Psi, IsSymmetricAndNoLessThanZero) {
  const std::vector<double> e = {0.2, 0.3, 0.5, 0};
  const std::vector<double> a = {0.25, 0, 0.6, 0.15};
  EXPECT_DOUBLE_EQ(profile::population_stability(e, a), profile::population_stability(a, e));
  EXPECT_NEAR(
      profile::population_stability(e, a),
      -0.05 * std::log(0.8) + 0.299 * std::log(300) - 0.1 * std::log(0.5 / 0.6) - 0.149 * std::log(0.001 / 0.15),
      1e-12);
  EXPECT_EQ(profile::population_stability(e, e), 0);
}

TEST(Arguments, AreReadInBothSpellings) {
  constexpr ArgumentSpec kSpecs[] = {{"columns", ArgumentType::kList, "c", {}, true},
                                     {"number", ArgumentType::kList, "n", "7", false},
                                     {"on", ArgumentType::kSwitch, "s", {}, false}};
  const auto read = [&](std::vector<sql::Name> command) { return Arguments::read(kSpecs, command); };
  const auto first = read({{"p", {0, 1}}, {"--columns", {2, 3}}, {" a, b ", {4, 5}}, {"--on", {6, 7}}});
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_EQ(first->list("columns")[1].text, "b");
  EXPECT_EQ(first->list("columns")[1].place, (Span{4, 5}));
  EXPECT_TRUE(first->is_on("on"));
  EXPECT_EQ(first->whole_numbers("number", 0, 9, 2).value(), (std::vector<int64_t>{7, 7}));
  const auto second = read({{"p", {0, 1}}, {"--columns=x", {2, 3}}, {"--on=FALSE", {4, 5}}, {"--number=1,99", {6, 7}}});
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_FALSE(second->is_on("on"));
  EXPECT_EQ(second->whole_numbers("number", 0, 9, 2).error().span, (Span{6, 7}));
  EXPECT_EQ(read({{"p", {0, 1}}, {"--on", {2, 3}}}).error().span, (Span{0, 1}));
  EXPECT_EQ(read({{"p", {0, 1}}, {"-columns=a", {2, 3}}}).error().span, (Span{2, 3}));
}

}  // namespace
}  // namespace sinan::run

// Metrics against scikit-learn 1.9.1's numbers on the same data, and against their definitions written out naively.
#include "ml/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/random.h"
#include "ml/metric_tables.h"

namespace sinan::ml {
namespace {

double metric(std::string_view name, const Scored& scored) {
  const auto spec = find_metric(name, scored.task);
  EXPECT_TRUE(spec.has_value()) << name;
  const auto value = compute_metric(**spec, scored);
  EXPECT_TRUE(value.has_value()) << name;
  return value.value_or(-1);
}

struct Expected {
  const char* name;
  double value;
};

Scored two_classes() {
  Scored scored{.task = Task::kBinary, .classes = 2};
  scored.actual = {0, 0, 1, 1, 0, 1, 0, 1, 1, 0};
  scored.probability = {.125f, .375f, .375f, .75f, .5f, .875f, .625f, .25f, .625f, .0625f};
  scored.margin = {-1.5f, -.5f, -.25f, 1, .125f, 2, .5f, -1, .5f, -2.5f};
  return scored;
}

Scored three_classes() {
  Scored scored{.task = Task::kMulticlass, .classes = 3};
  scored.actual = {0, 1, 2, 2, 1, 0, 2, 1};
  scored.probability = {.5f,  .25f,  .25f,  .25f, .5f,   .25f,  .125f,  .125f,  .75f, .5f,  .25f,  .25f,
                        .25f, .125f, .625f, .75f, .125f, .125f, .0625f, .4375f, .5f,  .25f, .375f, .375f};
  scored.margin = scored.probability;
  return scored;
}

Scored numbers() {
  Scored scored{.task = Task::kRegression};
  scored.actual_value = {3, -.5, 2, 7, 4.25, 0};
  scored.predicted_value = {2.5, 0, 2, 8, 5, -.25};
  return scored;
}

// A quarter of the rows is of the second class; equal scores, and the ends of the range.
Scored rare_class() {
  Scored scored{.task = Task::kBinary, .classes = 2};
  scored.actual = {0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1};
  for (const int sixteenths : {0, 1, 2, 12, 6, 3, 6, 10, 1, 0, 4, 16, 5, 2, 7, 6}) {
    scored.probability.push_back(static_cast<float>(sixteenths) / 16);
    scored.margin.push_back(static_cast<float>(sixteenths) / 4 - 2);
  }
  return scored;
}

// Class 3 does not occur, though it is predicted once; class 4 is never predicted.
Scored five_classes() {
  Scored scored{.task = Task::kMulticlass, .classes = 5};
  scored.actual = {0, 1, 2, 4, 1, 0, 2, 1, 4, 0, 2, 2};
  for (const int sixteenths :
       {8, 3, 2, 2, 1, 2, 9,  2, 2, 1, 1, 2, 10, 2, 1, 2, 2, 6, 2, 4, 7, 5, 2,  1, 1, 9, 1, 1, 4, 1,
        3, 3, 4, 5, 1, 1, 12, 1, 1, 1, 5, 4, 3,  2, 2, 4, 6, 3, 2, 1, 1, 1, 11, 2, 1, 2, 7, 5, 1, 1})
    scored.probability.push_back(static_cast<float>(sixteenths) / 16);
  scored.margin = scored.probability;
  return scored;
}

Scored more_numbers() {
  Scored scored{.task = Task::kRegression};
  scored.actual_value = {12.5, 7.25, .5, 3, 100, 42, 8, 15.75, 1};
  scored.predicted_value = {10, 9.5, .75, 2, 120.5, 40, 8, 13.25, 4};
  return scored;
}

TEST(Metrics, OfARareClassEqualScikitLearn) {
  const Expected expected[] = {
      {"accuracy_score", 0.8125},
      {"balanced_accuracy_score", 0.708333333333},
      {"cohen_kappa_score", 0.454545454545},
      {"f1_score", 0.571428571429},
      {"precision_score", 0.666666666667},
      {"recall_score", 0.5},
      {"hamming_loss", 0.1875},
      {"zero_one_loss", 0.1875},
      {"fbeta_score", 0.625},
      {"average_precision_score", 0.785714285714},
      {"roc_auc_score", 0.895833333333},
      {"log_loss", 0.34635579586},
      {"brier_score_loss", 0.112548828125},
      {"hinge_loss", 0.375},
      {"TrueNegatives", 11},
      {"FalsePositives", 1},
      {"FalseNegatives", 2},
      {"TruePositives", 2},
  };
  for (const Expected& one : expected) EXPECT_NEAR(metric(one.name, rare_class()), one.value, 1e-7) << one.name;
  const Expected lower[] = {
      {"accuracy_score", 0.75},   {"balanced_accuracy_score", 0.833333333333},
      {"cohen_kappa_score", 0.5}, {"f1_score", 0.666666666667},
      {"precision_score", 0.5},   {"recall_score", 1},
      {"hamming_loss", 0.25},     {"fbeta_score", 0.555555555556},
  };
  Scored scored = rare_class();
  scored.threshold = 0.3;
  for (const Expected& one : lower) EXPECT_NEAR(metric(one.name, scored), one.value, 1e-9) << one.name;
}

TEST(Metrics, OfFiveClassesEqualScikitLearn) {
  const Expected expected[] = {
      {"accuracy_score", 0.5},
      {"balanced_accuracy_score", 0.458333333333},
      {"cohen_kappa_score", 0.333333333333},
      {"f1_score", 0.342857142857},
      {"fbeta_score", 0.335526315789},
      {"precision_score", 0.333333333333},
      {"recall_score", 0.366666666667},
      {"hamming_loss", 0.5},
      {"zero_one_loss", 0.5},
      {"log_loss", 0.961740076542},
      {"brier_score_loss", 0.483723968267},
      {"hinge_loss", 0.828125},
      {"TopKCategoricalAccuracy", 1},
  };
  for (const Expected& one : expected) EXPECT_NEAR(metric(one.name, five_classes()), one.value, 1e-7) << one.name;
  EXPECT_TRUE(std::isnan(metric("roc_auc_score", five_classes())));  // a class does not occur
}

TEST(Metrics, OfMoreNumbersEqualScikitLearn) {
  const Expected expected[] = {
      {"explained_variance_score", 0.949797887162},
      {"mean_absolute_error", 3.77777777778},
      {"mean_squared_error", 50.2083333333},
      {"median_absolute_error", 2.25},
      {"r2_score", 0.945452167746},
      {"mean_squared_log_error", 0.123195231938},
      {"RootMeanSquaredError", 7.08578388983},
      {"MeanAbsolutePercentageError", 52.8336374141},
  };
  for (const Expected& one : expected) EXPECT_NEAR(metric(one.name, more_numbers()), one.value, 1e-8) << one.name;
}

// Both lists of names, in any case, for the kind of model that they are about; asked of the other kind they are refused.
TEST(Metrics, EveryNameIsMeasuredOrRefused) {
  const Scored scored[] = {two_classes(), three_classes(), numbers()};
  for (const MetricSpec& spec : metric_specs()) {
    std::string loud(spec.name);
    for (char& c : loud)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    int measured = 0;
    for (const Scored& one : scored) {
      const auto found = find_metric(loud, one.task);
      if (!found.has_value()) {
        EXPECT_NE(found.error().message.find("\" is for a "), std::string::npos) << found.error().message;
        EXPECT_FALSE(found.error().hint.empty());
        continue;
      }
      EXPECT_EQ(*found, &spec);
      Scored usable = one;
      if (spec.name == "mean_squared_log_error") usable = more_numbers();
      EXPECT_TRUE(std::isfinite(compute_metric(spec, usable).value_or(NAN))) << spec.name;
      ++measured;
    }
    // Rankings are measured by group: ranking_metrics_test.cc.
    const int fitting = spec.use == MetricSpec::For::kRanking ? 0 : spec.use == MetricSpec::For::kClasses ? 2 : 1;
    EXPECT_EQ(measured, fitting) << spec.name;
  }
}

TEST(Metrics, OfTwoClassesEqualScikitLearn) {
  const Expected expected[] = {
      {"accuracy_score", 0.7},
      {"balanced_accuracy_score", 0.7},
      {"cohen_kappa_score", 0.4},
      {"f1_score", 0.666666666667},
      {"precision_score", 0.75},
      {"recall_score", 0.6},
      {"hamming_loss", 0.3},
      {"zero_one_loss", 0.3},
      {"fbeta_score", 0.714285714286},
      {"average_precision_score", 0.789285714286},
      {"roc_auc_score", 0.76},
      {"brier_score_loss", 0.197265625},
      {"log_loss", 0.560039043427},
      {"hinge_loss", 0.6875},
      // Keras's names for the same things.
      {"Accuracy", 0.7},
      {"BinaryAccuracy", 0.7},
      {"auc", 0.76},
      {"Precision", 0.75},
      {"Recall", 0.6},
      {"TruePositives", 3},
      {"TrueNegatives", 4},
      {"FalsePositives", 1},
      {"FalseNegatives", 2},
  };
  // scikit-learn takes the logarithms of float32 probabilities in float32.
  for (const Expected& one : expected) EXPECT_NEAR(metric(one.name, two_classes()), one.value, 1e-7) << one.name;
  EXPECT_NEAR(loss(two_classes()), 0.560039043427, 1e-7);
}

TEST(Metrics, OfThreeClassesEqualScikitLearn) {
  const Expected expected[] = {
      {"accuracy_score", 0.75},
      {"CategoricalAccuracy", 0.75},
      {"balanced_accuracy_score", 0.777777777778},
      {"cohen_kappa_score", 0.627906976744},
      {"f1_score", 0.755555555556},
      {"precision_score", 0.777777777778},
      {"recall_score", 0.777777777778},
      {"fbeta_score", 0.763347763348},
      {"roc_auc_score", 0.786111111111},
      {"average_precision_score", 0.737433862434},
      {"log_loss", 0.887671351433},
      {"brier_score_loss", 0.5087890625},
      {"hinge_loss", 0.8671875},
      {"TopKCategoricalAccuracy", 1},
  };
  for (const Expected& one : expected) EXPECT_NEAR(metric(one.name, three_classes()), one.value, 1e-7) << one.name;
}

TEST(Metrics, OfRegressionEqualScikitLearn) {
  const Expected expected[] = {
      {"explained_variance_score", 0.955092221331},
      {"mean_absolute_error", 0.5},
      {"mean_squared_error", 0.354166666667},
      {"median_absolute_error", 0.5},
      {"r2_score", 0.945469125902},
      {"mean_squared_log_error", 0.102124682975},
      {"RootMeanSquaredError", 0.595119035712},
      {"MeanAbsoluteError", 0.5},
  };
  for (const Expected& one : expected) EXPECT_NEAR(metric(one.name, numbers()), one.value, 1e-9) << one.name;
  EXPECT_NEAR(loss(numbers()), 0.354166666667, 1e-9);
}

// The area under the ROC curve is the chance that a positive outscores a negative, ties counting half.
TEST(Metrics, AreasEqualTheirDefinitions) {
  Random random(5);
  for (int round = 0; round < 20; ++round) {
    Scored scored{.task = Task::kBinary, .classes = 2};
    for (int i = 0; i < 200; ++i) {
      scored.actual.push_back(random.below(3) == 0 ? 1 : 0);
      scored.probability.push_back(static_cast<float>(random.below(30)) / 30.0f);
    }
    double wins = 0;
    double pairs = 0;
    for (size_t i = 0; i < scored.rows(); ++i) {
      for (size_t j = 0; j < scored.rows(); ++j) {
        if (scored.actual[i] != 1 || scored.actual[j] != 0) continue;
        const float a = scored.probability[i];
        const float b = scored.probability[j];
        wins += a > b ? 1 : a == b ? 0.5 : 0;
        pairs += 1;
      }
    }
    EXPECT_NEAR(roc_auc(scored, 1), wins / pairs, 1e-12);
    EXPECT_NEAR(roc_auc(scored, 0), wins / pairs, 1e-6);  // 1 - p is rounded

    // Average precision: for each positive, the share of positives among those scored at least as high.
    double sum = 0;
    double positives = 0;
    for (size_t i = 0; i < scored.rows(); ++i) {
      if (scored.actual[i] != 1) continue;
      double above = 0;
      double hits = 0;
      for (size_t j = 0; j < scored.rows(); ++j) {
        if (scored.probability[j] < scored.probability[i]) continue;
        above += 1;
        hits += scored.actual[j];
      }
      sum += hits / above;
      positives += 1;
    }
    EXPECT_NEAR(average_precision(scored, 1), sum / positives, 1e-12);
  }
}

TEST(Metrics, CurvesGoThroughScikitLearnsPoints) {
  const Curve roc = roc_curve(two_classes(), 1);
  EXPECT_TRUE(std::isinf(roc.threshold.front()));
  const std::vector<double> thresholds(roc.threshold.begin() + 1, roc.threshold.end());
  EXPECT_EQ(thresholds, (std::vector<double>{.875, .75, .625, .5, .375, .25, .125, .0625}));
  const std::vector<double> fpr = {0, 0, 0, .2, .4, .6, .6, .8, 1};
  const std::vector<double> tpr = {0, .2, .4, .6, .6, .8, 1, 1, 1};
  for (size_t i = 0; i < fpr.size(); ++i) {
    EXPECT_NEAR(roc.x[i], fpr[i], 1e-12);
    EXPECT_NEAR(roc.y[i], tpr[i], 1e-12);
  }
  const Curve pr = pr_curve(two_classes(), 1);
  const std::vector<double> precision = {1, 1, .75, .6, 4.0 / 7, 5.0 / 8, 5.0 / 9, .5};
  for (size_t i = 0; i < precision.size(); ++i) EXPECT_NEAR(pr.y[i], precision[i], 1e-12);
  EXPECT_EQ(thin(pr, 3).x, (std::vector<double>{pr.x.front(), pr.x[3], pr.x.back()}));
}

TEST(Metrics, CalibrationCountsRowsAndClasses) {
  const auto bins = calibration(two_classes(), 1, 2);
  ASSERT_EQ(bins.size(), 2u);
  EXPECT_EQ(bins[0].rows, 6);  // 0.5 is in the lower one
  EXPECT_NEAR(bins[0].observed, 2.0 / 6, 1e-12);
  EXPECT_NEAR(bins[1].predicted, (.75 + .875 + .625 + .625) / 4, 1e-12);
  EXPECT_NEAR(bins[1].observed, 0.75, 1e-12);
}

TEST(Metrics, CalibrationEqualsScikitLearns) {
  const auto bins = calibration(rare_class(), 1, 5);
  const double observed[] = {0, 0.4, 0, 0.5, 1};
  const double predicted[] = {0.08035714285714286, 0.3375, 0.4375, 0.6875, 1};
  ASSERT_EQ(bins.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(bins[i].observed, observed[i], 1e-12) << i;
    EXPECT_NEAR(bins[i].predicted, predicted[i], 1e-12) << i;
  }
}

TEST(Metrics, ScoresByClassEqualScikitLearns) {
  const std::vector<ClassScores> scores = per_class(confusion(five_classes()));
  const double precision[] = {0.5, 0.5, 2.0 / 3, 0, 0};
  const double recall[] = {2.0 / 3, 2.0 / 3, 0.5, 0, 0};
  const double f1[] = {4.0 / 7, 4.0 / 7, 4.0 / 7, 0, 0};
  const int64_t support[] = {3, 3, 4, 0, 2};
  ASSERT_EQ(scores.size(), 5u);
  for (size_t k = 0; k < 5; ++k) {
    EXPECT_NEAR(scores[k].precision, precision[k], 1e-12) << k;
    EXPECT_NEAR(scores[k].recall, recall[k], 1e-12) << k;
    EXPECT_NEAR(scores[k].f1, f1[k], 1e-12) << k;
    EXPECT_EQ(scores[k].support, support[k]) << k;
  }
}

// In sixteenths: 16 12 10 7 6 | 6 6 5 4 3 | 2 2 1 1 0 0. The first cut divides three rows of one score, of which two are of
// the class, as are 16 and 12.
TEST(Metrics, LiftSharesOutRowsOfOneScore) {
  const std::vector<LiftBin> bins = lift(rare_class(), 1, 3);
  ASSERT_EQ(bins.size(), 3u);
  const double hits[] = {2 + 2.0 / 3, 4.0 / 3, 0};
  const int64_t rows[] = {5, 5, 6};
  const double threshold[] = {0.375, 0.1875, 0};
  double captured = 0;
  for (size_t b = 0; b < 3; ++b) {
    captured += hits[b];
    const double observed = hits[b] / static_cast<double>(rows[b]);
    EXPECT_EQ(bins[b].bin, b + 1);
    EXPECT_EQ(bins[b].rows, rows[b]);
    EXPECT_EQ(bins[b].threshold, threshold[b]);
    EXPECT_NEAR(bins[b].observed, observed, 1e-12) << b;
    EXPECT_NEAR(bins[b].lift, observed / 0.25, 1e-12) << b;  // a quarter of all rows is of the class
    EXPECT_NEAR(bins[b].captured, captured / 4, 1e-12) << b;
  }
}

// Against the definition: the mean over all orders of rows of equal score is what a shuffle gives on average.
TEST(Metrics, LiftIsTheMeanOverShuffles) {
  Random random(9);
  Scored scored{.task = Task::kBinary, .classes = 2};
  for (int i = 0; i < 47; ++i) {
    scored.actual.push_back(random.below(3) == 0 ? 1 : 0);
    scored.probability.push_back(static_cast<float>(random.below(5)) / 4.0f);
  }
  const std::vector<LiftBin> bins = lift(scored, 1, 10);
  ASSERT_EQ(bins.size(), 10u);
  std::vector<double> hits(10);
  std::vector<size_t> order(47);
  std::iota(order.begin(), order.end(), size_t{0});
  constexpr int kShuffles = 4000;
  for (int s = 0; s < kShuffles; ++s) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<size_t> place(order.size());
    for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    std::ranges::sort(order, [&](size_t x, size_t y) {
      return std::pair(-scored.probability[x], place[x]) < std::pair(-scored.probability[y], place[y]);
    });
    for (size_t b = 0; b < 10; ++b)
      for (size_t i = 47 * b / 10; i < 47 * (b + 1) / 10; ++i) hits[b] += scored.actual[order[i]];
  }
  double rows = 0;
  for (size_t b = 0; b < 10; ++b) {
    EXPECT_NEAR(bins[b].observed * static_cast<double>(bins[b].rows), hits[b] / kShuffles, 0.1) << b;
    rows += static_cast<double>(bins[b].rows);
  }
  EXPECT_EQ(rows, 47);
  EXPECT_NEAR(bins.back().captured, 1, 1e-12);

  std::fill(scored.actual.begin(), scored.actual.end(), 0);
  EXPECT_TRUE(std::isnan(lift(scored, 1, 10).front().lift));
}

// Many scores are sorted by counting, few by comparing: both see the same order.
TEST(Metrics, ManyScoresAreSortedAsFewAre) {
  Random random(3);
  Scored scored{.task = Task::kBinary, .classes = 2};
  for (int i = 0; i < 20'000; ++i) {
    scored.actual.push_back(random.below(4) == 0 ? 1 : 0);
    scored.probability.push_back(static_cast<float>(random.uniform() * random.uniform()));
  }
  const Curve curve = pr_curve(scored, 1);
  EXPECT_TRUE(std::is_sorted(curve.threshold.rbegin(), curve.threshold.rend()));
  std::vector<std::pair<float, int>> rows;
  for (size_t i = 0; i < scored.rows(); ++i) rows.emplace_back(scored.probability[i], scored.actual[i]);
  std::sort(rows.begin(), rows.end());
  double wins = 0;  // pairs in the right order, by Mann-Whitney's ranks
  double positives = 0;
  for (size_t i = 0; i < rows.size();) {
    size_t end = i;
    double hits = 0;
    while (end < rows.size() && rows[end].first == rows[i].first) hits += rows[end++].second;
    wins += hits * static_cast<double>(i + 1 + end) / 2;
    positives += hits;
    i = end;
  }
  wins -= positives * (positives + 1) / 2;
  EXPECT_NEAR(roc_auc(scored, 1), wins / (positives * (20'000 - positives)), 1e-12);
}

TEST(Metrics, OfOneRowOfRegression) {
  Scored scored{.task = Task::kRegression, .actual_value = {2}, .predicted_value = {3}};
  EXPECT_TRUE(std::isnan(metric("r2_score", scored)));  // as scikit-learn's
  EXPECT_EQ(metric("explained_variance_score", scored), 1);
  scored = {.task = Task::kRegression, .actual_value = {2, 2}, .predicted_value = {3, 2}};
  EXPECT_EQ(metric("r2_score", scored), 0);
  EXPECT_EQ(metric("explained_variance_score", scored), 0);
}

TEST(Metrics, TakenRowsAreTheRows) {
  const Scored all = five_classes();
  Scored part;
  const size_t rows[] = {11, 3, 3};
  take_rows(all, rows, part);
  ASSERT_EQ(part.rows(), 3u);
  EXPECT_EQ(part.classes, 5u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(part.actual[i], all.actual[rows[i]]);
    EXPECT_EQ(part.predicted_class(i), all.predicted_class(rows[i]));
    for (size_t k = 0; k < 5; ++k) EXPECT_EQ(part.probability_of(i, k), all.probability_of(rows[i], k));
  }
}

TEST(Metrics, ThresholdMovesTheClasses) {
  Scored scored = two_classes();
  scored.threshold = 0.3;
  EXPECT_EQ(metric("TruePositives", scored), 4);
  EXPECT_EQ(metric("FalsePositives", scored), 3);
  EXPECT_NEAR(metric("roc_auc_score", scored), 0.76, 1e-9);
}

TEST(Metrics, OfOneClassAreUndefined) {
  Scored scored = two_classes();
  std::fill(scored.actual.begin(), scored.actual.end(), 0);
  EXPECT_TRUE(std::isnan(metric("roc_auc_score", scored)));
  EXPECT_EQ(metric("recall_score", scored), 0);
}

TEST(Metrics, UnknownAndUnfitNamesAreErrors) {
  const auto unknown = find_metric("acuracy_score", Task::kBinary);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Code::kArgument);
  EXPECT_EQ(unknown.error().message, "unknown metric \"acuracy_score\"");
  EXPECT_EQ(unknown.error().hint, "did you mean \"accuracy_score\"?");

  const auto unfit = find_metric("r2_score", Task::kBinary);
  ASSERT_FALSE(unfit.has_value());
  EXPECT_NE(unfit.error().message.find("metric \"r2_score\" is for a regression model"), std::string::npos);
  EXPECT_FALSE(find_metric("TruePositives", Task::kMulticlass).has_value());
  EXPECT_TRUE(find_metric("r2_score", std::nullopt).has_value());
  EXPECT_TRUE(find_metric("ROC_AUC_SCORE", Task::kBinary).has_value());

  Scored scored = numbers();
  scored.actual_value[0] = -2;
  const auto refused = compute_metric(**find_metric("mean_squared_log_error", Task::kRegression), scored);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kData);
}

}  // namespace

// Numbers of scikit-learn 1.9.1 with sample_weight.
TEST(Metrics, OfWeightedRowsEqualScikitLearn) {
  const auto expect = [](const Scored& scored, std::span<const Expected> expected) {
    for (const Expected& one : expected) EXPECT_NEAR(metric(one.name, scored), one.value, 1e-7) << one.name;
  };
  Scored two = two_classes();
  two.weight = {1, 2, .5, 3, 0, 1.5, 2, .25, 1, 4};
  const Expected of_two[] = {
      {"accuracy_score", 0.819672131148},
      {"balanced_accuracy_score", 0.828888888889},
      {"cohen_kappa_score", 0.638274932615},
      {"f1_score", 0.8},
      {"fbeta_score", 0.758620689655},
      {"precision_score", 0.733333333333},
      {"recall_score", 0.88},
      {"zero_one_loss", 0.180327868852},
      {"hamming_loss", 0.180327868852},
      {"log_loss", 0.371389271739},
      {"brier_score_loss", 0.116803278689},
      {"hinge_loss", 0.368852459016},
      {"roc_auc_score", 0.937777777778},
      {"average_precision_score", 0.909723577236},
  };
  expect(two, of_two);
  Scored three = three_classes();
  three.weight = {1, 2, .5, 3, .75, 1.5, 2, .25};
  const Expected of_three[] = {
      {"accuracy_score", 0.659090909091},
      {"balanced_accuracy_score", 0.734848484848},
      {"cohen_kappa_score", 0.500756429652},
      {"f1_score", 0.684523809524},
      {"precision_score", 0.741258741259},
      {"recall_score", 0.734848484848},
      {"log_loss", 0.909524690961},
      {"roc_auc_score", 0.797435923405},
      {"average_precision_score", 0.749067719346},
  };
  expect(three, of_three);
  Scored values = more_numbers();
  values.weight = {1, 2, .5, 3, .75, 1.5, 2, .25, 1};
  const Expected of_values[] = {
      {"mean_absolute_error", 2.67708333333},
      {"mean_squared_error", 29.2630208333},
      {"RootMeanSquaredError", 5.40953055573},
      {"mean_squared_log_error", 0.10779650393},
      {"median_absolute_error", 2},
      {"r2_score", 0.952869164826},
      {"explained_variance_score", 0.955022390109},
      {"MeanAbsolutePercentageError", 44.4629230524},
  };
  expect(values, of_values);
  values.weight = {1, 1, 1, 1, 0, 2, 1, 2, 1};  // half the weight lies up to a value exactly
  EXPECT_NEAR(metric("median_absolute_error", values), 2.125, 1e-12);
}

// A row of weight 2 is two rows, one of weight 0 none: of every metric.
TEST(Metrics, OfWeightedRowsAreThoseOfRepeatedRows) {
  for (const Scored& one : {two_classes(), three_classes(), more_numbers(), rare_class()}) {
    Scored weighted = one;
    std::vector<size_t> repeated;
    for (size_t i = 0; i < one.rows(); ++i) {
      weighted.weight.push_back(static_cast<double>(i % 4 == 2 ? 0 : 1 + i % 3));
      for (size_t k = 0; k < static_cast<size_t>(weighted.weight.back()); ++k) repeated.push_back(i);
    }
    Scored rows;
    take_rows(one, repeated, rows);
    for (const MetricSpec& spec : metric_specs()) {
      if (!find_metric(spec.name, one.task).has_value()) continue;
      if (spec.needs_margin && one.margin.empty()) continue;
      EXPECT_NEAR(metric(std::string(spec.name), weighted), metric(std::string(spec.name), rows), 1e-9) << spec.name;
    }
  }
}

}  // namespace sinan::ml

// Metrics against scikit-learn 1.9.1's numbers on the same data, and against their definitions written out naively.
#include "ml/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

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
  EXPECT_EQ(bins[0].rows, 5);
  EXPECT_NEAR(bins[0].observed, 0.4, 1e-12);
  EXPECT_NEAR(bins[1].predicted, (.75 + .5 + .875 + .625 + .625) / 5, 1e-12);
  EXPECT_NEAR(bins[1].observed, 0.6, 1e-12);
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
}  // namespace sinan::ml

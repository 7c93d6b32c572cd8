#include "ml/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "base/strings.h"
#include "ml/metric_tables.h"
#include "ml/ranking_metrics.h"

namespace sinan::ml {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kTopK = 5;    // Keras's default
constexpr double kBeta = 0.5;  // of fbeta_score

// ---- classification ----

double mean(double sum, size_t rows) { return rows == 0 ? kUndefined : sum / static_cast<double>(rows); }

template <class PerRow>
double mean_over_rows(const Scored& s, PerRow value) {
  double sum = 0;
  double weight = 0;
  for (size_t i = 0; i < s.rows(); ++i) {
    // A value without weight may be infinite.
    const double w = s.weight_of(i);
    if (w > 0) sum += w * value(i);
    weight += w;
  }
  return weight > 0 ? sum / weight : kUndefined;
}

double accuracy(const Scored& s) {
  return mean_over_rows(s, [&](size_t i) { return s.predicted_class(i) == s.actual[i] ? 1.0 : 0.0; });
}
double zero_one(const Scored& s) { return 1 - accuracy(s); }

double balanced_accuracy(const Scored& s) {
  double sum = 0;
  int present = 0;
  for (const ClassScores& one : per_class(confusion(s))) {
    if (one.support == 0) continue;
    sum += one.recall;
    ++present;
  }
  return mean(sum, static_cast<size_t>(present));
}

double cohen_kappa(const Scored& s) {
  const Confusion c = confusion(s);
  double rows = 0;
  double agreed = 0;
  double by_chance = 0;
  for (size_t k = 0; k < c.classes; ++k) {
    rows += c.actual_weight(k);
    agreed += c.weight(k, k);
    by_chance += c.actual_weight(k) * c.predicted_weight(k);
  }
  by_chance /= rows;
  return rows == by_chance ? kUndefined : (agreed - by_chance) / (rows - by_chance);
}

// The second class of two; the mean over classes that occur, in truth or prediction, of many.
template <class Of>
double class_average(const Scored& s, Of of) {
  const Confusion c = confusion(s);
  const std::vector<ClassScores> scores = per_class(c);
  if (s.task == Task::kBinary) return of(scores[1]);
  double sum = 0;
  size_t present = 0;
  for (size_t k = 0; k < scores.size(); ++k) {
    if (scores[k].support == 0 && c.predicted(k) == 0) continue;
    sum += of(scores[k]);
    ++present;
  }
  return mean(sum, present);
}
double precision(const Scored& s) {
  return class_average(s, [](const ClassScores& one) { return one.precision; });
}
double recall(const Scored& s) {
  return class_average(s, [](const ClassScores& one) { return one.recall; });
}
double f1(const Scored& s) {
  return class_average(s, [](const ClassScores& one) { return one.f1; });
}
double fbeta(const Scored& s) {
  return class_average(s, [](const ClassScores& one) {
    const double below = kBeta * kBeta * one.precision + one.recall;
    return below == 0 ? 0.0 : (1 + kBeta * kBeta) * one.precision * one.recall / below;
  });
}

double class_area(const Scored& s, double (*area)(const Scored&, size_t)) {
  if (s.task == Task::kBinary) return area(s, 1);
  double sum = 0;
  for (size_t k = 0; k < s.classes; ++k) sum += area(s, k);
  return mean(sum, s.classes);
}
double auc(const Scored& s) { return class_area(s, roc_auc); }
double average_precision_of(const Scored& s) { return class_area(s, average_precision); }

double log_loss(const Scored& s) {
  // Clipped as scikit-learn clips float32 probabilities.
  constexpr auto kSmallest = static_cast<double>(std::numeric_limits<float>::epsilon());
  return mean_over_rows(s, [&](size_t i) {
    const auto p = static_cast<double>(s.probability_of(i, static_cast<size_t>(s.actual[i])));
    return -std::log(std::clamp(p, kSmallest, 1 - kSmallest));
  });
}

double brier(const Scored& s) {
  return mean_over_rows(s, [&](size_t i) {
    if (s.task == Task::kBinary) {
      const double off = static_cast<double>(s.probability[i]) - s.actual[i];
      return off * off;
    }
    double sum = 0;
    for (size_t k = 0; k < s.classes; ++k) {
      const double off = static_cast<double>(s.probability_of(i, k)) - (s.actual[i] == static_cast<int32_t>(k) ? 1 : 0);
      sum += off * off;
    }
    return sum;
  });
}

double hinge(const Scored& s) {
  return mean_over_rows(s, [&](size_t i) {
    if (s.task == Task::kBinary) {
      const auto margin = static_cast<double>(s.margin[i]);
      return std::max(0.0, 1 - (s.actual[i] == 1 ? margin : -margin));
    }
    const auto row = std::span(s.margin).subspan(i * s.classes, s.classes);
    const auto truth = static_cast<size_t>(s.actual[i]);
    float other = -std::numeric_limits<float>::infinity();
    for (size_t k = 0; k < row.size(); ++k)
      if (k != truth) other = std::max(other, row[k]);
    return std::max(0.0, 1 - static_cast<double>(row[truth] - other));
  });
}

double top_k(const Scored& s) {
  return mean_over_rows(s, [&](size_t i) {
    const float truth = s.probability_of(i, static_cast<size_t>(s.actual[i]));
    size_t better = 0;
    for (size_t k = 0; k < s.classes; ++k) better += s.probability_of(i, k) > truth ? 1 : 0;
    return better < kTopK ? 1.0 : 0.0;
  });
}

double confusion_cell(const Scored& s, size_t actual, size_t predicted) {
  return confusion(s).weight(actual, predicted);
}
double true_positives(const Scored& s) { return confusion_cell(s, 1, 1); }
double true_negatives(const Scored& s) { return confusion_cell(s, 0, 0); }
double false_positives(const Scored& s) { return confusion_cell(s, 0, 1); }
double false_negatives(const Scored& s) { return confusion_cell(s, 1, 0); }

// ---- regression ----

template <class PerRow>
double mean_of_values(const Scored& s, PerRow value) {
  return mean_over_rows(s, [&](size_t i) { return value(s.actual_value[i], s.predicted_value[i]); });
}
double absolute_error(const Scored& s) {
  return mean_of_values(s, [](double y, double p) { return std::abs(y - p); });
}
double squared_error(const Scored& s) {
  return mean_of_values(s, [](double y, double p) { return (y - p) * (y - p); });
}
double root_squared_error(const Scored& s) { return std::sqrt(squared_error(s)); }
double percentage_error(const Scored& s) {
  return mean_of_values(s, [](double y, double p) { return 100 * std::abs((y - p) / std::max(std::abs(y), 1e-7)); });
}
double squared_log_error(const Scored& s) {
  return mean_of_values(s, [](double y, double p) {
    const double off = std::log1p(y) - std::log1p(p);
    return off * off;
  });
}
// The least value up to which half of the weight lies; the mean with the next one where that is half exactly.
double weighted_median(const std::vector<double>& values, const std::vector<double>& weight) {
  std::vector<size_t> order;
  for (size_t i = 0; i < values.size(); ++i)
    if (weight[i] > 0) order.push_back(i);
  if (order.empty()) return kUndefined;
  std::ranges::sort(order, {}, [&](size_t i) { return values[i]; });
  double whole = 0;
  for (const size_t i : order) whole += weight[i];
  double below = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    below += weight[order[k]];
    if (below - whole / 2 > std::numeric_limits<double>::epsilon()) return values[order[k]];
    if (below >= whole / 2) return (values[order[k]] + values[order[std::min(k + 1, order.size() - 1)]]) / 2;
  }
  return values[order.back()];
}
double median_absolute_error(const Scored& s) {
  std::vector<double> off(s.rows());
  for (size_t i = 0; i < off.size(); ++i) off[i] = std::abs(s.actual_value[i] - s.predicted_value[i]);
  if (off.empty()) return kUndefined;
  if (!s.weight.empty()) return weighted_median(off, s.weight);
  const auto middle = off.begin() + std::ssize(off) / 2;
  std::nth_element(off.begin(), middle, off.end());
  if (off.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(off.begin(), middle)) / 2;
}
// 1 - (what is left) / (what there was); scikit-learn's values where nothing varies.
double explained(double left, double total) {
  if (total == 0) return left == 0 ? 1.0 : 0.0;
  return 1 - left / total;
}
double r2(const Scored& s) {
  if (s.rows() < 2) return kUndefined;  // one row does not vary
  const double average = mean_of_values(s, [](double y, double) { return y; });
  return explained(squared_error(s),
                   mean_of_values(s, [&](double y, double) { return (y - average) * (y - average); }));
}
double explained_variance(const Scored& s) {
  const double average = mean_of_values(s, [](double y, double) { return y; });
  const double bias = mean_of_values(s, [](double y, double p) { return y - p; });
  return explained(mean_of_values(s, [&](double y, double p) { return (y - p - bias) * (y - p - bias); }),
                   mean_of_values(s, [&](double y, double) { return (y - average) * (y - average); }));
}

// ---- ranking ----

template <size_t kPlaces>
double ndcg_at(const Scored& s) {
  return ndcg(s, kPlaces, Gain::kExponential);
}
template <size_t kPlaces>
double map_at(const Scored& s) {
  return mean_average_precision(s, kPlaces);
}
double ndcg_score(const Scored& s) { return ndcg(s, 0, Gain::kLinear, 0); }

using For = MetricSpec::For;
constexpr MetricSpec kMetrics[] = {
    {"accuracy_score", For::kClasses, "share of rows whose class is predicted", false, accuracy},
    {"average_precision_score", For::kClasses, "area under the precision-recall steps", false, average_precision_of},
    {"balanced_accuracy_score", For::kClasses, "mean recall of the classes", false, balanced_accuracy},
    {"brier_score_loss", For::kClasses, "mean squared error of the probabilities", false, brier},
    {"cohen_kappa_score", For::kClasses, "agreement beyond chance", false, cohen_kappa},
    {"f1_score", For::kClasses, "harmonic mean of precision and recall", false, f1},
    {"fbeta_score", For::kClasses, "F with beta 0.5: precision counts twice as much as recall", false, fbeta},
    {"hamming_loss", For::kClasses, "share of rows whose class is missed", false, zero_one},
    {"hinge_loss", For::kClasses, "mean of max(0, 1 - margin)", true, hinge},
    {"log_loss", For::kClasses, "mean negative log probability of the truth", false, log_loss},
    {"precision_score", For::kClasses, "share of the predicted that are of the class", false, precision},
    {"recall_score", For::kClasses, "share of the class that is predicted", false, recall},
    {"roc_auc_score", For::kClasses, "area under the ROC curve", false, auc},
    {"zero_one_loss", For::kClasses, "share of rows whose class is missed", false, zero_one},
    {"Accuracy", For::kClasses, "as accuracy_score", false, accuracy},
    {"BinaryAccuracy", For::kTwoClasses, "as accuracy_score", false, accuracy},
    {"CategoricalAccuracy", For::kClasses, "as accuracy_score", false, accuracy},
    {"TopKCategoricalAccuracy", For::kClasses, "share of rows whose class is among the 5 likeliest", false, top_k},
    {"Precision", For::kClasses, "as precision_score", false, precision},
    {"Recall", For::kClasses, "as recall_score", false, recall},
    {"AUC", For::kClasses, "as roc_auc_score: exact, not by thresholds", false, auc},
    {"TruePositives", For::kTwoClasses, "rows of the second class predicted as it", false, true_positives},
    {"TrueNegatives", For::kTwoClasses, "rows of the first class predicted as it", false, true_negatives},
    {"FalsePositives", For::kTwoClasses, "rows of the first class predicted as the second", false, false_positives},
    {"FalseNegatives", For::kTwoClasses, "rows of the second class predicted as the first", false, false_negatives},
    {"explained_variance_score", For::kRegression, "share of the variance explained", false, explained_variance},
    {"mean_absolute_error", For::kRegression, "mean |actual - predicted|", false, absolute_error},
    {"mean_squared_error", For::kRegression, "mean (actual - predicted)^2", false, squared_error},
    {"mean_squared_log_error", For::kRegression, "mean squared difference of log(1 + value)", false, squared_log_error},
    {"median_absolute_error", For::kRegression, "median |actual - predicted|", false, median_absolute_error},
    {"r2_score", For::kRegression, "1 - squared error / variance", false, r2},
    {"MeanAbsoluteError", For::kRegression, "as mean_absolute_error", false, absolute_error},
    {"MeanAbsolutePercentageError", For::kRegression, "mean |actual - predicted| / |actual|, in percent", false,
     percentage_error},
    {"MeanSquaredError", For::kRegression, "as mean_squared_error", false, squared_error},
    {"RootMeanSquaredError", For::kRegression, "root of mean_squared_error", false, root_squared_error},
    {"ndcg", For::kRanking, "discounted gain 2^r - 1, 1 = the best order", false, ndcg_at<0>},
    {"ndcg@1", For::kRanking, "of the first row of a group", false, ndcg_at<1>},
    {"ndcg@3", For::kRanking, "of the first 3 rows", false, ndcg_at<3>},
    {"ndcg@5", For::kRanking, "of the first 5 rows", false, ndcg_at<5>},
    {"ndcg@10", For::kRanking, "of the first 10 rows", false, ndcg_at<10>},
    {"ndcg_score", For::kRanking, "discounted gain r, as scikit-learn has it", false, ndcg_score},
    {"map", For::kRanking, "mean average precision: rows of a relevance above 0 are found", false, map_at<0>},
    {"map@5", For::kRanking, "of the first 5 rows", false, map_at<5>},
    {"map@10", For::kRanking, "of the first 10 rows", false, map_at<10>},
    {"mrr", For::kRanking, "mean of 1 / place of the first relevant row", false, mean_reciprocal_rank},
};

std::string_view wanted(For use) {
  switch (use) {
    case For::kRegression:
      return "a regression model";
    case For::kTwoClasses:
      return "a model of two classes";
    case For::kClasses:
      return "a classification model";
    case For::kRanking:
      return "a ranking model";
  }
  return "";
}

bool fits(For use, Task task) {
  switch (use) {
    case For::kRegression:
      return task == Task::kRegression;
    case For::kTwoClasses:
      return task == Task::kBinary;
    case For::kClasses:
      return task == Task::kBinary || task == Task::kMulticlass;
    case For::kRanking:
      return task == Task::kRanking;
  }
  return false;
}

}  // namespace

int32_t Scored::predicted_class(size_t row) const {
  if (task == Task::kBinary) return static_cast<double>(probability[row]) > threshold ? 1 : 0;
  const auto first = probability.begin() + static_cast<ptrdiff_t>(row * classes);
  return static_cast<int32_t>(std::max_element(first, first + static_cast<ptrdiff_t>(classes)) - first);
}

float Scored::probability_of(size_t row, size_t which) const {
  if (task == Task::kBinary) return which == 1 ? probability[row] : 1.0f - probability[row];
  return probability[row * classes + which];
}

void take_rows(const Scored& from, std::span<const size_t> rows, Scored& out) {
  out.task = from.task;
  out.classes = from.classes;
  out.threshold = from.threshold;
  const auto take = [&](const auto& values, auto& taken) {
    const size_t width = from.rows() == 0 ? 0 : values.size() / from.rows();
    taken.resize(rows.size() * width);
    auto next = taken.begin();
    for (const size_t row : rows) next = std::copy_n(values.begin() + static_cast<ptrdiff_t>(row * width), width, next);
  };
  take(from.actual, out.actual);
  take(from.probability, out.probability);
  take(from.margin, out.margin);
  take(from.actual_value, out.actual_value);
  take(from.predicted_value, out.predicted_value);
  take(from.group, out.group);
  take(from.weight, out.weight);
}

std::span<const MetricSpec> metric_specs() { return kMetrics; }

Result<const MetricSpec*> find_metric(std::string_view name, std::optional<Task> task) {
  std::vector<std::string> usable;
  for (const MetricSpec& metric : kMetrics) {
    if (!task || fits(metric.use, *task)) usable.emplace_back(metric.name);
    if (!equals_ignore_case(metric.name, name)) continue;
    if (task && !fits(metric.use, *task)) {
      std::vector<std::string> others;
      for (const std::string_view other : default_metrics(*task)) others.emplace_back(other);
      return fail(Code::kArgument,
                  fmt::format("metric \"{}\" is for {}; this one is {}", name, wanted(metric.use), to_string(*task)),
                  fmt::format("use {}", join(others, ", ")));
    }
    return &metric;
  }
  std::string hint = did_you_mean(name, usable);
  if (hint.empty()) hint = fmt::format("known metrics: {}", join(usable, ", "));
  return fail(Code::kArgument, fmt::format("unknown metric \"{}\"", name), std::move(hint));
}

Result<double> compute_metric(const MetricSpec& metric, const Scored& scored) {
  if (metric.compute == squared_log_error) {
    for (size_t i = 0; i < scored.rows(); ++i) {
      if (scored.actual_value[i] > -1 && scored.predicted_value[i] > -1) continue;
      return fail(Code::kData,
                  fmt::format("{} needs values above -1; there is {}", metric.name,
                              std::min(scored.actual_value[i], scored.predicted_value[i])),
                  "use mean_squared_error");
    }
  }
  return metric.compute(scored);
}

double loss(const Scored& scored) {
  if (scored.task == Task::kRanking) return 1 - ndcg(scored, 0, Gain::kExponential);
  return scored.task == Task::kRegression ? squared_error(scored) : log_loss(scored);
}

std::vector<std::string_view> default_metrics(Task task) {
  switch (task) {
    case Task::kBinary:
      return {"accuracy_score", "roc_auc_score", "precision_score", "recall_score", "f1_score"};
    case Task::kMulticlass:
      return {"accuracy_score", "balanced_accuracy_score", "f1_score"};
    case Task::kRanking:
      return {"ndcg", "ndcg@10", "map"};
    default:
      return {"mean_absolute_error", "RootMeanSquaredError", "r2_score"};
  }
}

}  // namespace sinan::ml

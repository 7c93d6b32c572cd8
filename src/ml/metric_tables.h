// Tables behind the metrics: confusion counts, per-class scores, ROC and precision-recall curves, calibration, lift. Plain values,
// computed from scores. Shares are of the rows' weights, counts of rows; lift goes by rows alone. Shown as charts (ml/charts.h) and written as tables by TO EVALUATE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ml/metrics.h"

namespace sinan::ml {

struct Confusion {
  size_t classes = 0;
  std::vector<int64_t> counts;  // rows, actual x predicted, row-major
  std::vector<double> weights;  // the same; what the rows weigh
  int64_t at(size_t actual, size_t predicted) const { return counts[actual * classes + predicted]; }
  double weight(size_t actual, size_t predicted) const { return weights[actual * classes + predicted]; }
  int64_t actual(size_t which) const;     // rows of that class
  int64_t predicted(size_t which) const;  // rows said to be of it
  double actual_weight(size_t which) const;
  double predicted_weight(size_t which) const;
};
Confusion confusion(const Scored& scored);

// precision, recall and f1 are 0 where they are undefined, as in scikit-learn.
struct ClassScores {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  int64_t support = 0;
};
std::vector<ClassScores> per_class(const Confusion& confusion);

// Scores in descending order, one point a distinct score; the first point predicts nothing positive.
struct Curve {
  std::vector<double> threshold;  // the first of a ROC is infinite
  std::vector<double> x;          // ROC: false positive rate; PR: recall
  std::vector<double> y;          // ROC: true positive rate; PR: precision
};
// Of class `which` against the rest.
Curve roc_curve(const Scored& scored, size_t which);
Curve pr_curve(const Scored& scored, size_t which);
// At most `points` of a curve's points, evenly spread along it, ends kept.
Curve thin(const Curve& curve, size_t points);

// Areas, exact over all distinct scores; NaN when only one class is present.
double roc_auc(const Scored& scored, size_t which);
double average_precision(const Scored& scored, size_t which);

// `bins` equal slices of [0, 1], which hold their upper ends, as scikit-learn's do; empty ones are left out.
struct CalibrationBin {
  size_t bin = 0;
  double predicted = 0;  // mean
  double observed = 0;   // share of the class
  int64_t rows = 0;
};
std::vector<CalibrationBin> calibration(const Scored& scored, size_t which, size_t bins);

// The rows by descending score of class `which`, cut into `bins` parts of equal size (within one row); with fewer rows than
// bins, a row each. Rows of one score that a cut divides count on both sides with their mean, so that the order of the rows
// does not matter.
struct LiftBin {
  size_t bin = 0;        // from 1, the highest scores
  double threshold = 0;  // the lowest score in it
  double observed = 0;   // share of the class in it
  double lift = 0;       // that / the share of the class in all rows; NaN without a row of the class
  double captured = 0;   // share of the class's rows in this bin and those above; NaN likewise
  int64_t rows = 0;
};
std::vector<LiftBin> lift(const Scored& scored, size_t which, size_t bins);

}  // namespace sinan::ml

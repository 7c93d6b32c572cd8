// Calibration: how far off a model was on rows it has not learnt from, so that its predictions can be given with a coverage
// that holds whatever the model is: split conformal prediction (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random
// World", 2005; Lei et al., "Distribution-Free Predictive Inference for Regression", 2018; sets of classes: Sadinle, Lei and
// Wasserman, "Least Ambiguous Set-Valued Classifiers", 2019).
//
// Scores are |label - prediction| for a regression and 1 - (probability of the label's class) for classes. A new row that is
// drawn like the calibration rows has a score of at most quantile(c) with probability c or more. An immutable value.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ml/matrix.h"
#include "ml/predictor.h"

namespace sinan::ml {

class Calibration {
 public:
  // More scores than this are kept as as many order statistics, so that a quantile is at most 1/2000 of the rows too high.
  static constexpr size_t kMostScores = 2000;

  Calibration() = default;
  // In any order; finite and not negative.
  static Calibration from_scores(std::vector<float> scores);

  uint64_t rows() const { return rows_; }  // 0: the model has none
  // The ceil((rows + 1) confidence)-th smallest score. nullopt: the rows are too few for that confidence.
  std::optional<double> quantile(double confidence) const;

  Json to_json() const;                                    // null without rows
  static Result<Calibration> from_json(const Json& json);  // kData when malformed

 private:
  // Which score (from 1, ascending) the i-th kept one is.
  uint64_t rank(size_t i) const;
  uint64_t rows_ = 0;
  std::vector<double> scores_;  // ascending
};

// Whether that many rows are enough for the confidence.
bool enough_to_calibrate(uint64_t rows, double confidence);

// Scores all rows of a regression, or of classes. None where predictions are no probabilities of the classes, or not finite.
// `predicted`, when not null, is given one number a row: the value, the probability of the second of two classes, or the class.
Result<Calibration> calibrate(const Predictor& predictor, bool has_classes, MatrixSource& rows,
                              std::vector<float>* predicted = nullptr);

}  // namespace sinan::ml

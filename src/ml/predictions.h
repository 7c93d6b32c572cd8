// Predictions as columns: the target in the label's own type and the extra outputs of TO PREDICT. The schema is known as soon
// as the model is; build() fills it. One object a thread: buffers are reused.
//
//   value          regression: DOUBLE (FLOAT for a FLOAT label), the middle one and then a column for each (quantile_0.1)
//                  where a model predicts several numbers; classification: the class, in the label's type where a
//                  column of it can be built, else as text
//                  a cluster's number or 1 / -1 for usual / unusual rows (BIGINT) where there is no label
//                  score cards: points (DOUBLE)
//   vector         all numbers that are predicted as text with commas: one a class, one a quantile
//   probability    two classes: of the second one; many: of the class predicted
//   probabilities  one column a class: probability_<class>
//   margin         before the link; many classes: margin_<class>
//   interval       regression: lower and upper, which hold the label with the confidence (ml/conformal.h)
//   set            classes: in_set_<class>, whether the class is in a set that holds the label with the confidence; the one
//                  predicted always is
//   leaves         trees: the leaf of each tree in which the row ends, as the library numbers them (LIST of INTEGER)
//   contributions  contribution_<feature> and contribution_bias: SHAP values, whose sum is the margin; many classes: of the
//                  one predicted
//   distance       clusters: to the centre of the row's
//   score          one-class models: how usual a row is; score cards: points
//   points         score cards: points_<feature>, which sum up to the score
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "ml/matrix.h"
#include "ml/model.h"

namespace sinan::ml {

// What the target column holds.
enum class TargetOutput : uint8_t { kValue, kProbability, kMargin, kScore, kVector };
enum class ExtraOutput : uint8_t {
  kProbability,
  kProbabilities,
  kMargin,
  kInterval,
  kSet,
  kContributions,
  kDistance,
  kScore,
  kPoints,
  kLeaves
};

struct PredictionOptions {
  std::string target;                          // the predicted column
  TargetOutput output = TargetOutput::kValue;  // kMargin: of models with one margin a row; kScore: of score cards
  double threshold = 0.5;                      // two classes: the second one is predicted above it
  double confidence = 0.9;                     // of intervals and sets
  std::vector<ExtraOutput> extra;
  std::optional<arrow::Type> type;  // of the target, instead of the label's: int64, double or string
};

// Type of the target column.
arrow::Type prediction_type(Task task, const arrow::Type& label, TargetOutput output);
// All columns that build() makes. Classes are needed for one column a class only, `features` for contributions.
std::vector<arrow::Field> prediction_fields(Task task, const LabelMap& label, const PredictionOptions& options,
                                            const FeatureSchema& features = {});
std::vector<arrow::Field> prediction_fields(const ModelPackage& package, const PredictionOptions& options);

class PredictionBuilder {
 public:
  // `model` must outlive the builder. Errors: kData when the label map does not fit the model's outputs; kArgument when it has
  // no calibration for the confidence, or cannot be explained.
  static Result<PredictionBuilder> make(const Model& model, PredictionOptions options);
  const std::shared_ptr<const arrow::Schema>& schema() const { return schema_; }
  Result<arrow::Batch> build(const MatrixBlock& block);

 private:
  struct Class {
    std::string text;
    int64_t integer = 0;
    double number = 0;
  };
  PredictionBuilder() = default;
  const Model* model_ = nullptr;
  PredictionOptions options_;
  std::shared_ptr<const arrow::Schema> schema_;
  std::vector<Class> classes_;
  Status prepare_extra();
  double quantile_ = 0;  // of the calibration's scores
  std::vector<float> predicted_, margin_, contributions_;
  std::vector<double> column_, points_;
  std::vector<int32_t> leaves_;
};

// The error of a model that was calibrated on that many rows, where an interval or set is asked for; fine when they are enough.
Status check_calibration(uint64_t rows, double confidence);

// "a regression", "a classification".
std::string described(Task task);
// The error's message where a model is asked for probabilities that has none.
std::string no_probabilities(Task task);

// The class of row `row` in predictions of `width` values a row.
size_t predicted_class(const float* row, size_t width, double threshold);

}  // namespace sinan::ml

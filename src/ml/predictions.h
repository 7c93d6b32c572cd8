// Predictions as columns: the target in the label's own type and the extra outputs of TO PREDICT. The schema is known as soon
// as the model is; build() fills it. One object a thread: buffers are reused.
//
//   value          regression: DOUBLE (FLOAT for a FLOAT label); classification: the class, in the label's type where a
//                  column of it can be built, else as text
//                  a cluster's number or 1 / -1 for usual / unusual rows (BIGINT) where there is no label
//   probability    two classes: of the second one; many: of the class predicted
//   probabilities  one column a class: probability_<class>
//   margin         before the link; many classes: margin_<class>
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
enum class TargetOutput : uint8_t { kValue, kProbability, kMargin };
enum class ExtraOutput : uint8_t { kProbability, kProbabilities, kMargin };

struct PredictionOptions {
  std::string target;                          // the predicted column
  TargetOutput output = TargetOutput::kValue;  // kMargin: of models with one margin a row
  double threshold = 0.5;                      // two classes: the second one is predicted above it
  std::vector<ExtraOutput> extra;
  std::optional<arrow::Type> type;  // of the target, instead of the label's: int64, double or string
};

// Type of the target column.
arrow::Type prediction_type(Task task, const arrow::Type& label, TargetOutput output);
// All columns that build() makes. `classes` are needed for one column a class only.
std::vector<arrow::Field> prediction_fields(Task task, const LabelMap& label, const PredictionOptions& options);

class PredictionBuilder {
 public:
  // `model` must outlive the builder. Errors: kData when the label map does not fit the model's outputs.
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
  std::vector<float> predicted_, margin_;
  std::vector<double> column_;
};

// The error's message where a model is asked for probabilities that has none.
std::string no_probabilities(Task task);

// The class of row `row` in predictions of `width` values a row.
size_t predicted_class(const float* row, size_t width, double threshold);

}  // namespace sinan::ml

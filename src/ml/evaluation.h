// Evaluation: scores a query's rows and keeps what metrics need. The label is matched to the model's classes by value:
// numbers with numbers, true and false with 1 and 0, everything else by its text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "flow/step.h"
#include "ml/metrics.h"
#include "ml/model.h"
#include "ml/slices.h"
#include "ml/statements/model_query.h"

namespace sinan::ml {

// Class of a label value.
class ClassIndex {
 public:
  explicit ClassIndex(const LabelMap& label);
  // -1 = no class of the model.
  int32_t find(const arrow::ColumnView& column, size_t row) const;

 private:
  bool numeric_ = false;
  std::unordered_map<double, int32_t> by_number_;
  std::unordered_map<std::string, int32_t> by_text_;
};

// The truth of a batch's rows, their class or value, of the query's column `label`. Errors (kData): NULL, a class the model has
// never seen, a value that is no number.
Result<std::vector<double>> read_truth(const arrow::ColumnView& column, const Model& model, const ClassIndex& classes,
                                       std::string_view label);
// Where the label stands. Errors: kProgram, no such column or one that cannot be the model's label; kData, a damaged model.
Result<size_t> find_label(const arrow::Schema& columns, std::string_view label, const Model& model);

struct EvaluationRequest {
  std::string label;       // a column of the query
  double threshold = 0.5;  // of two classes
  bool with_margins = false;
  std::optional<std::string> by;     // a column of the query whose values are to be told apart
  Span by_place;                     // where its errors are shown
  std::optional<std::string> group;  // ranking: a column of the query
  Span group_place;
  std::optional<std::string> weight;  // a column of the query: how much each row counts
  Span weight_place;
};

struct EvaluatedRows {
  Scored scored;
  std::vector<Slice> slices;  // of `by`
};

// Errors (kData): no rows, NULL labels, a class the model has never seen, a label that is no number, too many values to
// slice by; (kProgram) no such column.
Result<EvaluatedRows> score_for_evaluation(OpenModelQuery query, const EvaluationRequest& request,
                                           flow::RunContext& context);

}  // namespace sinan::ml

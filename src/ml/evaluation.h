// Evaluation: scores a query's rows and keeps what metrics need. The label is matched to the model's classes by value:
// numbers with numbers, true and false with 1 and 0, everything else by its text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "arrow/batch.h"
#include "base/error.h"
#include "flow/step.h"
#include "ml/metrics.h"
#include "ml/model.h"
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

// Errors (kData): no rows, NULL labels, a class the model has never seen, a label that is no number; (kProgram) no such
// column.
Result<Scored> score_for_evaluation(OpenModelQuery query, std::string_view label, double threshold, bool with_margins,
                                    flow::RunContext& context);

}  // namespace sinan::ml

// The tables that TO EVALUATE writes besides its metrics (validation.tables): what their columns are, and their rows. For
// classification models only. Plain functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/batch.h"
#include "ml/metrics.h"

namespace sinan::ml {

enum class EvaluationTable : uint8_t { kConfusion, kPerClass, kRoc, kPr, kCalibration, kLift };
// As the user writes them, in the order of the enumeration.
inline constexpr std::array<std::string_view, 6> kEvaluationTables = {"confusion", "per_class",   "roc",
                                                                      "pr",        "calibration", "lift"};

arrow::Schema evaluation_table_schema(EvaluationTable table);
// `classes` are the names of the model's. Curves, calibration and lift: of the second class of two, of each one of many.
arrow::Batch evaluation_table_rows(EvaluationTable table, const Scored& scored,
                                   const std::vector<std::string>& classes);

}  // namespace sinan::ml

#include "ml/statements/evaluation_tables.h"

#include <cmath>

#include "arrow/builder.h"
#include "ml/metric_tables.h"

namespace sinan::ml {
namespace {

constexpr size_t kCurvePoints = 1000;
constexpr size_t kBins = 10;  // of calibration and lift

using Classes = std::vector<std::string>;

void append_confusion(const Confusion& counts, const Classes& classes, arrow::BatchBuilder& rows) {
  for (size_t a = 0; a < classes.size(); ++a) {
    for (size_t p = 0; p < classes.size(); ++p) {
      rows.column(0).append(classes[a]);
      rows.column(1).append(classes[p]);
      rows.column(2).append(counts.at(a, p));
    }
  }
}

void append_per_class(const std::vector<ClassScores>& scores, const Classes& classes, arrow::BatchBuilder& rows) {
  for (size_t k = 0; k < classes.size(); ++k) {
    rows.column(0).append(classes[k]);
    rows.column(1).append(scores[k].precision);
    rows.column(2).append(scores[k].recall);
    rows.column(3).append(scores[k].f1);
    rows.column(4).append(scores[k].support);
  }
}

void append_curve(const std::string& name, const std::vector<double>& threshold, const std::vector<double>& first,
                  const std::vector<double>& second, arrow::BatchBuilder& rows) {
  for (size_t i = 0; i < threshold.size(); ++i) {
    rows.column(0).append(name);
    rows.column(1).append(threshold[i]);
    rows.column(2).append(first[i]);
    rows.column(3).append(second[i]);
  }
}

void append_calibration(const std::string& name, const std::vector<CalibrationBin>& bins, arrow::BatchBuilder& rows) {
  for (const CalibrationBin& bin : bins) {
    rows.column(0).append(name);
    rows.column(1).append(static_cast<int64_t>(bin.bin));
    rows.column(2).append(bin.predicted);
    rows.column(3).append(bin.observed);
    rows.column(4).append(bin.rows);
  }
}

void append_defined(double value, arrow::ColumnBuilder& column) {
  if (std::isnan(value)) {
    column.append_null();
  } else {
    column.append(value);
  }
}

void append_lift(const std::string& name, const std::vector<LiftBin>& bins, arrow::BatchBuilder& rows) {
  for (const LiftBin& bin : bins) {
    rows.column(0).append(name);
    rows.column(1).append(static_cast<int64_t>(bin.bin));
    rows.column(2).append(bin.threshold);
    rows.column(3).append(bin.observed);
    append_defined(bin.lift, rows.column(4));
    append_defined(bin.captured, rows.column(5));
    rows.column(6).append(bin.rows);
  }
}

void append_class(EvaluationTable table, const Scored& scored, size_t which, const std::string& name,
                  arrow::BatchBuilder& rows) {
  switch (table) {
    case EvaluationTable::kRoc: {
      const Curve curve = thin(roc_curve(scored, which), kCurvePoints);
      return append_curve(name, curve.threshold, curve.x, curve.y, rows);
    }
    case EvaluationTable::kPr: {
      const Curve curve = thin(pr_curve(scored, which), kCurvePoints);
      return append_curve(name, curve.threshold, curve.y, curve.x, rows);
    }
    case EvaluationTable::kCalibration:
      return append_calibration(name, calibration(scored, which, kBins), rows);
    case EvaluationTable::kLift:
      return append_lift(name, lift(scored, which, kBins), rows);
    case EvaluationTable::kConfusion:
    case EvaluationTable::kPerClass:
      return;
  }
}

}  // namespace

arrow::Schema evaluation_table_schema(EvaluationTable table) {
  using namespace arrow;
  switch (table) {
    case EvaluationTable::kConfusion:
      return {{{"actual", string_type()}, {"predicted", string_type()}, {"n", int64_type()}}};
    case EvaluationTable::kPerClass:
      return {{{"class", string_type()},
               {"precision", double_type()},
               {"recall", double_type()},
               {"f1", double_type()},
               {"support", int64_type()}}};
    case EvaluationTable::kRoc:
      return {{{"class", string_type()}, {"threshold", double_type()}, {"fpr", double_type()}, {"tpr", double_type()}}};
    case EvaluationTable::kPr:
      return {{{"class", string_type()},
               {"threshold", double_type()},
               {"precision", double_type()},
               {"recall", double_type()}}};
    case EvaluationTable::kCalibration:
      return {{{"class", string_type()},
               {"bin", int64_type()},
               {"predicted", double_type()},
               {"observed", double_type()},
               {"n", int64_type()}}};
    case EvaluationTable::kLift:
      return {{{"class", string_type()},
               {"bin", int64_type()},
               {"threshold", double_type()},
               {"observed", double_type()},
               {"lift", double_type()},
               {"captured", double_type()},
               {"n", int64_type()}}};
  }
  return {};
}

arrow::Batch evaluation_table_rows(EvaluationTable table, const Scored& scored,
                                   const std::vector<std::string>& classes) {
  arrow::BatchBuilder rows(evaluation_table_schema(table).fields);
  if (table == EvaluationTable::kConfusion) {
    append_confusion(confusion(scored), classes, rows);
  } else if (table == EvaluationTable::kPerClass) {
    append_per_class(per_class(confusion(scored)), classes, rows);
  } else {
    for (size_t k = scored.task == Task::kBinary ? 1 : 0; k < classes.size(); ++k)
      append_class(table, scored, k, classes[k], rows);
  }
  return rows.finish();
}

}  // namespace sinan::ml

// Reads the rows of TO TRAIN: its query and validation.select, once each, into a DataSet; and the table of what was derived.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "flow/outcome.h"
#include "flow/step.h"
#include "ml/continued_rows.h"
#include "ml/data_set.h"
#include "ml/resampling.h"
#include "ml/row_groups.h"
#include "ml/training.h"
#include "profile/sample.h"

namespace sinan::ml {

// Streams a query of the request. `is_verbatim`: the text stands in the program at `place`, and errors point into it.
Status read_rows(flow::RunContext& context, const std::string& query, Span place, bool is_verbatim,
                 const std::function<Status(const arrow::Schema&)>& begin,
                 const std::function<Status(const arrow::Batch&)>& each);

// Errors: those of check_columns() and check_validation() where the columns were not known before; of the queries; of
// DataSetBuilder; no row to validate on (kData).
// What is known of rows besides their features.
struct RowMarks {
  std::vector<uint64_t> fold_keys;  // a hash of validation.key, or of a ranking's group, of each row; empty without one

  // GROUP BY: all rows of the query are training rows here, and `is_held` says which of them are to be validated on.
  GroupIndex groups;
  std::vector<arrow::Field> group_fields;
  std::vector<int32_t> row_groups;         // of each training row
  std::vector<int32_t> validation_groups;  // of each row of validation.select; -1 = a group without training rows
  std::vector<uint8_t> is_held;            // by training row; empty = none is
};
struct TrainingData {
  DataSet data;
  RowMarks marks;
  std::vector<profile::SampledColumn> sample;  // of the columns that can be features, and the label
  std::optional<RawRows> raw;                  // for folds whose features are fitted by themselves

  // How the request's folds are dealt. Borrows from here.
  FoldPlan fold_plan(const TrainRequest& request) const;
};
Result<TrainingData> read_training_rows(const TrainRequest& request, uint64_t seed, flow::RunContext& context);

// The same for a model to go on from (request.continued), whose own plan and label map are applied.
struct ContinuedData {
  ContinuedRows rows;
  std::vector<profile::SampledColumn> sample;
};
Result<ContinuedData> read_continued_rows(const TrainRequest& request, uint64_t seed, flow::RunContext& context);

// What was derived from the query's columns; `missing` is the share of the training rows without a value.
flow::ResultTable feature_table(DataSet& data);

}  // namespace sinan::ml

// ContinuedRows: the rows from which a model goes on (TO TRAIN .. USING). They are encoded by the model's own plan and label
// map, so that codes and classes mean what its trees think they mean; nothing is fitted. The counterpart of DataSetBuilder.
//
// All rows are in memory, four bytes a value. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/batch.h"
#include "base/error.h"
#include "ml/data_set.h"
#include "ml/model.h"
#include "ml/training.h"

namespace sinan::ml {

class ContinuedRows {
 public:
  // `model` must outlive the rows. Errors (kProgram): a feature, the label or a column with a role missing.
  static Result<ContinuedRows> make(const Model& model, const DataSpec& spec, const arrow::Schema& query);
  ContinuedRows(ContinuedRows&&) noexcept;
  ContinuedRows& operator=(ContinuedRows&&) noexcept;
  ~ContinuedRows();

  Status append(const arrow::Batch& batch);
  Status bind_validation(const arrow::Schema& query);
  Status append_validation(const arrow::Batch& batch);
  // Errors (kData): no rows; a label that is NULL or of a class the model has not; weights of 0 only.
  Status finish();
  // After finish(); borrows.
  TrainingRows rows();

 private:
  struct State;
  explicit ContinuedRows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sinan::ml

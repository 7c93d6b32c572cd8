// The query's rows in memory: numbers that formulas use as columns of doubles, everything else left in the Arrow batches; and the
// rows' groups by the values of some columns.
//
// Immutable after Table::read, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "arrow/stream.h"
#include "base/cancel.h"
#include "base/error.h"
#include "solve/formula.h"

namespace sinan::solve {

// Which group each row belongs to. Groups are numbered as they first appear.
struct Grouping {
  std::vector<uint32_t> of_row;
  std::vector<uint32_t> first_row;  // of each group
  size_t groups() const { return first_row.size(); }
};

class Table {
 public:
  // Errors: those of the stream; kData for a number that is NULL or not finite (at the place that uses it) and for no rows at all;
  // kExhausted beyond 2^31 - 1 rows; kCancelled.
  static Result<Table> read(arrow::BatchStream& rows, const Problem& problem, Span query, const CancelToken& cancel);

  size_t rows() const { return rows_; }
  const arrow::Schema& schema() const { return *schema_; }
  const std::vector<arrow::Batch>& batches() const { return batches_; }
  // One of problem.numeric, by its number in the query.
  std::span<const double> numbers(size_t column) const;
  // Rows with the same values in these columns; NULLs are equal to each other. Linear in the rows.
  Grouping group(const std::vector<size_t>& columns) const;
  // "plant=A, market=b"
  std::string label(size_t row, const std::vector<size_t>& columns) const;

 private:
  std::shared_ptr<const arrow::Schema> schema_;
  std::vector<arrow::Batch> batches_;
  std::vector<size_t> first_;  // row of each batch
  std::vector<size_t> numeric_;
  std::vector<std::vector<double>> values_;
  size_t rows_ = 0;
};

}  // namespace sinan::solve

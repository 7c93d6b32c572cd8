// DataSet: the rows of a TRAIN statement in memory, read in one pass over each query and fitted at the same time: which
// columns become which features, vocabularies, label classes. It yields the matrix a trainer reads, as often as wanted.
//
//     DataSetBuilder builder = TRY(DataSetBuilder::make(spec, schema));
//     while (batch) TRY(builder.append(*batch));
//     DataSet data = TRY(builder.finish());
//     trainer.train(train_spec, data.train(), data.validation(), observer);
//
// Memory: four bytes a number, one to four a category code; when there are more rows than `binning` allows, one byte a
// number. Not thread-safe; uses `threads` threads of its own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "ml/data_fingerprint.h"
#include "ml/data_roles.h"
#include "ml/feature_plan.h"
#include "ml/matrix.h"
#include "ml/trainer.h"
#include "sql/clause.h"

namespace sinan::ml {

// Rows a batch should have when a query is read into a DataSet: enough that its columns are worth sharing out.
inline constexpr size_t kLoadBatchRows = 32768;

struct DataSpec {
  std::string label;                       // of the query; empty = none, and `intent` names the task
  std::vector<std::string> excluded;       // columns of the query that are no features either
  std::vector<sql::ColumnTarget> columns;  // COLUMN; columns that it does not name are features by themselves
  std::string validation_column;           // boolean column that marks validation rows; empty = none. No feature
  double validation_fraction = 0;          // of the rows, drawn with `seed`; where there are groups, of them
  RoleColumns roles;                       // no features
  ClassWeights class_weights;
  uint64_t seed = 0;
  Trainer::Intent intent;
  std::optional<Trainer::Binning> binning;
  uint32_t threads = 1;
  // Cross-validation: the fold of each row in the query's order; the rows of one are the validation rows, and their classes are
  // known. Borrowed; empty = no folds.
  std::span<const uint32_t> folds = {};
  uint32_t held_out_fold = 0;
};

// What became of one query column, for the user to read before the training begins.
struct FeatureReport {
  std::string feature;  // "dep_time_hour"; "-" for a column that was left out
  std::string column;
  std::string type;
  std::string values;  // "10 to 3,842", "16 categories"
  uint64_t missing = 0;
  std::string note;  // why it was left out, or what was cut off
};

class DataSet {
 public:
  DataSet(DataSet&&) noexcept;
  DataSet& operator=(DataSet&&) noexcept;
  ~DataSet();

  const FeaturePlan& plan() const;
  const LabelMap& label() const;
  Task task() const;
  size_t classes() const;
  MatrixSource& train();
  MatrixSource* validation();  // null = none
  const std::vector<FeatureReport>& report() const;
  bool is_binned() const;
  // Of all rows of the training query, those set aside for validation included.
  const DataFingerprint& fingerprint() const;
  uint64_t bytes() const;

 private:
  friend class DataSetBuilder;
  struct State;
  explicit DataSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Columns of the query that are features: all but the label, the validation column, those with a role and those excluded.
// Errors (kProgram): one of them missing (nearest name), two columns of one name, a type that is no feature (named), no
// feature at all, and those of read_columns() (ml/column_functions.h). Used at plan time too.
Result<std::vector<size_t>> feature_columns(const arrow::Schema& query, const DataSpec& spec);

// Which rows of a batch are trained on and which validated on, by part: as validation_column marks them, else drawn with
// spec.seed, whole ranking groups at a time. `rows_before`: rows of earlier batches.
std::array<std::vector<uint32_t>, kParts> deal_rows(const arrow::Batch& batch, const DataSpec& spec,
                                                    std::optional<size_t> validation_column, const RoleCollector& roles,
                                                    uint64_t rows_before);

class DataSetBuilder {
 public:
  static Result<DataSetBuilder> make(const DataSpec& spec, const arrow::Schema& query);
  DataSetBuilder(DataSetBuilder&&) noexcept;
  ~DataSetBuilder();

  Status append(const arrow::Batch& batch);
  // Rows of another query (validation.select): bind() first. Its columns are found by name. Errors (kProgram): a column missing, of another kind.
  Status bind_validation(const arrow::Schema& query);
  Status append_validation(const arrow::Batch& batch);
  // Errors (kData): no rows, label trouble (ml/data_label.h), infinite values, no feature left. The builder is used up.
  Result<DataSet> finish();

 private:
  struct State;
  explicit DataSetBuilder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sinan::ml

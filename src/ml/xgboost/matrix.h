// XGBoost's DMatrix from a MatrixSource, as columns: nothing is copied row by row, blocks are released as soon as the library
// has read them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "ml/matrix.h"
#include "ml/xgboost/library.h"

namespace sinan::ml::xgboost {

// Owns a DMatrix. The library must outlive it.
class Matrix {
 public:
  Matrix(const Library& library, DMatrixHandle handle) : library_(&library), handle_(handle) {}
  Matrix(Matrix&& other) noexcept : library_(other.library_), handle_(std::exchange(other.handle_, nullptr)) {}
  Matrix& operator=(Matrix&&) = delete;
  ~Matrix() {
    if (handle_ != nullptr) library_->matrix_free(handle_);
  }
  DMatrixHandle handle() const { return handle_; }

 private:
  const Library* library_;
  DMatrixHandle handle_;
};

// Names and kinds of the features as the library wants them. Borrows from the schema.
class FeatureInfo {
 public:
  explicit FeatureInfo(const FeatureSchema& schema);
  Status apply_to_matrix(const Library& library, DMatrixHandle matrix);
  Status apply_to_booster(const Library& library, BoosterHandle booster);

 private:
  std::vector<const char*> names_;
  std::vector<const char*> types_;
};

struct MatrixOptions {
  uint32_t threads = 1;
  size_t max_bin = 256;
  const Matrix* reference = nullptr;  // whose bins to use: the training matrix, for validation rows
  // Where the binned rows are kept in files, removed with the matrix; empty = in memory. A path and the beginning of names.
  std::string cache_prefix;
};

// Errors of all: (kData) weights that differ within a ranking group, which the library weighs as a whole.

// Binned rows, for tree_method=hist. When the source is binned already (MatrixSource::edges), its edges become the
// library's, without a second look for quantiles. An error of the source ends the reading and is returned.
Result<Matrix> make_quantile_matrix(const Library& library, MatrixSource& source, const MatrixOptions& options);
// Exact values, for tree_method=exact and approx, and for linear models. Holds all of them at once.
Result<Matrix> make_plain_matrix(const Library& library, MatrixSource& source, const MatrixOptions& options);

}  // namespace sinan::ml::xgboost

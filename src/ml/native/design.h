// Design: features as numbers in columns, for algorithms that know nothing but numbers. Fitted once, saved in the model's own
// file, and applied by the same functions in training and in scoring.
//
//   a number      one column; missing values are the training mean, and, when the training had some, one more column
//                 that is 1 where the value is missing
//   a category    one column a category (1 or 0); the slot of unseen values only when the training had it; one for missing
//                 values when the training had some, else such rows have 0 everywhere
//   a sparse one  one column; what a row does not list is 0
//
// Columns are never laid out in memory but where an algorithm asks for them (expand): a category costs one step, whatever
// the number of its values. Immutable once fitted; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ml/feature_plan.h"
#include "ml/matrix.h"
#include "ml/native/model_file.h"

namespace sinan::ml::native {

// Rows of training in memory, cut into slices: the unit that threads share out and in whose order sums are added up, so
// that results do not depend on the number of threads.
class DesignRows {
 public:
  static constexpr size_t kSlices = 16;
  static Result<DesignRows> read(MatrixSource& source);
  size_t rows() const { return rows_; }
  const FeatureSchema& schema() const { return *schema_; }
  // Slice s holds rows [begin(s), begin(s + 1)).
  size_t begin(size_t slice) const { return rows_ * slice / kSlices; }
  const MatrixBlock& slice(size_t slice) const { return slices_[slice].block; }
  // Empty when there is none; class or value.
  std::span<const float> label() const { return label_; }
  std::span<const float> weight() const { return weight_; }

 private:
  struct Sparse {
    size_t first = 0, count = 0;
    std::vector<uint64_t> begins = {0};
    std::vector<uint32_t> positions;
    std::vector<float> values;
  };
  struct Slice {
    std::vector<FeatureColumn> columns;
    std::vector<SparseFeatures> sparse;
    MatrixBlock block;
  };
  void cut();

  const FeatureSchema* schema_ = nullptr;  // the source's
  size_t rows_ = 0;
  std::vector<std::vector<float>> values_;
  std::vector<std::vector<int32_t>> codes_;
  std::vector<Sparse> sparse_;
  std::vector<float> label_, weight_;
  std::vector<Slice> slices_;
};

class Design {
 public:
  struct Term {
    enum class Kind : uint8_t { kNumber, kMissing, kCategory, kSparse };
    Kind kind = Kind::kNumber;
    uint32_t feature = 0;
    uint32_t first = 0;  // of its columns
    uint32_t count = 1;  // of a category: its codes; else 1
  };

  // Errors (kData): more than `most_columns` columns.
  static Result<Design> fit(const DesignRows& rows, size_t most_columns);

  size_t width() const { return mean_.size(); }
  size_t features() const { return features_; }
  const std::vector<Term>& terms() const { return terms_; }
  // By column, of the training rows; the deviation of the population, 0 for a column of one value.
  std::span<const double> mean() const { return mean_; }
  std::span<const double> deviation() const { return deviation_; }
  // By column: "age", "age is missing", "carrier = AA".
  std::vector<std::string> column_names(const FeaturePlan& plan) const;
  // By column: the feature it comes from.
  std::vector<uint32_t> column_features() const;

  // out[i - begin] += the row's columns times `weights`, for rows [begin, end).
  void multiply(const MatrixBlock& block, size_t begin, size_t end, std::span<const double> weights, double* out) const;
  // The part of it that comes from one term.
  void multiply_term(const Term& term, const MatrixBlock& block, size_t begin, size_t end,
                     std::span<const double> weights, double* out) const;
  // sums[j] += the rows' column j times by[i - begin], for rows [begin, end).
  void accumulate(const MatrixBlock& block, size_t begin, size_t end, const double* by, std::span<double> sums) const;
  // Column j of rows [begin, end) at out + j * stride.
  void expand(const MatrixBlock& block, size_t begin, size_t end, float* out, size_t stride) const;

  Json write(ModelFileWriter& file) const;
  // Errors (kData): a design that contradicts itself or the features.
  static Result<Design> read(const Json& json, const ModelFile& file, const FeatureSchema& features);

 private:
  std::vector<Term> terms_;
  size_t features_ = 0;
  std::vector<double> mean_, deviation_;
};

}  // namespace sinan::ml::native

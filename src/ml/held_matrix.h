// HeldMatrix: the rows of a MatrixSource read into memory once, to be trained on many times: by the trials of a search, by
// folds, by groups, several at a time.
//
//     HeldMatrix rows = TRY(HeldMatrix::read(data.train()));
//     auto fold = rows.source(training_rows_of_fold);   // a MatrixSource of its own
//
// Immutable and thread-safe; a source belongs to one thread and borrows from the matrix.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "ml/matrix.h"

namespace sinan::ml {

class HeldMatrix {
 public:
  // One pass; the source is rewound before and after.
  static Result<HeldMatrix> read(MatrixSource& source);

  // A copy of one block.
  static HeldMatrix of(const MatrixBlock& block, const FeatureSchema& schema);

  size_t rows() const { return rows_; }
  std::span<const float> label() const { return label_; }
  std::span<const int32_t> group() const { return group_; }  // of rankings

  // All rows, nothing is copied.
  std::unique_ptr<MatrixSource> source() const;
  // These rows (below rows()), in this order; they are copied while the source is read.
  std::unique_ptr<MatrixSource> source(std::vector<uint32_t> rows) const;

  // Of every value, label and weight.
  Fingerprint fingerprint() const;

 private:
  friend class HeldSource;
  struct Sparse {
    size_t first = 0;
    size_t count = 0;
    std::vector<uint64_t> begins;
    std::vector<uint32_t> positions;
    std::vector<float> values;
  };
  HeldMatrix() = default;
  void append(const MatrixBlock& block);

  FeatureSchema schema_;
  std::vector<std::vector<float>> edges_;
  size_t rows_ = 0;
  std::vector<std::vector<float>> values_;   // by feature; empty where its kind has none
  std::vector<std::vector<int32_t>> codes_;  // the same
  std::vector<Sparse> sparse_;
  std::vector<float> label_;
  std::vector<float> weight_;
  std::vector<int32_t> group_;
};

}  // namespace sinan::ml

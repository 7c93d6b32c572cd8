// Blocks with sparse features, in the two forms that their readers want: whole rows, compressed, for the libraries, and plain
// columns of the few features that trees ask for. Reused from block to block; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ml/matrix.h"

namespace sinan::ml {

// Compressed sparse rows of all features; category codes are numbers.
class CompressedRows {
 public:
  // What is not written: missing values, or zeros (and then missing ones are NaN).
  enum class LeaveOut : uint8_t { kMissing, kZero };
  void fill(const MatrixBlock& block, size_t begin, size_t rows, LeaveOut leave_out);
  void append(const CompressedRows& more);

  std::span<const uint64_t> begins() const { return begins_; }  // rows + 1
  std::span<const uint32_t> features() const { return features_; }
  std::span<const float> values() const { return values_; }

 private:
  std::vector<uint64_t> begins_ = {0};
  std::vector<uint32_t> features_;
  std::vector<float> values_;
};

// Some rows of a block without sparse features: those that are `wanted` are plain columns, the others all `absent`.
class PlainColumns {
 public:
  // By feature of the schema.
  PlainColumns(std::vector<bool> wanted, float absent);
  // Borrows from the block and this, until the next call.
  MatrixBlock fill(const MatrixBlock& block, size_t begin, size_t rows);
  // Rows to take at once, so that the columns stay small.
  size_t rows_at_once() const;

 private:
  std::vector<bool> wanted_;
  float absent_;
  size_t count_ = 0;
  std::vector<FeatureColumn> columns_;
  std::vector<std::vector<float>> values_;  // by feature, of wanted ones
  std::vector<float> absent_values_;
};

// A source for who knows plain columns only: what is absent is 0. Borrows the inner source.
class PlainSource final : public MatrixSource {
 public:
  explicit PlainSource(MatrixSource& inner);
  const FeatureSchema& schema() const override { return schema_; }
  size_t rows() const override { return inner_.rows(); }
  Result<std::optional<MatrixBlock>> next() override;
  Status rewind() override;

 private:
  MatrixSource& inner_;
  FeatureSchema schema_;
  PlainColumns columns_;
  std::optional<MatrixBlock> block_;
  size_t begin_ = 0;
};

}  // namespace sinan::ml

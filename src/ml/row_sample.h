// RowSample: a uniform sample of a stream's rows (base/reservoir.h), encoded as the model sees them. The same seed and
// stream give the same sample. Not thread-safe while rows are added.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "arrow/stream.h"
#include "base/error.h"
#include "base/reservoir.h"
#include "ml/feature_plan.h"
#include "ml/matrix.h"

namespace sinan::ml {

class RowSample {
 public:
  // `plan` must outlive the sample.
  RowSample(const FeaturePlan& plan, FeaturePlan::Binding binding, size_t most_rows, uint64_t seed);
  // Keeps a number of each row as well, the truth: `read` gives those of a batch. Before the first add().
  using ReadTruth = std::function<Result<std::vector<double>>(const arrow::Batch&)>;
  void keep_truth(ReadTruth read) { read_truth_ = std::move(read); }

  // Batches without a chosen row are not even encoded.
  Status add(const arrow::Batch& batch);

  const FeaturePlan& plan() const { return *plan_; }
  const FeatureSchema& schema() const { return plan_->schema(); }
  size_t rows() const { return reservoir_.filled(); }
  uint64_t seen() const { return reservoir_.seen(); }
  // One block of all rows; borrows from the sample.
  std::vector<FeatureColumn> columns() const;
  std::span<const double> truth() const { return truth_; }

 private:
  void put(const MatrixBlock& block, size_t row, size_t slot);

  const FeaturePlan* plan_;
  FeatureEncoder encoder_;
  Reservoir reservoir_;
  std::vector<std::vector<float>> values_;   // by feature
  std::vector<std::vector<int32_t>> codes_;  // by feature
  ReadTruth read_truth_;
  std::vector<double> truth_;
};

// Passes batches on, and shows each to the sample first. The sample must outlive the stream.
std::unique_ptr<arrow::BatchStream> sample_stream(std::unique_ptr<arrow::BatchStream> input, RowSample& sample);

}  // namespace sinan::ml

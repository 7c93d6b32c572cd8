#include "ml/row_sample.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sinan::ml {
namespace {

class SampledStream final : public arrow::BatchStream {
 public:
  SampledStream(std::unique_ptr<arrow::BatchStream> input, RowSample& sample)
      : input_(std::move(input)), sample_(sample) {}
  const std::shared_ptr<const arrow::Schema>& schema() const override { return input_->schema(); }
  Result<std::optional<arrow::Batch>> next() override {
    std::optional<arrow::Batch> batch = TRY(input_->next());
    if (batch) TRY(sample_.add(*batch));
    return batch;
  }

 private:
  std::unique_ptr<arrow::BatchStream> input_;
  RowSample& sample_;
};

}  // namespace

RowSample::RowSample(const FeaturePlan& plan, FeaturePlan::Binding binding, size_t most_rows, uint64_t seed)
    : plan_(&plan), encoder_(plan, std::move(binding)), reservoir_(most_rows, seed) {
  values_.resize(plan.schema().size());
  codes_.resize(plan.schema().size());
}

void RowSample::put(const MatrixBlock& block, size_t row, size_t slot) {
  for (const SparseFeatures& sparse : block.sparse) {
    for (size_t j = sparse.first; j < sparse.first + sparse.count; ++j) {
      values_[j].resize(std::max(values_[j].size(), slot + 1));
      values_[j][slot] = 0;
    }
    for (uint64_t at = sparse.begins[row]; at < sparse.begins[row + 1]; ++at)
      values_[sparse.first + sparse.positions[at]][slot] = sparse.values[at];
  }
  for (size_t j = 0; j < block.features.size(); ++j) {
    const FeatureColumn& from = block.features[j];
    if (from.codes.empty() && from.values.empty()) continue;
    if (!from.codes.empty()) {
      codes_[j].resize(std::max(codes_[j].size(), slot + 1));
      codes_[j][slot] = from.codes[row];
    } else {
      values_[j].resize(std::max(values_[j].size(), slot + 1));
      values_[j][slot] = from.values[row];
    }
  }
}

Status RowSample::add(const arrow::Batch& batch) {
  if (!reservoir_.wants(batch.rows())) {
    reservoir_.offer(batch.rows(), [](size_t, size_t) {});
    return {};
  }
  const MatrixBlock block = TRY(encoder_.encode(batch));
  std::vector<double> truth;
  if (read_truth_) truth = TRY(read_truth_(batch));
  reservoir_.offer(block.rows, [&](size_t row, size_t slot) {
    put(block, row, slot);
    if (!read_truth_) return;
    truth_.resize(std::max(truth_.size(), slot + 1));
    truth_[slot] = truth[row];
  });
  return {};
}

std::vector<FeatureColumn> RowSample::columns() const {
  std::vector<FeatureColumn> out;
  for (size_t j = 0; j < values_.size(); ++j) out.push_back({values_[j], codes_[j]});
  return out;
}

std::unique_ptr<arrow::BatchStream> sample_stream(std::unique_ptr<arrow::BatchStream> input, RowSample& sample) {
  return std::make_unique<SampledStream>(std::move(input), sample);
}

}  // namespace sinan::ml

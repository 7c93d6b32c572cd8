#include "ml/row_sample.h"

#include <cmath>
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
    : plan_(&plan), encoder_(plan, std::move(binding)), most_rows_(most_rows), random_(seed) {
  values_.resize(plan.schema().size());
  codes_.resize(plan.schema().size());
}

void RowSample::skip_ahead() {
  const auto uniform = [&] { return 1 - random_.uniform(); };  // (0, 1]
  weight_ *= std::exp(std::log(uniform()) / static_cast<double>(most_rows_));
  const double gap = std::floor(std::log(uniform()) / std::log1p(-weight_));
  // Beyond 2^62 rows nothing will ever be taken again.
  next_ += 1 + (gap < 0x1p62 ? static_cast<uint64_t>(gap) : uint64_t{1} << 62);
}

void RowSample::put(const MatrixBlock& block, size_t row, size_t slot) {
  for (size_t j = 0; j < block.features.size(); ++j) {
    const FeatureColumn& from = block.features[j];
    if (!from.codes.empty()) {
      codes_[j].resize(rows_);
      codes_[j][slot] = from.codes[row];
    } else {
      values_[j].resize(rows_);
      values_[j][slot] = from.values[row];
    }
  }
}

Status RowSample::add(const arrow::Batch& batch) {
  const uint64_t begin = seen_;
  seen_ += batch.rows();
  if (rows_ == most_rows_ && next_ >= seen_) return {};
  const MatrixBlock block = TRY(encoder_.encode(batch));
  size_t row = 0;
  for (; row < block.rows && rows_ < most_rows_; ++row) {
    const size_t slot = rows_++;
    put(block, row, slot);
    if (rows_ < most_rows_) continue;
    next_ = begin + row;
    skip_ahead();
  }
  while (rows_ == most_rows_ && next_ < seen_) {
    put(block, static_cast<size_t>(next_ - begin), static_cast<size_t>(random_.below(most_rows_)));
    skip_ahead();
  }
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

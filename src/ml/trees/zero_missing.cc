#include "ml/trees/zero_missing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/check.h"

namespace sinan::ml {
namespace {

// LightGBM takes numbers this close to zero for zero.
constexpr float kZero = 1e-35f;

// A block whose zeros of some features are NaN.
class Replaced {
 public:
  Replaced(const MatrixBlock& block, std::span<const uint32_t> features)
      : columns_(block.features.begin(), block.features.end()), values_(features.size()), block_(block) {
    for (size_t i = 0; i < features.size(); ++i) {
      CHECK(features[i] < columns_.size());
      FeatureColumn& column = columns_[features[i]];
      values_[i].assign(column.values.begin(), column.values.end());
      for (float& value : values_[i]) {
        if (std::abs(value) <= kZero) value = std::numeric_limits<float>::quiet_NaN();
      }
      column.values = values_[i];
    }
    block_.features = columns_;
  }
  Replaced(const Replaced&) = delete;
  Replaced& operator=(const Replaced&) = delete;
  const MatrixBlock& block() const { return block_; }

 private:
  std::vector<FeatureColumn> columns_;
  std::vector<std::vector<float>> values_;
  MatrixBlock block_;
};

class ZeroMissingPredictor final : public Predictor {
 public:
  ZeroMissingPredictor(std::unique_ptr<Predictor> inner, std::shared_ptr<const TreeEnsemble> ensemble)
      : inner_(std::move(inner)), ensemble_(std::move(ensemble)) {}
  size_t outputs() const override { return inner_->outputs(); }
  size_t prediction_width() const override { return inner_->prediction_width(); }
  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    return inner_->predict(Replaced(block, ensemble_->zero_missing).block(), output, out);
  }
  size_t trees() const override { return inner_->trees(); }
  Status leaves(const MatrixBlock& block, std::span<int32_t> out) const override {
    return inner_->leaves(Replaced(block, ensemble_->zero_missing).block(), out);
  }

 private:
  std::unique_ptr<Predictor> inner_;
  std::shared_ptr<const TreeEnsemble> ensemble_;
};

class ZeroMissingExplainer final : public Explainer {
 public:
  ZeroMissingExplainer(std::unique_ptr<Explainer> inner, std::shared_ptr<const TreeEnsemble> ensemble)
      : inner_(std::move(inner)), ensemble_(std::move(ensemble)) {}
  size_t outputs() const override { return inner_->outputs(); }
  Status explain(const MatrixBlock& block, std::span<float> contributions) const override {
    return inner_->explain(Replaced(block, ensemble_->zero_missing).block(), contributions);
  }
  Status explain_interactions(const MatrixBlock& block, std::span<float> interactions) const override {
    return inner_->explain_interactions(Replaced(block, ensemble_->zero_missing).block(), interactions);
  }
  std::vector<FeatureUse> feature_use() const override { return inner_->feature_use(); }

 private:
  std::unique_ptr<Explainer> inner_;
  std::shared_ptr<const TreeEnsemble> ensemble_;
};

}  // namespace

std::unique_ptr<Predictor> with_zero_missing(std::unique_ptr<Predictor> inner,
                                             std::shared_ptr<const TreeEnsemble> ensemble) {
  if (ensemble->zero_missing.empty()) return inner;
  return std::make_unique<ZeroMissingPredictor>(std::move(inner), std::move(ensemble));
}

std::unique_ptr<Explainer> with_zero_missing(std::unique_ptr<Explainer> inner,
                                             std::shared_ptr<const TreeEnsemble> ensemble) {
  if (ensemble->zero_missing.empty()) return inner;
  return std::make_unique<ZeroMissingExplainer>(std::move(inner), std::move(ensemble));
}

}  // namespace sinan::ml

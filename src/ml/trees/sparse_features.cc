#include "ml/trees/sparse_features.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ml/sparse_rows.h"

namespace sinan::ml {
namespace {

bool has_sparse(const FeatureSchema& features) { return std::ranges::any_of(features.features, &Feature::is_sparse); }

// Calls `each(plain block, its rows' part of out)`, some rows at a time.
template <class T, class F>
Status in_parts(const MatrixBlock& block, const std::vector<bool>& used, float absent, std::span<T> out, F&& each) {
  PlainColumns columns(used, absent);
  const size_t width = block.rows == 0 ? 0 : out.size() / block.rows;
  for (size_t begin = 0; begin < block.rows; begin += columns.rows_at_once()) {
    const size_t rows = std::min(columns.rows_at_once(), block.rows - begin);
    TRY(each(columns.fill(block, begin, rows), out.subspan(begin * width, rows * width)));
  }
  return {};
}

class SparsePredictor final : public Predictor {
 public:
  SparsePredictor(std::unique_ptr<Predictor> inner, std::vector<bool> used, float absent)
      : inner_(std::move(inner)), used_(std::move(used)), absent_(absent) {}
  size_t outputs() const override { return inner_->outputs(); }
  size_t prediction_width() const override { return inner_->prediction_width(); }
  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    return in_parts(block, used_, absent_, out, [&](const MatrixBlock& plain, std::span<float> part) {
      return inner_->predict(plain, output, part);
    });
  }
  size_t trees() const override { return inner_->trees(); }
  Status leaves(const MatrixBlock& block, std::span<int32_t> out) const override {
    return in_parts(block, used_, absent_, out,
                    [&](const MatrixBlock& plain, std::span<int32_t> part) { return inner_->leaves(plain, part); });
  }

 private:
  std::unique_ptr<Predictor> inner_;
  std::vector<bool> used_;
  float absent_;
};

class SparseExplainer final : public Explainer {
 public:
  SparseExplainer(std::unique_ptr<Explainer> inner, std::vector<bool> used, float absent)
      : inner_(std::move(inner)), used_(std::move(used)), absent_(absent) {}
  size_t outputs() const override { return inner_->outputs(); }
  Status explain(const MatrixBlock& block, std::span<float> contributions) const override {
    return in_parts(block, used_, absent_, contributions,
                    [&](const MatrixBlock& plain, std::span<float> part) { return inner_->explain(plain, part); });
  }
  Status explain_interactions(const MatrixBlock& block, std::span<float> interactions) const override {
    return in_parts(block, used_, absent_, interactions, [&](const MatrixBlock& plain, std::span<float> part) {
      return inner_->explain_interactions(plain, part);
    });
  }
  std::vector<FeatureUse> feature_use() const override { return inner_->feature_use(); }

 private:
  std::unique_ptr<Explainer> inner_;
  std::vector<bool> used_;
  float absent_;
};

}  // namespace

std::vector<bool> used_features(const TreeEnsemble& ensemble) {
  std::vector<bool> used(ensemble.features.size());
  for (const TreeNode& node : ensemble.nodes) {
    if (!node.is_leaf()) used[node.feature()] = true;
  }
  return used;
}

std::unique_ptr<Predictor> with_sparse_features(std::unique_ptr<Predictor> inner, const FeatureSchema& features,
                                                std::vector<bool> used, float absent) {
  if (!has_sparse(features)) return inner;
  return std::make_unique<SparsePredictor>(std::move(inner), std::move(used), absent);
}

std::unique_ptr<Explainer> with_sparse_features(std::unique_ptr<Explainer> inner, const FeatureSchema& features,
                                                std::vector<bool> used, float absent) {
  if (!has_sparse(features)) return inner;
  return std::make_unique<SparseExplainer>(std::move(inner), std::move(used), absent);
}

}  // namespace sinan::ml

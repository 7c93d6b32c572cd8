#include "ml/trees/double_sum.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"

namespace sinan::ml {
namespace {

// The first tree holds the mean of the label and is a group of its own. The fewer trees a group has the smaller the error,
// the more groups the more sums a row has; all of them should stay in the cache.
constexpr size_t kFewestTrees = 16;
constexpr size_t kMostSums = 256;
// Rows at a time, so that their sums stay in the cache.
constexpr size_t kRows = 512;

class DoubleSumPredictor final : public Predictor {
 public:
  DoubleSumPredictor(std::shared_ptr<const TreeEnsemble> ensemble, Kernel kernel) : ensemble_(std::move(ensemble)) {
    const size_t outputs = ensemble_->outputs();
    const size_t rounds = (ensemble_->trees.size() + outputs - 1) / outputs;
    const size_t most = std::max<size_t>(kMostSums / outputs, 2);
    const size_t trees = std::max(kFewestTrees, (rounds + most - 2) / (most - 1));
    groups_ = rounds == 0 ? 1 : 1 + (rounds - 1 + trees - 1) / trees;

    auto dealt = std::make_shared<TreeEnsemble>(*ensemble_);
    dealt->base_margin.assign(outputs * groups_, 0.0f);
    std::vector<size_t> met(outputs);
    for (Tree& tree : dealt->trees) {
      const size_t round = met[tree.output]++;
      const size_t group = round == 0 ? 0 : std::min(1 + (round - 1) / trees, groups_ - 1);
      tree.output = static_cast<uint32_t>(tree.output * groups_ + group);
    }
    dealt->link = Link::kIdentity;
    inner_ = make_predictor(std::move(dealt), kernel);
  }

  size_t outputs() const override { return ensemble_->outputs(); }
  size_t prediction_width() const override { return ensemble_->prediction_width(); }
  size_t trees() const override { return ensemble_->trees.size(); }
  Status leaves(const MatrixBlock& block, std::span<int32_t> out) const override {
    leaves_of(*ensemble_, block, out);
    return {};
  }

  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    CHECK(out.size() == block.rows * outputs());
    // Kept between calls: one row costs no allocation.
    thread_local std::vector<float> sums;
    thread_local std::vector<FeatureColumn> columns;
    for (size_t begin = 0; begin < block.rows; begin += kRows) {
      const size_t rows = std::min(kRows, block.rows - begin);
      columns.assign(block.features.begin(), block.features.end());
      for (FeatureColumn& column : columns) {
        if (!column.values.empty()) column.values = column.values.subspan(begin, rows);
        if (!column.codes.empty()) column.codes = column.codes.subspan(begin, rows);
      }
      sums.resize(rows * outputs() * groups_);
      MatrixBlock part;
      part.rows = rows;
      part.features = columns;
      TRY(inner_->predict(part, Output::kMargin, sums));
      add(sums, out.subspan(begin * outputs(), rows * outputs()));
    }
    if (output == Output::kPrediction) apply_link(ensemble_->link, outputs(), out, ensemble_->link_scale);
    return {};
  }

 private:
  void add(std::span<const float> sums, std::span<float> margins) const {
    const float* from = sums.data();
    for (size_t i = 0; i < margins.size(); ++i) {
      auto total = static_cast<double>(ensemble_->base_margin[i % outputs()]);
      for (size_t group = 0; group < groups_; ++group) total += static_cast<double>(*from++);
      margins[i] = static_cast<float>(total);
    }
  }

  std::shared_ptr<const TreeEnsemble> ensemble_;
  size_t groups_ = 1;  // of each output
  std::unique_ptr<Predictor> inner_;
};

}  // namespace

std::unique_ptr<Predictor> make_double_sum_predictor(std::shared_ptr<const TreeEnsemble> ensemble, Kernel kernel) {
  CHECK(available(kernel));
  return std::make_unique<DoubleSumPredictor>(std::move(ensemble), kernel);
}

}  // namespace sinan::ml

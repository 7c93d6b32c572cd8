#include "ml/trees/linear_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace sinan::ml {
namespace {

// Each value's part of each output: add(row, output, part). Missing values have none.
template <class F>
void for_each_part(const LinearModel& model, const MatrixBlock& block, size_t feature, F&& add) {
  const std::span<const float> values = block.features[feature].values;
  for (size_t i = 0; i < block.rows; ++i) {
    if (std::isnan(values[i])) continue;
    for (size_t k = 0; k < model.outputs; ++k) add(i, k, values[i] * model.weights[feature * model.outputs + k]);
  }
}

class LinearPredictor final : public Predictor {
 public:
  explicit LinearPredictor(std::shared_ptr<const LinearModel> model) : model_(std::move(model)) {}
  size_t outputs() const override { return model_->outputs; }
  size_t prediction_width() const override { return model_->outputs; }

  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    CHECK(block.features.size() == model_->features.size() && block.sparse.empty());
    CHECK(out.size() == block.rows * outputs());
    for (size_t i = 0; i < block.rows; ++i) std::ranges::copy(model_->bias, &out[i * outputs()]);
    for (size_t f = 0; f < block.features.size(); ++f)
      for_each_part(*model_, block, f, [&](size_t i, size_t k, float part) { out[i * outputs() + k] += part; });
    if (output == Output::kPrediction) apply_link(model_->link, outputs(), out);
    return {};
  }

 private:
  std::shared_ptr<const LinearModel> model_;
};

class LinearExplainer final : public Explainer {
 public:
  explicit LinearExplainer(std::shared_ptr<const LinearModel> model) : model_(std::move(model)) {}
  size_t outputs() const override { return model_->outputs; }

  Status explain(const MatrixBlock& block, std::span<float> contributions) const override {
    const size_t width = model_->features.size() + 1;
    CHECK(contributions.size() == block.rows * outputs() * width);
    fill(block, width, contributions, [&](size_t group, size_t feature) { return group * width + feature; });
    return {};
  }

  // A linear model's features do not interact.
  Status explain_interactions(const MatrixBlock& block, std::span<float> interactions) const override {
    const size_t width = model_->features.size() + 1;
    CHECK(interactions.size() == block.rows * outputs() * width * width);
    fill(block, width, interactions,
         [&](size_t group, size_t feature) { return (group * width + feature) * width + feature; });
    return {};
  }

 private:
  // `place(row * outputs + output, feature)` of each contribution, all else 0.
  template <class F>
  void fill(const MatrixBlock& block, size_t width, std::span<float> out, F&& place) const {
    std::ranges::fill(out, 0.0F);
    for (size_t f = 0; f < block.features.size(); ++f) {
      for_each_part(*model_, block, f,
                    [&](size_t i, size_t k, float part) { out[place(i * outputs() + k, f)] = part; });
    }
    for (size_t i = 0; i < block.rows; ++i)
      for (size_t k = 0; k < outputs(); ++k) out[place(i * outputs() + k, width - 1)] = model_->bias[k];
  }

  std::shared_ptr<const LinearModel> model_;
};

}  // namespace

std::unique_ptr<Predictor> make_linear_predictor(std::shared_ptr<const LinearModel> model) {
  return std::make_unique<LinearPredictor>(std::move(model));
}

std::unique_ptr<Explainer> make_linear_explainer(std::shared_ptr<const LinearModel> model) {
  return std::make_unique<LinearExplainer>(std::move(model));
}

}  // namespace sinan::ml

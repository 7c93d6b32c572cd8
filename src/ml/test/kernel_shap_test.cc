#include "ml/kernel_shap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/random.h"

namespace sinan::ml {
namespace {

using Function = std::function<double(std::span<const double>)>;

// A model that is a plain function of its features; two outputs, the second one the square of the first.
class FunctionPredictor final : public Predictor {
 public:
  explicit FunctionPredictor(Function function) : function_(std::move(function)) {}
  size_t outputs() const override { return 2; }
  size_t prediction_width() const override { return 2; }
  Status predict(const MatrixBlock& block, Output, std::span<float> out) const override {
    std::vector<double> row(block.features.size());
    for (size_t i = 0; i < block.rows; ++i) {
      for (size_t j = 0; j < row.size(); ++j) row[j] = static_cast<double>(block.features[j].values[i]);
      const double value = function_(row);
      out[2 * i] = static_cast<float>(value);
      out[2 * i + 1] = static_cast<float>(value * value);
    }
    return {};
  }

 private:
  Function function_;
};

struct Data {
  FeaturePlan plan;
  std::unique_ptr<RowSample> background;
  std::vector<std::vector<float>> rows;  // by feature

  Data(size_t features, size_t background_rows, size_t explained, uint64_t seed) {
    std::vector<Transform> transforms;
    std::vector<arrow::Field> fields;
    FeaturePlan::Binding binding;
    for (size_t j = 0; j < features; ++j) {
      const std::string name = fmt::format("x{}", j);
      transforms.push_back({.kind = Transform::Kind::kNumber, .column = name, .feature = name});
      fields.push_back({name, arrow::float_type()});
      binding.columns.push_back(j);
    }
    plan = FeaturePlan(transforms, fields);
    background = std::make_unique<RowSample>(plan, binding, background_rows, 1);
    Random random(seed);
    arrow::BatchBuilder batch(fields);
    for (size_t i = 0; i < background_rows; ++i)
      for (size_t j = 0; j < features; ++j) batch.column(j).append(std::round(8 * random.uniform()) / 8);
    EXPECT_TRUE(background->add(batch.finish()).has_value());
    rows.resize(features);
    for (size_t i = 0; i < explained; ++i)
      for (auto& column : rows) column.push_back(static_cast<float>(std::round(8 * random.uniform()) / 8));
  }

  std::vector<float> explain(const Predictor& predictor, KernelShapOptions options) const {
    const auto explainer = make_kernel_explainer(predictor, *background, options);
    EXPECT_TRUE(explainer.has_value());
    std::vector<FeatureColumn> columns;
    for (const auto& column : rows) columns.push_back({.values = column, .codes = {}});
    std::vector<float> out(rows.front().size() * 2 * (rows.size() + 1));
    EXPECT_TRUE((*explainer)->explain({.rows = rows.front().size(), .features = columns}, out).has_value());
    return out;
  }

  double worth(const Predictor& predictor, size_t row, const std::vector<bool>& set, size_t output) const {
    const std::vector<FeatureColumn> usual = background->columns();
    double sum = 0;
    for (size_t b = 0; b < background->rows(); ++b) {
      std::vector<float> mixed;
      std::vector<FeatureColumn> columns;
      for (size_t j = 0; j < rows.size(); ++j) mixed.push_back(set[j] ? rows[j][row] : usual[j].values[b]);
      for (float& value : mixed) columns.push_back({.values = {&value, 1}, .codes = {}});
      float out[2];
      EXPECT_TRUE(predictor.predict({.rows = 1, .features = columns}, Output::kMargin, out).has_value());
      sum += static_cast<double>(out[output]);
    }
    return sum / static_cast<double>(background->rows());
  }
};

double bumpy(std::span<const double> x) {
  return 3 * x[0] - 2 * x[1] + 4 * x[0] * x[1] * x[2] + std::sin(5 * x[3]) * x[4] + (x[2] > 0.5 ? 1 : 0);
}

// Shapley's own definition: the mean of what a player adds over all orders in which they may come.
TEST(KernelShap, IsExactWhenAllSetsFit) {
  const FunctionPredictor predictor(bumpy);
  const Data data(5, 6, 3, 7);
  const std::vector<float> values = data.explain(predictor, {});
  for (size_t row = 0; row < 3; ++row) {
    for (size_t output = 0; output < 2; ++output) {
      std::vector<size_t> order(5);
      std::iota(order.begin(), order.end(), size_t{0});
      std::vector<double> expected(5);
      double orders = 0;
      do {
        std::vector<bool> set(5);
        double before = data.worth(predictor, row, set, output);
        for (const size_t player : order) {
          set[player] = true;
          const double after = data.worth(predictor, row, set, output);
          expected[player] += after - before;
          before = after;
        }
        ++orders;
      } while (std::ranges::next_permutation(order).found);
      for (size_t j = 0; j < 5; ++j)
        EXPECT_NEAR(static_cast<double>(values[(row * 2 + output) * 6 + j]), expected[j] / orders, 2e-5) << row << j;
    }
  }
}

double additive_with_pairs(std::span<const double> x) {
  double out = 0;
  for (size_t j = 0; j < x.size(); ++j) out += static_cast<double>(j % 5 + 1) * x[j];
  return out + 6 * x[0] * x[1] - 5 * x[2] * x[3];
}

TEST(KernelShap, SampledSetsComeCloseAndSumUpExactly) {
  const FunctionPredictor predictor(additive_with_pairs);
  const Data data(13, 8, 4, 11);
  const std::vector<float> exact = data.explain(predictor, {.coalitions = 1 << 13, .seed = 0});
  const std::vector<float> sampled = data.explain(predictor, {.coalitions = 1500, .seed = 5});
  double largest = 0;
  double error = 0;
  for (size_t group = 0; group < 8; group += 2) {  // the first output
    double sum_exact = 0;
    double sum_sampled = 0;
    for (size_t j = 0; j < 14; ++j) {
      largest = std::max(largest, std::abs(static_cast<double>(exact[group * 14 + j])));
      error = std::max(error, std::abs(static_cast<double>(exact[group * 14 + j] - sampled[group * 14 + j])));
      sum_exact += static_cast<double>(exact[group * 14 + j]);
      sum_sampled += static_cast<double>(sampled[group * 14 + j]);
    }
    EXPECT_NEAR(sum_exact, sum_sampled, 1e-4);
  }
  EXPECT_LT(error, 0.02 * largest);
  EXPECT_GT(error, 0);  // it is a sample
}

TEST(KernelShap, IsTheClosedFormOfALinearModel) {
  const FunctionPredictor predictor([](std::span<const double> x) {
    double out = 0.5;
    for (size_t j = 0; j < x.size(); ++j) out += (j % 2 == 0 ? 1.5 : -0.5) * x[j];
    return out;
  });
  const Data data(30, 20, 2, 3);  // far more sets than are tried
  const std::vector<float> values = data.explain(predictor, {.coalitions = 700, .seed = 1});
  for (size_t row = 0; row < 2; ++row) {
    for (size_t j = 0; j < 30; ++j) {
      const auto usual = data.background->columns()[j].values;
      const double mean = std::accumulate(usual.begin(), usual.end(), 0.0) / 20;
      const double expected = (j % 2 == 0 ? 1.5 : -0.5) * (static_cast<double>(data.rows[j][row]) - mean);
      EXPECT_NEAR(static_cast<double>(values[row * 2 * 31 + j]), expected, 1e-4) << j;
    }
  }
}

TEST(KernelShap, TheSameSeedGivesTheSameValues) {
  const FunctionPredictor predictor(additive_with_pairs);
  const Data data(13, 8, 3, 11);
  EXPECT_EQ(data.explain(predictor, {.coalitions = 300, .seed = 5}),
            data.explain(predictor, {.coalitions = 300, .seed = 5}));
  EXPECT_NE(data.explain(predictor, {.coalitions = 300, .seed = 5}),
            data.explain(predictor, {.coalitions = 300, .seed = 6}));
}

// What no background row differs in has no say.
TEST(KernelShap, FeaturesOfOneValueGetNothing) {
  const FunctionPredictor predictor(bumpy);
  Data data(5, 1, 2, 9);
  for (const size_t j : {0UL, 1UL, 3UL, 4UL}) std::ranges::fill(data.rows[j], data.background->columns()[j].values[0]);
  data.rows[2] = {0.0F, 1.0F};
  const std::vector<float> values = data.explain(predictor, {});
  for (size_t row = 0; row < 2; ++row) {
    for (const size_t j : {0UL, 1UL, 3UL, 4UL}) EXPECT_EQ(values[row * 12 + j], 0.0F);
    const std::vector<bool> all(5, true);
    EXPECT_NEAR(static_cast<double>(values[row * 12 + 2] + values[row * 12 + 5]), data.worth(predictor, row, all, 0),
                1e-5);
  }
}

}  // namespace
}  // namespace sinan::ml

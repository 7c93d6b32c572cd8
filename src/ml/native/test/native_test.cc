// What statements cannot reach: the file and its mutations, columns against a plain loop, threads that change nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "arrow/builder.h"
#include "base/random.h"
#include "ml/native/clusters.h"
#include "ml/native/design.h"
#include "ml/native/linear_fit.h"
#include "ml/native/model_file.h"
#include "ml/native/one_class_svm.h"
#include "ml/native/score_card.h"
#include "ml/native/trainer.h"

namespace sinan::ml::native {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// 700 rows of two numbers (one with gaps), a category with a slot that is never used, and three sparse features.
class Rows final : public MatrixSource {
 public:
  explicit Rows(size_t classes) {
    Random random(11);
    schema_.features = {{"a", "a"},
                        {"b", "b"},
                        {"c", "c", FeatureKind::kCategorical, 4},
                        {"s0", "s", FeatureKind::kNumeric, 0, true},
                        {"s1", "s", FeatureKind::kNumeric, 0, true},
                        {"s2", "s", FeatureKind::kNumeric, 0, true}};
    begins_.push_back(0);
    for (size_t i = 0; i < kRows; ++i) {
      a_.push_back(static_cast<float>(random.uniform() * 4));
      b_.push_back(random.below(9) == 0 ? kMissing : static_cast<float>(random.uniform()));
      c_.push_back(random.below(10) == 0 ? -1 : static_cast<int32_t>(random.below(3)));
      for (uint32_t p = 0; p < 3; ++p) {
        if (random.below(3) > 0) continue;
        positions_.push_back(p);
        values_.push_back(static_cast<float>(1 + random.uniform()));
      }
      begins_.push_back(positions_.size());
      const double at = static_cast<double>(a_[i]) + static_cast<double>(c_[i]) + random.uniform();
      label_.push_back(classes == 0 ? static_cast<float>(at)
                                    : static_cast<float>(
                                          std::min<size_t>(static_cast<size_t>(std::max(at, 0.0) / 2.5), classes - 1)));
    }
  }
  static constexpr size_t kRows = 700;
  const FeatureSchema& schema() const override { return schema_; }
  size_t rows() const override { return kRows; }
  Status rewind() override {
    next_ = 0;
    return {};
  }
  // Two blocks, so that what is put together is put together rightly.
  Result<std::optional<MatrixBlock>> next() override {
    if (next_ == kRows) return std::nullopt;
    const size_t begin = next_;
    next_ = begin == 0 ? 300 : kRows;
    return view(begin, next_);
  }
  MatrixBlock view(size_t begin, size_t end) {
    const size_t count = end - begin;
    columns_.assign(6, {});
    columns_[0].values = std::span(a_).subspan(begin, count);
    columns_[1].values = std::span(b_).subspan(begin, count);
    columns_[2].codes = std::span(c_).subspan(begin, count);
    sparse_ = {{3, 3, std::span(begins_).subspan(begin, count + 1), positions_, values_}};
    MatrixBlock block;
    block.rows = count;
    block.features = columns_;
    block.sparse = sparse_;
    block.label = std::span(label_).subspan(begin, count);
    return block;
  }
  float listed(size_t row, uint32_t position) const {
    for (uint64_t k = begins_[row]; k < begins_[row + 1]; ++k)
      if (positions_[k] == position) return values_[k];
    return 0;
  }

  std::vector<float> a_, b_, label_, values_;
  std::vector<int32_t> c_;

 private:
  FeatureSchema schema_;
  std::vector<uint64_t> begins_;
  std::vector<uint32_t> positions_;
  std::vector<FeatureColumn> columns_;
  std::vector<SparseFeatures> sparse_;
  size_t next_ = 0;
};

const auto kGoOn = [](uint32_t, double) { return true; };

TEST(Design, ColumnsAreThoseOfAPlainLoop) {
  Rows source(0);
  const DesignRows rows = DesignRows::read(source).value();
  ASSERT_EQ(rows.rows(), Rows::kRows);
  const Design design = Design::fit(rows, 100).value();
  // a; b and its flag; three of four codes and the flag of c; three sparse ones.
  ASSERT_EQ(design.width(), 1 + 2 + 4 + 3U);

  double sum = 0;
  double present = 0;
  for (const float b : source.b_)
    if (!std::isnan(b)) sum += static_cast<double>(b), present += 1;
  const auto mean = static_cast<float>(sum / present);
  EXPECT_NEAR(design.mean()[1], static_cast<double>(mean), 1e-6);

  const size_t begin = 250;
  const size_t end = 350;
  const MatrixBlock block = source.view(0, Rows::kRows);
  std::vector<float> columns(design.width() * (end - begin));
  design.expand(block, begin, end, columns.data(), end - begin);
  std::vector<double> weights(design.width());
  for (size_t j = 0; j < weights.size(); ++j) weights[j] = 0.5 + static_cast<double>(j);
  std::vector<double> product(end - begin), by(end - begin), sums(design.width());
  design.multiply(block, begin, end, weights, product.data());
  for (size_t i = 0; i < by.size(); ++i) by[i] = std::sin(static_cast<double>(i));
  design.accumulate(block, begin, end, by.data(), sums);

  std::vector<double> naive_sums(design.width());
  for (size_t i = begin; i < end; ++i) {
    const bool gap = std::isnan(source.b_[i]);
    const int32_t code = source.c_[i];
    const std::vector<float> expected = {source.a_[i],
                                         gap ? mean : source.b_[i],
                                         gap ? 1.0F : 0.0F,
                                         code == 0 ? 1.0F : 0.0F,
                                         code == 1 ? 1.0F : 0.0F,
                                         code == 2 ? 1.0F : 0.0F,
                                         code < 0 ? 1.0F : 0.0F,
                                         source.listed(i, 0),
                                         source.listed(i, 1),
                                         source.listed(i, 2)};
    double naive = 0;
    for (size_t j = 0; j < expected.size(); ++j) {
      EXPECT_EQ(columns[j * (end - begin) + i - begin], expected[j]) << "row " << i << ", column " << j;
      naive += weights[j] * static_cast<double>(expected[j]);
      naive_sums[j] += by[i - begin] * static_cast<double>(expected[j]);
    }
    EXPECT_NEAR(product[i - begin], naive, 1e-9);
  }
  for (size_t j = 0; j < sums.size(); ++j) EXPECT_NEAR(sums[j], naive_sums[j], 1e-9);
}

TEST(Design, RefusesTooManyColumns) {
  Rows source(0);
  const DesignRows rows = DesignRows::read(source).value();
  const auto design = Design::fit(rows, 5);
  ASSERT_FALSE(design);
  EXPECT_EQ(design.error().code, Code::kData);
}

// The slope of the loss is 0 at the minimum: what the optimiser says is checked by differences of the loss itself.
TEST(LinearFit, IsAMinimum) {
  for (const size_t classes : {size_t{0}, size_t{2}, size_t{3}}) {
    Rows source(classes);
    const DesignRows rows = DesignRows::read(source).value();
    Workers workers(2);
    LinearOptions options;
    options.l2 = 1;
    const Link link = classes == 0 ? Link::kIdentity : classes == 2 ? Link::kLogistic : Link::kSoftmax;
    const size_t outputs = classes == 3 ? 3 : 1;
    const LinearFit fit =
        fit_linear(rows, Design::fit(rows, 100).value(), link, outputs, {}, options, workers, kGoOn).value();
    ASSERT_TRUE(fit.converged);
    const auto loss = [&](const LinearModel& model) {
      double sum = 0;
      const MatrixBlock block = source.view(0, Rows::kRows);
      for (size_t begin = 0; begin < Rows::kRows; begin += kLinearChunk) {
        const size_t end = std::min(Rows::kRows, begin + kLinearChunk);
        std::vector<double> margin((end - begin) * outputs);
        linear_margins(model, block, begin, end, margin.data());
        for (size_t i = begin; i < end; ++i) {
          const double* const m = &margin[(i - begin) * outputs];
          const auto label = static_cast<double>(source.label_[i]);
          if (link == Link::kIdentity) sum += (m[0] - label) * (m[0] - label) / 2;
          if (link == Link::kLogistic) sum += std::log1p(std::exp(m[0])) - label * m[0];
          if (link == Link::kSoftmax)
            sum += std::log(std::exp(m[0]) + std::exp(m[1]) + std::exp(m[2])) - m[static_cast<size_t>(label)];
        }
      }
      for (size_t k = 0; k < outputs; ++k)
        for (const Design::Term& term : model.design.terms())
          for (uint32_t c = term.first; c < term.first + term.count; ++c) {
            const bool number = term.kind == Design::Term::Kind::kNumber;
            const double w = model.weights_of(k)[c] * (number ? model.design.deviation()[c] : 1);
            sum += w * w / 2;
          }
      return sum;
    };
    const double least = loss(fit.model);
    for (size_t j = 0; j < fit.model.weights.size(); ++j)
      for (const double step : {-1e-2, 1e-2}) {
        LinearModel other = fit.model;
        other.weights[j] += step;
        EXPECT_GT(loss(other), least - 1e-6) << classes << " classes, weight " << j;
      }
  }
}

TEST(Native, ThreadsChangeNothing) {
  for (const uint32_t threads : {1U, 3U}) {
    static std::vector<std::byte> linear, clusters, card, svm;
    Rows source(2);
    const DesignRows rows = DesignRows::read(source).value();
    Workers workers(threads);
    const auto same = [](std::vector<std::byte>& before, std::vector<std::byte> now) {
      if (!before.empty()) {
        EXPECT_EQ(before, now);
      }
      before = std::move(now);
    };
    LinearOptions options;
    options.l1 = 0.5;
    same(linear,
         write_linear(fit_linear(rows, Design::fit(rows, 100).value(), Link::kLogistic, 1, {}, options, workers, kGoOn)
                          .value()
                          .model));
    same(clusters, write_clusters(fit_clusters(rows, Design::fit(rows, 100).value(),
                                               {.clusters = 5, .starts = 2, .seed = 3}, workers, kGoOn)
                                      .value()
                                      .model));
    same(card, write_card(fit_card(rows, {.factor = 20, .offset = 600}, workers, kGoOn).value()));
    same(svm, write_svm(fit_svm(rows, Design::fit(rows, 100).value(), {.nu = 0.2}, workers,
                                [](uint64_t, double) { return true; })
                            .value()
                            .model));
  }
}

TEST(Clusters, NearestIsThatOfAPlainLoop) {
  Random random(5);
  constexpr size_t kRows = 203;
  constexpr size_t kWidth = 7;
  constexpr size_t kCentres = 9;
  std::vector<float> points(kRows * kWidth), centres(kCentres * kWidth);
  for (float& value : points) value = static_cast<float>(random.uniform());
  for (float& value : centres) value = static_cast<float>(random.uniform());
  std::vector<int32_t> which(kRows);
  std::vector<float> squared(kRows);
  nearest(points.data(), kRows, kRows, kWidth, centres.data(), kCentres, which.data(), squared.data());
  for (size_t i = 0; i < kRows; ++i) {
    double least = 1e9;
    for (size_t c = 0; c < kCentres; ++c) {
      double sum = 0;
      for (size_t j = 0; j < kWidth; ++j) {
        const double off = static_cast<double>(points[j * kRows + i]) - static_cast<double>(centres[c * kWidth + j]);
        sum += off * off;
      }
      if (sum < least - 1e-6) least = sum;
    }
    EXPECT_NEAR(static_cast<double>(squared[i]), least, 1e-5);
    double own = 0;
    for (size_t j = 0; j < kWidth; ++j) {
      const double off = static_cast<double>(points[j * kRows + i]) -
                         static_cast<double>(centres[static_cast<size_t>(which[i]) * kWidth + j]);
      own += off * off;
    }
    EXPECT_NEAR(own, least, 1e-5);
  }
}

// Every kind of file, with the package it belongs to.
std::vector<ModelPackage> packages() {
  Rows source(2);
  const DesignRows rows = DesignRows::read(source).value();
  Workers workers(1);
  ModelPackage package;
  package.library = kLibrary;
  package.task = Task::kBinary;
  package.label = {LabelMap::Kind::kClasses, "y", arrow::string_type(), {"no", "yes"}};
  package.plan = FeaturePlan({{Transform::Kind::kNumber, "a", "a", {}}, {Transform::Kind::kNumber, "b", "b", {}}},
                             {{"a", arrow::double_type(), true}, {"b", arrow::double_type(), true}});
  // The plan of the first two features alone.
  class Two final : public MatrixSource {
   public:
    explicit Two(Rows& rows, const FeatureSchema& schema) : rows_(rows), schema_(schema) {}
    const FeatureSchema& schema() const override { return schema_; }
    size_t rows() const override { return Rows::kRows; }
    Status rewind() override { return done_ = false, Status(); }
    Result<std::optional<MatrixBlock>> next() override {
      if (std::exchange(done_, true)) return std::nullopt;
      MatrixBlock block = rows_.view(0, Rows::kRows);
      block.features = block.features.first(2);
      block.sparse = {};
      return block;
    }

   private:
    Rows& rows_;
    const FeatureSchema& schema_;
    bool done_ = false;
  } two(source, package.plan.schema());
  const DesignRows of_two = DesignRows::read(two).value();
  const auto design = [&] { return Design::fit(of_two, 100).value(); };
  std::vector<ModelPackage> out(4, package);
  out[0].native = write_linear(fit_linear(of_two, design(), Link::kLogistic, 1, {}, {}, workers, kGoOn).value().model);
  out[1].native = write_card(fit_card(of_two, {.factor = 20, .offset = 600}, workers, kGoOn).value());
  for (const size_t i : {size_t{2}, size_t{3}}) out[i].label = LabelMap();
  out[2].task = Task::kClustering;
  out[2].native = write_clusters(fit_clusters(of_two, design(), {.clusters = 3}, workers, kGoOn).value().model);
  out[3].task = Task::kAnomaly;
  out[3].native =
      write_svm(fit_svm(of_two, design(), {.nu = 0.1}, workers, [](uint64_t, double) { return true; }).value().model);
  return out;
}

TEST(NativeFile, ComesBackAndScoresAlike) {
  Rows source(2);
  MatrixBlock block = source.view(0, Rows::kRows);
  block.features = block.features.first(2);
  block.sparse = {};
  for (const ModelPackage& package : packages()) {
    const auto opened = open(package);
    ASSERT_TRUE(opened) << opened.error().to_string();
    std::vector<float> all(block.rows), one(1);
    ASSERT_TRUE(opened->predictor->predict(block, Output::kMargin, all));
    // A row alone has the same score as among others.
    for (const size_t row : {size_t{0}, size_t{1}, size_t{255}, size_t{256}, size_t{699}}) {
      MatrixBlock single = source.view(row, row + 1);
      single.features = single.features.first(2);
      single.sparse = {};
      ASSERT_TRUE(opened->predictor->predict(single, Output::kMargin, one));
      EXPECT_EQ(one[0], all[row]);
      source.view(0, Rows::kRows);
    }
    if (opened->explainer == nullptr) continue;
    std::vector<float> shap(block.rows * 3);
    ASSERT_TRUE(opened->explainer->explain(block, shap));
    for (size_t i = 0; i < block.rows; ++i) EXPECT_NEAR(shap[3 * i] + shap[3 * i + 1] + shap[3 * i + 2], all[i], 1e-4);
  }
}

TEST(NativeFile, DamageIsRefusedOrHarmless) {
  Random random(77);
  Rows source(2);
  for (const ModelPackage& package : packages()) {
    for (size_t size = 0; size < package.native.size(); size += 1 + package.native.size() / 200) {
      ModelPackage cut = package;
      cut.native.resize(size);
      EXPECT_FALSE(open(cut));
    }
    for (int attempt = 0; attempt < 400; ++attempt) {
      ModelPackage altered = package;
      for (uint64_t change = random.below(4) + 1; change > 0; --change)
        altered.native[random.below(altered.native.size())] = static_cast<std::byte>(random.below(256));
      const auto opened = open(altered);
      if (!opened) continue;
      MatrixBlock block = source.view(0, 40);
      block.features = block.features.first(2);
      block.sparse = {};
      std::vector<float> out(40);
      ASSERT_TRUE(opened->predictor->predict(block, Output::kPrediction, out));
      if (opened->tables) opened->tables();
    }
  }
}

}  // namespace
}  // namespace sinan::ml::native

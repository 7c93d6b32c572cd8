#include "ml/native/linear_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "arrow/builder.h"
#include "base/check.h"

namespace sinan::ml::native {
namespace {

constexpr std::string_view kLinks[] = {"identity", "logistic", "softmax"};
constexpr size_t kMostOutputs = 4096;

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

class LinearPredictor final : public Predictor {
 public:
  explicit LinearPredictor(std::shared_ptr<const LinearModel> model) : model_(std::move(model)) {}
  size_t outputs() const override { return model_->outputs(); }
  size_t prediction_width() const override { return model_->outputs(); }

  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    CHECK(block.features.size() == model_->design.features());
    const size_t outputs = model_->outputs();
    CHECK(out.size() >= block.rows * outputs);
    const bool links = output == Output::kPrediction;
    for (size_t begin = 0; begin < block.rows; begin += kLinearChunk) {
      const size_t end = std::min(block.rows, begin + kLinearChunk);
      const size_t rows = end - begin;
      float* into = out.data() + begin * outputs;
      std::array<double, kLinearChunk> margin;
      for (size_t k = 0; k < outputs; ++k) {
        std::fill_n(margin.data(), rows, model_->intercept[k]);
        model_->design.multiply(block, begin, end, model_->weights_of(k), margin.data());
        if (links && model_->link == Link::kLogistic)
          for (size_t i = 0; i < rows; ++i) margin[i] = sigmoid(margin[i]);
        for (size_t i = 0; i < rows; ++i) into[i * outputs + k] = static_cast<float>(margin[i]);
      }
      if (links && model_->link == Link::kSoftmax)
        for (size_t i = 0; i < rows; ++i) soften(into + i * outputs, outputs);
    }
    return {};
  }

 private:
  static void soften(float* row, size_t outputs) {
    const auto top = static_cast<double>(*std::max_element(row, row + outputs));
    double sum = 0;
    for (size_t k = 0; k < outputs; ++k) sum += std::exp(static_cast<double>(row[k]) - top);
    for (size_t k = 0; k < outputs; ++k) row[k] = static_cast<float>(std::exp(static_cast<double>(row[k]) - top) / sum);
  }

  std::shared_ptr<const LinearModel> model_;
};

class LinearExplainer final : public Explainer {
 public:
  explicit LinearExplainer(std::shared_ptr<const LinearModel> model) : model_(std::move(model)) {
    const Design& design = model_->design;
    for (size_t k = 0; k < model_->outputs(); ++k) {
      double bias = model_->intercept[k];
      for (const Design::Term& term : design.terms()) {
        double mean = 0;
        for (uint32_t c = term.first; c < term.first + term.count; ++c)
          mean += model_->weights_of(k)[c] * design.mean()[c];
        mean_effect_.push_back(mean);
        bias += mean;
      }
      bias_.push_back(bias);
    }
  }
  size_t outputs() const override { return model_->outputs(); }

  Status explain(const MatrixBlock& block, std::span<float> contributions) const override {
    return fill(block, contributions, model_->design.features() + 1, 1);
  }

  // No two features interact: what a feature does alone is on the diagonal.
  Status explain_interactions(const MatrixBlock& block, std::span<float> interactions) const override {
    const size_t group = model_->design.features() + 1;
    std::fill(interactions.begin(), interactions.end(), 0.0F);
    return fill(block, interactions, group * group, group + 1);
  }

 private:
  // Feature j of output k of row i at (i x outputs + k) x group + j x step.
  Status fill(const MatrixBlock& block, std::span<float> out, size_t group, size_t step) const {
    const Design& design = model_->design;
    const size_t outputs = model_->outputs();
    const size_t features = design.features();
    CHECK(block.features.size() == features && out.size() >= block.rows * outputs * group);
    const auto& terms = design.terms();
    for (size_t begin = 0; begin < block.rows; begin += kLinearChunk) {
      const size_t end = std::min(block.rows, begin + kLinearChunk);
      const size_t rows = end - begin;
      std::array<double, kLinearChunk> effect;
      for (size_t k = 0; k < outputs; ++k) {
        const auto place = [&](size_t row, size_t j) -> float& {
          return out[((begin + row) * outputs + k) * group + j * step];
        };
        for (size_t i = 0; i < rows; ++i) {
          for (size_t j = 0; j < features; ++j) place(i, j) = 0;
          place(i, features) = static_cast<float>(bias_[k]);
        }
        // The terms of a feature follow one another.
        for (size_t t = 0; t < terms.size();) {
          const uint32_t feature = terms[t].feature;
          std::fill_n(effect.data(), rows, 0.0);
          double mean = 0;
          for (; t < terms.size() && terms[t].feature == feature; ++t) {
            design.multiply_term(terms[t], block, begin, end, model_->weights_of(k), effect.data());
            mean += mean_effect_[k * terms.size() + t];
          }
          for (size_t i = 0; i < rows; ++i) place(i, feature) = static_cast<float>(effect[i] - mean);
        }
      }
    }
    return {};
  }

  std::shared_ptr<const LinearModel> model_;
  std::vector<double> mean_effect_;  // outputs x terms
  std::vector<double> bias_;         // by output
};

// One row a coefficient; columns that the training had one value of are left out.
flow::ResultTable coefficients(const LinearModel& model, const FeaturePlan& plan,
                               const std::vector<std::string>& classes) {
  const bool by_class = model.outputs() > 1;
  std::vector<arrow::Field> fields;
  if (by_class) fields.push_back({"class", arrow::string_type()});
  fields.push_back({"term", arrow::string_type()});
  fields.push_back({"feature", arrow::string_type()});
  fields.push_back({"coefficient", arrow::double_type()});
  fields.push_back({"standardized", arrow::double_type()});
  arrow::BatchBuilder rows(std::move(fields));
  const std::vector<std::string> names = model.design.column_names(plan);
  const std::vector<uint32_t> features = model.design.column_features();
  for (size_t k = 0; k < model.outputs(); ++k) {
    const auto add = [&](std::string_view term, std::optional<std::string_view> feature, double coefficient,
                         std::optional<double> standardized) {
      size_t next = 0;
      if (by_class) rows.column(next++).append(std::string_view(classes[k]));
      rows.column(next++).append(term);
      feature ? rows.column(next).append(*feature) : rows.column(next).append_null();
      rows.column(next + 1).append(coefficient);
      standardized ? rows.column(next + 2).append(*standardized) : rows.column(next + 2).append_null();
    };
    add("intercept", std::nullopt, model.intercept[k], std::nullopt);
    for (size_t c = 0; c < model.design.width(); ++c) {
      const double deviation = model.design.deviation()[c];
      if (deviation == 0) continue;
      const double weight = model.weights_of(k)[c];
      add(names[c], plan.schema().features[features[c]].name, weight, weight * deviation);
    }
  }
  return {"Coefficients", rows.finish()};
}

}  // namespace

void linear_margins(const LinearModel& model, const MatrixBlock& block, size_t begin, size_t end, double* out) {
  const size_t outputs = model.outputs();
  std::array<double, kLinearChunk> margin;
  for (size_t k = 0; k < outputs; ++k) {
    std::fill_n(margin.data(), end - begin, model.intercept[k]);
    model.design.multiply(block, begin, end, model.weights_of(k), margin.data());
    for (size_t i = 0; i < end - begin; ++i) out[i * outputs + k] = margin[i];
  }
}

std::vector<std::byte> write_linear(const LinearModel& model) {
  ModelFileWriter file;
  Json header = Json::object({{"kind", "linear"},
                              {"link", kLinks[static_cast<size_t>(model.link)]},
                              {"outputs", static_cast<uint64_t>(model.outputs())},
                              {"design", model.design.write(file)},
                              {"intercept", file.put(model.intercept)},
                              {"weights", file.put(model.weights)}});
  return file.finish(header);
}

OpenedModel linear_at_work(std::shared_ptr<const LinearModel> model) {
  return {std::make_unique<LinearPredictor>(model), std::make_unique<LinearExplainer>(model)};
}

Result<OpenedModel> open_linear(const ModelFile& file, const ModelPackage& package) {
  const Json& header = file.header();
  auto model = std::make_shared<LinearModel>();
  const auto link = std::ranges::find(kLinks, header.at("link").string_view());
  if (link == std::end(kLinks)) return fail(Code::kData, "model is damaged: unknown link");
  model->link = static_cast<Link>(link - std::begin(kLinks));
  model->design = TRY(Design::read(header.at("design"), file, package.plan.schema()));
  const size_t outputs = TRY(count_member(header, "outputs", kMostOutputs));
  const size_t expected = package.task == Task::kMulticlass ? package.label.classes.size() : 1;
  const Link wanted = package.task == Task::kMulticlass ? Link::kSoftmax
                      : package.task == Task::kBinary   ? Link::kLogistic
                                                        : Link::kIdentity;
  if (outputs != expected || model->link != wanted || !has_label(package.task))
    return fail(Code::kData, "model is damaged: its file does not fit its task");
  model->intercept = TRY(file.numbers(header.at("intercept"), outputs, "intercepts"));
  model->weights = TRY(file.numbers(header.at("weights"), outputs * model->design.width(), "weights"));
  OpenedModel opened = linear_at_work(model);
  opened.tables = [model, plan = package.plan, classes = package.label.classes] {
    std::vector<flow::ResultTable> tables;
    tables.push_back(coefficients(*model, plan, classes));
    return tables;
  };
  return opened;
}

}  // namespace sinan::ml::native

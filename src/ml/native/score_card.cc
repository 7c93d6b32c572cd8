#include "ml/native/score_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "arrow/builder.h"
#include "base/check.h"
#include "ml/native/linear_fit.h"

namespace sinan::ml::native {
namespace {

constexpr size_t kChunk = 512;

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

size_t bin_of(const CardFeature& feature, float value) {
  if (std::isnan(value)) return feature.bins();
  const auto at = std::lower_bound(feature.edges.begin(), feature.edges.end(), static_cast<double>(value));
  return static_cast<size_t>(at - feature.edges.begin());
}

size_t bin_of(const CardFeature& feature, int32_t code) {
  return code < 0 || static_cast<size_t>(code) >= feature.bins() ? feature.bins() : static_cast<size_t>(code);
}

// Calls `each(row - begin, bin)` for rows [begin, end); sparse features become columns of numbers first.
template <class Each>
void for_each_bin(const CardFeature& feature, size_t number, const MatrixBlock& block, size_t begin, size_t end,
                  Each each) {
  const FeatureColumn& column = block.features[number];
  if (feature.is_category) {
    for (size_t i = begin; i < end; ++i) each(i - begin, bin_of(feature, column.codes[i]));
    return;
  }
  if (!column.values.empty()) {
    for (size_t i = begin; i < end; ++i) each(i - begin, bin_of(feature, column.values[i]));
    return;
  }
  for (size_t i = begin; i < end; ++i) {
    float value = 0;
    for (const SparseFeatures& run : block.sparse) {
      if (number < run.first || number >= run.first + run.count) continue;
      for (uint64_t k = run.begins[i]; k < run.begins[i + 1]; ++k)
        if (run.positions[k] == number - run.first) value = run.values[k];
    }
    each(i - begin, bin_of(feature, value));
  }
}

// Quantiles of the training values, as pandas' qcut finds them, each once.
std::vector<double> quantile_edges(std::vector<float> values, size_t bins) {
  std::erase_if(values, [](float v) { return std::isnan(v); });
  std::vector<double> edges;
  if (values.empty()) return edges;
  std::ranges::sort(values);
  for (size_t b = 1; b < bins; ++b) {
    const double at = static_cast<double>(values.size() - 1) * static_cast<double>(b) / static_cast<double>(bins);
    const auto low = static_cast<size_t>(at);
    const double share = at - static_cast<double>(low);
    const auto first = static_cast<double>(values[low]);
    const auto second = static_cast<double>(values[std::min(low + 1, values.size() - 1)]);
    const double edge = first + (second - first) * share;
    if ((edges.empty() || edge > edges.back()) && edge < static_cast<double>(values.back())) edges.push_back(edge);
  }
  return edges;
}

void weigh(CardFeature& feature) {
  double all0 = 0;
  double all1 = 0;
  for (size_t b = 0; b <= feature.bins(); ++b) all0 += feature.class0[b], all1 += feature.class1[b];
  for (size_t b = 0; b <= feature.bins(); ++b) {
    double in0 = feature.class0[b];
    double in1 = feature.class1[b];
    if (in0 + in1 == 0) continue;  // nothing is known: woe 0
    if (in0 == 0 || in1 == 0) in0 += 0.5, in1 += 0.5;
    feature.woe[b] = std::log((in1 / all1) / (in0 / all0));
  }
}

// Log odds of class 1 of rows [begin, end).
void card_margins(const ScoreCard& card, const MatrixBlock& block, size_t begin, size_t end, double* out) {
  std::fill_n(out, end - begin, card.intercept);
  for (size_t f = 0; f < card.features.size(); ++f) {
    const CardFeature& feature = card.features[f];
    const double weight = card.weights[f];
    for_each_bin(feature, f, block, begin, end, [&](size_t i, size_t bin) { out[i] += weight * feature.woe[bin]; });
  }
}

class CardPredictor final : public Predictor {
 public:
  CardPredictor(std::shared_ptr<const ScoreCard> card, const FeatureSchema& schema) : card_(std::move(card)) {
    for (const Feature& feature : schema.features) names_.push_back(feature.name);
  }
  size_t outputs() const override { return 1; }
  size_t prediction_width() const override { return 1; }

  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    CHECK(block.features.size() == card_->features.size() && out.size() >= block.rows);
    std::array<double, kChunk> margin;
    for (size_t begin = 0; begin < block.rows; begin += kChunk) {
      const size_t end = std::min(block.rows, begin + kChunk);
      card_margins(*card_, block, begin, end, margin.data());
      for (size_t i = begin; i < end; ++i) {
        const double m = margin[i - begin];
        out[i] = static_cast<float>(output == Output::kPrediction ? sigmoid(m) : m);
      }
    }
    return {};
  }

  double score(double margin) const override { return card_->offset - card_->factor * margin; }
  std::span<const std::string> points_of() const override { return names_; }
  Status points(const MatrixBlock& block, std::span<double> out) const override {
    const size_t features = card_->features.size();
    for (size_t f = 0; f < features; ++f)
      for_each_bin(card_->features[f], f, block, 0, block.rows,
                   [&](size_t i, size_t bin) { out[i * features + f] = card_->points(f, bin); });
    return {};
  }

 private:
  std::shared_ptr<const ScoreCard> card_;
  std::vector<std::string> names_;
};

// A feature's SHAP value is what its bin adds to the log odds, less the mean of that in the training rows.
class CardExplainer final : public Explainer {
 public:
  explicit CardExplainer(std::shared_ptr<const ScoreCard> card) : card_(std::move(card)), bias_(card_->intercept) {
    for (size_t f = 0; f < card_->features.size(); ++f) {
      const CardFeature& feature = card_->features[f];
      double sum = 0;
      double rows = 0;
      for (size_t b = 0; b <= feature.bins(); ++b) {
        const double in = feature.class0[b] + feature.class1[b];
        sum += in * feature.woe[b];
        rows += in;
      }
      mean_.push_back(rows > 0 ? card_->weights[f] * sum / rows : 0);
      bias_ += mean_.back();
    }
  }
  size_t outputs() const override { return 1; }
  Status explain(const MatrixBlock& block, std::span<float> contributions) const override {
    return fill(block, contributions, card_->features.size() + 1, 1);
  }
  Status explain_interactions(const MatrixBlock& block, std::span<float> interactions) const override {
    const size_t group = card_->features.size() + 1;
    std::fill(interactions.begin(), interactions.end(), 0.0F);
    return fill(block, interactions, group * group, group + 1);
  }

 private:
  Status fill(const MatrixBlock& block, std::span<float> out, size_t group, size_t step) const {
    const size_t features = card_->features.size();
    for (size_t i = 0; i < block.rows; ++i) out[i * group + features * step] = static_cast<float>(bias_);
    for (size_t f = 0; f < features; ++f)
      for_each_bin(card_->features[f], f, block, 0, block.rows, [&](size_t i, size_t bin) {
        out[i * group + f * step] = static_cast<float>(card_->weights[f] * card_->features[f].woe[bin] - mean_[f]);
      });
    return {};
  }

  std::shared_ptr<const ScoreCard> card_;
  std::vector<double> mean_;
  double bias_;
};

std::string bin_text(const CardFeature& feature, const std::vector<std::string>& texts, size_t bin) {
  if (bin == feature.bins()) return "missing";
  if (feature.is_category) return bin < texts.size() ? texts[bin] : "another";
  if (feature.edges.empty()) return "any";
  if (bin == 0) return fmt::format("<= {:g}", feature.edges[0]);
  if (bin == feature.edges.size()) return fmt::format("> {:g}", feature.edges.back());
  return fmt::format("({:g}, {:g}]", feature.edges[bin - 1], feature.edges[bin]);
}

flow::ResultTable card_table(const ScoreCard& card, const FeaturePlan& plan) {
  arrow::BatchBuilder rows({{"feature", arrow::string_type()},
                            {"bin", arrow::string_type()},
                            {"rows", arrow::int64_type()},
                            {"share", arrow::double_type()},
                            {"woe", arrow::double_type()},
                            {"iv", arrow::double_type()},
                            {"points", arrow::double_type()}});
  for (size_t f = 0; f < card.features.size(); ++f) {
    const CardFeature& feature = card.features[f];
    const std::string& name = plan.schema().features[f].name;
    const auto transform = std::ranges::find(plan.transforms(), name, &Transform::feature);
    const std::vector<std::string> texts =
        transform == plan.transforms().end() ? std::vector<std::string>() : transform->vocabulary;
    for (size_t b = 0; b <= feature.bins(); ++b) {
      const double in = feature.class0[b] + feature.class1[b];
      if (in == 0 && (b == feature.bins() || feature.is_category)) continue;
      rows.column(0).append(std::string_view(name));
      rows.column(1).append(std::string_view(bin_text(feature, texts, b)));
      rows.column(2).append(static_cast<int64_t>(in));
      rows.column(3).append(in > 0 ? feature.class1[b] / in : 0.0);
      rows.column(4).append(feature.woe[b]);
      rows.column(5).append(feature.information_value());
      rows.column(6).append(card.points(f, b));
    }
  }
  return {"Score card", rows.finish()};
}

}  // namespace

double CardFeature::information_value() const {
  double all0 = 0;
  double all1 = 0;
  for (size_t b = 0; b <= bins(); ++b) all0 += class0[b], all1 += class1[b];
  double sum = 0;
  for (size_t b = 0; b <= bins(); ++b)
    if (all0 > 0 && all1 > 0) sum += (class1[b] / all1 - class0[b] / all0) * woe[b];
  return sum;
}

double ScoreCard::points(size_t feature, size_t bin) const {
  const auto count = static_cast<double>(features.size());
  return (offset - factor * intercept) / count - factor * weights[feature] * features[feature].woe[bin];
}

Result<ScoreCard> fit_card(const DesignRows& rows, const CardOptions& options, Workers& workers,
                           const std::function<bool(uint32_t, double)>& goes_on) {
  const FeatureSchema& schema = rows.schema();
  ScoreCard card;
  card.factor = options.factor;
  card.offset = options.offset;
  card.features.resize(schema.size());
  workers.run(schema.size(), [&](size_t f) {
    CardFeature& feature = card.features[f];
    feature.is_category = schema.features[f].kind == FeatureKind::kCategorical;
    size_t bins = schema.features[f].categories;
    if (!feature.is_category) {
      std::vector<float> values;
      if (schema.features[f].is_sparse) {
        feature.edges = {0};  // listed or not
      } else {
        for (size_t s = 0; s < DesignRows::kSlices; ++s) {
          const auto part = rows.slice(s).features[f].values;
          values.insert(values.end(), part.begin(), part.end());
        }
        feature.edges = quantile_edges(std::move(values), options.bins);
      }
      bins = feature.edges.size() + 1;
    }
    feature.woe.assign(bins + 1, 0);
    feature.class0 = feature.class1 = feature.woe;
    for (size_t s = 0; s < DesignRows::kSlices; ++s) {
      const MatrixBlock& block = rows.slice(s);
      for_each_bin(feature, f, block, 0, block.rows,
                   [&](size_t i, size_t bin) { (block.label[i] > 0.5F ? feature.class1 : feature.class0)[bin] += 1; });
    }
    weigh(feature);
  });
  if (!goes_on(0, 0)) return fail(Code::kCancelled, "cancelled");

  const size_t n = schema.size() + 1;
  const auto total = static_cast<double>(rows.rows());
  const auto slope = [&](std::span<const double> x, std::span<double> gradient) {
    std::vector<std::vector<double>> sums(DesignRows::kSlices, std::vector<double>(n + 1));
    workers.run(DesignRows::kSlices, [&](size_t s) {
      const MatrixBlock& block = rows.slice(s);
      std::array<double, kChunk> margin;
      for (size_t begin = 0; begin < block.rows; begin += kChunk) {
        const size_t end = std::min(block.rows, begin + kChunk);
        std::fill_n(margin.data(), end - begin, x[n - 1]);
        for (size_t f = 0; f + 1 < n; ++f)
          for_each_bin(card.features[f], f, block, begin, end,
                       [&](size_t i, size_t bin) { margin[i] += x[f] * card.features[f].woe[bin]; });
        for (size_t i = 0; i < end - begin; ++i) {
          const double m = margin[i];
          const auto label = static_cast<double>(block.label[begin + i]);
          sums[s][n] += std::max(m, 0.0) + std::log1p(std::exp(-std::abs(m))) - label * m;
          margin[i] = sigmoid(m) - label;
          sums[s][n - 1] += margin[i];
        }
        for (size_t f = 0; f + 1 < n; ++f)
          for_each_bin(card.features[f], f, block, begin, end,
                       [&](size_t i, size_t bin) { sums[s][f] += margin[i] * card.features[f].woe[bin]; });
      }
    });
    double value = 0;
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (const auto& part : sums) {
      value += part[n];
      for (size_t j = 0; j < n; ++j) gradient[j] += part[j];
    }
    for (size_t j = 0; j + 1 < n; ++j) {
      value += options.l2 / 2 * x[j] * x[j];
      gradient[j] += options.l2 * x[j];
    }
    for (double& g : gradient) g /= total;
    return value / total;
  };
  std::vector<double> x(n);
  std::vector<double> l1(n, options.l1 / total);
  l1.back() = 0;
  const Minimum minimum = minimize(x, l1, slope, options.tolerance, options.max_iterations, goes_on);
  if (minimum.cancelled) return fail(Code::kCancelled, "cancelled");
  card.intercept = x.back();
  x.pop_back();
  card.weights = std::move(x);
  return card;
}

std::vector<std::byte> write_card(const ScoreCard& card) {
  ModelFileWriter file;
  Json features = Json::array();
  for (const CardFeature& feature : card.features)
    features.push_back(Json::object({{"category", feature.is_category},
                                     {"edges", file.put(feature.edges)},
                                     {"woe", file.put(feature.woe)},
                                     {"class0", file.put(feature.class0)},
                                     {"class1", file.put(feature.class1)}}));
  const double scale[] = {card.factor, card.offset, card.intercept};
  Json header = Json::object({{"kind", "score_card"},
                              {"features", std::move(features)},
                              {"weights", file.put(card.weights)},
                              {"scale", file.put(scale)}});
  return file.finish(header);
}

OpenedModel card_at_work(std::shared_ptr<const ScoreCard> card, const FeatureSchema& schema) {
  return {std::make_unique<CardPredictor>(card, schema), std::make_unique<CardExplainer>(card)};
}

Result<OpenedModel> open_card(const ModelFile& file, const ModelPackage& package) {
  const auto damaged = [](std::string_view what) {
    return fail(Code::kData, fmt::format("model is damaged: {}", what));
  };
  const FeatureSchema& schema = package.plan.schema();
  if (package.task != Task::kBinary) return damaged("its file does not fit its task");
  auto card = std::make_shared<ScoreCard>();
  const Json& header = file.header();
  for (const Json& entry : header.at("features").items()) {
    CardFeature feature;
    feature.is_category = TRY(entry.at("category").as_bool());
    feature.edges = TRY(file.numbers(entry.at("edges")));
    feature.woe = TRY(file.numbers(entry.at("woe")));
    if (feature.woe.empty() || !std::ranges::is_sorted(feature.edges)) return damaged("a feature without bins");
    feature.class0 = TRY(file.numbers(entry.at("class0"), feature.woe.size(), "bins"));
    feature.class1 = TRY(file.numbers(entry.at("class1"), feature.woe.size(), "bins"));
    if (!feature.is_category && feature.bins() != feature.edges.size() + 1) return damaged("bins without edges");
    const auto possible = [](double rows) { return rows >= 0 && rows <= 1e18; };
    if (!std::ranges::all_of(feature.class0, possible) || !std::ranges::all_of(feature.class1, possible))
      return damaged("impossible numbers of rows");
    card->features.push_back(std::move(feature));
  }
  if (card->features.size() != schema.size()) return damaged("its features are others than its plan's");
  for (size_t f = 0; f < schema.size(); ++f)
    if (card->features[f].is_category != (schema.features[f].kind == FeatureKind::kCategorical))
      return damaged("its features are others than its plan's");
  card->weights = TRY(file.numbers(header.at("weights"), schema.size(), "weights"));
  const std::vector<double> scale = TRY(file.numbers(header.at("scale"), 3, "scales"));
  card->factor = scale[0];
  card->offset = scale[1];
  card->intercept = scale[2];
  OpenedModel opened = card_at_work(card, schema);
  opened.tables = [card, plan = package.plan] {
    std::vector<flow::ResultTable> tables;
    tables.push_back(card_table(*card, plan));
    return tables;
  };
  return opened;
}

}  // namespace sinan::ml::native

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/check.h"
#include "base/strings.h"
#include "ml/data_workers.h"
#include "ml/feature_categories.h"
#include "ml/kernel_shap.h"
#include "ml/shap_charts.h"
#include "ml/statements/explain_request.h"

namespace sinan::ml {
namespace {

constexpr size_t kSampleRows = 10'000;
constexpr size_t kKernelSampleRows = 100;
// Contributions kept for the picture: with many features and classes it shows fewer rows.
constexpr size_t kMostSampleValues = size_t{50} << 20;
constexpr size_t kMostPictures = 6;
// Interactions are (features + 1) squared numbers a row.
constexpr size_t kMostInteracting = 512;
constexpr size_t kInteractionsAtOnce = size_t{1} << 18;
// Kernel SHAP takes its time with each row: batches are small, so that Ctrl-C is heard.
constexpr size_t kKernelRowsAtOnce = 16;

// One column a feature (and the bias), for each output; many classes: feature__class.
std::vector<arrow::Field> shap_fields(const ModelPackage& package, size_t outputs, bool with_bias) {
  std::vector<arrow::Field> fields;
  for (size_t k = 0; k < outputs; ++k) {
    const std::string suffix = outputs == 1 ? "" : fmt::format("__{}", package.label.classes[k]);
    for (const Feature& feature : package.plan.schema().features)
      fields.push_back({feature.name + suffix, arrow::double_type()});
    if (with_bias) fields.push_back({"bias" + suffix, arrow::double_type()});
  }
  return fields;
}

class ShapMapper final : public BatchMapper {
 public:
  ShapMapper(const OpenModelQuery& query, const Explainer& explainer, std::shared_ptr<const arrow::Schema> schema,
             bool with_bias)
      : explainer_(explainer),
        encoder_(query.model->package().plan, query.binding),
        schema_(std::move(schema)),
        with_bias_(with_bias) {}

  Result<arrow::Batch> map(const arrow::Batch& rows) override {
    const MatrixBlock block = TRY(encoder_.encode(rows));
    const size_t group = block.features.size() + 1;
    const size_t stride = explainer_.outputs() * group;
    contributions_.resize(block.rows * stride);
    TRY(explainer_.explain(block, contributions_));
    arrow::BatchBuilder out(schema_);
    column_.resize(block.rows);
    size_t next = 0;
    for (size_t at = 0; at < stride; ++at) {
      if (!with_bias_ && at % group == group - 1) continue;
      for (size_t i = 0; i < block.rows; ++i) column_[i] = static_cast<double>(contributions_[i * stride + at]);
      out.column(next++).append_values(std::span<const double>(column_));
    }
    return out.finish();
  }

 private:
  const Explainer& explainer_;
  FeatureEncoder encoder_;
  std::shared_ptr<const arrow::Schema> schema_;
  bool with_bias_;
  std::vector<float> contributions_;
  std::vector<double> column_;
};

std::vector<arrow::Field> interaction_fields(size_t outputs) {
  std::vector<arrow::Field> fields = {{"row", arrow::int64_type()}};
  if (outputs > 1) fields.push_back({"class", arrow::string_type()});
  fields.push_back({"feature", arrow::string_type()});
  fields.push_back({"other", arrow::string_type()});
  fields.push_back({"value", arrow::double_type()});
  return fields;
}

// The batch's last column is the row's number. A row out for each pair of features.
class InteractionMapper final : public BatchMapper {
 public:
  InteractionMapper(const OpenModelQuery& query, const Explainer& explainer,
                    std::shared_ptr<const arrow::Schema> schema, bool with_bias)
      : package_(query.model->package()),
        explainer_(explainer),
        encoder_(package_.plan, query.binding),
        schema_(std::move(schema)),
        with_bias_(with_bias) {}

  Result<arrow::Batch> map(const arrow::Batch& rows) override {
    const MatrixBlock block = TRY(encoder_.encode(rows));
    const std::vector<Feature>& features = package_.plan.schema().features;
    const size_t outputs = explainer_.outputs();
    const size_t width = features.size() + 1;
    values_.resize(block.rows * outputs * width * width);
    TRY(explainer_.explain_interactions(block, values_));
    const arrow::ColumnView numbers = rows.column(rows.columns() - 1);
    arrow::BatchBuilder out(schema_);
    const auto add = [&](size_t row, size_t k, std::string_view feature, std::string_view other, float value) {
      size_t next = 0;
      out.column(next++).append(numbers.as_int(row));
      if (outputs > 1) out.column(next++).append(std::string_view(package_.label.classes[k]));
      out.column(next).append(feature);
      out.column(next + 1).append(other);
      out.column(next + 2).append(static_cast<double>(value));
    };
    for (size_t row = 0; row < block.rows; ++row) {
      for (size_t k = 0; k < outputs; ++k) {
        const float* matrix = &values_[(row * outputs + k) * width * width];
        for (size_t i = 0; i < features.size(); ++i)
          for (size_t j = 0; j < features.size(); ++j)
            add(row, k, features[i].name, features[j].name, matrix[i * width + j]);
        if (with_bias_) add(row, k, "bias", "bias", matrix[width * width - 1]);
      }
    }
    return out.finish();
  }

 private:
  const ModelPackage& package_;
  const Explainer& explainer_;
  FeatureEncoder encoder_;
  std::shared_ptr<const arrow::Schema> schema_;
  bool with_bias_;
  std::vector<float> values_;
};

// Batches cut into smaller ones; with a last column that numbers the rows from 1 where that is wanted.
class SlicedStream final : public arrow::BatchStream {
 public:
  SlicedStream(std::unique_ptr<arrow::BatchStream> input, size_t rows, bool is_numbered)
      : input_(std::move(input)), rows_(rows), is_numbered_(is_numbered) {
    schema_ = input_->schema();
    if (!is_numbered) return;
    auto wider = std::make_shared<arrow::Schema>(*schema_);
    wider->fields.push_back({"row", arrow::int64_type()});
    schema_ = std::move(wider);
  }
  const std::shared_ptr<const arrow::Schema>& schema() const override { return schema_; }

  Result<std::optional<arrow::Batch>> next() override {
    while (!batch_ || begin_ == batch_->rows()) {
      batch_ = TRY(input_->next());
      begin_ = 0;
      if (!batch_) return std::nullopt;
    }
    const size_t rows = std::min(rows_, batch_->rows() - begin_);
    arrow::Batch part = batch_->slice(begin_, rows);
    begin_ += rows;
    if (!is_numbered_) return part;
    arrow::BatchBuilder numbers({{"row", arrow::int64_type()}});
    for (size_t i = 0; i < rows; ++i) numbers.column(0).append(++number_);
    std::vector<size_t> all(part.columns());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    return TRY(arrow::with_columns(part, all, numbers.finish()));
  }

 private:
  std::unique_ptr<arrow::BatchStream> input_;
  size_t rows_;
  bool is_numbered_;
  std::shared_ptr<const arrow::Schema> schema_;
  std::optional<arrow::Batch> batch_;
  size_t begin_ = 0;
  int64_t number_ = 0;
};

// One statement's SHAP values: the sample for pictures, the table, the pictures.
class ShapExplanation {
 public:
  ShapExplanation(const ExplainRequest& request, OpenModelQuery open, bool by_kernel, flow::RunContext& context)
      : request_(request),
        open_(std::move(open)),
        context_(context),
        by_kernel_(by_kernel),
        interacts_(request.values.boolean("explain.interactions")),
        plot_(request.values.string("summary.plot_type")) {}

  Result<flow::Outcome> run() {
    explainer_ = model().explainer();
    outputs_ = by_kernel_ ? model().predictor().outputs() : explainer_->outputs();
    TRY(check());
    const FeatureSchema& schema = package().plan.schema();
    const size_t width = schema.size() + 1;
    const size_t row_values = outputs_ * (interacts_ ? width * width : width);
    const size_t usual = by_kernel_ ? kKernelSampleRows : kSampleRows;
    const size_t rows = std::clamp<size_t>(kMostSampleValues / row_values, 1, request_.sample_rows(usual));
    RowSample sample(package().plan, open_.binding, rows, request_.seed(context_));
    std::unique_ptr<arrow::BatchStream> stream = sample_stream(std::move(open_.rows), sample);

    std::optional<RowSample> background;
    std::unique_ptr<Explainer> kernel;
    if (by_kernel_) {
      const auto most = static_cast<size_t>(request_.values.integer("kernel.background_rows"));
      background.emplace(package().plan, open_.binding, most, request_.seed(context_) + 1);
      stream = sample_stream(std::move(stream), *background);
      TRY(drain(*stream));
      if (background->rows() == 0) return nothing_to_explain();
      kernel = TRY(make_kernel_explainer(model().predictor(), *background,
                                         {.coalitions = static_cast<size_t>(request_.values.integer("kernel.nsamples")),
                                          .seed = request_.seed(context_) + 2}));
      explainer_ = kernel.get();
      if (request_.table) stream = TRY(open_rows(request_.query.query, request_.query.place, context_));
    }
    context_.progress().stage("explaining");
    if (request_.table) {
      TRY(write(std::move(stream)));
    } else if (!by_kernel_) {
      TRY(drain(*stream));
    }
    outcome_.rows_read = static_cast<int64_t>(sample.seen());
    if (sample.rows() == 0) return nothing_to_explain();
    TRY(draw(sample));
    if (background && background->rows() < background->seen())
      outcome_.messages.push_back(sample_note(*background, "The background is"));
    return std::move(outcome_);
  }

 private:
  const Model& model() const { return *open_.model; }
  const ModelPackage& package() const { return open_.model->package(); }

  Status check() const {
    const size_t features = package().plan.schema().size();
    if (outputs_ > 1 && package().label.classes.size() != outputs_) {
      // Several numbers, such as quantiles, have no explanation of their own yet.
      if (!package().label.outputs.empty())
        return fail(Code::kUnsupported, "models that predict several numbers cannot be explained by SHAP values",
                    "USING PermutationImportance is available")
            .at(request_.method_place);
      return fail(Code::kData, "the model is damaged: its classes and its trees differ in number");
    }
    if (by_kernel_ && features > kMostKernelFeatures) {
      return fail(Code::kUnsupported, fmt::format("kernel SHAP takes {} features at most, and the model has {}",
                                                  kMostKernelFeatures, features))
          .at(request_.method_place);
    }
    if (!interacts_) return {};
    if (by_kernel_) {
      return fail(Code::kUnsupported, "kernel SHAP has no interaction values", "they are of trees and linear models")
          .at(request_.place("explain.interactions"));
    }
    if (features > kMostInteracting) {
      return fail(Code::kUnsupported, fmt::format("interactions are of {} features at most, and the model has {}",
                                                  kMostInteracting, features))
          .at(request_.place("explain.interactions"));
    }
    return {};
  }

  Status drain(arrow::BatchStream& rows) const {
    while (TRY(rows.next()).has_value()) TRY(context_.cancel().check());
    return {};
  }

  Result<flow::Outcome> nothing_to_explain() {
    if (!request_.table)
      return fail(Code::kData, "there are no rows to explain", "check the query's WHERE clause")
          .at(request_.query.place);
    if (outcome_.rows_written >= 0) return std::move(outcome_);
    // Kernel SHAP has not come to write: an empty table.
    arrow::BatchBuilder empty(shap_fields(package(), outputs_, request_.values.boolean("explain.bias")));
    outcome_.rows_read = 0;
    outcome_.rows_written = TRY(flow::replace_table(*request_.table, empty.finish(), context_));
    return std::move(outcome_);
  }

  Status write(std::unique_ptr<arrow::BatchStream> rows) {
    const bool with_bias = request_.values.boolean("explain.bias");
    const size_t width = package().plan.schema().size() + 1;
    if (interacts_) {
      const size_t at_once = std::max<size_t>(1, kInteractionsAtOnce / (outputs_ * width * width));
      rows = std::make_unique<SlicedStream>(std::move(rows), at_once, true);
    } else if (by_kernel_) {
      rows = std::make_unique<SlicedStream>(std::move(rows), kKernelRowsAtOnce, false);
    }
    const auto schema = std::make_shared<const arrow::Schema>(
        arrow::Schema{interacts_ ? interaction_fields(outputs_) : shap_fields(package(), outputs_, with_bias)});
    std::vector<std::unique_ptr<BatchMapper>> mappers;
    for (uint32_t i = 0; i < std::max(1u, context_.threads()); ++i) {
      if (interacts_)
        mappers.push_back(std::make_unique<InteractionMapper>(open_, *explainer_, schema, with_bias));
      else
        mappers.push_back(std::make_unique<ShapMapper>(open_, *explainer_, schema, with_bias));
    }
    const auto explained =
        map_batches(std::move(rows), schema, std::move(mappers), context_.cancel(), &context_.progress());
    outcome_.rows_written = TRY(context_.session().ingest(*request_.table, *explained, engine::IngestMode::kReplace));
    outcome_.messages.push_back(
        interacts_
            ? fmt::format("Wrote {} SHAP interaction values to {}.",
                          human_count(static_cast<uint64_t>(outcome_.rows_written)), request_.table->to_string())
            : fmt::format("Wrote the SHAP values of {} rows to {}.",
                          human_count(static_cast<uint64_t>(outcome_.rows_written)), request_.table->to_string()));
    return {};
  }

  Status draw(const RowSample& sample) {
    if (plot_ == "force" && sample.seen() != 1) {
      return fail(Code::kArgument,
                  fmt::format("a force plot is of one row, and the query gives {}", human_count(sample.seen())),
                  "add LIMIT 1, or a WHERE that leaves one row")
          .at(request_.place("summary.plot_type"));
    }
    if (sample.rows() < sample.seen()) outcome_.messages.push_back(sample_note(sample, "The picture shows"));
    return interacts_ ? draw_interactions(sample) : draw_contributions(sample);
  }

  Status draw_contributions(const RowSample& sample) {
    const std::vector<FeatureColumn> columns = sample.columns();
    const size_t width = sample.schema().size() + 1;
    std::vector<float> contributions(sample.rows() * outputs_ * width);
    TRY(in_parallel(sample.rows(), by_kernel_ ? 1 : 256, context_, [&](size_t begin, size_t rows) {
      const std::vector<FeatureColumn> part = part_of(columns, begin, rows);
      return explainer_->explain({.rows = rows, .features = part},
                                 std::span(contributions).subspan(begin * outputs_ * width, rows * outputs_ * width));
    }));
    const bool sorted = request_.values.boolean("summary.sort");
    std::vector<double> total(sample.schema().size());
    for (size_t k = 0; k < outputs_; ++k) {
      const ShapView view{&sample, contributions, outputs_, k};
      const std::vector<double> importance = mean_absolute_shap(view);
      for (size_t j = 0; j < total.size(); ++j) total[j] += importance[j];
      if (k >= kMostPictures) continue;
      const std::vector<size_t> features = shown_features(importance, sorted, request_.most_shown());
      const std::string suffix = outputs_ == 1 ? "" : fmt::format(", class {}", package().label.classes[k]);
      const std::string number = outputs_ == 1 ? "" : fmt::format("_{}", k);
      flow::Artefact picture = TRY(picture_of(view, importance, features, suffix));
      picture.name += number;
      outcome_.artefacts.push_back(std::move(picture));
    }
    if (outputs_ > kMostPictures) {
      outcome_.messages.push_back(
          fmt::format("The pictures show the first {} of {} classes.", kMostPictures, outputs_));
    }
    arrow::BatchBuilder rows({{"feature", arrow::string_type()}, {"mean_abs_shap", arrow::double_type()}});
    for (const size_t j : shown_features(total, true, request_.most_shown())) {
      rows.column(0).append(sample.schema().features[j].name);
      rows.column(1).append(total[j]);
    }
    outcome_.tables.push_back({outputs_ == 1 ? "Importance" : "Importance, summed over classes", rows.finish()});
    return {};
  }

  Result<flow::Artefact> picture_of(const ShapView& view, std::span<const double> importance,
                                    std::span<const size_t> features, const std::string& suffix) const {
    const std::string& name = request_.query.model;
    const double opacity = request_.values.number("summary.alpha");
    if (plot_ == "bar")
      return flow::Artefact{"shap_bar",
                            shap_bar_chart(view, importance, features, fmt::format("Mean |SHAP|: {}{}", name, suffix))};
    if (plot_ == "violin")
      return flow::Artefact{"shap_violin",
                            shap_violin_chart(view, features, fmt::format("SHAP values: {}{}", name, suffix))};
    if (plot_ == "decision")
      return flow::Artefact{"shap_decision",
                            shap_decision_chart(view, features, fmt::format("Decisions: {}{}", name, suffix))};
    if (plot_ == "force") {
      // One row has its own order: the largest parts first.
      const std::vector<size_t> own = shown_features(importance, true, request_.most_shown());
      return flow::Artefact{"shap_force", shap_force_chart(view, own, fmt::format("Forces: {}{}", name, suffix))};
    }
    if (plot_ == "dependence") {
      const size_t feature = TRY(dependence_feature(view, importance));
      const std::optional<size_t> color = TRY(dependence_color(view, feature));
      return flow::Artefact{
          "shap_dependence",
          shap_dependence_chart(view, feature, color, opacity, fmt::format("SHAP dependence: {}{}", name, suffix))};
    }
    return flow::Artefact{"shap_summary", shap_dot_chart(view, {.features = features, .opacity = opacity},
                                                         fmt::format("SHAP values: {}{}", name, suffix))};
  }

  Result<size_t> named_feature(std::string_view attribute) const {
    auto found = find_feature(package().plan.schema(), request_.values.string(attribute));
    if (!found.has_value()) return fail(std::move(found).error()).at(request_.place(attribute));
    return *found;
  }

  // The most important one unless the statement names one.
  Result<size_t> dependence_feature(const ShapView& view, std::span<const double> importance) const {
    if (request_.values.given("dependence.feature")) return named_feature("dependence.feature");
    CHECK(!view.sample->schema().features.empty());
    return static_cast<size_t>(std::ranges::max_element(importance) - importance.begin());
  }

  // The one that interacts most with `feature`, by the interaction values of some rows.
  Result<std::optional<size_t>> dependence_color(const ShapView& view, size_t feature) const {
    const std::string wanted = request_.values.string("dependence.interaction_index");
    if (equals_ignore_case(wanted, "none")) return std::nullopt;
    if (!equals_ignore_case(wanted, "auto")) return TRY(named_feature("dependence.interaction_index"));
    const size_t features = view.sample->schema().size();
    if (by_kernel_ || features > kMostInteracting) return std::nullopt;
    constexpr size_t kRows = 200;
    const size_t width = features + 1;
    const size_t rows =
        std::clamp<size_t>(kMostSampleValues / (outputs_ * width * width), 1, std::min(kRows, view.sample->rows()));
    const std::vector<FeatureColumn> columns = part_of(view.sample->columns(), 0, rows);
    std::vector<float> interactions(rows * outputs_ * width * width);
    TRY(explainer_->explain_interactions({.rows = rows, .features = columns}, interactions));
    std::vector<double> strength(features);
    for (size_t row = 0; row < rows; ++row) {
      const float* matrix = &interactions[(row * outputs_ + view.output) * width * width];
      for (size_t j = 0; j < features; ++j)
        if (j != feature) strength[j] += static_cast<double>(std::abs(matrix[feature * width + j]));
    }
    const auto most = std::ranges::max_element(strength);
    if (!(*most > 0)) return std::nullopt;
    return static_cast<size_t>(most - strength.begin());
  }

  Status draw_interactions(const RowSample& sample) {
    const std::vector<FeatureColumn> columns = sample.columns();
    const size_t features = sample.schema().size();
    const size_t each = outputs_ * (features + 1) * (features + 1);
    std::vector<float> interactions(sample.rows() * each);
    TRY(in_parallel(sample.rows(), 64, context_, [&](size_t begin, size_t rows) {
      const std::vector<FeatureColumn> part = part_of(columns, begin, rows);
      return explainer_->explain_interactions({.rows = rows, .features = part},
                                              std::span(interactions).subspan(begin * each, rows * each));
    }));
    const std::vector<double> strength = mean_absolute_interactions(interactions, sample.rows(), outputs_, features);
    std::vector<double> total(features);
    for (size_t i = 0; i < features; ++i)
      for (size_t j = 0; j < features; ++j) total[i] += strength[i * features + j];
    const bool sorted = request_.values.boolean("summary.sort");
    outcome_.artefacts.push_back(
        {"shap_interactions",
         interaction_chart(sample, strength, shown_features(total, sorted, std::min<size_t>(request_.most_shown(), 16)),
                           fmt::format("SHAP interactions: {}", request_.query.model))});

    struct Pair {
      size_t one, other;
      double strength;
    };
    std::vector<Pair> pairs;
    // Both halves of a pair together.
    for (size_t i = 0; i < features; ++i)
      for (size_t j = i + 1; j < features; ++j) pairs.push_back({i, j, 2 * strength[i * features + j]});
    std::ranges::stable_sort(pairs, std::greater(), &Pair::strength);
    pairs.resize(std::min(pairs.size(), request_.most_shown()));
    arrow::BatchBuilder rows({{"feature", arrow::string_type()},
                              {"other", arrow::string_type()},
                              {"mean_abs_interaction", arrow::double_type()}});
    for (const Pair& pair : pairs) {
      rows.column(0).append(sample.schema().features[pair.one].name);
      rows.column(1).append(sample.schema().features[pair.other].name);
      rows.column(2).append(pair.strength);
    }
    outcome_.tables.push_back({outputs_ == 1 ? "Interactions" : "Interactions, summed over classes", rows.finish()});
    return {};
  }

  const ExplainRequest& request_;
  OpenModelQuery open_;
  flow::RunContext& context_;
  bool by_kernel_;
  bool interacts_;
  std::string plot_;
  const Explainer* explainer_ = nullptr;
  size_t outputs_ = 1;
  flow::Outcome outcome_;
};

}  // namespace

Result<flow::Outcome> explain_shap(const ExplainRequest& request, OpenModelQuery open, bool by_kernel,
                                   flow::RunContext& context) {
  return ShapExplanation(request, std::move(open), by_kernel, context).run();
}

Status in_parallel(size_t count, size_t at_once, flow::RunContext& context,
                   const std::function<Status(size_t, size_t)>& each) {
  Workers workers(std::max(1u, context.threads()));
  std::mutex mutex;
  Status first = {};
  const size_t parts = (count + at_once - 1) / at_once;
  std::atomic<size_t> done = 0;
  workers.run(parts, [&](size_t part) {
    {
      const std::lock_guard lock(mutex);
      if (!first.has_value()) return;
    }
    Status status = context.cancel().check();
    const size_t begin = part * at_once;
    if (status.has_value()) status = each(begin, std::min(at_once, count - begin));
    context.progress().fraction(static_cast<double>(++done) / static_cast<double>(parts));
    const std::lock_guard lock(mutex);
    if (!status.has_value() && first.has_value()) first = std::move(status);
  });
  return first;
}

std::vector<FeatureColumn> part_of(std::span<const FeatureColumn> columns, size_t begin, size_t rows) {
  std::vector<FeatureColumn> out(columns.begin(), columns.end());
  for (FeatureColumn& column : out) {
    if (!column.values.empty()) column.values = column.values.subspan(begin, rows);
    if (!column.codes.empty()) column.codes = column.codes.subspan(begin, rows);
  }
  return out;
}

std::string sample_note(const RowSample& sample, std::string_view what) {
  return fmt::format("{} a random sample of {} of {} rows, drawn with the run's seed.", what,
                     human_count(sample.rows()), human_count(sample.seen()));
}

}  // namespace sinan::ml

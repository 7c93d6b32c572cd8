#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/evaluation.h"
#include "ml/feature_categories.h"
#include "ml/partial_dependence.h"
#include "ml/permutation_importance.h"
#include "ml/shap_charts.h"
#include "ml/statements/explain_request.h"
#include "plot/scale.h"

namespace sinan::ml {
namespace {

constexpr size_t kPermutationRows = 100'000;
constexpr size_t kDependenceRows = 1000;
constexpr size_t kMostPictures = 6;
constexpr size_t kMostIndividualLines = 50;
// Predictions of individual lines kept at once.
constexpr size_t kMostIndividual = size_t{100} << 20;

Failure no_rows(const ExplainRequest& request) {
  return fail(Code::kData, "there are no rows to explain", "check the query's WHERE clause").at(request.query.place);
}

Status read_all(std::unique_ptr<arrow::BatchStream> rows, RowSample& sample, flow::RunContext& context) {
  const auto sampled = sample_stream(std::move(rows), sample);
  while (TRY(sampled->next()).has_value()) {
    TRY(context.cancel().check());
    context.progress().rows(static_cast<int64_t>(sample.seen()));
  }
  return {};
}

// What scikit-learn's estimators are scored by.
std::string_view usual_metric(Task task) { return is_classification(task) ? "accuracy_score" : "r2_score"; }

Result<const MetricSpec*> metric_of(const ExplainRequest& request, Task task) {
  if (!is_classification(task) && task != Task::kRegression) {
    return fail(Code::kUnsupported,
                fmt::format("permutation importance is of models of classes and numbers; this one is {}",
                            to_string(task)),
                "PartialDependence is available")
        .at(request.method_place);
  }
  const std::string wanted = request.values.given("permutation.scoring") ? request.values.string("permutation.scoring")
                                                                         : std::string(usual_metric(task));
  auto metric = find_metric(wanted, task);
  if (!metric.has_value()) return fail(std::move(metric).error()).at(request.place("permutation.scoring"));
  return *metric;
}

struct Spread {
  double mean = 0;
  double deviation = 0;  // of the population, as numpy's
};

Spread spread_of(std::span<const double> values) {
  Spread out;
  for (const double value : values) out.mean += value / static_cast<double>(values.size());
  for (const double value : values)
    out.deviation += (value - out.mean) * (value - out.mean) / static_cast<double>(values.size());
  out.deviation = std::sqrt(out.deviation);
  return out;
}

}  // namespace

std::vector<arrow::Field> permutation_fields() {
  return {{"feature", arrow::string_type()},
          {"importance_mean", arrow::double_type()},
          {"importance_std", arrow::double_type()}};
}

Result<flow::Outcome> explain_permutation(const ExplainRequest& request, OpenModelQuery open,
                                          flow::RunContext& context) {
  const std::shared_ptr<const Model> model = open.model;
  const ModelPackage& package = model->package();
  const MetricSpec& metric = *TRY(metric_of(request, package.task));
  const bool is_named = request.values.given("label_col");
  const std::string label = is_named ? request.values.string("label_col") : package.label.column;
  const auto label_at = find_label(*open.columns, label, *model);
  if (!label_at.has_value())
    return fail(Error(label_at.error())).at(is_named ? request.place("label_col") : request.query.place);
  const ClassIndex classes(package.label);
  RowSample sample(package.plan, open.binding, request.sample_rows(kPermutationRows), request.seed(context));
  sample.keep_truth(
      [&](const arrow::Batch& rows) { return read_truth(rows.column(*label_at), *model, classes, label); });
  context.progress().stage("reading");
  TRY(read_all(std::move(open.rows), sample, context));
  if (sample.rows() == 0) return no_rows(request);

  context.progress().stage("shuffling");
  const PermutationImportance importance = TRY(PermutationImportance::make(*model, sample, metric));
  const auto repeats = static_cast<size_t>(request.values.integer("permutation.n_repeats"));
  std::vector<double> lost(importance.features() * repeats);
  const uint64_t seed = request.seed(context);
  TRY(in_parallel(lost.size(), 1, context, [&](size_t at, size_t) -> Status {
    lost[at] = TRY(importance.without(at / repeats, seed + 1 + at));
    return {};
  }));

  std::vector<Spread> spreads;
  std::vector<double> means;
  for (size_t f = 0; f < importance.features(); ++f) {
    spreads.push_back(spread_of(std::span(lost).subspan(f * repeats, repeats)));
    means.push_back(spreads.back().mean);
  }
  const std::vector<size_t> order = shown_features(means, true, means.size());
  const auto rows_of = [&](size_t most) {
    arrow::BatchBuilder rows(permutation_fields());
    for (const size_t f : std::span(order).first(std::min(most, order.size()))) {
      rows.column(0).append(importance.name(f));
      rows.column(1).append(spreads[f].mean);
      rows.column(2).append(spreads[f].deviation);
    }
    return rows.finish();
  };
  flow::Outcome outcome;
  outcome.rows_read = static_cast<int64_t>(sample.seen());
  if (request.table) outcome.rows_written = TRY(flow::replace_table(*request.table, rows_of(order.size()), context));
  outcome.messages.push_back(fmt::format("{} of {} is {} on {} rows; each feature was shuffled {} time{}.", metric.name,
                                         request.query.model, plot::format_value(importance.baseline()),
                                         human_count(sample.rows()), repeats, repeats == 1 ? "" : "s"));
  if (sample.rows() < sample.seen()) outcome.messages.push_back(sample_note(sample, "These are"));
  outcome.tables.push_back({"Permutation importance", rows_of(request.most_shown())});
  plot::BarChart chart{.value = {.label = fmt::format("how much worse {} gets", metric.name)}};
  for (const size_t f : std::span(order).first(std::min(request.most_shown(), order.size()))) {
    chart.labels.push_back(importance.name(f));
    chart.values.push_back(spreads[f].mean);
    chart.spread.push_back(spreads[f].deviation);
  }
  outcome.artefacts.push_back({"permutation_importance",
                               {.title = fmt::format("Permutation importance: {}", request.query.model),
                                .subtitle = fmt::format("mean and standard deviation of {} shuffles", repeats),
                                .body = std::move(chart)}});
  outcome.details = Json::object({{"metric", metric.name}, {"baseline", importance.baseline()}});
  return outcome;
}

namespace {

// One statement's partial dependence.
class DependenceExplanation {
 public:
  DependenceExplanation(const ExplainRequest& request, const Model& model, const RowSample& sample,
                        flow::RunContext& context)
      : request_(request), model_(model), sample_(sample), context_(context) {
    const std::string kind = request.values.string("partial_dependence.kind");
    with_average_ = kind != "individual";
    with_rows_ = kind != "average";
    const LabelMap& label = model.package().label;
    if (dependence_width(model) > 1) names_ = label.outputs.empty() ? label.classes : label.outputs;
  }

  Result<flow::Outcome> run() {
    TRY(choose_features());
    const GridOptions grid = TRY(grid_options());
    const size_t width = dependence_width(model_);
    if (!names_.empty() && names_.size() != width)
      return fail(Code::kData, "the model is damaged: its classes and its trees differ in number");
    for (const size_t j : features_)
      grids_.push_back(dependence_grid(sample_.columns()[j], category_names(sample_.plan(), j).size(), grid));
    if (with_rows_) {
      size_t kept = 0;
      for (const auto& one : grids_) kept += one.size() * sample_.rows() * width;
      if (kept > kMostIndividual) {
        return fail(Code::kArgument,
                    fmt::format("too many individual lines: {} predictions, {} at most", human_count(kept),
                                human_count(kMostIndividual)),
                    "take fewer features, explain.sample_rows or partial_dependence.grid_resolution")
            .at(request_.place("partial_dependence.kind"));
      }
    }
    dependences_.resize(features_.size());
    TRY(in_parallel(features_.size(), 1, context_, [&](size_t f, size_t) -> Status {
      dependences_[f] = TRY(partial_dependence(model_, sample_, features_[f], grids_[f]));
      if (!with_rows_) dependences_[f].individual = {};
      return {};
    }));
    if (request_.table) outcome_.rows_written = TRY(write());
    draw();
    summarize();
    return std::move(outcome_);
  }

 private:
  // The model's most important ones unless the statement names some.
  Status choose_features() {
    for (const std::string& name : request_.values.strings("partial_dependence.features")) {
      auto found = find_feature(sample_.schema(), std::string(trim(name)));
      if (!found.has_value()) return fail(std::move(found).error()).at(request_.place("partial_dependence.features"));
      features_.push_back(*found);
    }
    if (!features_.empty()) return {};
    std::vector<double> importance = model_.package().importance;
    const bool is_known = importance.size() == sample_.schema().size();
    importance.resize(sample_.schema().size());
    features_ = shown_features(importance, is_known, request_.most_shown());
    return {};
  }

  Result<GridOptions> grid_options() const {
    const std::vector<double> between = request_.values.numbers("partial_dependence.percentiles");
    if (between.size() != 2 || !(between[0] >= 0 && between[0] < between[1] && between[1] <= 1)) {
      return fail(Code::kArgument, "partial_dependence.percentiles are two numbers from 0 to 1, the lower one first",
                  "[0.05, 0.95], for example")
          .at(request_.place("partial_dependence.percentiles"));
    }
    return GridOptions{.resolution = static_cast<size_t>(request_.values.integer("partial_dependence.grid_resolution")),
                       .low = between[0],
                       .high = between[1]};
  }

  bool is_category(size_t f) const { return sample_.schema().features[features_[f]].kind == FeatureKind::kCategorical; }

  Result<int64_t> write() {
    std::vector<arrow::Field> fields = {{"feature", arrow::string_type()}};
    if (!names_.empty()) fields.push_back({"class", arrow::string_type()});
    if (with_rows_) fields.push_back({"row", arrow::int64_type()});
    fields.push_back({"value", arrow::double_type()});
    fields.push_back({"category", arrow::string_type()});
    fields.push_back({"prediction", arrow::double_type()});
    arrow::BatchBuilder out(fields);
    std::vector<arrow::Batch> batches;
    for (size_t f = 0; f < features_.size(); ++f) {
      const Dependence& dependence = dependences_[f];
      const std::vector<std::string> categories =
          is_category(f) ? category_names(sample_.plan(), features_[f]) : std::vector<std::string>();
      const auto add = [&](size_t g, size_t k, std::optional<size_t> row, double prediction) {
        size_t next = 0;
        out.column(next++).append(sample_.schema().features[features_[f]].name);
        if (!names_.empty()) out.column(next++).append(std::string_view(names_[k]));
        if (with_rows_ && row) out.column(next++).append(static_cast<int64_t>(*row + 1));
        if (with_rows_ && !row) out.column(next++).append_null();
        if (categories.empty()) {
          out.column(next).append(grids_[f][g]);
          out.column(next + 1).append_null();
        } else {
          out.column(next).append_null();
          out.column(next + 1).append(std::string_view(categories[g]));
        }
        out.column(next + 2).append(prediction);
      };
      for (size_t k = 0; k < dependence.width; ++k)
        for (size_t g = 0; with_average_ && g < grids_[f].size(); ++g)
          add(g, k, std::nullopt, dependence.average[g * dependence.width + k]);
      for (size_t row = 0; with_rows_ && row < sample_.rows(); ++row) {
        for (size_t k = 0; k < dependence.width; ++k)
          for (size_t g = 0; g < grids_[f].size(); ++g)
            add(g, k, row,
                static_cast<double>(dependence.individual[(row * grids_[f].size() + g) * dependence.width + k]));
        if (out.rows() >= 100'000) batches.push_back(out.finish());
      }
      batches.push_back(out.finish());
    }
    const auto stream = arrow::make_stream(out.schema(), std::move(batches));
    const int64_t rows = TRY(context_.session().ingest(*request_.table, *stream, engine::IngestMode::kReplace));
    outcome_.messages.push_back(fmt::format("Wrote the partial dependence of {} on {} feature{} to {}.",
                                            request_.query.model, features_.size(), features_.size() == 1 ? "" : "s",
                                            request_.table->to_string()));
    return rows;
  }

  std::string predicted() const {
    const ModelPackage& package = model_.package();
    if (package.task == Task::kBinary) return fmt::format("probability of {}", package.label.classes.back());
    if (package.task == Task::kMulticlass) return "probability";
    if (package.task == Task::kClustering) return "distance to the nearest centre";
    return package.task == Task::kAnomaly ? "score" : fmt::format("predicted {}", package.label.column);
  }

  void draw() {
    for (size_t f = 0; f < std::min(features_.size(), kMostPictures); ++f) {
      const Dependence& dependence = dependences_[f];
      const std::string& name = sample_.schema().features[features_[f]].name;
      const std::vector<double>& grid = grids_[f];
      plot::LineChart chart{.x = {.label = name}, .y = {.label = predicted()}, .lines = {}};
      if (is_category(f)) chart.x.categories = category_names(sample_.plan(), features_[f]);
      const auto line = [&](const auto& values, size_t first) {
        plot::Line out{.name = {}, .x = grid, .y = {}};
        for (size_t g = 0; g < grid.size(); ++g)
          out.y.push_back(static_cast<double>(values[first + g * dependence.width]));
        return out;
      };
      // The averages first: they have the first colours.
      for (size_t k = 0; with_average_ && k < std::min<size_t>(dependence.width, 7); ++k) {
        chart.lines.push_back(line(dependence.average, k));
        chart.lines.back().name = names_.empty() ? (with_rows_ ? "mean" : "") : names_[k];
      }
      // Lines of many classes cannot be told apart: those of the last one.
      const size_t drawn = with_rows_ ? std::min(kMostIndividualLines, sample_.rows()) : 0;
      for (size_t i = 0; i < drawn; ++i) {
        const size_t row = i * sample_.rows() / drawn;
        chart.lines.push_back(line(dependence.individual, row * grid.size() * dependence.width + dependence.width - 1));
        chart.lines.back().faint = true;
      }
      std::string note = fmt::format("mean of {} rows", human_count(sample_.rows()));
      if (drawn > 0) note = fmt::format("{} of {} rows, one line each", drawn, human_count(sample_.rows()));
      if (drawn > 0 && !names_.empty()) note += ", of " + names_.back();
      outcome_.artefacts.push_back({fmt::format("partial_dependence_{}", f),
                                    {.title = fmt::format("Partial dependence on {}: {}", name, request_.query.model),
                                     .subtitle = std::move(note),
                                     .body = std::move(chart)}});
    }
    if (features_.size() > kMostPictures) {
      outcome_.messages.push_back(
          fmt::format("The pictures show the first {} of {} features.", kMostPictures, features_.size()));
    }
  }

  // Least and greatest mean prediction by feature, those that matter first.
  void summarize() {
    struct Reach {
      size_t feature;
      size_t output;
      double low, high;
    };
    std::vector<Reach> reaches;
    for (size_t f = 0; f < features_.size(); ++f) {
      const Dependence& dependence = dependences_[f];
      if (grids_[f].empty()) continue;
      for (size_t k = 0; k < dependence.width; ++k) {
        Reach reach{features_[f], k, dependence.average[k], dependence.average[k]};
        for (size_t g = 0; g < grids_[f].size(); ++g) {
          reach.low = std::min(reach.low, dependence.average[g * dependence.width + k]);
          reach.high = std::max(reach.high, dependence.average[g * dependence.width + k]);
        }
        reaches.push_back(reach);
      }
    }
    std::ranges::stable_sort(reaches, std::greater(), [](const Reach& r) { return r.high - r.low; });
    reaches.resize(std::min(reaches.size(), request_.most_shown()));
    std::vector<arrow::Field> fields = {{"feature", arrow::string_type()}};
    if (!names_.empty()) fields.push_back({"class", arrow::string_type()});
    fields.push_back({"low", arrow::double_type()});
    fields.push_back({"high", arrow::double_type()});
    arrow::BatchBuilder rows(fields);
    for (const Reach& reach : reaches) {
      size_t next = 0;
      rows.column(next++).append(sample_.schema().features[reach.feature].name);
      if (!names_.empty()) rows.column(next++).append(std::string_view(names_[reach.output]));
      rows.column(next).append(reach.low);
      rows.column(next + 1).append(reach.high);
    }
    outcome_.tables.push_back({"Mean predictions, from least to greatest", rows.finish()});
  }

  const ExplainRequest& request_;
  const Model& model_;
  const RowSample& sample_;
  flow::RunContext& context_;
  bool with_average_ = true;
  bool with_rows_ = false;
  std::vector<std::string> names_;  // of a prediction's numbers; empty: it is one
  std::vector<size_t> features_;
  std::vector<std::vector<double>> grids_;
  std::vector<Dependence> dependences_;
  flow::Outcome outcome_;
};

}  // namespace

Result<flow::Outcome> explain_partial_dependence(const ExplainRequest& request, OpenModelQuery open,
                                                 flow::RunContext& context) {
  const std::shared_ptr<const Model> model = open.model;
  RowSample sample(model->package().plan, open.binding, request.sample_rows(kDependenceRows), request.seed(context));
  context.progress().stage("reading");
  TRY(read_all(std::move(open.rows), sample, context));
  if (sample.rows() == 0) return no_rows(request);
  context.progress().stage("predicting");
  flow::Outcome outcome = TRY(DependenceExplanation(request, *model, sample, context).run());
  outcome.rows_read = static_cast<int64_t>(sample.seen());
  if (sample.rows() < sample.seen()) outcome.messages.push_back(sample_note(sample, "These are means of"));
  return outcome;
}

}  // namespace sinan::ml

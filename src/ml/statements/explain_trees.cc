#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/shap_charts.h"
#include "ml/statements/explain_request.h"

namespace sinan::ml {
namespace {

// What the trees made of each feature. Errors: other models.
Result<std::vector<FeatureUse>> use_of(const ExplainRequest& request, const Model& model) {
  std::vector<FeatureUse> use;
  if (model.explainer() != nullptr) use = model.explainer()->feature_use();
  if (!use.empty()) return use;
  return fail(Code::kUnsupported,
              fmt::format("splits are of trees; this model has none that can be told apart: {}",
                          model.package().estimator),
              "USING PermutationImportance is for every model with a label")
      .at(request.method_place);
}

std::vector<size_t> features_used(const std::vector<FeatureUse>& use) {
  std::vector<size_t> out;
  for (size_t j = 0; j < use.size(); ++j)
    if (use[j].splits > 0) out.push_back(j);
  return out;
}

plot::Chart use_chart(const ExplainRequest& request, const Model& model, std::vector<size_t> order,
                      std::string_view title, std::string_view what, const std::function<double(size_t)>& amount) {
  std::ranges::stable_sort(order, std::greater(), amount);
  order.resize(std::min(order.size(), request.most_shown()));
  plot::BarChart chart{.value = {.label = std::string(what)}};
  for (const size_t j : order) {
    chart.labels.push_back(model.package().plan.schema().features[j].name);
    chart.values.push_back(amount(j));
  }
  return {.title = fmt::format("{}: {}", title, request.query.model), .subtitle = {}, .body = std::move(chart)};
}

Status write(const ExplainRequest& request, arrow::Batch rows, std::string_view what, flow::RunContext& context,
             flow::Outcome& outcome) {
  if (!request.table) {
    outcome.tables.push_back({std::string(what), std::move(rows)});
    return {};
  }
  outcome.rows_written = TRY(flow::replace_table(*request.table, std::move(rows), context));
  return {};
}

}  // namespace

Result<flow::Outcome> explain_gain(const ExplainRequest& request, const Model& model, flow::RunContext& context) {
  const std::vector<FeatureUse> use = TRY(use_of(request, model));
  const std::vector<Feature>& features = model.package().plan.schema().features;
  std::vector<size_t> order = features_used(use);
  std::ranges::sort(order, {}, [&](size_t j) { return features[j].name; });
  arrow::BatchBuilder rows(
      {{"feature", arrow::string_type()}, {"fscore", arrow::int64_type()}, {"gain", arrow::double_type()}});
  for (const size_t j : order) {
    rows.column(0).append(features[j].name);
    rows.column(1).append(static_cast<int64_t>(use[j].splits));
    rows.column(2).append(use[j].mean_gain());
  }
  flow::Outcome outcome;
  TRY(write(request, rows.finish(), "Gain", context, outcome));
  outcome.messages.push_back(fmt::format("{} of {} features are used by {}; written to {}.", order.size(),
                                         features.size(), request.query.model, request.table->to_string()));
  outcome.artefacts.push_back({"gain", use_chart(request, model, order, "Gain by feature", "mean gain of a split",
                                                 [&](size_t j) { return use[j].mean_gain(); })});
  return outcome;
}

Result<flow::Outcome> explain_importance(const ExplainRequest& request, const Model& model, flow::RunContext& context) {
  const std::vector<FeatureUse> use = TRY(use_of(request, model));
  const std::vector<Feature>& features = model.package().plan.schema().features;
  std::vector<size_t> order(features.size());
  for (size_t j = 0; j < order.size(); ++j) order[j] = j;
  std::ranges::stable_sort(order, std::greater(), [&](size_t j) { return use[j].gain; });
  arrow::BatchBuilder rows({{"feature", arrow::string_type()},
                            {"weight", arrow::int64_type()},
                            {"gain", arrow::double_type()},
                            {"cover", arrow::double_type()},
                            {"total_gain", arrow::double_type()},
                            {"total_cover", arrow::double_type()}});
  for (const size_t j : order) {
    rows.column(0).append(features[j].name);
    rows.column(1).append(static_cast<int64_t>(use[j].splits));
    rows.column(2).append(use[j].mean_gain());
    rows.column(3).append(use[j].mean_cover());
    rows.column(4).append(use[j].gain);
    rows.column(5).append(use[j].cover);
  }
  flow::Outcome outcome;
  TRY(write(request, rows.finish(), "Importance", context, outcome));
  if (request.table) {
    outcome.messages.push_back(fmt::format("Wrote the importance of {} features of {} to {}.", features.size(),
                                           request.query.model, request.table->to_string()));
  }
  outcome.artefacts.push_back({"importance", use_chart(request, model, features_used(use), "Importance",
                                                       "gain of all splits", [&](size_t j) { return use[j].gain; })});
  return outcome;
}

Result<flow::Outcome> explain_boosted(const ExplainRequest& request, OpenModelQuery open, flow::RunContext& context) {
  const Model& model = *open.model;
  const std::vector<FeatureUse> use = TRY(use_of(request, model));
  const std::vector<Feature>& features = model.package().plan.schema().features;
  const Explainer& explainer = *model.explainer();
  // Mean absolute contributions need all rows, but none of them twice.
  FeatureEncoder encoder(model.package().plan, open.binding);
  const size_t outputs = explainer.outputs();
  const size_t width = features.size() + 1;
  std::vector<double> contribution(features.size());
  std::vector<float> contributions;
  uint64_t seen = 0;
  context.progress().stage("explaining");
  while (const auto batch = TRY(open.rows->next())) {
    TRY(context.cancel().check());
    const MatrixBlock block = TRY(encoder.encode(*batch));
    contributions.resize(block.rows * outputs * width);
    TRY(explainer.explain(block, contributions));
    for (size_t group = 0; group < block.rows * outputs; ++group)
      for (size_t j = 0; j < features.size(); ++j)
        contribution[j] += static_cast<double>(std::abs(contributions[group * width + j]));
    seen += block.rows;
    context.progress().rows(static_cast<int64_t>(seen));
  }
  if (seen == 0)
    return fail(Code::kData, "there are no rows to explain", "check the query's WHERE clause").at(request.query.place);
  double all = 0;
  for (const FeatureUse& one : use) all += one.gain;
  std::vector<size_t> order(features.size());
  for (size_t j = 0; j < order.size(); ++j) order[j] = j;
  std::ranges::stable_sort(order, std::greater(), [&](size_t j) { return contribution[j]; });
  arrow::BatchBuilder rows(
      {{"feature", arrow::string_type()}, {"dfc", arrow::double_type()}, {"gain", arrow::double_type()}});
  for (const size_t j : order) {
    rows.column(0).append(features[j].name);
    rows.column(1).append(contribution[j] / static_cast<double>(seen));
    rows.column(2).append(all > 0 ? use[j].gain / all : 0);
  }
  flow::Outcome outcome;
  outcome.rows_read = static_cast<int64_t>(seen);
  TRY(write(request, rows.finish(), "Importance", context, outcome));
  if (request.table) {
    outcome.messages.push_back(fmt::format("Wrote the mean contributions and gains of {} features to {}.",
                                           features.size(), request.table->to_string()));
  }
  outcome.artefacts.push_back(
      {"contributions", use_chart(request, model, order, "Contributions", "mean |contribution|",
                                  [&](size_t j) { return contribution[j] / static_cast<double>(seen); })});
  return outcome;
}

}  // namespace sinan::ml

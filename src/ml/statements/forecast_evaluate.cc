#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/series/forecast_report.h"
#include "ml/statements/forecast.h"
#include "ml/statements/forecast_rows.h"

namespace sinan::ml {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

constexpr AttributeSpec kEvaluateAttributes[] = {
    {.name = "validation.metrics",
     .type = AttributeType::kStringList,
     .default_text = "",
     .doc = "mape, mae, rmse, smape, mase, or scikit-learn's and Keras' names of them",
     .aliases = "metrics"},
    {.name = "validation.steps", .type = AttributeType::kInteger, .default_text = "1", .doc = "accepted", .min = 1},
};

struct Metric {
  std::string_view name;
  std::string_view meaning;
  std::string_view other_names;
  double (*of)(const series::ForecastErrors&);
};

constexpr std::array kMetrics = {
    Metric{"mape", "mean of |error / actual|", "mean_absolute_percentage_error|meanabsolutepercentageerror",
           [](const series::ForecastErrors& e) { return e.mape; }},
    Metric{"mae", "mean of |error|", "mean_absolute_error|meanabsoluteerror",
           [](const series::ForecastErrors& e) { return e.mae; }},
    Metric{"rmse", "root of the mean squared error", "root_mean_squared_error|rootmeansquarederror",
           [](const series::ForecastErrors& e) { return e.rmse; }},
    Metric{"mse", "mean squared error", "mean_squared_error|meansquarederror",
           [](const series::ForecastErrors& e) { return e.rmse * e.rmse; }},
    Metric{"smape", "mean of 2 |error| / (|actual| + |forecast|)", "",
           [](const series::ForecastErrors& e) { return e.smape; }},
    Metric{"mase", "MAE over that of the season before, in the history", "",
           [](const series::ForecastErrors& e) { return e.mase; }},
};
constexpr std::string_view kUsual = "mape,mae,rmse,smape,mase";

struct Chosen {
  std::string name;  // as asked for
  const Metric* metric;
};

Result<std::vector<Chosen>> choose_metrics(const AttributeValues& values) {
  std::vector<std::string> names = values.strings("validation.metrics");
  if (names.empty()) {
    for (const std::string_view name : split_on(kUsual, ',')) names.emplace_back(name);
  }
  std::vector<Chosen> out;
  for (const std::string& given : names) {
    const std::string name = to_lower(trim(given));
    const auto found = std::ranges::find_if(kMetrics, [&](const Metric& metric) {
      const auto others = split_on(metric.other_names, '|');
      return metric.name == name || std::ranges::find(others, name) != others.end();
    });
    if (found == kMetrics.end()) {
      std::vector<std::string> known;
      for (const Metric& metric : kMetrics) known.emplace_back(metric.name);
      const std::string near = did_you_mean(name, known);
      return fail(Code::kArgument, fmt::format("this metric is not one of forecasts: \"{}\"", given),
                  near.empty() ? fmt::format("there are {}", join(known, ", ")) : near)
          .at(values.span("validation.metrics").value_or(Span{}));
    }
    out.push_back({std::string(trim(given)), &*found});
  }
  return out;
}

arrow::Schema result_schema(const std::vector<Chosen>& metrics) {
  arrow::Schema out{{{"loss", arrow::double_type()}}};
  for (const Chosen& metric : metrics) out.fields.push_back({metric.name, arrow::double_type()});
  return out;
}

// Over all series; MASE by the scale of each.
series::ForecastErrors errors_of(const series::Forecaster& forecaster, const series::SeriesRows& rows,
                                 const std::vector<double>& forecast) {
  double scaled = 0;
  uint64_t count = 0;
  std::vector<std::vector<double>> actual(rows.keys.size()), predicted(rows.keys.size());
  for (size_t i = 0; i < rows.values.size(); ++i) {
    actual[rows.series[i]].push_back(rows.values[i]);
    predicted[rows.series[i]].push_back(forecast[i]);
  }
  for (size_t s = 0; s < rows.keys.size(); ++s) {
    const series::SeriesModel* model = forecaster.find(rows.keys[s]);
    if (model == nullptr) continue;
    const double scale = series::naive_error(model->values, model->periods.empty() ? 1 : model->periods.front());
    const series::ForecastErrors own = series::forecast_errors(actual[s], predicted[s], scale);
    if (!std::isfinite(own.mase)) continue;
    scaled += own.mase * static_cast<double>(own.count);
    count += own.count;
  }
  series::ForecastErrors out = series::forecast_errors(rows.values, forecast, 0);
  out.mase = count > 0 ? scaled / static_cast<double>(count) : kNaN;
  return out;
}

class EvaluateForecastStep final : public flow::Step {
 public:
  EvaluateForecastStep(ModelQuery query, std::string label, engine::TableName table, ObjectRef target,
                       std::vector<Chosen> metrics, Access access, std::string clause)
      : query_(std::move(query)),
        label_(std::move(label)),
        table_(std::move(table)),
        target_(std::move(target)),
        metrics_(std::move(metrics)),
        access_(std::move(access)),
        clause_(std::move(clause)) {}

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("evaluate forecast 1").add(query_.query).add(clause_).finish();
  }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    const OpenForecast open = TRY(open_forecast(query_, label_, false, context));
    const series::SeriesRows& rows = open.read.rows;
    context.progress().stage("measuring");
    auto forecasts = forecast_rows(*open.forecaster, rows, open.forecaster->confidence, context.cancel());
    if (!forecasts) return fail(std::move(forecasts).error()).at(query_.place);
    const series::ForecastErrors errors = errors_of(*open.forecaster, rows, forecasts->value);
    if (errors.count == 0) {
      return fail(Code::kData, "no row has both a value and a forecast", "evaluate on rows of the model's series")
          .at(query_.place);
    }

    flow::Outcome outcome;
    outcome.messages.push_back(
        fmt::format("Evaluated {} on {} rows into {}.", query_.model, human_count(errors.count), table_.to_string()));
    tell_missing(*forecasts, outcome.messages);
    arrow::BatchBuilder result(result_schema(metrics_).fields);
    arrow::BatchBuilder shown(
        {{"metric", arrow::string_type()}, {"value", arrow::double_type()}, {"meaning", arrow::string_type()}});
    Json recorded = Json::object();
    append_number(result.column(0), errors.rmse * errors.rmse);
    for (size_t m = 0; m < metrics_.size(); ++m) {
      const double value = metrics_[m].metric->of(errors);
      append_number(result.column(m + 1), value);
      shown.column(0).append(std::string_view(metrics_[m].name));
      append_number(shown.column(1), value);
      shown.column(2).append(metrics_[m].metric->meaning);
      recorded.set(metrics_[m].name, value);
    }
    outcome.rows_read = static_cast<int64_t>(rows.moments.size());
    outcome.rows_written = TRY(flow::replace_table(table_, result.finish(), context));
    outcome.tables.push_back({"Metrics", shown.finish()});
    outcome.artefacts = forecast_charts(*open.forecaster, label_, rows, *forecasts);
    outcome.details = Json::object({{"metrics", std::move(recorded)}, {"model", query_.model}});
    LineageBuilder edges(query_, target_, "evaluate");
    edges.compute(*open.model, {});
    edges.copy(label_, {});
    outcome.lineage = edges.finish();
    return outcome;
  }

 private:
  ModelQuery query_;
  std::string label_;
  engine::TableName table_;
  ObjectRef target_;
  std::vector<Chosen> metrics_;
  Access access_;
  std::string clause_;
};

// The history of each of the query's rows in its parts.
class ExplainForecastStep final : public flow::Step {
 public:
  ExplainForecastStep(ModelQuery query, std::optional<engine::TableName> table, std::optional<ObjectRef> target,
                      Access access, std::string clause)
      : query_(std::move(query)),
        table_(std::move(table)),
        target_(std::move(target)),
        access_(std::move(access)),
        clause_(std::move(clause)) {}

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override {
    if (!table_) return std::nullopt;
    return FingerprintBuilder().add("explain forecast 1").add(query_.query).add(clause_).finish();
  }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    const OpenForecast open = TRY(open_forecast(query_, {}, false, context));
    flow::Outcome outcome;
    outcome.rows_read = static_cast<int64_t>(open.read.rows.moments.size());
    outcome.tables.push_back(series_table(*open.forecaster));
    outcome.artefacts = component_charts(*open.forecaster, open.model->package().label.column);
    if (outcome.artefacts.empty())
      outcome.messages.push_back("The model has no seasons: there is nothing to take apart.");
    if (!table_) return outcome;
    arrow::Batch rows = component_rows(*open.forecaster, open.read.rows, open.model->package().label.column);
    outcome.rows_written = TRY(flow::replace_table(*table_, std::move(rows), context));
    outcome.messages.push_back(fmt::format("Wrote the parts of {} steps to {}.",
                                           human_count(static_cast<uint64_t>(outcome.rows_written)),
                                           table_->to_string()));
    LineageBuilder edges(query_, *target_, "explain");
    edges.compute(*open.model, {});
    outcome.lineage = edges.finish();
    return outcome;
  }

 private:
  // (groups.., time, value, trend, season_p.., remainder), of the rows within the history, in order.
  static arrow::Batch component_rows(const series::Forecaster& forecaster, const series::SeriesRows& rows,
                                     const std::string& label) {
    std::set<uint32_t> periods;
    for (const series::SeriesModel& model : forecaster.series)
      periods.insert(model.periods.begin(), model.periods.end());
    std::vector<arrow::Field> fields;
    for (const std::string& group : forecaster.columns.groups) fields.push_back({group, arrow::string_type()});
    const size_t time = fields.size();
    fields.push_back({forecaster.columns.time, time_type(forecaster.columns.kind)});
    fields.push_back({label, arrow::double_type()});
    fields.push_back({"trend", arrow::double_type()});
    for (const uint32_t period : periods) fields.push_back({fmt::format("season_{}", period), arrow::double_type()});
    fields.push_back({"remainder", arrow::double_type()});
    arrow::BatchBuilder out(std::move(fields));
    for (size_t i = 0; i < rows.moments.size(); ++i) {
      const series::SeriesModel* model = forecaster.find(rows.keys[rows.series[i]]);
      if (model == nullptr || rows.moments[i] == series::kNoMoment) continue;
      const auto at = model->axis.index_of(rows.moments[i]);
      if (!at || *at < 0 || *at >= static_cast<int64_t>(model->values.size())) continue;
      const auto step = static_cast<size_t>(*at);
      size_t column = 0;
      for (const std::string& part : key_parts(forecaster, model->key))
        out.column(column++).append(std::string_view(part));
      append_moment(out.column(time), rows.moments[i], forecaster.columns);
      append_number(out.column(time + 1), model->values[step]);
      append_number(out.column(time + 2), model->periods.empty() ? kNaN : model->parts.trend[step]);
      column = time + 3;
      for (const uint32_t period : periods) {
        const auto found = std::ranges::find(model->periods, period);
        const auto p = static_cast<size_t>(found - model->periods.begin());
        append_number(out.column(column++), found == model->periods.end() ? kNaN : model->parts.seasonal[p][step]);
      }
      const bool known = !model->periods.empty() && !std::isnan(model->values[step]);
      append_number(out.column(column), known ? model->parts.remainder[step] : kNaN);
    }
    return out.finish();
  }

  ModelQuery query_;
  std::optional<engine::TableName> table_;
  std::optional<ObjectRef> target_;
  Access access_;
  std::string clause_;
};

}  // namespace

Result<std::unique_ptr<flow::Step>> check_evaluate_forecast(const sql::Evaluate& clause, std::string clause_text,
                                                            flow::CheckContext& context) {
  const AttributeValues values =
      TRY(check_attributes(clause.attributes, kEvaluateAttributes, "TO EVALUATE of a forecasting model"));
  if (values.given("validation.steps"))
    context.warn("validation.steps has no effect here", *values.span("validation.steps"));
  std::vector<Chosen> metrics = TRY(choose_metrics(values));
  engine::TableName table = TRY(flow::target_table(clause.into));
  ModelQuery query = TRY(check_model_query(clause.model, context));
  if (!clause.label) {
    return fail(Code::kProgram, "what a forecast is measured against is missing: LABEL", "add LABEL column before INTO")
        .at(clause.model.span);
  }
  const sql::Name& label = *clause.label;
  if (query.columns) {
    const auto at = query.columns->index_of(label.text);
    if (!at) {
      return fail(Code::kProgram, fmt::format("the query has no column \"{}\", the label", label.text),
                  context.column_hint(label.text, *query.columns))
          .at(label.span);
    }
    if (!(*query.columns)[*at].type.is_numeric()) {
      return fail(Code::kProgram, fmt::format("a forecast is of a number, and the label is not: \"{}\" is {}",
                                              label.text, (*query.columns)[*at].type.to_string()))
          .at(label.span);
    }
  }
  ObjectRef target = TRY(context.will_write_table(clause.into.text, result_schema(metrics), clause.into.span));
  Access access = model_query_access(query, context, {target});
  return std::make_unique<EvaluateForecastStep>(std::move(query), label.text, std::move(table), std::move(target),
                                                std::move(metrics), std::move(access), std::move(clause_text));
}

Result<std::unique_ptr<flow::Step>> check_explain_forecast(const sql::Explain& clause, std::string clause_text,
                                                           flow::CheckContext& context) {
  TRY(check_attributes(clause.attributes, {}, "TO EXPLAIN of a forecasting model"));
  if (clause.explainer) {
    return fail(Code::kArgument,
                fmt::format("a forecast is explained by its parts, not by \"{}\"", clause.explainer->text),
                "leave USING out")
        .at(clause.explainer->span);
  }
  ModelQuery query = TRY(check_model_query(clause.model, context));
  std::optional<engine::TableName> table;
  std::optional<ObjectRef> target;
  std::vector<ObjectRef> writes;
  if (clause.into) {
    table = TRY(flow::target_table(*clause.into));
    target = TRY(context.will_write_table(clause.into->text, std::nullopt, clause.into->span));
    writes.push_back(*target);
  }
  Access access = model_query_access(query, context, std::move(writes));
  return std::make_unique<ExplainForecastStep>(std::move(query), std::move(table), std::move(target), std::move(access),
                                               std::move(clause_text));
}

}  // namespace sinan::ml

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "ml/feature_plan_input.h"
#include "ml/planned_model.h"
#include "ml/query_columns.h"
#include "ml/series/forecast_report.h"
#include "ml/series/forecaster.h"
#include "ml/statements/cluster_attributes.h"
#include "ml/statements/forecast.h"
#include "ml/statements/forecast_rows.h"
#include "ml/statements/train_check.h"
#include "ml/training.h"

namespace sinan::ml {
namespace {

using series::SeriesColumns;
using series::TimeKind;

struct ForecastTrain {
  sql::Train clause;
  std::string estimator;
  std::string library;
  std::string statement;
  std::string query;
  Span place;
  AttributeValues attributes;
  bool auto_order = true;
  bool auto_periods = true;
};

Span span_of(const AttributeValues& values, std::string_view name) { return values.span(name).value_or(Span{}); }

std::optional<TimeKind> time_kind(const arrow::Type& type) {
  if (type.id == arrow::TypeId::kDate) return TimeKind::kDate;
  if (type.id == arrow::TypeId::kTimestamp) return TimeKind::kTimestamp;
  if (type.is_text()) return TimeKind::kText;
  if (type.is_integer()) return TimeKind::kNumber;
  return std::nullopt;
}

// The given one, else the first date or timestamp, else the first text, else the first integer.
Result<size_t> find_time(const ForecastTrain& train, const std::vector<size_t>& candidates,
                         const arrow::Schema& query) {
  const std::string given = train.attributes.string("model.time_column");
  if (!given.empty()) {
    const Span place = span_of(train.attributes, "model.time_column");
    const auto at = query.index_of(given);
    if (!at) return no_such_column("model.time_column", given, query).at(place);
    if (time_kind(query[*at].type)) return *at;
    return fail(Code::kArgument,
                fmt::format("model.time_column is no time: \"{}\" is {}", given, query[*at].type.to_string()),
                "it can be a date, a timestamp, a text or an integer")
        .at(place);
  }
  for (const auto& wanted :
       {std::pair(TimeKind::kDate, TimeKind::kTimestamp), std::pair(TimeKind::kText, TimeKind::kText),
        std::pair(TimeKind::kNumber, TimeKind::kNumber)}) {
    for (const size_t i : candidates) {
      const auto kind = time_kind(query[i].type);
      if (kind == wanted.first || kind == wanted.second) return i;
    }
  }
  return fail(Code::kProgram, "a time series needs a column of time",
              "select a date, a timestamp, a text or an integer")
      .at(train.place);
}

// What each column of the query is to the model.
Result<SeriesColumns> choose_columns(const ForecastTrain& train, const arrow::Schema& query) {
  const sql::Name& label = *train.clause.label;
  const auto label_at = query.index_of(label.text);
  if (!label_at) return no_such_column("label", label.text, query).at(label.span);
  if (!query[*label_at].type.is_numeric()) {
    return fail(Code::kProgram, fmt::format("a forecast is of a number, and the label is not: \"{}\" is {}", label.text,
                                            query[*label_at].type.to_string()))
        .at(label.span);
  }
  SeriesColumns out;
  std::vector<size_t> groups, rest;
  for (const sql::Name& name : train.clause.group_by) {
    const auto at = query.index_of(name.text);
    if (!at) return no_such_column("GROUP BY", name.text, query).at(name.span);
    if (*at == *label_at || std::ranges::find(groups, *at) != groups.end() || !input_kind(query[*at].type)) {
      return fail(Code::kProgram, fmt::format("GROUP BY cannot tell series apart by this column: \"{}\"", name.text))
          .at(name.span);
    }
    groups.push_back(*at);
    out.groups.push_back(query[*at].name);
  }
  for (size_t i = 0; i < query.size(); ++i) {
    if (i != *label_at && std::ranges::find(groups, i) == groups.end()) rest.push_back(i);
  }
  const size_t time = TRY(find_time(train, rest, query));
  if (time == *label_at || std::ranges::find(groups, time) != groups.end()) {
    return fail(Code::kArgument, fmt::format("model.time_column is the label or a group: \"{}\"", query[time].name))
        .at(span_of(train.attributes, "model.time_column"));
  }
  out.time = query[time].name;
  out.kind = *time_kind(query[time].type);
  if (out.kind == TimeKind::kText) out.date_format = train.attributes.string("model.date_format");
  for (const size_t i : rest) {
    if (i == time) continue;
    const arrow::Type& type = query[i].type;
    if (!type.is_numeric() && type.id != arrow::TypeId::kBool) {
      return fail(Code::kProgram,
                  fmt::format("a column is neither the time nor a number: \"{}\" is {}", query[i].name,
                              type.to_string()),
                  fmt::format("leave it out of the query, or tell the series apart by it: GROUP BY {}", query[i].name))
          .at(train.place);
    }
    out.regressors.push_back(query[i].name);
  }
  return out;
}

// Attributes that name moments, read as the query's times are.
struct Moments {
  ForecastRange range;
  std::vector<series::Moment> holidays;
};
Result<Moments> read_moments(const AttributeValues& values, const SeriesColumns& columns) {
  Moments out;
  const auto read = [&](std::string_view name, const std::string& text) -> Result<series::Moment> {
    auto moment = parse_moment(text, columns);
    if (!moment) return fail(std::move(moment).error()).at(span_of(values, name));
    return *moment;
  };
  if (const std::string text = values.string("model.forecast_start"); !text.empty())
    out.range.start = TRY(read("model.forecast_start", text));
  if (const std::string text = values.string("model.forecast_end"); !text.empty())
    out.range.end = TRY(read("model.forecast_end", text));
  if (out.range.start && out.range.end && *out.range.end < *out.range.start) {
    return fail(Code::kArgument, "the forecast ends before it starts").at(span_of(values, "model.forecast_end"));
  }
  out.range.horizon = values.integer("model.horizon");
  for (const std::string& text : values.strings("model.holidays"))
    out.holidays.push_back(TRY(read("model.holidays", text)));
  std::ranges::sort(out.holidays);
  return out;
}

Result<series::SeriesOptions> series_options(const ForecastTrain& train) {
  const AttributeValues& values = train.attributes;
  series::SeriesOptions out;
  out.robust = values.boolean("model.robust");
  if (!train.auto_order) {
    const std::vector<double> order = values.numbers("model.order");
    if (order.size() != 3 || order[1] > 2) {
      return fail(Code::kArgument, "model.order is three numbers, p, d and q, with d at most 2",
                  "such as model.order=[7,0,2]")
          .at(span_of(values, "model.order"));
    }
    out.order = series::ArimaOrder{.p = static_cast<uint32_t>(order[0]),
                                   .d = static_cast<uint32_t>(order[1]),
                                   .q = static_cast<uint32_t>(order[2])};
  }
  if (!train.auto_periods) {
    out.periods.emplace();
    for (const double period : values.numbers("model.period")) out.periods->push_back(static_cast<uint32_t>(period));
    std::ranges::sort(*out.periods);
    out.periods->erase(std::unique(out.periods->begin(), out.periods->end()), out.periods->end());
  }
  if (values.given("model.seasonal_window")) {
    for (const double window : values.numbers("model.seasonal_window")) {
      out.seasonal_windows.push_back(static_cast<uint32_t>(window));
      if (out.seasonal_windows.back() % 2 == 0) {
        return fail(Code::kArgument, fmt::format("model.seasonal_window must be odd: {}", window))
            .at(span_of(values, "model.seasonal_window"));
      }
    }
  }
  return out;
}

class TrainForecastStep final : public flow::Step {
 public:
  TrainForecastStep(ForecastTrain train, Access access, sql::Analysis analysis, std::string clause)
      : train_(std::move(train)),
        access_(std::move(access)),
        analysis_(std::move(analysis)),
        clause_(std::move(clause)) {}

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("train forecast 1").add(train_.query).add(clause_).finish();
  }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    const auto session = TRY(context.connect());
    auto schema = session->describe(train_.query);
    if (!schema) {
      Error error = std::move(schema).error();
      error.span.reset();  // of the engine's own counting
      return fail(std::move(error)).at(train_.place);
    }
    const SeriesColumns columns = TRY(choose_columns(train_, *schema));
    const Moments moments = TRY(read_moments(train_.attributes, columns));
    const std::string label = (*schema)[*schema->index_of(train_.clause.label->text)].name;
    const ForecastRows read = TRY(read_forecast_rows(train_.query, train_.place, columns, label, false, context));

    context.progress().stage("fitting");
    series::ForecastOptions options{.series = TRY(series_options(train_)),
                                    .holidays = moments.holidays,
                                    .confidence = train_.attributes.number("model.confidence")};
    auto fitted = fit_forecaster(columns, read.rows, options, std::max(1u, context.threads()), context.cancel());
    if (!fitted) return fail(std::move(fitted).error()).at(train_.place).within("training " + train_.clause.into.text);

    const series::Forecaster& forecaster = fitted->forecaster;
    const series::SeriesRows shown = rows_of_range(forecaster, moments.range, read.rows);
    auto forecasts = forecast_rows(forecaster, shown, forecaster.confidence, context.cancel());
    if (!forecasts) return fail(std::move(forecasts).error()).at(train_.place);
    return TRY(report(*fitted, *schema, label, shown, *forecasts, context));
  }

 private:
  ModelPackage package(const series::FittedForecaster& fitted, const arrow::Schema& schema,
                       const std::string& label) const {
    const SeriesColumns& columns = fitted.forecaster.columns;
    std::vector<arrow::Field> inputs;
    const auto add = [&](const std::string& name) { inputs.push_back(schema[*schema.index_of(name)]); };
    add(columns.time);
    for (const std::string& name : columns.groups) add(name);
    for (const std::string& name : columns.regressors) add(name);
    ModelPackage out;
    out.estimator = train_.estimator;
    out.library = train_.library;
    out.library_version = "1";
    out.task = Task::kForecast;
    out.objective = "likelihood";
    out.plan = FeaturePlan({}, std::move(inputs));
    out.label = {
        .kind = LabelMap::Kind::kNumber, .column = label, .type = schema[*schema.index_of(label)].type, .classes = {}};
    out.attributes = train_.attributes.to_json();
    out.statement = train_.statement;
    out.metrics = error_metrics(fit_errors(fitted.forecaster));
    out.rows = fitted.rows;
    const std::string text = to_json_text(fitted.forecaster);
    const auto bytes = std::as_bytes(std::span(text));
    out.native.assign(bytes.begin(), bytes.end());
    out.native_name = "series.json";
    return out;
  }

  Result<flow::Outcome> report(const series::FittedForecaster& fitted, const arrow::Schema& schema,
                               const std::string& label, const series::SeriesRows& shown,
                               const series::RowForecasts& forecasts, flow::RunContext& context) const {
    const series::Forecaster& forecaster = fitted.forecaster;
    TrainedModel trained;
    trained.package = package(fitted, schema, label);
    flow::Outcome outcome = TRY(save_model(train_.clause.into.text, trained, context));
    for (const std::string& note : fitted.notes) outcome.messages.push_back(note + ".");
    outcome.tables.insert(outcome.tables.begin(), forecast_table(forecaster, label, shown, forecasts));
    for (flow::Artefact& chart : forecast_charts(forecaster, label, shown, forecasts))
      outcome.artefacts.push_back(std::move(chart));
    for (flow::Artefact& chart : component_charts(forecaster, label)) outcome.artefacts.push_back(std::move(chart));
    flow::QueryLineage edges(analysis_, model_ref(train_.clause.into.text), "train");
    for (const arrow::Field& input : trained.package.plan.inputs()) edges.copy(input.name, "");
    edges.copy(label, "");
    outcome.lineage = edges.finish();
    return outcome;
  }

  ForecastTrain train_;
  Access access_;
  sql::Analysis analysis_;
  std::string clause_;
};

ModelSignature planned(const ForecastTrain& train, const std::optional<arrow::Schema>& schema,
                       const std::optional<SeriesColumns>& columns) {
  ModelSignature signature;
  signature.ref = model_ref(train.clause.into.text);
  signature.label = train.clause.label->text;
  signature.task = Task::kForecast;
  if (!columns) return signature;
  const auto field = [&](std::string_view name) { return (*schema)[*schema->index_of(name)]; };
  signature.inputs.push_back(field(columns->time));
  for (const std::string& name : columns->groups) signature.inputs.push_back(field(name));
  for (const std::string& name : columns->regressors) signature.inputs.push_back(field(name));
  signature.label_type = field(signature.label).type;
  return signature;
}

// Takes out an attribute that says "auto", which is what leaving it out says.
bool take_auto(std::vector<sql::Attribute>& attributes, std::string_view name) {
  const std::string_view short_name = name.substr(name.find('.') + 1);
  const auto is_named = [&](const sql::Attribute& a) {
    return equals_ignore_case(a.name, name) || equals_ignore_case(a.name, short_name);
  };
  const bool given = std::ranges::any_of(attributes, is_named);
  std::erase_if(attributes, [&](const sql::Attribute& a) {
    const bool word = a.value.is(sql::Expr::Kind::kString) || a.value.is(sql::Expr::Kind::kName);
    return is_named(a) && word && equals_ignore_case(a.value.text, "auto");
  });
  return !given || std::ranges::none_of(attributes, is_named);
}

}  // namespace

Result<std::unique_ptr<flow::Step>> check_train_forecast(const Trainer& trainer, const sql::Train& clause,
                                                         std::string clause_text, flow::CheckContext& context) {
  ForecastTrain train;
  train.clause = clause;
  train.estimator = trainer.canonical_estimator(estimator_class(clause.estimator.text));
  train.library = std::string(trainer.library());
  train.statement = std::string(context.statement().whole());
  train.query = std::string(context.statement().query());
  train.place = context.statement().text.standard;
  const auto specs = trainer.attributes(train.estimator);
  std::vector<sql::Attribute> given = without_cluster_attributes(clause.attributes, specs, context);
  train.auto_order = take_auto(given, "model.order");
  train.auto_periods = take_auto(given, "model.period");
  auto attributes = check_attributes(given, specs, train.estimator);
  if (!attributes) return fail(std::move(attributes).error()).at(clause.estimator.span);
  train.attributes = *std::move(attributes);
  TRY(check_model_name(clause.into));
  if (!clause.label) {
    return fail(Code::kProgram, fmt::format("{} needs a label to learn: LABEL is missing", train.estimator),
                "add LABEL column before INTO")
        .at(clause.estimator.span);
  }
  if (clause.warm_start) {
    return fail(Code::kUnsupported, "a time series is fitted from the start: USING another model has no meaning",
                "leave USING out")
        .at(clause.warm_start->span);
  }
  if (!clause.columns.empty()) {
    return fail(Code::kProgram, "a time series takes its columns from the query: COLUMN is for features",
                "leave COLUMN out, and select the time, the label and the regressors")
        .at(clause.columns.front().span);
  }
  const std::string format = train.attributes.string("model.date_format");
  if (!format.empty()) {
    if (auto made = series::DateFormat::make(format); !made)
      return fail(std::move(made).error()).at(span_of(train.attributes, "model.date_format"));
  }
  TRY(series_options(train));

  const auto schema = TRY(context.describe(train.query, train.place));
  std::optional<SeriesColumns> columns;
  if (schema) {
    columns = TRY(choose_columns(train, *schema));
    TRY(read_moments(train.attributes, *columns));
  }
  Access access = context.analyze(train.query, train.place);
  ModelSignature signature = planned(train, schema, columns);
  access.writes.push_back(signature.ref);
  const ObjectRef ref = signature.ref;
  context.will_create(ref, std::make_shared<PlannedModel>(std::move(signature)));
  sql::Analysis analysis = context.analysis(train.query, train.place);
  return std::make_unique<TrainForecastStep>(std::move(train), std::move(access), std::move(analysis),
                                             std::move(clause_text));
}

bool is_forecast_model(const sql::Name& model, flow::CheckContext& context) {
  const auto signature = find_signature(model, context);
  return signature && signature->task == Task::kForecast;
}

}  // namespace sinan::ml

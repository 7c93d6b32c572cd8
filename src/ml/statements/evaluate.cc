#include "ml/statements/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ranges>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/attributes.h"
#include "ml/bootstrap.h"
#include "ml/charts.h"
#include "ml/evaluation.h"
#include "ml/evaluation_unlabelled.h"
#include "ml/metric_tables.h"
#include "ml/metrics.h"
#include "ml/resampling.h"
#include "ml/statements/cluster_attributes.h"
#include "ml/statements/evaluate_folds.h"
#include "ml/statements/evaluation_tables.h"
#include "ml/statements/forecast.h"
#include "ml/statements/model_query.h"

namespace sinan::ml {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {.name = "validation.metrics",
     .type = AttributeType::kStringList,
     .default_text = "",
     .doc = "metrics in the order of the result's columns: \"accuracy_score, roc_auc_score\""},
    {.name = "validation.threshold",
     .type = AttributeType::kFloat,
     .default_text = "0.5",
     .doc = "two classes: the second one counts as predicted above this probability",
     .min = 0,
     .max = 1,
     .aliases = "threshold"},
    {.name = "validation.tables",
     .type = AttributeType::kStringList,
     .default_text = "",
     .doc = "more tables, named after the result: confusion, per_class, roc, pr, calibration, lift"},
    {.name = "validation.by",
     .type = AttributeType::kString,
     .default_text = "",
     .doc = "a column of the query: one row for each of its values, after the one for all rows"},
    {.name = "validation.group",
     .type = AttributeType::kString,
     .doc = "ranking: the column that tells groups apart; the model's own when left out",
     .aliases = "group_column|qid"},
    {.name = "validation.weight",
     .type = AttributeType::kString,
     .doc = "column that tells how much each row counts; the model's weight_column when left out, \"\": all the same",
     .aliases = "weight_column"},
    {.name = "validation.folds",
     .type = AttributeType::kInteger,
     .doc = "cross-validate what trained the model on these rows, over so many folds",
     .min = 2,
     .max = 100},
    {.name = "validation.key",
     .type = AttributeType::kString,
     .doc = "validation.folds: column whose value decides the fold: rows of one value stay together"},
    {.name = "validation.bootstrap",
     .type = AttributeType::kInteger,
     .default_text = "0",
     .doc = "samples drawn for intervals, two more columns a metric: 200 is usual; 0 = no intervals",
     .min = 0,
     .max = 100'000},
    {.name = "validation.confidence",
     .type = AttributeType::kFloat,
     .default_text = "0.95",
     .doc = "share of the samples inside an interval",
     .min = 0,
     .max = 1,
     .min_open = true,
     .max_open = true},
    {.name = "validation.steps",
     .type = AttributeType::kInteger,
     .default_text = "1",
     .doc = "accepted; all rows are used",
     .min = 1},
};

constexpr size_t kMostShownRows = 100;  // on the screen; the table has all

struct DetailTable {
  EvaluationTable detail;
  engine::TableName table;
  std::string name;  // as will_write_table takes it
};

// The metrics asked for, or the task's usual ones. Errors (kArgument, at the attribute).
Result<std::vector<std::string>> metric_names(const AttributeValues& values, std::optional<Task> task) {
  const Span place = values.span("validation.metrics").value_or(Span{});
  const bool is_labelled = !task || has_label(*task);
  std::vector<std::string> names;
  for (const std::string& given : values.strings("validation.metrics")) {
    const std::string name(trim(given));
    if (is_labelled) {
      const auto metric = find_metric(name, task);
      if (!metric.has_value()) return fail(Error(metric.error())).at(place);
    } else {
      const auto metric = find_unlabelled_metric(name, *task);
      if (!metric.has_value()) return fail(Error(metric.error())).at(place);
    }
    const bool twice =
        std::ranges::any_of(names, [&](const std::string& other) { return equals_ignore_case(other, name); });
    if (twice) return fail(Code::kArgument, fmt::format("metric is given twice: \"{}\"", name)).at(place);
    names.push_back(name);
  }
  if (names.empty() && !is_labelled) {
    for (const UnlabelledMetric& metric : unlabelled_metrics())
      if (metric.task == *task) names.emplace_back(metric.name);
  }
  if (names.empty() && task && is_labelled)
    for (const std::string_view name : default_metrics(*task)) names.emplace_back(name);
  return names;
}

bool with_intervals(const AttributeValues& values) { return values.integer("validation.bootstrap") > 0; }

std::vector<std::string> with_loss(const std::vector<std::string>& metrics) {
  std::vector<std::string> out = {"loss"};
  out.insert(out.end(), metrics.begin(), metrics.end());
  return out;
}

arrow::Schema result_schema(const std::vector<std::string>& metrics, const AttributeValues& values) {
  arrow::Schema schema;
  if (values.given("validation.folds")) {
    schema.fields = {{"fold", arrow::int64_type()}, {"n", arrow::int64_type()}};
    for (const std::string& name : with_loss(metrics)) {
      schema.fields.push_back({name, arrow::double_type()});
      schema.fields.push_back({name + "_sd", arrow::double_type()});
    }
    return schema;
  }
  if (values.given("validation.by")) {
    schema.fields = {{"slice", arrow::string_type()}, {"value", arrow::string_type()}, {"n", arrow::int64_type()}};
  }
  const auto add = [&](const std::string& name) {
    schema.fields.push_back({name, arrow::double_type()});
    if (!with_intervals(values)) return;
    schema.fields.push_back({name + "_low", arrow::double_type()});
    schema.fields.push_back({name + "_high", arrow::double_type()});
  };
  add("loss");
  for (const std::string& name : metrics) add(name);
  return schema;
}

// What is measured: the loss, then the metrics asked for.
struct Measurement {
  std::string name;
  std::string_view meaning;
  const MetricSpec* metric = nullptr;  // null = the loss
};

std::vector<Measurement> measurements(const std::vector<std::string>& names,
                                      const std::vector<const MetricSpec*>& metrics, Task task) {
  std::vector<Measurement> out;
  out.push_back({"loss", task == Task::kRegression ? "mean squared error"
                         : task == Task::kRanking  ? "1 - ndcg"
                                                   : "mean negative log probability of the truth"});
  for (size_t i = 0; i < names.size(); ++i) out.push_back({names[i], metrics[i]->doc, metrics[i]});
  return out;
}

// Of one set of rows, by measurement.
struct Measured {
  std::vector<double> values;
  std::vector<Interval> intervals;  // empty when none are asked for
};

void append_defined(double value, arrow::ColumnBuilder& column) {
  if (std::isnan(value)) {
    column.append_null();
  } else {
    column.append(value);
  }
}

// Appends to `column`, and the two after it when there are intervals; moves on past them.
void append_measured(const Measured& measured, size_t which, arrow::BatchBuilder& out, size_t& column) {
  append_defined(measured.values[which], out.column(column++));
  if (measured.intervals.empty()) return;
  append_defined(measured.intervals[which].low, out.column(column++));
  append_defined(measured.intervals[which].high, out.column(column++));
}

Result<std::vector<DetailTable>> detail_tables(const AttributeValues& values, const sql::Name& into) {
  std::vector<DetailTable> out;
  for (const std::string& given : values.strings("validation.tables")) {
    const std::string name = to_lower(trim(given));
    const auto found = std::ranges::find(kEvaluationTables, name);
    if (found == kEvaluationTables.end()) {
      const std::vector<std::string> known(kEvaluationTables.begin(), kEvaluationTables.end());
      const std::string near = did_you_mean(name, known);
      return fail(Code::kArgument, fmt::format("unknown table \"{}\"", given),
                  near.empty() ? fmt::format("it can be {}", join(known, ", ")) : near)
          .at(values.span("validation.tables").value_or(Span{}));
    }
    const sql::Name table{fmt::format("{}_{}", into.text, name), into.span};
    out.push_back(
        {static_cast<EvaluationTable>(found - kEvaluationTables.begin()), TRY(target_table(table)), table.text});
  }
  return out;
}

Status check_detail_task(Task task, const std::vector<DetailTable>& details, const AttributeValues& values) {
  if (details.empty() || (task != Task::kRegression && task != Task::kRanking)) return {};
  return fail(Code::kArgument,
              fmt::format("these tables are for classification models; this one is a {}", to_string(task)),
              "leave validation.tables out")
      .at(values.span("validation.tables").value_or(Span{}));
}

Status check_label(const sql::Evaluate& clause, Task task) {
  if (!has_label(task)) {
    if (!clause.label) return {};
    return fail(Code::kProgram,
                fmt::format("the model learnt without a label and is measured without: LABEL {}", clause.label->text),
                "leave LABEL out")
        .at(clause.label->span);
  }
  if (clause.label) return {};
  return fail(Code::kProgram, "the model is measured against a label: LABEL is missing", "add LABEL column before INTO")
      .at(clause.model.span);
}

constexpr std::pair<std::string_view, std::string_view> kColumnAttributes[] = {
    {"validation.by", "to slice by"},
    {"validation.weight", "that rows are weighted by"},
    {"validation.key", "that decides the fold"}};

Status check_folds(const AttributeValues& values) {
  if (!values.given("validation.folds")) {
    if (!values.given("validation.key")) return {};
    return fail(Code::kArgument, "validation.key has no meaning without folds", "add validation.folds=5")
        .at(*values.span("validation.key"));
  }
  for (const std::string_view name :
       {"validation.by", "validation.bootstrap", "validation.tables", "validation.weight", "validation.group"}) {
    if (!values.given(name)) continue;
    return fail(Code::kArgument, fmt::format("{} goes without validation.folds", name),
                "each fold has a model of its own, trained as the model was: leave one of the two out")
        .at(*values.span(name));
  }
  return {};
}

class EvaluateStep final : public flow::Step {
 public:
  EvaluateStep(ModelQuery query, sql::Evaluate clause, engine::TableName table, ObjectRef target,
               std::vector<DetailTable> details, AttributeValues values, Access access, std::string text,
               std::shared_ptr<const Trainers> trainers)
      : trainers_(std::move(trainers)),
        query_(std::move(query)),
        clause_(std::move(clause)),
        table_(std::move(table)),
        target_(std::move(target)),
        details_(std::move(details)),
        values_(std::move(values)),
        access_(std::move(access)),
        text_(std::move(text)) {}

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("evaluate 2").add(query_.query).add(text_).finish();
  }

  bool uses_seed() const override {
    return with_intervals(values_) || !clause_.label || values_.given("validation.folds");
  }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    context.progress().stage("opening");
    if (values_.given("validation.folds")) return run_folds(context);
    OpenModelQuery open = TRY(open_model_query(query_, context));
    const std::shared_ptr<const Model> model = open.model;
    const ModelPackage& package = model->package();
    TRY(check_label(clause_, package.task));
    const std::vector<std::string> names = TRY(metric_names(values_, package.task));
    if (!has_label(package.task)) return run_unlabelled(std::move(open), names, context);
    TRY(check_detail_task(package.task, details_, values_));
    std::vector<const MetricSpec*> metrics;
    for (const std::string& name : names) metrics.push_back(TRY(find_metric(name, package.task)));
    const bool with_margins = std::ranges::any_of(metrics, [](const MetricSpec* m) { return m->needs_margin; });

    EvaluationRequest request{.label = clause_.label->text,
                              .threshold = values_.number("validation.threshold"),
                              .with_margins = with_margins};
    if (values_.given("validation.by")) {
      request.by = values_.string("validation.by");
      request.by_place = *values_.span("validation.by");
    }
    TRY(take_group(package, request));
    std::string weight_note = take_weight(package, *open.columns, request);
    auto rows = score_for_evaluation(std::move(open), request, context);
    if (!rows.has_value()) return fail(std::move(rows).error()).at(clause_.label->span);
    context.progress().stage("measuring");
    flow::Outcome outcome = TRY(report(*model, *rows, measurements(names, metrics, package.task), context));
    if (!weight_note.empty()) outcome.messages.push_back(std::move(weight_note));
    return outcome;
  }

 private:
  // One row of means and deviations, then one a fold.
  Result<flow::Outcome> run_folds(flow::RunContext& context) const {
    const auto model = TRY(open_model(query_.model, context));
    TRY(check_label(clause_, model->package().task));
    const std::vector<std::string> names = TRY(metric_names(values_, model->package().task));
    FoldedEvaluation asked{.model = clause_.model,
                           .label = clause_.label,
                           .folds = {.count = static_cast<size_t>(values_.integer("validation.folds")),
                                     .place = *values_.span("validation.folds")},
                           .threshold = values_.number("validation.threshold")};
    if (values_.given("validation.key")) {
      asked.folds.key = values_.string("validation.key");
      asked.folds.place = *values_.span("validation.key");
    }
    const FoldScores scores = TRY(evaluate_folds(query_, asked, *trainers_, context));
    context.progress().stage("measuring");
    std::vector<std::vector<double>> values;  // by metric, by fold
    std::vector<double>& losses = values.emplace_back();
    for (const HeldOutScore& fold : scores.folds)
      losses.push_back(has_label(scores.task) ? loss(fold.scored) : fold.unlabelled.loss);
    for (const std::string& name : names) {
      const HeldOutMetric metric = TRY(HeldOutMetric::find(name, scores.task));
      std::vector<double>& of_metric = values.emplace_back();
      for (const HeldOutScore& fold : scores.folds) of_metric.push_back(TRY(metric.of(fold)));
    }
    return report_folds(*model, names, scores.rows, values, context);
  }

  Result<flow::Outcome> report_folds(const Model& model, const std::vector<std::string>& names,
                                     const std::vector<uint64_t>& rows, const std::vector<std::vector<double>>& values,
                                     flow::RunContext& context) const {
    const uint64_t all = std::accumulate(rows.begin(), rows.end(), uint64_t{0});
    arrow::BatchBuilder table(result_schema(names, values_).fields);
    const auto put_head = [&](std::optional<size_t> fold, uint64_t n) {
      if (fold) {
        table.column(0).append(static_cast<int64_t>(*fold + 1));
      } else {
        table.column(0).append_null();
      }
      table.column(1).append(static_cast<int64_t>(n));
    };
    arrow::BatchBuilder shown({{"metric", arrow::string_type()},
                               {"mean", arrow::double_type()},
                               {"sd", arrow::double_type()},
                               {"least", arrow::double_type()},
                               {"greatest", arrow::double_type()}});
    Json metrics = Json::object();
    const std::vector<std::string> all_names = with_loss(names);
    put_head(std::nullopt, all);
    for (size_t m = 0; m < values.size(); ++m) {
      const double mean = mean_of(values[m]);
      append_defined(mean, table.column(2 + 2 * m));
      append_defined(sd_of(values[m]), table.column(3 + 2 * m));
      shown.column(0).append(std::string_view(all_names[m]));
      append_defined(mean, shown.column(1));
      append_defined(sd_of(values[m]), shown.column(2));
      append_defined(std::ranges::min(values[m]), shown.column(3));
      append_defined(std::ranges::max(values[m]), shown.column(4));
      metrics.set(all_names[m], mean);
    }
    for (size_t fold = 0; fold < rows.size(); ++fold) {
      put_head(fold, rows[fold]);
      for (size_t m = 0; m < values.size(); ++m) {
        append_defined(values[m][fold], table.column(2 + 2 * m));
        table.column(3 + 2 * m).append_null();
      }
    }
    flow::Outcome outcome;
    outcome.messages.push_back(
        fmt::format("Trained what {} is again without each of {} folds of {} rows, and evaluated it there into {}.",
                    query_.model, rows.size(), human_count(all), table_.to_string()));
    outcome.rows_read = static_cast<int64_t>(all);
    outcome.rows_written = TRY(flow::replace_table(table_, table.finish(), context));
    outcome.tables.push_back({fmt::format("Out-of-fold metrics ({} folds)", rows.size()), shown.finish()});
    outcome.details = Json::object({{"metrics", std::move(metrics)}, {"model", query_.model}});
    LineageBuilder edges(query_, target_, "evaluate");
    edges.compute(model, {});
    if (clause_.label) edges.copy(clause_.label->text, {});
    outcome.lineage = edges.finish();
    return outcome;
  }

  // Rows count as in training where they can, and that is said. Answers what to say.
  std::string take_weight(const ModelPackage& package, const arrow::Schema& columns, EvaluationRequest& request) const {
    if (values_.given("validation.weight")) {
      if (const std::string column = values_.string("validation.weight"); !column.empty()) request.weight = column;
      request.weight_place = *values_.span("validation.weight");
      return {};
    }
    const std::string column(package.attributes.at("weight_column").string_view());
    if (column.empty()) return {};
    if (!columns.index_of(column))
      return fmt::format("Rows count all the same: the query has no {}, by which the training weighted them.", column);
    request.weight = column;
    request.weight_place = query_.place;
    return fmt::format("Rows count by {}, as in training (validation.weight=\"\": all the same).", column);
  }

  Result<flow::Outcome> run_unlabelled(OpenModelQuery open, const std::vector<std::string>& names,
                                       flow::RunContext& context) const {
    const Task task = open.model->package().task;
    context.progress().stage("scoring");
    const UnlabelledScores scores =
        TRY(score_unlabelled(*open.model, open.binding, *open.rows, context.seed(), context.cancel()));
    std::vector<Measurement> all = {{"loss", task == Task::kClustering ? "mean squared distance to the centre"
                                                                       : "mean amount by which scores are below 0"}};
    Measured measured;
    measured.values.push_back(scores.loss);
    for (const std::string& name : names) {
      const UnlabelledMetric* metric = TRY(find_unlabelled_metric(name, task));
      all.push_back({name, metric->doc});
      measured.values.push_back(scores.values[static_cast<size_t>(metric - unlabelled_metrics().data())]);
    }
    flow::Outcome outcome;
    outcome.messages.push_back(
        fmt::format("Evaluated {} on {} rows into {}.", query_.model, human_count(scores.rows), table_.to_string()));
    if (scores.sampled > 0 && scores.sampled < scores.rows) {
      outcome.messages.push_back(
          fmt::format("Silhouette, Calinski-Harabasz and Davies-Bouldin are of a random sample of {} rows, drawn with "
                      "the run's seed.",
                      human_count(scores.sampled)));
    }
    for (size_t m = 0; m < all.size(); ++m)
      if (std::isnan(measured.values[m]))
        outcome.messages.push_back(
            fmt::format("{} is not defined on these rows: they are all of one cluster.", all[m].name));
    arrow::BatchBuilder row(result_schema(names, values_).fields);
    for (size_t m = 0; m < all.size(); ++m) {
      size_t column = m;
      append_measured(measured, m, row, column);
    }
    outcome.rows_read = static_cast<int64_t>(scores.rows);
    outcome.rows_written = TRY(flow::replace_table(table_, row.finish(), context));
    outcome.tables.push_back({"Metrics", shown_rows(all, measured)});
    if (!scores.sizes.empty()) {
      arrow::BatchBuilder sizes({{"cluster", arrow::int64_type()}, {"rows", arrow::int64_type()}});
      for (size_t c = 0; c < scores.sizes.size(); ++c) {
        sizes.column(0).append(static_cast<int64_t>(c));
        sizes.column(1).append(static_cast<int64_t>(scores.sizes[c]));
      }
      outcome.tables.push_back({"Clusters", sizes.finish()});
    }
    outcome.details = recorded(all, measured);
    LineageBuilder edges(query_, target_, "evaluate");
    edges.compute(*open.model, {});
    outcome.lineage = edges.finish();
    return outcome;
  }

  // Rankings are measured group by group.
  Status take_group(const ModelPackage& package, EvaluationRequest& request) const {
    const bool is_given = values_.given("validation.group");
    if (package.task != Task::kRanking) {
      if (!is_given) return {};
      return fail(Code::kArgument,
                  fmt::format("validation.group is for rankings; this model is {}", to_string(package.task)),
                  "leave it out")
          .at(*values_.span("validation.group"));
    }
    request.group = is_given ? values_.string("validation.group")
                             : std::string(package.attributes.at("group_column").string_view());
    request.group_place = is_given ? *values_.span("validation.group") : clause_.model.span;
    if (!with_intervals(values_)) return {};
    return fail(Code::kUnsupported,
                "intervals of ranking metrics are not available in this build: groups would be torn",
                "leave validation.bootstrap out")
        .at(*values_.span("validation.bootstrap"));
  }

  Result<Measured> measure(const Scored& scored, const std::vector<Measurement>& all, flow::RunContext& context) const {
    Measured out;
    std::vector<Measure> measures;
    for (const Measurement& one : all) {
      TRY(context.cancel().check());
      out.values.push_back(one.metric == nullptr ? loss(scored) : TRY(compute_metric(*one.metric, scored)));
      measures.push_back(one.metric == nullptr ? loss : one.metric->compute);
    }
    if (!with_intervals(values_)) return out;
    const BootstrapOptions options{.samples = static_cast<size_t>(values_.integer("validation.bootstrap")),
                                   .confidence = values_.number("validation.confidence"),
                                   .seed = context.seed(),
                                   .threads = context.threads()};
    out.intervals = TRY(bootstrap(scored, measures, options, context.cancel()));
    return out;
  }

  // The table: the row of all, then one a slice.
  Result<arrow::Batch> result_rows(const EvaluatedRows& rows, const std::vector<Measurement>& all,
                                   const Measured& of_all, flow::RunContext& context, flow::Outcome& outcome) const {
    std::vector<std::string> names;
    for (const Measurement& one : all | std::views::drop(1)) names.push_back(one.name);
    arrow::BatchBuilder out(result_schema(names, values_).fields);
    const bool sliced = values_.given("validation.by");
    const auto put = [&](const Measured& measured, size_t column) {
      for (size_t m = 0; m < all.size(); ++m) append_measured(measured, m, out, column);
    };
    const auto head = [&](std::string_view slice, const std::optional<std::string>& value, size_t n) {
      out.column(0).append(slice);
      if (value) {
        out.column(1).append(std::string_view(*value));
      } else {
        out.column(1).append_null();
      }
      out.column(2).append(static_cast<int64_t>(n));
    };
    if (!sliced) {
      put(of_all, 0);
      return out.finish();
    }
    head("all", std::nullopt, rows.scored.rows());
    put(of_all, 3);
    std::vector<size_t> undefined(all.size());
    Scored part;  // its memory serves all slices
    for (size_t i = 0; i < rows.slices.size(); ++i) {
      context.progress().fraction(static_cast<double>(i) / static_cast<double>(rows.slices.size()));
      take_rows(rows.scored, rows.slices[i].rows, part);
      const Measured measured = TRY(measure(part, all, context));
      head(values_.string("validation.by"), rows.slices[i].value, part.rows());
      put(measured, 3);
      for (size_t m = 0; m < all.size(); ++m) undefined[m] += std::isnan(measured.values[m]) ? 1 : 0;
    }
    for (size_t m = 0; m < all.size(); ++m) {
      if (undefined[m] == 0) continue;
      outcome.messages.push_back(fmt::format("{} is not defined on {} of {} slices, and NULL there.", all[m].name,
                                             undefined[m], rows.slices.size()));
    }
    return out.finish();
  }

  // The metrics of all rows, for the screen.
  arrow::Batch shown_rows(const std::vector<Measurement>& all, const Measured& measured) const {
    std::vector<arrow::Field> fields = {{"metric", arrow::string_type()}, {"value", arrow::double_type()}};
    if (!measured.intervals.empty()) {
      fields.push_back({"low", arrow::double_type()});
      fields.push_back({"high", arrow::double_type()});
    }
    fields.push_back({"meaning", arrow::string_type()});
    arrow::BatchBuilder out(std::move(fields));
    for (size_t m = 0; m < all.size(); ++m) {
      out.column(0).append(all[m].name);
      size_t column = 1;
      append_measured(measured, m, out, column);
      out.column(column).append(all[m].meaning);
    }
    return out.finish();
  }

  // The metrics of all rows, for the run's record.
  Json recorded(const std::vector<Measurement>& all, const Measured& measured) const {
    Json metrics = Json::object();
    Json intervals = Json::object();
    for (size_t m = 0; m < all.size(); ++m) {
      metrics.set(all[m].name, measured.values[m]);
      if (measured.intervals.empty()) continue;
      intervals.set(all[m].name + "_low", measured.intervals[m].low);
      intervals.set(all[m].name + "_high", measured.intervals[m].high);
    }
    Json out = Json::object({{"metrics", std::move(metrics)}, {"model", query_.model}});
    if (!measured.intervals.empty()) out.set("intervals", std::move(intervals));
    return out;
  }

  void add_pictures(const Scored& scored, const std::vector<std::string>& classes, flow::Outcome& outcome) const {
    if (scored.task == Task::kRanking) return;
    if (scored.task == Task::kRegression) {
      outcome.artefacts.push_back({"predicted_actual", predicted_actual_chart(scored)});
      outcome.artefacts.push_back({"residuals", residual_chart(scored)});
      return;
    }
    if (scored.task == Task::kMulticlass && classes.size() <= 100) {
      outcome.tables.push_back({"By class", evaluation_table_rows(EvaluationTable::kPerClass, scored, classes)});
    }
    if (classes.size() <= kMostChartClasses)
      outcome.artefacts.push_back({"confusion", confusion_chart(confusion(scored), classes)});
    outcome.artefacts.push_back({"roc", roc_chart(scored, classes)});
    outcome.artefacts.push_back({"precision_recall", pr_chart(scored, classes)});
    outcome.artefacts.push_back({"calibration", calibration_chart(scored, classes)});
  }

  Result<flow::Outcome> report(const Model& model, const EvaluatedRows& rows, const std::vector<Measurement>& all,
                               flow::RunContext& context) const {
    flow::Outcome outcome;
    const Scored& scored = rows.scored;
    outcome.messages.push_back(
        fmt::format("Evaluated {} on {} rows into {}.", query_.model, human_count(scored.rows()), table_.to_string()));
    const Measured measured = TRY(measure(scored, all, context));
    for (size_t m = 0; m < all.size(); ++m) {
      if (!std::isnan(measured.values[m])) continue;
      outcome.messages.push_back(
          fmt::format("{} is not defined on these rows: {}.", all[m].name,
                      scored.task == Task::kRegression ? "they are too few" : "they are all of one class"));
    }
    const arrow::Batch result = TRY(result_rows(rows, all, measured, context, outcome));
    outcome.rows_read = static_cast<int64_t>(scored.rows());
    outcome.rows_written = TRY(flow::replace_table(table_, result.slice(0, result.rows()), context));
    const std::vector<std::string>& classes = model.package().label.classes;
    for (const DetailTable& table : details_)
      TRY(flow::replace_table(table.table, evaluation_table_rows(table.detail, scored, classes), context));

    outcome.tables.push_back({"Metrics", shown_rows(all, measured)});
    if (values_.given("validation.by")) {
      outcome.tables.push_back({fmt::format("By {}", values_.string("validation.by")),
                                result.slice(0, std::min(result.rows(), kMostShownRows))});
    }
    add_pictures(scored, classes, outcome);
    outcome.details = recorded(all, measured);
    LineageBuilder edges(query_, target_, "evaluate");
    edges.compute(model, {});
    edges.copy(clause_.label->text, {});
    if (values_.given("validation.by")) edges.copy(values_.string("validation.by"), {});
    outcome.lineage = edges.finish();
    return outcome;
  }

  std::shared_ptr<const Trainers> trainers_;
  ModelQuery query_;
  sql::Evaluate clause_;
  engine::TableName table_;
  ObjectRef target_;
  std::vector<DetailTable> details_;
  AttributeValues values_;
  Access access_;
  std::string text_;
};

}  // namespace

Evaluate::Evaluate(std::shared_ptr<const Trainers> trainers) : trainers_(std::move(trainers)) {}

flow::Help Evaluate::help() const {
  return {
      .summary = "Measure a model on rows whose truth is known.",
      .synopsis = "query TO EVALUATE model [WITH attribute=value, ...] [LABEL column] INTO [schema.]table",
      .details =
          "The table is replaced by one row: loss, then the metrics in the order asked, as DOUBLE. Shown besides: a\n"
          "confusion matrix, ROC, precision-recall and calibration curves, or predicted against actual values and the\n"
          "residuals of a regression. Metrics are computed from probabilities wherever they say more than classes.\n\n"
          "validation.metrics=\"accuracy_score, roc_auc_score\": names of scikit-learn or Keras, in any case. Without "
          "it the\n"
          "usual ones of the task. More than two classes: precision, recall, F and areas are averages over the "
          "classes.\n"
          "validation.threshold=0.5: two classes: the second one counts as predicted above it.\n"
          "validation.tables=\"confusion, per_class, roc, pr, calibration, lift\": writes these too, as "
          "<table>_confusion, "
          "...\n"
          "validation.by=\"column\": one row for all, then one for each value of that column of the query.\n"
          "validation.bootstrap=200: two more columns a metric, <metric>_low and <metric>_high: 95 % intervals\n"
          "(validation.confidence) from that many samples of the rows, drawn with the run's seed.\n"
          "validation.weight=\"column\": how much each row counts, as scikit-learn's sample_weight; the model's\n"
          "weight_column where the query has it.\n"
          "validation.folds=5: cross-validation of what trained the model (estimator, attributes, COLUMN) on these\n"
          "rows: a row of means with their deviations <metric>_sd, then one for each fold. validation.key=\"column\":\n"
          "rows of one value stay in one fold.\n\n"
          "Models that learn without a label are measured without: clusters by inertia, silhouette_score,\n"
          "calinski_harabasz_score, davies_bouldin_score; one-class models by outlier_share, mean_score.\n\n"
          "A label that is NULL, or of a class the model was not trained on, is an error: leave such rows out in the "
          "query.",
      .example =
          "SELECT * FROM december TO EVALUATE flights.late WITH validation.metrics=\"roc_auc_score\" LABEL late INTO "
          "out.quality;",
  };
}

Result<std::unique_ptr<flow::Parsed>> Evaluate::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return parse_clause_statement(tokens);
}

Result<std::unique_ptr<flow::Step>> Evaluate::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& statement = static_cast<const ParsedClause&>(parsed);
  const auto& clause = statement.as<sql::Evaluate>();
  if (is_forecast_model(clause.model, context))
    return check_evaluate_forecast(clause, sql::to_string(statement.clause()), context);
  AttributeValues values = TRY(check_attributes(without_cluster_attributes(clause.attributes, kAttributes, context),
                                                kAttributes, "TO EVALUATE"));
  if (values.given("validation.steps"))
    context.warn("validation.steps has no effect here", *values.span("validation.steps"));
  if (values.given("validation.confidence") && !with_intervals(values)) {
    context.warn("validation.confidence has no effect without validation.bootstrap",
                 *values.span("validation.confidence"));
  }
  engine::TableName table = TRY(target_table(clause.into));
  std::vector<DetailTable> details = TRY(detail_tables(values, clause.into));
  ModelQuery query = TRY(check_model_query(clause.model, context));
  const std::optional<Task> task = query.signature.task;
  if (task) TRY(check_label(clause, *task));
  const std::vector<std::string> metrics = TRY(metric_names(values, task));
  if (task) TRY(check_detail_task(*task, details, values));
  if (clause.label && query.columns && !query.columns->index_of(clause.label->text)) {
    return fail(Code::kProgram, fmt::format("the query has no column \"{}\", the label", clause.label->text),
                context.column_hint(clause.label->text, *query.columns))
        .at(clause.label->span);
  }

  if (task && !has_label(*task)) {
    for (const std::string_view name :
         {"validation.by", "validation.bootstrap", "validation.threshold", "validation.tables", "validation.weight"}) {
      if (!values.given(name)) continue;
      return fail(Code::kArgument, fmt::format("{} is for models with a label; this one is {}", name, to_string(*task)),
                  "leave it out")
          .at(*values.span(name));
    }
  }
  TRY(check_folds(values));
  for (const auto& [attribute, role] : kColumnAttributes) {
    if (!values.given(attribute) || !query.columns) continue;
    const std::string column = values.string(attribute);
    if (column.empty() || query.columns->index_of(column)) continue;
    return fail(Code::kProgram, fmt::format("the query has no column \"{}\", the one {}", column, role),
                context.column_hint(column, *query.columns))
        .at(*values.span(attribute));
  }

  std::optional<arrow::Schema> schema;
  if (!metrics.empty()) schema = result_schema(metrics, values);
  std::vector<ObjectRef> writes = {TRY(context.will_write_table(clause.into.text, schema, clause.into.span))};
  for (const DetailTable& detail : details)
    writes.push_back(
        TRY(context.will_write_table(detail.name, evaluation_table_schema(detail.detail), clause.into.span)));
  ObjectRef target = writes.front();
  Access access = model_query_access(query, context, std::move(writes));
  return std::make_unique<EvaluateStep>(std::move(query), clause, std::move(table), std::move(target),
                                        std::move(details), std::move(values), std::move(access),
                                        sql::to_string(statement.clause()), trainers_);
}

}  // namespace sinan::ml

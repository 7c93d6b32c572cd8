#include "ml/statements/evaluate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/attributes.h"
#include "ml/charts.h"
#include "ml/evaluation.h"
#include "ml/metric_tables.h"
#include "ml/metrics.h"
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
     .doc = "more tables, named after the result: confusion, per_class, roc, pr, calibration"},
    {.name = "validation.steps",
     .type = AttributeType::kInteger,
     .default_text = "1",
     .doc = "accepted; all rows are used",
     .min = 1},
};

constexpr size_t kTablePoints = 1000;
constexpr size_t kCalibrationBins = 10;

enum class Detail : uint8_t { kConfusion, kPerClass, kRoc, kPr, kCalibration };
constexpr std::array<std::string_view, 5> kDetails = {"confusion", "per_class", "roc", "pr", "calibration"};

struct DetailTable {
  Detail detail;
  engine::TableName table;
  std::string name;  // as will_write_table takes it
};

arrow::Schema detail_schema(Detail detail) {
  using namespace arrow;
  switch (detail) {
    case Detail::kConfusion:
      return {{{"actual", string_type()}, {"predicted", string_type()}, {"n", int64_type()}}};
    case Detail::kPerClass:
      return {{{"class", string_type()},
               {"precision", double_type()},
               {"recall", double_type()},
               {"f1", double_type()},
               {"support", int64_type()}}};
    case Detail::kRoc:
      return {{{"class", string_type()}, {"threshold", double_type()}, {"fpr", double_type()}, {"tpr", double_type()}}};
    case Detail::kPr:
      return {{{"class", string_type()},
               {"threshold", double_type()},
               {"precision", double_type()},
               {"recall", double_type()}}};
    case Detail::kCalibration:
      return {{{"class", string_type()},
               {"bin", int64_type()},
               {"predicted", double_type()},
               {"observed", double_type()},
               {"n", int64_type()}}};
  }
  return {};
}

arrow::Batch detail_rows(Detail detail, const Scored& scored, const std::vector<std::string>& classes) {
  arrow::BatchBuilder rows(detail_schema(detail).fields);
  const auto count = [](size_t n) { return static_cast<int64_t>(n); };
  const size_t first = scored.task == Task::kBinary ? 1 : 0;  // curves: of the second class of two
  const Confusion counts = confusion(scored);
  switch (detail) {
    case Detail::kConfusion:
      for (size_t a = 0; a < classes.size(); ++a) {
        for (size_t p = 0; p < classes.size(); ++p) {
          rows.column(0).append(classes[a]);
          rows.column(1).append(classes[p]);
          rows.column(2).append(counts.at(a, p));
        }
      }
      break;
    case Detail::kPerClass: {
      const std::vector<ClassScores> scores = per_class(counts);
      for (size_t k = 0; k < classes.size(); ++k) {
        rows.column(0).append(classes[k]);
        rows.column(1).append(scores[k].precision);
        rows.column(2).append(scores[k].recall);
        rows.column(3).append(scores[k].f1);
        rows.column(4).append(scores[k].support);
      }
      break;
    }
    case Detail::kRoc:
    case Detail::kPr:
      for (size_t k = first; k < classes.size(); ++k) {
        const Curve curve = thin(detail == Detail::kRoc ? roc_curve(scored, k) : pr_curve(scored, k), kTablePoints);
        for (size_t i = 0; i < curve.x.size(); ++i) {
          rows.column(0).append(classes[k]);
          rows.column(1).append(curve.threshold[i]);
          rows.column(2).append(detail == Detail::kRoc ? curve.x[i] : curve.y[i]);
          rows.column(3).append(detail == Detail::kRoc ? curve.y[i] : curve.x[i]);
        }
      }
      break;
    case Detail::kCalibration:
      for (size_t k = first; k < classes.size(); ++k) {
        for (const CalibrationBin& bin : calibration(scored, k, kCalibrationBins)) {
          rows.column(0).append(classes[k]);
          rows.column(1).append(count(bin.bin));
          rows.column(2).append(bin.predicted);
          rows.column(3).append(bin.observed);
          rows.column(4).append(bin.rows);
        }
      }
  }
  return rows.finish();
}

// The metrics asked for, or the task's usual ones. Errors (kArgument, at the attribute).
Result<std::vector<std::string>> metric_names(const AttributeValues& values, std::optional<Task> task) {
  const Span place = values.span("validation.metrics").value_or(Span{});
  std::vector<std::string> names;
  for (const std::string& given : values.strings("validation.metrics")) {
    const std::string name(trim(given));
    const auto metric = find_metric(name, task);
    if (!metric.has_value()) return fail(Error(metric.error())).at(place);
    const bool twice =
        std::ranges::any_of(names, [&](const std::string& other) { return equals_ignore_case(other, name); });
    if (twice) return fail(Code::kArgument, fmt::format("metric is given twice: \"{}\"", name)).at(place);
    names.push_back(name);
  }
  if (names.empty() && task)
    for (const std::string_view name : default_metrics(*task)) names.emplace_back(name);
  return names;
}

arrow::Schema result_schema(const std::vector<std::string>& metrics) {
  arrow::Schema schema{{{"loss", arrow::double_type()}}};
  for (const std::string& name : metrics) schema.fields.push_back({name, arrow::double_type()});
  return schema;
}

Result<std::vector<DetailTable>> detail_tables(const AttributeValues& values, const sql::Name& into) {
  std::vector<DetailTable> out;
  for (const std::string& given : values.strings("validation.tables")) {
    const std::string name = to_lower(trim(given));
    const auto found = std::ranges::find(kDetails, name);
    if (found == kDetails.end()) {
      const std::vector<std::string> known(kDetails.begin(), kDetails.end());
      const std::string near = did_you_mean(name, known);
      return fail(Code::kArgument, fmt::format("unknown table \"{}\"", given),
                  near.empty() ? fmt::format("it can be {}", join(known, ", ")) : near)
          .at(values.span("validation.tables").value_or(Span{}));
    }
    const sql::Name table{fmt::format("{}_{}", into.text, name), into.span};
    out.push_back({static_cast<Detail>(found - kDetails.begin()), TRY(target_table(table)), table.text});
  }
  return out;
}

Status check_detail_task(Task task, const std::vector<DetailTable>& details, const AttributeValues& values) {
  if (details.empty() || task != Task::kRegression) return {};
  return fail(Code::kArgument, "these tables are for classification models; this one is a regression",
              "leave validation.tables out")
      .at(values.span("validation.tables").value_or(Span{}));
}

class EvaluateStep final : public flow::Step {
 public:
  EvaluateStep(ModelQuery query, sql::Evaluate clause, engine::TableName table, ObjectRef target,
               std::vector<DetailTable> details, AttributeValues values, Access access, std::string text)
      : query_(std::move(query)),
        clause_(std::move(clause)),
        table_(std::move(table)),
        target_(std::move(target)),
        details_(std::move(details)),
        values_(std::move(values)),
        access_(std::move(access)),
        text_(std::move(text)) {}

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("evaluate 1").add(query_.query).add(text_).finish();
  }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    context.progress().stage("opening");
    OpenModelQuery open = TRY(open_model_query(query_, context));
    const std::shared_ptr<const Model> model = open.model;
    const ModelPackage& package = model->package();
    const std::vector<std::string> names = TRY(metric_names(values_, package.task));
    TRY(check_detail_task(package.task, details_, values_));
    std::vector<const MetricSpec*> metrics;
    for (const std::string& name : names) metrics.push_back(TRY(find_metric(name, package.task)));
    const bool with_margins = std::ranges::any_of(metrics, [](const MetricSpec* m) { return m->needs_margin; });

    auto scored = score_for_evaluation(std::move(open), clause_.label.text, values_.number("validation.threshold"),
                                       with_margins, context);
    if (!scored.has_value()) return fail(std::move(scored).error()).at(clause_.label.span);
    context.progress().stage("measuring");
    return TRY(report(*model, *scored, names, metrics, context));
  }

 private:
  Result<flow::Outcome> report(const Model& model, const Scored& scored, const std::vector<std::string>& names,
                               const std::vector<const MetricSpec*>& metrics, flow::RunContext& context) const {
    flow::Outcome outcome;
    arrow::BatchBuilder row(result_schema(names).fields);
    arrow::BatchBuilder shown(
        {{"metric", arrow::string_type()}, {"value", arrow::double_type()}, {"meaning", arrow::string_type()}});
    Json details = Json::object();
    const auto put = [&](size_t column, std::string_view name, std::string_view meaning, double value) {
      shown.column(0).append(name);
      shown.column(2).append(meaning);
      details.set(std::string(name), value);
      if (std::isnan(value)) {
        row.column(column).append_null();
        shown.column(1).append_null();
        outcome.messages.push_back(fmt::format("{} is not defined on these rows: they are all of one class.", name));
      } else {
        row.column(column).append(value);
        shown.column(1).append(value);
      }
    };
    const bool regression = scored.task == Task::kRegression;
    put(0, "loss", regression ? "mean squared error" : "mean negative log probability of the truth", loss(scored));
    for (size_t i = 0; i < metrics.size(); ++i) {
      TRY(context.cancel().check());
      put(i + 1, names[i], metrics[i]->doc, TRY(compute_metric(*metrics[i], scored)));
    }
    TRY(flow::replace_table(table_, row.finish(), context));
    const std::vector<std::string>& classes = model.package().label.classes;
    for (const DetailTable& table : details_)
      TRY(flow::replace_table(table.table, detail_rows(table.detail, scored, classes), context));

    outcome.messages.insert(outcome.messages.begin(), fmt::format("Evaluated {} on {} rows into {}.", query_.model,
                                                                  human_count(scored.rows()), table_.to_string()));
    outcome.tables.push_back({"Metrics", shown.finish()});
    if (regression) {
      outcome.artefacts.push_back({"predicted_actual", predicted_actual_chart(scored)});
      outcome.artefacts.push_back({"residuals", residual_chart(scored)});
    } else {
      if (scored.task == Task::kMulticlass && classes.size() <= 100)
        outcome.tables.push_back({"By class", detail_rows(Detail::kPerClass, scored, classes)});
      if (classes.size() <= kMostChartClasses)
        outcome.artefacts.push_back({"confusion", confusion_chart(confusion(scored), classes)});
      outcome.artefacts.push_back({"roc", roc_chart(scored, classes)});
      outcome.artefacts.push_back({"precision_recall", pr_chart(scored, classes)});
      outcome.artefacts.push_back({"calibration", calibration_chart(scored, classes)});
    }
    outcome.rows_read = static_cast<int64_t>(scored.rows());
    outcome.rows_written = 1;
    outcome.details = Json::object({{"metrics", std::move(details)}, {"model", query_.model}});
    LineageBuilder edges(query_, target_, "evaluate");
    edges.compute(model, {});
    edges.copy(clause_.label.text, {});
    outcome.lineage = edges.finish();
    return outcome;
  }

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

flow::Help Evaluate::help() const {
  return {
      .summary = "Measure a model on rows whose truth is known.",
      .synopsis = "query TO EVALUATE model [WITH attribute=value, ...] LABEL column INTO [schema.]table",
      .details =
          "The table is replaced by one row: loss, then the metrics in the order asked, as DOUBLE. Shown besides: a\n"
          "confusion matrix, ROC, precision-recall and calibration curves, or predicted against actual values and the\n"
          "residuals of a regression. Metrics are computed from probabilities wherever they say more than classes.\n\n"
          "validation.metrics=\"accuracy_score, roc_auc_score\": names of scikit-learn or Keras, in any case. Without "
          "it the\n"
          "usual ones of the task. More than two classes: precision, recall, F and areas are averages over the "
          "classes.\n"
          "validation.threshold=0.5: two classes: the second one counts as predicted above it.\n"
          "validation.tables=\"confusion, per_class, roc, pr, calibration\": writes these too, as <table>_confusion, "
          "...\n\n"
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
  AttributeValues values = TRY(check_attributes(clause.attributes, kAttributes, "TO EVALUATE"));
  if (values.given("validation.steps"))
    context.warn("validation.steps has no effect here", *values.span("validation.steps"));
  engine::TableName table = TRY(target_table(clause.into));
  std::vector<DetailTable> details = TRY(detail_tables(values, clause.into));
  ModelQuery query = TRY(check_model_query(clause.model, context));
  const std::optional<Task> task = query.signature.task;
  const std::vector<std::string> metrics = TRY(metric_names(values, task));
  if (task) TRY(check_detail_task(*task, details, values));
  if (query.columns && !query.columns->index_of(clause.label.text)) {
    return fail(Code::kProgram, fmt::format("the query has no column \"{}\", the label", clause.label.text),
                context.column_hint(clause.label.text, *query.columns))
        .at(clause.label.span);
  }

  std::optional<arrow::Schema> schema;
  if (!metrics.empty()) schema = result_schema(metrics);
  std::vector<ObjectRef> writes = {TRY(context.will_write_table(clause.into.text, schema, clause.into.span))};
  for (const DetailTable& detail : details)
    writes.push_back(TRY(context.will_write_table(detail.name, detail_schema(detail.detail), clause.into.span)));
  ObjectRef target = writes.front();
  Access access = model_query_access(query, context, std::move(writes));
  return std::make_unique<EvaluateStep>(std::move(query), clause, std::move(table), std::move(target),
                                        std::move(details), std::move(values), std::move(access),
                                        sql::to_string(statement.clause()));
}

}  // namespace sinan::ml

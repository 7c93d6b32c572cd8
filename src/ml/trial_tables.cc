#include "ml/trial_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "arrow/builder.h"
#include "base/strings.h"

namespace sinan::ml {
namespace {

constexpr size_t kMostShown = 200;

// How a table column holds an attribute.
arrow::Type column_type(AttributeType type) {
  switch (type) {
    case AttributeType::kInteger:
      return arrow::int64_type();
    case AttributeType::kFloat:
      return arrow::double_type();
    case AttributeType::kBoolean:
      return arrow::bool_type();
    default:
      return arrow::string_type();
  }
}

void append(arrow::ColumnBuilder& column, const arrow::Type& type, const Json& value) {
  if (value.is_null()) {
    column.append_null();
  } else if (type.id == arrow::TypeId::kInt64) {
    column.append(value.as_int().value_or(0));
  } else if (type.is_floating()) {
    column.append(value.as_double().value_or(std::numeric_limits<double>::quiet_NaN()));
  } else if (type.id == arrow::TypeId::kBool) {
    column.append(value.as_bool().value_or(false));
  } else {
    column.append(std::string_view(value_text(value)));
  }
}

Json trial_attributes(const Trial& trial, const TrainRequest& request) {
  if (trial.point.empty()) return Json::object();
  return request.candidates[trial.candidate].space.to_json(trial.point);
}

// "eta=0.1, max_depth=5"; "defaults" for none.
std::string attributes_text(const Json& attributes) {
  std::string out;
  for (const auto& [name, value] : attributes.members())
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ", name, value_text(value));
  return out.empty() ? "defaults" : out;
}

Json value_json(const Trial& trial) { return trial.is_done() ? Json(trial.value()) : Json(nullptr); }
Json sd_json(const Trial& trial) { return trial.values.size() > 1 ? Json(sd_of(trial.values)) : Json(nullptr); }

bool is_better(const Json& trials, const Json& a, const Json& b) {
  const double x = a.at("value").as_double().value();
  const double y = b.at("value").as_double().value();
  return trials.at("lower_is_better").as_bool().value_or(true) ? x < y : x > y;
}

flow::ResultTable trial_table(const Json& trials) {
  const auto& rows = trials.at("trials").items();
  const bool has_several = trials.at("estimators").items().size() > 1;
  std::vector<std::string> attributes;  // of one estimator: a column each
  bool has_sd = false;
  bool has_errors = false;
  for (const Json& row : rows) {
    has_sd |= !row.at("sd").is_null();
    has_errors |= !row.at("error").is_null();
    if (has_several || !attributes.empty()) continue;
    for (const auto& [name, _] : row.at("attributes").members()) attributes.push_back(name);
  }
  std::vector<arrow::Field> fields = {{"trial", arrow::int64_type()}};
  if (has_several)
    fields.insert(fields.end(), {{"estimator", arrow::string_type()}, {"attributes", arrow::string_type()}});
  for (const std::string& name : attributes) {
    const Json& first = rows.front().at("attributes").at(name);
    const bool is_number = first.is_number() && !first.is_int();
    fields.push_back({name, first.is_int() ? arrow::int64_type()
                            : is_number    ? arrow::double_type()
                                           : arrow::string_type()});
  }
  const std::string metric(trials.at("metric").string_view());
  fields.insert(fields.end(),
                {{"rows", arrow::int64_type()}, {"rounds", arrow::double_type()}, {metric, arrow::double_type()}});
  if (has_sd) fields.push_back({"sd", arrow::double_type()});
  fields.push_back({"note", arrow::string_type()});
  const auto best = trials.at("best").as_int().value_or(0);
  arrow::BatchBuilder out(fields);
  for (size_t i = 0; i < std::min(rows.size(), kMostShown); ++i) {
    const Json& row = rows[i];
    size_t next = 0;
    const auto put = [&](const Json& value) { append(out.column(next), fields[next].type, value), ++next; };
    put(row.at("trial"));
    if (has_several) {
      put(row.at("estimator"));
      put(attributes_text(row.at("attributes")));
    }
    for (const std::string& name : attributes) put(row.at("attributes").at(name));
    put(row.at("rows"));
    put(row.at("rounds"));
    put(row.at("value"));
    if (has_sd) put(row.at("sd"));
    const bool is_best = row.at("trial").as_int().value_or(0) == best;
    put(is_best                     ? Json("best")
        : row.at("error").is_null() ? Json("")
                                    : Json("failed: " + std::string(row.at("error").string_view())));
  }
  return {rows.size() > kMostShown ? fmt::format("Trials (the first {} of {})", kMostShown, rows.size()) : "Trials",
          out.finish()};
}

// The best trial of each estimator, best first; none where an estimator has none.
std::vector<const Json*> best_of_each(const Json& trials) {
  std::vector<const Json*> best;
  for (const Json& name : trials.at("estimators").items()) {
    const Json* of_it = nullptr;
    for (const Json& row : trials.at("trials").items()) {
      if (row.at("estimator").string_view() != name.string_view() || row.at("value").is_null() ||
          !row.at("competes").as_bool().value_or(true))
        continue;
      if (of_it == nullptr || is_better(trials, row, *of_it)) of_it = &row;
    }
    if (of_it != nullptr) best.push_back(of_it);
  }
  std::ranges::stable_sort(best, [&](const Json* a, const Json* b) { return is_better(trials, *a, *b); });
  return best;
}

flow::ResultTable leaderboard(const Json& trials) {
  const std::string metric(trials.at("metric").string_view());
  arrow::BatchBuilder out({{"rank", arrow::int64_type()},
                           {"estimator", arrow::string_type()},
                           {metric, arrow::double_type()},
                           {"trials", arrow::int64_type()},
                           {"attributes", arrow::string_type()}});
  int64_t rank = 0;
  for (const Json* best : best_of_each(trials)) {
    const auto same = [&](const Json& row) {
      return row.at("estimator").string_view() == best->at("estimator").string_view();
    };
    out.column(0).append(++rank);
    out.column(1).append(best->at("estimator").string_view());
    out.column(2).append(best->at("value").as_double().value());
    out.column(3).append(static_cast<int64_t>(std::ranges::count_if(trials.at("trials").items(), same)));
    out.column(4).append(std::string_view(attributes_text(best->at("attributes"))));
  }
  return {"Leaderboard", out.finish()};
}

std::vector<double> numbers(const Json& list) {
  std::vector<double> out;
  for (const Json& value : list.items())
    out.push_back(value.as_double().value_or(std::numeric_limits<double>::quiet_NaN()));
  return out;
}

flow::ResultTable fold_table(const Json& folds) {
  const size_t count = folds.at("rounds").items().size();
  std::vector<arrow::Field> fields = {
      {"metric", arrow::string_type()}, {"mean", arrow::double_type()}, {"sd", arrow::double_type()}};
  for (size_t f = 1; f <= count; ++f) fields.push_back({fmt::format("fold_{}", f), arrow::double_type()});
  arrow::BatchBuilder out(std::move(fields));
  for (const auto& [name, list] : folds.at("metrics").members()) {
    const std::vector<double> values = numbers(list);
    out.column(0).append(std::string_view(name));
    out.column(1).append(mean_of(values));
    out.column(2).append(sd_of(values));
    for (size_t f = 0; f < count; ++f) out.column(3 + f).append(values[f]);
  }
  return {fmt::format("Out-of-fold metrics ({} folds)", count), out.finish()};
}

}  // namespace

Json trials_json(const Tuned& tuned, const TrainRequest& request) {
  Json out = Json::object({{"metric", tuned.metric},
                           {"lower_is_better", tuned.lower_is_better},
                           {"best", static_cast<int64_t>(tuned.best + 1)}});
  Json estimators = Json::array();
  for (const Candidate& candidate : request.candidates) estimators.push_back(candidate.estimator);
  out.set("estimators", std::move(estimators));
  Json rows = Json::array();
  for (size_t i = 0; i < tuned.trials.size(); ++i) {
    const Trial& trial = tuned.trials[i];
    rows.push_back(Json::object({{"trial", static_cast<int64_t>(i + 1)},
                                 {"estimator", request.candidates[trial.candidate].estimator},
                                 {"attributes", trial_attributes(trial, request)},
                                 {"rows", trial.rows},
                                 {"competes", trial.competes},
                                 {"rounds", trial.rounds > 0 ? Json(trial.rounds) : Json(nullptr)},
                                 {"value", value_json(trial)},
                                 {"sd", sd_json(trial)},
                                 {"error", trial.is_done() ? Json(nullptr) : Json(trial.error)}}));
  }
  out.set("trials", std::move(rows));
  return out;
}

Json folds_json(const FoldMetrics& folds) {
  const auto list = [](const std::vector<double>& values) {
    Json out = Json::array();
    for (const double value : values) out.push_back(value);
    return out;
  };
  Json metrics = Json::object();
  for (size_t m = 0; m < folds.metrics.size(); ++m) metrics.set(folds.metrics[m], list(folds.values[m]));
  return Json::object({{"rounds", list(folds.rounds)}, {"metrics", std::move(metrics)}});
}

std::vector<flow::ResultTable> trial_tables(const Json& metrics) {
  std::vector<flow::ResultTable> out;
  if (const Json* trials = metrics.find("trials")) {
    if (trials->at("estimators").items().size() > 1) out.push_back(leaderboard(*trials));
    out.push_back(trial_table(*trials));
  }
  if (const Json* folds = metrics.find("folds")) out.push_back(fold_table(*folds));
  return out;
}

std::vector<flow::Artefact> trial_charts(const Json& metrics) {
  std::vector<flow::Artefact> out;
  const Json* trials = metrics.find("trials");
  if (trials == nullptr) return out;
  const std::string metric(trials->at("metric").string_view());
  plot::Line each{"trial", {}, {}, false};
  plot::Line so_far{"best so far", {}, {}, false};
  const Json* best = nullptr;
  for (const Json& row : trials->at("trials").items()) {
    if (row.at("value").is_null() || !row.at("competes").as_bool().value_or(true)) continue;
    if (best == nullptr || is_better(*trials, row, *best)) best = &row;
    const auto number = static_cast<double>(row.at("trial").as_int().value_or(0));
    each.x.push_back(number);
    each.y.push_back(row.at("value").as_double().value());
    so_far.x.push_back(number);
    so_far.y.push_back(best->at("value").as_double().value());
  }
  if (each.x.size() > 1) {
    plot::LineChart chart;
    chart.x.label = "trial";
    chart.y.label = metric;
    chart.lines = {std::move(each), std::move(so_far)};
    out.push_back({"trials", {"Trials", "", std::move(chart)}});
  }
  if (trials->at("estimators").items().size() > 1) {
    plot::BarChart chart;
    chart.value.label = metric;
    for (const Json* row : best_of_each(*trials)) {
      chart.labels.emplace_back(row->at("estimator").string_view());
      chart.values.push_back(row->at("value").as_double().value());
    }
    if (!chart.labels.empty()) out.push_back({"leaderboard", {"Best of each estimator", "", std::move(chart)}});
  }
  return out;
}

arrow::Schema trial_schema(const TrainRequest& request) {
  arrow::Schema schema;
  schema.fields = {{"trial", arrow::int64_type()}, {"estimator", arrow::string_type()}};
  if (request.candidates.size() == 1) {
    for (const Dimension& dimension : request.candidates.front().space.dimensions())
      schema.fields.push_back({dimension.attribute, column_type(dimension.type)});
  } else {
    schema.fields.push_back({"attributes", arrow::string_type()});
  }
  for (const arrow::Field& field : {arrow::Field{"train_rows", arrow::int64_type()},
                                    {"rounds", arrow::double_type()},
                                    {"metric", arrow::string_type()},
                                    {"metric_value", arrow::double_type()},
                                    {"metric_sd", arrow::double_type()},
                                    {"seconds", arrow::double_type()},
                                    {"is_best", arrow::bool_type()},
                                    {"error", arrow::string_type()}})
    schema.fields.push_back(field);
  return schema;
}

arrow::Batch trial_rows(const Tuned& tuned, const TrainRequest& request) {
  const arrow::Schema schema = trial_schema(request);
  arrow::BatchBuilder out(schema.fields);
  for (size_t i = 0; i < tuned.trials.size(); ++i) {
    const Trial& trial = tuned.trials[i];
    size_t next = 0;
    const auto put = [&](const Json& value) { append(out.column(next), schema[next].type, value), ++next; };
    put(static_cast<int64_t>(i + 1));
    put(request.candidates[trial.candidate].estimator);
    if (request.candidates.size() == 1) {
      for (size_t d = 0; d < trial.point.size(); ++d) put(trial.point[d]);
    } else {
      put(attributes_text(trial_attributes(trial, request)));
    }
    put(trial.rows);
    put(trial.rounds > 0 ? Json(trial.rounds) : Json(nullptr));
    put(tuned.metric);
    put(value_json(trial));
    put(sd_json(trial));
    put(trial.seconds);
    put(i == tuned.best);
    put(trial.is_done() ? Json(nullptr) : Json(trial.error));
  }
  return out.finish();
}

}  // namespace sinan::ml

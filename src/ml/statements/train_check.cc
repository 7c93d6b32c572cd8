#include "ml/statements/train_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "ml/column_functions.h"
#include "ml/data_label.h"
#include "ml/feature_plan_input.h"
#include "ml/statements/train_options.h"

namespace sinan::ml {
namespace {

// Estimators that programs written for SQLFlow use and the deep-learning plug-in has.
constexpr std::string_view kDeep[] = {"DNNClassifier",
                                      "DNNRegressor",
                                      "DNNLinearCombinedClassifier",
                                      "DNNLinearCombinedRegressor",
                                      "RawDNNClassifier",
                                      "dnnclassifier_functional_model",
                                      "StackedRNNClassifier",
                                      "StackedBiLSTMClassifier",
                                      "RNNBasedTimeSeriesModel",
                                      "LSTMBasedTimeSeriesModel",
                                      "DeepEmbeddingClusterModel",
                                      "GCN",
                                      "AutoClassifier",
                                      "AutoRegressor",
                                      "CustomClassifier"};
// Those that other trainers will have.
constexpr std::string_view kElsewhere[] = {"ARIMAWithSTLDecomposition"};

std::string_view last_part(std::string_view name) { return name.substr(name.find_last_of('.') + 1); }

Status unknown_estimator(const sql::Name& name, const Trainers& trainers) {
  for (const std::string_view known : kDeep) {
    if (!equals_ignore_case(known, last_part(name.text))) continue;
    return fail(Code::kUnsupported, fmt::format("estimator needs the deep-learning plug-in: \"{}\"", name.text),
                last_part(name.text).starts_with("Auto")
                    ? "the plug-in is not part of this build; TO TRAIN auto tries the estimators that are there"
                    : "the plug-in is not part of this build; for tables boosted trees do well: xgboost.gbtree")
        .at(name.span);
  }
  for (const std::string_view known : kElsewhere) {
    if (!equals_ignore_case(known, last_part(name.text))) continue;
    return fail(Code::kUnsupported, fmt::format("estimator is not available in this build: \"{}\"", name.text),
                "gradient boosted trees are: xgboost.gbtree")
        .at(name.span);
  }
  if (equals_ignore_case(name.text, "xgboost.gblinear")) {
    return fail(Code::kUnsupported, "linear boosters are not available in this build: \"xgboost.gblinear\"",
                "use xgboost.gbtree")
        .at(name.span);
  }
  if (equals_ignore_case(last_part(name.text), "XGBRanker")) {
    return fail(Code::kUnsupported, fmt::format("ranking is not available in this build: \"{}\"", name.text))
        .at(name.span);
  }
  std::vector<std::string> known;
  for (const auto& trainer : trainers) {
    for (std::string& estimator : trainer->estimators()) known.push_back(std::move(estimator));
  }
  const std::string near = did_you_mean(name.text, known);
  return fail(Code::kProgram, fmt::format("unknown estimator: \"{}\"", name.text),
              near.empty() ? fmt::format("there are {}", join(known, ", ")) : near)
      .at(name.span);
}

bool has_attribute(std::span<const AttributeSpec> specs, std::string_view name) {
  return std::ranges::any_of(specs, [&](const AttributeSpec& spec) { return spec.name == name; });
}

// `otherwise`: folds or trials hold rows out by themselves.
Status take_validation(TrainRequest& request, std::span<const AttributeSpec> specs, bool otherwise) {
  const AttributeValues& values = request.attributes;
  std::vector<std::string_view> given;
  for (const std::string_view name : {"validation.select", "validation.fraction", "validation.column"}) {
    if (has_attribute(specs, name) && values.given(name)) given.push_back(name);
  }
  if (given.size() > 1) {
    return fail(Code::kArgument, fmt::format("validation rows are given in two ways: {} and {}", given[0], given[1]),
                "keep one of them")
        .at(*values.span(given[1]));
  }
  if (has_attribute(specs, "early_stopping_rounds") && values.given("early_stopping_rounds") && given.empty() &&
      !otherwise) {
    return fail(Code::kArgument, "early_stopping_rounds needs rows to validate on",
                "add validation.fraction=0.1, validation.column, validation.select or validation.folds")
        .at(*values.span("early_stopping_rounds"));
  }
  if (given.empty()) return {};
  request.validation_place = *values.span(given[0]);
  if (given[0] == "validation.select") request.validation_query = values.string(given[0]);
  if (given[0] == "validation.fraction") request.data.validation_fraction = values.number(given[0]);
  if (given[0] == "validation.column") request.data.validation_column = values.string(given[0]);
  // An empty query is Up's way to say that there is none.
  if (given[0] == "validation.select" && trim(request.validation_query).empty()) request.validation_query.clear();
  return {};
}

Status check_column_targets(const sql::Train& clause) {
  for (const sql::ColumnTarget& target : clause.columns) {
    if (target.explicit_target && !equals_ignore_case(target.target, "feature_columns")) {
      return fail(Code::kProgram,
                  fmt::format("boosted trees have one set of features: COLUMN .. FOR {}", target.target),
                  "leave FOR out")
          .at(target.span);
    }
  }
  return check_column_calls(clause.columns);
}

}  // namespace

Result<TrainRequest> check_request(const sql::Train& clause, const Trainers& trainers, flow::CheckContext& context) {
  TrainRequest request;
  request.clause = clause;
  const bool is_auto = equals_ignore_case(clause.estimator.text, kAutoEstimator);
  for (const auto& trainer : trainers) {
    if (is_auto) break;
    request.estimator = trainer->canonical_estimator(clause.estimator.text);
    if (request.estimator.empty()) continue;
    request.trainer = trainer.get();
    break;
  }
  if (request.trainer == nullptr && !is_auto)
    return std::unexpected(unknown_estimator(clause.estimator, trainers).error());
  if (is_auto) request.estimator = kAutoEstimator;
  const auto specs = is_auto ? auto_specs() : request.trainer->attributes(request.estimator);
  const TrainAttributes given = sort_attributes(clause.attributes);
  auto attributes = check_attributes(given.fixed, specs, request.estimator, train_option_specs());
  if (!attributes) return fail(std::move(attributes).error()).at(clause.estimator.span);
  request.attributes = *std::move(attributes);

  TRY(check_model_name(clause.into));
  const bool learns_label = is_auto || request.trainer->learns_label(request.estimator);
  if (learns_label && !clause.label) {
    return fail(Code::kProgram, fmt::format("{} needs a label to learn: LABEL is missing", request.estimator),
                "add LABEL column before INTO")
        .at(clause.estimator.span);
  }
  if (!learns_label && clause.label) {
    return fail(Code::kProgram,
                fmt::format("{} learns without a label: LABEL {}", request.estimator, clause.label->text),
                "leave LABEL out, and the column out of the query")
        .at(clause.label->span);
  }
  if (clause.warm_start) {
    return fail(Code::kUnsupported, "continuing from another model is not available in this build", "leave USING out")
        .at(clause.warm_start->span);
  }
  TRY(check_column_targets(clause));
  TRY(take_validation(request, specs, will_hold_out(given)));
  if (has_attribute(specs, "excluded_columns")) {
    for (const std::string& name : request.attributes.strings("excluded_columns"))
      request.data.excluded.emplace_back(trim(name));
  }
  if (clause.label) request.data.label = std::string(clause.label->text);
  request.data.columns = clause.columns;
  if (!is_auto) {
    request.data.intent = TRY(request.trainer->intent(request.estimator, request.attributes));
    request.data.binning = request.trainer->binning(request.estimator, request.attributes);
  } else {
    TRY(take_auto_candidates(request, trainers));
  }
  TRY(take_options(request, given, specs));
  // Points and clusters are asked of one model: those of several groups cannot be told apart.
  if (!clause.group_by.empty() && (!learns_label || request.data.intent.predicts_score)) {
    return fail(Code::kUnsupported, fmt::format("{} cannot be trained by group in this build", request.estimator),
                "train one group: add WHERE")
        .at(clause.group_by.front().span);
  }
  if (has_attribute(specs, "seed") && request.attributes.given("seed"))
    request.seed = static_cast<uint64_t>(request.attributes.integer("seed"));
  request.statement = std::string(context.statement().whole());
  request.query = std::string(context.statement().query());
  request.query_place = context.statement().text.standard;
  return request;
}

namespace {

Status check_label(const TrainRequest& request, const arrow::Schema& query) {
  const sql::Name& label = *request.clause.label;
  const auto at = query.index_of(request.data.label);
  if (!at) {
    const std::string near = did_you_mean(label.text, query.names());
    return fail(Code::kProgram, fmt::format("label is not a column of the query: \"{}\"", label.text),
                near.empty() ? fmt::format("the query has {}", join(query.names(), ", ")) : near)
        .at(label.span);
  }
  if (auto made = LabelCollector::make(query[*at].name, query[*at].type, request.data.intent); !made) {
    return fail(std::move(made).error()).at(label.span);
  }
  return {};
}

}  // namespace

Status check_columns(const TrainRequest& request, const arrow::Schema& query) {
  if (request.clause.label) TRY(check_label(request, query));
  for (const sql::Name& name : request.clause.group_by) {
    const auto group = query.index_of(name.text);
    if (!group) {
      return fail(Code::kProgram, fmt::format("GROUP BY is not a column of the query: \"{}\"", name.text),
                  did_you_mean(name.text, query.names()))
          .at(name.span);
    }
    if (!input_kind(query[*group].type)) {
      return fail(Code::kProgram,
                  fmt::format("GROUP BY needs numbers, text or times: \"{}\" is {}", name.text,
                              query[*group].type.to_string()),
                  "cast it to text in the query")
          .at(name.span);
    }
  }
  if (!request.folds.key.empty() && !query.index_of(request.folds.key)) {
    return fail(Code::kProgram, fmt::format("validation.key is not a column of the query: \"{}\"", request.folds.key),
                did_you_mean(request.folds.key, query.names()))
        .at(request.folds.place);
  }
  if (!request.data.validation_column.empty() && !query.index_of(request.data.validation_column)) {
    const std::string near = did_you_mean(request.data.validation_column, query.names());
    return fail(Code::kProgram,
                fmt::format("validation.column is not a column of the query: \"{}\"", request.data.validation_column),
                near)
        .at(request.validation_place);
  }
  if (auto features = feature_columns(query, request.data); !features)
    return fail(std::move(features).error()).at(request.query_place);
  return {};
}

Status check_validation(const TrainRequest& request, const arrow::Schema& query, const arrow::Schema& validation) {
  DataSetBuilder builder = TRY(DataSetBuilder::make(request.data, query));
  if (auto bound = builder.bind_validation(validation); !bound) {
    return fail(std::move(bound).error()).at(request.validation_place).within("checking validation.select");
  }
  return {};
}

Status check_model_name(const sql::Name& name) {
  const size_t bad = name.text.find_first_of(":@/\\");
  if (bad == std::string::npos) return {};
  return fail(Code::kProgram, fmt::format("a new model's name cannot have '{}': \"{}\"", name.text[bad], name.text),
              name.text[bad] == '/' || name.text[bad] == '\\'
                  ? "models live in the project: INTO name or INTO folder.name"
                  : "versions are counted by Sinan: leave it out")
      .at(name.span);
}

}  // namespace sinan::ml

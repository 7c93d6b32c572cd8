#include "ml/statements/train_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "ml/column_functions.h"
#include "ml/data_label.h"
#include "ml/feature_plan_input.h"
#include "ml/query_columns.h"
#include "ml/statements/cluster_attributes.h"
#include "ml/statements/train_options.h"
#include "sql/splitter.h"

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

std::string_view last_part(std::string_view name) { return name.substr(name.find_last_of("./") + 1); }

Status unknown_estimator(const sql::Name& name, const Trainers& trainers) {
  for (const std::string_view known : kDeep) {
    if (!equals_ignore_case(known, last_part(name.text))) continue;
    return fail(Code::kUnsupported, fmt::format("estimator needs the deep-learning plug-in: \"{}\"", name.text),
                last_part(name.text).starts_with("Auto")
                    ? "the plug-in is not part of this build; TO TRAIN auto tries the estimators that are there"
                    : "the plug-in is not part of this build; for tables boosted trees do well: xgboost.gbtree")
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

// "yes:3" as ("yes", 3).
Result<std::pair<std::string, double>> class_weight(const std::string& text, Span place) {
  const size_t colon = text.rfind(':');
  double weight = 0;
  if (colon != std::string::npos) {
    const std::string_view number = trim(std::string_view(text).substr(colon + 1));
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), weight);
    if (error == std::errc() && end == number.data() + number.size() && std::isfinite(weight) && weight >= 0)
      return std::pair(std::string(trim(std::string_view(text).substr(0, colon))), weight);
  }
  return fail(Code::kArgument, fmt::format("class_weight is neither \"balanced\" nor \"class:weight\": \"{}\"", text),
              "class_weight=\"balanced\", or class_weight=[yes:3, no:1]")
      .at(place);
}

Status take_class_weights(TrainRequest& request) {
  const AttributeValues& values = request.attributes;
  const Span place = *values.span("class_weight");
  const std::vector<std::string> given = values.strings("class_weight");
  ClassWeights& weights = request.data.class_weights;
  weights.is_balanced = given.size() == 1 && equals_ignore_case(given.front(), "balanced");
  if (!weights.is_balanced) {
    for (const std::string& text : given) weights.by_class.push_back(TRY(class_weight(text, place)));
  }
  const auto task = request.data.intent.task;
  if (!task || *task == Task::kBinary || *task == Task::kMulticlass) return {};
  return fail(Code::kArgument, fmt::format("class_weight has no meaning for a {}", to_string(*task)),
              "use weight_column")
      .at(place);
}

// Columns that are no features: weights, groups, upper ends of labels.
Status take_roles(TrainRequest& request, std::span<const AttributeSpec> specs) {
  const AttributeValues& values = request.attributes;
  const auto take = [&](std::string_view name, std::string& column) {
    if (has_attribute(specs, name) && values.given(name)) column = values.string(name);
  };
  take("weight_column", request.data.roles.weight);
  take("group_column", request.data.roles.group);
  take("label_upper_column", request.data.roles.label_upper);
  if (has_attribute(specs, "class_weight") && values.given("class_weight")) TRY(take_class_weights(request));
  const bool ranks = request.data.intent.task == Task::kRanking;
  if (ranks && request.data.roles.group.empty()) {
    return fail(Code::kArgument, fmt::format("{} ranks the rows of groups: group_column is missing", request.estimator),
                "WITH group_column=\"query_id\" names the column that tells the groups apart")
        .at(request.clause.estimator.span);
  }
  if (!ranks && !request.data.roles.group.empty()) {
    return fail(Code::kArgument, "group_column is for ranking, and this objective does not rank",
                "use xgboost.XGBRanker or lightgbm.LGBMRanker, or leave it out")
        .at(*values.span("group_column"));
  }
  return {};
}

// Folds, searches and models of groups hold rows one by one.
Status check_resampled_roles(const TrainRequest& request) {
  if (!request.resamples() && request.clause.group_by.empty()) return {};
  const auto refuse = [](std::string_view what, Span place) {
    return fail(Code::kUnsupported,
                fmt::format("folds, searches and GROUP BY are not available in this build with {}", what),
                "give the attributes values, and validate on rows of their own")
        .at(place);
  };
  if (!request.data.roles.group.empty() && !request.clause.group_by.empty())
    return refuse("group_column", *request.attributes.span("group_column"));
  if (!request.data.roles.label_upper.empty())
    return refuse("label_upper_column", *request.attributes.span("label_upper_column"));
  if (request.clause.warm_start) return refuse("USING", request.clause.warm_start->span);
  return {};
}

// Errors of the columns with a role, at their attributes.
Status check_roles(const TrainRequest& request, const arrow::Schema& query) {
  for (const auto& [attribute, column] : request.data.roles.given()) {
    RoleColumns one;
    (attribute == "weight_column" ? one.weight : attribute == "group_column" ? one.group : one.label_upper) = column;
    if (auto made = RoleCollector::make(std::move(one), query); !made)
      return fail(std::move(made).error()).at(*request.attributes.span(attribute));
  }
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
  const bool is_auto = equals_ignore_case(estimator_class(clause.estimator.text), kAutoEstimator);
  for (const auto& trainer : trainers) {
    if (is_auto) break;
    request.estimator = trainer->canonical_estimator(estimator_class(clause.estimator.text));
    if (request.estimator.empty()) continue;
    request.trainer = trainer.get();
    break;
  }
  if (request.trainer == nullptr && !is_auto)
    return std::unexpected(unknown_estimator(clause.estimator, trainers).error());
  if (is_auto) request.estimator = kAutoEstimator;
  const auto specs = is_auto ? auto_specs() : request.trainer->attributes(request.estimator);
  const TrainAttributes given = sort_attributes(without_cluster_attributes(clause.attributes, specs, context));
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
  if (clause.warm_start && (is_auto || !request.trainer->can_continue(request.estimator))) {
    return fail(Code::kUnsupported, fmt::format("{} cannot go on from another model", request.estimator),
                "leave USING out")
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
  TRY(take_roles(request, specs));
  TRY(take_options(request, given, specs));
  // Points and clusters are asked of one model: those of several groups cannot be told apart.
  if (!clause.group_by.empty() && (!learns_label || request.data.intent.predicts_score)) {
    return fail(Code::kUnsupported, fmt::format("{} cannot be trained by group in this build", request.estimator),
                "train one group: add WHERE")
        .at(clause.group_by.front().span);
  }
  TRY(check_resampled_roles(request));
  if (has_attribute(specs, "seed") && request.attributes.given("seed"))
    request.seed = static_cast<uint64_t>(request.attributes.integer("seed"));
  request.statement = std::string(context.statement().whole());
  request.query = std::string(context.statement().query());
  request.query_place = context.statement().text.standard;
  return request;
}

namespace {

// The clause of a TRAIN statement; nothing for other texts.
std::optional<sql::Train> clause_of(const std::string& statement) {
  const auto statements = sql::split(statement);
  if (!statements || statements->size() != 1 || !statements->front().has_clause()) return std::nullopt;
  auto clause = sql::parse_clause(statement, statements->front().clause);
  if (!clause || !std::holds_alternative<sql::Train>(clause->body)) return std::nullopt;
  return std::get<sql::Train>(std::move(clause->body));
}

}  // namespace

Result<TrainRequest> recipe_of(const ModelPackage& package, const sql::Name& model, const Trainers& trainers) {
  const auto refuse = [&](std::string_view why) {
    return fail(Code::kUnsupported, fmt::format("the model cannot be trained again: {}", model.text), std::string(why))
        .at(model.span);
  };
  if (package.plan.groups() != nullptr) return refuse("it is one model for each group: train one group, add WHERE");
  TrainRequest request;
  for (const auto& trainer : trainers) {
    request.estimator = trainer->canonical_estimator(package.estimator);
    if (request.estimator.empty()) continue;
    request.trainer = trainer.get();
    break;
  }
  auto clause = clause_of(package.statement);
  if (request.trainer == nullptr || !clause) return refuse("it was imported; only its own program can train it");
  if (clause->warm_start) return refuse("it goes on from another model");
  request.clause = *std::move(clause);
  request.clause.estimator = {package.estimator, model.span};
  request.clause.into = model;
  const auto specs = request.trainer->attributes(request.estimator);
  request.attributes = TRY(flow::check_attributes({}, specs, request.estimator));
  for (const auto& [name, value] : package.attributes.members())
    if (has_attribute(specs, name)) request.attributes.set(name, value, model.span);
  for (const std::string_view name : {"validation.select", "validation.fraction", "validation.column"})
    if (has_attribute(specs, name)) request.attributes.unset(name);
  request.data.columns = request.clause.columns;
  request.data.intent = TRY(request.trainer->intent(request.estimator, request.attributes));
  request.data.binning = request.trainer->binning(request.estimator, request.attributes);
  TRY(take_roles(request, specs));
  if (has_attribute(specs, "seed") && request.attributes.given("seed"))
    request.seed = static_cast<uint64_t>(request.attributes.integer("seed"));
  request.statement = package.statement;
  return request;
}

namespace {

Status check_label(const TrainRequest& request, const arrow::Schema& query) {
  const sql::Name& label = *request.clause.label;
  const auto at = query.index_of(request.data.label);
  if (!at) return no_such_column("label", label.text, query).at(label.span);
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
    if (!group) return no_such_column("GROUP BY", name.text, query).at(name.span);
    if (!input_kind(query[*group].type)) {
      return fail(Code::kProgram,
                  fmt::format("GROUP BY needs numbers, text or times: \"{}\" is {}", name.text,
                              query[*group].type.to_string()),
                  "cast it to text in the query")
          .at(name.span);
    }
  }
  if (const std::string& key = request.folds.key; !key.empty() && !query.index_of(key))
    return no_such_column("validation.key", key, query).at(request.folds.place);
  if (const std::string& column = request.data.validation_column; !column.empty() && !query.index_of(column))
    return no_such_column("validation.column", column, query).at(request.validation_place);
  TRY(check_roles(request, query));
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

Status check_continued(const TrainRequest& request, const ModelPackage& from) {
  const Span place = request.clause.warm_start->span;
  if (!equals_ignore_case(from.label.column, request.data.label)) {
    return fail(Code::kArgument,
                fmt::format("label differs from that of the model to continue: \"{}\", there \"{}\"",
                            request.data.label, from.label.column),
                fmt::format("write LABEL {}", from.label.column))
        .at(place);
  }
  const auto& intent = request.data.intent;
  const bool has_classes = from.label.kind == LabelMap::Kind::kClasses;
  const bool differs = intent.task ? *intent.task != from.task : intent.is_classification && !has_classes;
  if (!differs && (!intent.classes || *intent.classes == from.label.classes.size()) &&
      (has_classes || intent.outputs == from.label.outputs)) {
    return {};
  }
  return fail(Code::kArgument,
              fmt::format("the model to continue is another kind of model: {} ({})", to_string(from.task),
                          from.objective),
              "continue it with the objective that it was trained with")
      .at(place);
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

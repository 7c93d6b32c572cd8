#include "ml/statements/models.h"

#include <fmt/format.h>

#include <algorithm>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/model_object.h"
#include "ml/native/trainer.h"
#include "ml/planned_model.h"
#include "ml/statements/model_step.h"
#include "ml/statements/train_groups.h"
#include "ml/trial_tables.h"

namespace sinan::ml {
namespace {

struct NamedModel final : flow::Parsed {
  sql::Name name;
};
struct WantedModels final : flow::Parsed {
  std::optional<std::string> pattern;
};

// SQL's LIKE without an escape, any case: '%' is any text, '_' one byte.
bool is_like(std::string_view text, std::string_view pattern) {
  size_t at = 0;
  size_t next = 0;
  size_t star = std::string_view::npos;  // the last '%', and where in the text it ends so far
  size_t star_end = 0;
  while (at < text.size()) {
    if (next < pattern.size() && pattern[next] == '%') {
      star = next++;
      star_end = at;
    } else if (next < pattern.size() && (pattern[next] == '_' || pattern[next] == text[at])) {
      ++next;
      ++at;
    } else if (star != std::string_view::npos) {
      next = star + 1;
      at = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.substr(next).find_first_not_of('%') == std::string_view::npos;
}

int64_t micros(TimePoint time) { return static_cast<int64_t>(time.time_since_epoch().count()); }

std::string text_of(const Json& value) { return value.is_string() ? std::string(value.string_view()) : value.dump(); }

// "best:2, prod:3": all aliases of a model with their versions.
std::string alias_text(const std::vector<catalog::ObjectVersion>& versions) {
  std::vector<std::string> texts;
  for (const auto& version : versions) {
    for (const std::string& alias : version.aliases) texts.push_back(fmt::format("{}:{}", alias, version.ref.version));
  }
  std::ranges::sort(texts);
  return join(texts, ", ");
}

Result<flow::Outcome> show_models(const std::optional<std::string>& pattern, flow::RunContext& context) {
  arrow::BatchBuilder rows({{"model", arrow::string_type()},
                            {"version", arrow::int64_type()},
                            {"estimator", arrow::string_type()},
                            {"task", arrow::string_type()},
                            {"label", arrow::string_type()},
                            {"features", arrow::int64_type()},
                            {"rows", arrow::int64_type()},
                            {"metric", arrow::string_type()},
                            {"created", arrow::timestamp_type()},
                            {"aliases", arrow::string_type()},
                            {"comment", arrow::string_type()}});
  for (const auto& object : TRY(context.catalog().objects(object_kind::kModel))) {
    if (pattern && !is_like(object.ref.name, *pattern)) continue;
    const Json& payload = object.payload;
    rows.column(0).append(std::string_view(object.ref.name));
    rows.column(1).append(static_cast<int64_t>(object.ref.version));
    rows.column(2).append(payload.at("estimator").string_view());
    rows.column(3).append(payload.at("task").string_view());
    rows.column(4).append(payload.at("label").at("column").string_view());
    rows.column(5).append(
        payload.at("feature_count").as_int().value_or(static_cast<int64_t>(payload.at("features").items().size())));
    rows.column(6).append(payload.at("rows").as_int().value_or(0));
    rows.column(7).append(std::string_view(metric_text(payload.at("metrics"))));
    rows.column(8).append(micros(object.created));
    rows.column(9).append(std::string_view(alias_text(TRY(context.catalog().versions(object.ref)))));
    rows.column(10).append(std::string_view(object.comment));
  }
  flow::Outcome outcome;
  if (rows.rows() == 0 && pattern)
    outcome.messages.push_back(fmt::format("No model has a name like \"{}\".", *pattern));
  else if (rows.rows() == 0)
    outcome.messages.emplace_back("There is no model yet: SELECT .. TO TRAIN .. LABEL .. INTO name makes one.");
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

flow::ResultTable property_table(const catalog::ObjectVersion& object) {
  arrow::BatchBuilder rows({{"property", arrow::string_type()}, {"value", arrow::string_type()}});
  const auto add = [&](std::string_view property, const std::string& value) {
    rows.column(0).append(property);
    rows.column(1).append(std::string_view(value));
  };
  const Json& payload = object.payload;
  add("model", fmt::format("{}:{}", object.ref.name, object.ref.version));
  if (!object.aliases.empty()) add("aliases", join(object.aliases, ", "));
  if (!object.comment.empty()) add("comment", object.comment);
  add("created", to_iso8601(object.created));
  add("run", object.run.value);
  add("estimator", fmt::format("{} ({} {})", text_of(payload.at("estimator")), text_of(payload.at("library")),
                               text_of(payload.at("library_version"))));
  add("task", text_of(payload.at("task")));
  add("objective", text_of(payload.at("objective")));
  const Json& label = payload.at("label");
  add("label",
      label.is_null() ? "none" : fmt::format("{} ({})", text_of(label.at("column")), text_of(label.at("type"))));
  if (label.at("classes").is_array()) {
    std::vector<std::string> classes;
    for (const Json& name : label.at("classes").items()) classes.emplace_back(name.string_view());
    add("classes", join(classes, ", "));
  }
  add("rows", human_count(static_cast<uint64_t>(payload.at("rows").as_int().value_or(0))));
  if (std::string data = data_text(payload); !data.empty()) add("data", data);
  if (const auto validation = payload.at("validation_rows").as_int(); validation && *validation > 0) {
    add("validation rows", human_count(static_cast<uint64_t>(*validation)));
  }
  for (const auto& [name, value] : payload.at("attributes").members()) {
    if (name != "objective") add(name, text_of(value));  // told above, as the trainer understood it
  }
  add("statement", text_of(payload.at("statement")));
  return {"", rows.finish()};
}

flow::ResultTable feature_table(const Json& payload) {
  arrow::BatchBuilder rows({{"feature", arrow::string_type()},
                            {"column", arrow::string_type()},
                            {"kind", arrow::string_type()},
                            {"categories", arrow::int64_type()},
                            {"importance", arrow::double_type()},
                            {"how", arrow::string_type()}});
  for (const Json& feature : payload.at("features").items()) {
    rows.column(0).append(feature.at("name").string_view());
    rows.column(1).append(feature.at("column").string_view());
    rows.column(2).append(feature.at("kind").string_view());
    if (const auto count = feature.at("categories").as_int()) {
      rows.column(3).append(*count);
    } else {
      rows.column(3).append_null();
    }
    if (const auto share = feature.at("importance").as_double()) {
      rows.column(4).append(*share);
    } else {
      rows.column(4).append_null();
    }
    rows.column(5).append(feature.at("how").string_view());
  }
  return {"Features", rows.finish()};
}

flow::ResultTable version_table(const std::vector<catalog::ObjectVersion>& versions) {
  arrow::BatchBuilder rows({{"version", arrow::int64_type()},
                            {"created", arrow::timestamp_type()},
                            {"rows", arrow::int64_type()},
                            {"metric", arrow::string_type()},
                            {"aliases", arrow::string_type()}});
  for (const auto& version : versions) {
    rows.column(0).append(static_cast<int64_t>(version.ref.version));
    rows.column(1).append(micros(version.created));
    rows.column(2).append(version.payload.at("rows").as_int().value_or(0));
    rows.column(3).append(std::string_view(metric_text(version.payload.at("metrics"))));
    rows.column(4).append(std::string_view(join(version.aliases, ", ")));
  }
  return {"Versions", rows.finish()};
}

// "Learnt from main.june (dep_time, carrier) and data/x.csv."
Result<std::string> origin_text(const ObjectRef& model, const catalog::Catalog& catalog) {
  const auto edges = TRY(catalog.lineage({{model.kind, model.name, 0}, {}}, catalog::Catalog::Direction::kUpstream));
  std::vector<std::pair<std::string, std::vector<std::string>>> origins;
  for (const auto& edge : edges) {
    if (edge.to.object.kind != model.kind || edge.to.object.name != model.name) continue;
    auto at = std::ranges::find(origins, edge.from.object.name, [](const auto& origin) { return origin.first; });
    if (at == origins.end()) at = origins.insert(origins.end(), {edge.from.object.name, {}});
    if (!edge.from.column.empty() && std::ranges::find(at->second, edge.from.column) == at->second.end()) {
      at->second.push_back(edge.from.column);
    }
  }
  std::vector<std::string> parts;
  for (const auto& [name, columns] : origins)
    parts.push_back(columns.empty() ? name : fmt::format("{} ({})", name, join(columns, ", ")));
  return parts.empty() ? std::string() : fmt::format("Learnt from {}.", join(parts, " and "));
}

Result<flow::Outcome> describe(const sql::Name& name, flow::RunContext& context) {
  const catalog::ObjectVersion object = TRY(context.catalog().object(model_ref(name.text)));
  flow::Outcome outcome;
  outcome.tables.push_back(property_table(object));
  outcome.tables.push_back(feature_table(object.payload));
  // What is in the model's own file stands in no payload: coefficients, centres, a card.
  if (object.payload.at("library").string_view() == native::kLibrary) {
    const auto model = TRY(Model::open(context.project_folder() / ".sinan" / object.folder, context.files()));
    for (flow::ResultTable& table : model->tables()) outcome.tables.push_back(shortened(std::move(table)));
  }
  outcome.tables.push_back(metric_table(object.payload.at("metrics")));
  for (flow::ResultTable& table : group_tables(object.payload.at("metrics")))
    outcome.tables.push_back(std::move(table));
  for (flow::ResultTable& table : trial_tables(object.payload.at("metrics")))
    outcome.tables.push_back(std::move(table));
  for (flow::Artefact& chart : trial_charts(object.payload.at("metrics")))
    outcome.artefacts.push_back(std::move(chart));
  outcome.tables.push_back(
      version_table(TRY(context.catalog().versions(ObjectRef{object.ref.kind, object.ref.name, 0}))));
  if (auto chart = importance_chart(object.ref.name, object.payload))
    outcome.artefacts.push_back({"importance", *std::move(chart)});
  if (auto chart = training_chart(object.ref.name, object.payload.at("metrics")))
    outcome.artefacts.push_back({"training", *std::move(chart)});
  if (std::string origin = TRY(origin_text(object.ref, context.catalog())); !origin.empty())
    outcome.messages.push_back(std::move(origin));
  return outcome;
}

Result<std::unique_ptr<flow::Parsed>> parse_named(sql::Tokens& tokens, std::string_view phrase) {
  auto request = std::make_unique<NamedModel>();
  TRY(tokens.expect_phrase(phrase));
  request->name = TRY(tokens.expect_name_or_string("a model name"));
  TRY(tokens.expect_end());
  return request;
}

}  // namespace

flow::Help ShowModels::help() const {
  return {.summary = "The models of this project, newest version of each.",
          .synopsis = "SHOW MODELS [LIKE 'pattern']",
          .details =
              "The metric is the deciding one of the training, of the validation rows where there were some. In a "
              "pattern\n'%' stands for any text and '_' for one character.",
          .example = "SHOW MODELS LIKE 'flights.%'"};
}

Result<std::unique_ptr<flow::Parsed>> ShowModels::parse(const flow::Statement&, sql::Tokens& tokens) const {
  TRY(tokens.expect_phrase(phrase()));
  auto wanted = std::make_unique<WantedModels>();
  if (tokens.accept_word("LIKE")) wanted->pattern = to_lower(TRY(tokens.expect_string("a pattern")).text);
  TRY(tokens.expect_end({"LIKE"}));
  return wanted;
}

Result<std::unique_ptr<flow::Step>> ShowModels::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  // Reads every model that there is or will be.
  Access access;
  for (const std::string& name : context.known_names(object_kind::kModel)) access.reads.push_back(model_ref(name));
  const auto pattern = static_cast<const WantedModels&>(parsed).pattern;
  return std::make_unique<ModelStep>(std::move(access),
                                     [pattern](flow::RunContext& run) { return show_models(pattern, run); });
}

flow::Help DescribeModel::help() const {
  return {
      .summary = "Everything known of a model: features, label, attributes, metrics, versions, importance.",
      .synopsis = "DESCRIBE MODEL model[:version]",
      .details =
          "Importance is each feature's share of the gain of all splits, unless the training asked for another kind.",
      .example = "DESCRIBE MODEL flights.late"};
}

Result<std::unique_ptr<flow::Parsed>> DescribeModel::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return parse_named(tokens, phrase());
}

Result<std::unique_ptr<flow::Step>> DescribeModel::check(const flow::Parsed& parsed,
                                                         flow::CheckContext& context) const {
  const sql::Name name = static_cast<const NamedModel&>(parsed).name;
  const ModelSignature signature = TRY(find_signature(name, context));
  return std::make_unique<ModelStep>(Access{signature.reads(), {}, {}},
                                     [name](flow::RunContext& run) { return describe(name, run); });
}

}  // namespace sinan::ml

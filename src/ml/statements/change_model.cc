#include "ml/statements/change_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "catalog/object_name.h"
#include "ml/planned_model.h"
#include "ml/statements/model_step.h"
#include "ml/statements/train_check.h"

namespace sinan::ml {
namespace {

using catalog::ObjectChange;

struct Alteration final : flow::Parsed {
  sql::Name model;
  ObjectChange::Kind kind = ObjectChange::Kind::kSetAlias;
  sql::Name text;                    // alias, new name or comment
  std::optional<sql::Name> version;  // of an alias; absent = the newest
  uint32_t version_number = 0;
};

struct Removal final : flow::Parsed {
  sql::Name model;
  bool if_exists = false;
};

flow::Outcome said(std::string message) {
  flow::Outcome outcome;
  outcome.messages.push_back(std::move(message));
  return outcome;
}

ObjectRef alias_ref(const ObjectRef& model, std::string_view alias) {
  return model_ref(fmt::format("{}@{}", model.name, alias));
}

Status parse_set_alias(sql::Tokens& tokens, Alteration& out) {
  out.text = TRY(tokens.expect_name_or_string("an alias"));
  if (!tokens.accept_word("TO")) return {};
  TRY(tokens.expect_word("VERSION"));
  const Span place = tokens.here();
  const int64_t version = TRY(tokens.expect_integer("a version's number"));
  if (version < 1 || version > UINT32_MAX) {
    return fail(Code::kProgram, fmt::format("version is not a positive number: {}", version)).at(place);
  }
  out.version_number = static_cast<uint32_t>(version);
  out.version = sql::Name{fmt::format("{}:{}", out.model.text, version), place};
  return {};
}

// A name that means the model and none of its versions. `instead`: what to write.
Status check_whole_model(const sql::Name& name, std::string_view instead) {
  if (without_version(name.text).size() == name.text.size()) return {};
  return fail(Code::kProgram, fmt::format("the whole model is altered, not a version: \"{}\"", name.text),
              std::string(instead))
      .at(name.span);
}

Result<std::unique_ptr<flow::Step>> set_alias(const Alteration& request, const ModelSignature& model,
                                              flow::CheckContext& context) {
  if (auto status = catalog::check_alias(request.text.text); !status)
    return fail(std::move(status).error()).at(request.text.span);
  ModelSignature target = request.version ? TRY(find_signature(*request.version, context)) : model;
  const ObjectRef alias = alias_ref(model.ref, request.text.text);
  context.will_create(alias, std::make_shared<PlannedModel>(target));
  const ObjectRef base = model_ref(model.ref.name);
  const uint32_t version = request.version_number;
  const std::string word = to_lower(request.text.text);
  return std::make_unique<ModelStep>(
      Access{{model.ref}, {alias}, {}}, [base, word, version](flow::RunContext& run) -> Result<flow::Outcome> {
        const auto object = TRY(run.catalog().object({base.kind, base.name, version}));
        auto outcome = said(fmt::format("{}@{} is version {}.", base.name, word, object.ref.version));
        outcome.changes.push_back({ObjectChange::Kind::kSetAlias, object.ref, word});
        return outcome;
      });
}

Result<std::unique_ptr<flow::Step>> drop_alias(const Alteration& request, const ModelSignature& model,
                                               flow::CheckContext& context) {
  const ObjectRef alias = alias_ref(model.ref, request.text.text);
  const sql::Name whole{fmt::format("{}@{}", model.ref.name, request.text.text), request.text.span};
  TRY(find_signature(whole, context));
  context.will_drop(alias);
  const ObjectRef base = model_ref(model.ref.name);
  const std::string word = to_lower(request.text.text);
  return std::make_unique<ModelStep>(
      Access{{model.ref}, {alias}, {}}, [base, alias, word](flow::RunContext& run) -> Result<flow::Outcome> {
        const auto object = TRY(run.catalog().object(alias));
        auto outcome =
            said(fmt::format("Version {} of {} has no longer the alias {}.", object.ref.version, base.name, word));
        outcome.changes.push_back({ObjectChange::Kind::kDropAlias, base, word});
        return outcome;
      });
}

Result<std::unique_ptr<flow::Step>> rename(const Alteration& request, ModelSignature model,
                                           flow::CheckContext& context) {
  TRY(check_model_name(request.text));
  const ObjectRef from = model_ref(model.ref.name);
  const ObjectRef to = model_ref(request.text.text);
  const std::vector<std::string> known = context.known_names(object_kind::kModel);
  if (std::ranges::find(known, to.name) != known.end()) {
    return fail(Code::kExists, fmt::format("model exists already: \"{}\"", request.text.text),
                fmt::format("DROP MODEL {} first, or choose another name", to.name))
        .at(request.text.span);
  }
  if (model.renamed_from.empty()) model.renamed_from = from.name;
  model.ref = to;
  context.will_drop(from);
  context.will_create(to, std::make_shared<PlannedModel>(std::move(model)));
  return std::make_unique<ModelStep>(Access{{}, {from, to}, {}},
                                     [from, to](flow::RunContext&) -> Result<flow::Outcome> {
                                       auto outcome = said(fmt::format("Model {} is now {}.", from.name, to.name));
                                       outcome.changes.push_back({ObjectChange::Kind::kRename, from, to.name});
                                       return outcome;
                                     });
}

Result<std::unique_ptr<flow::Step>> set_comment(const Alteration& request, const ModelSignature& model) {
  const ObjectRef base = model_ref(model.ref.name);
  const std::string comment = request.text.text;
  // Of the model's own, and no content: what depends on the model is not done again.
  return std::make_unique<ModelStep>(Access{{model.ref}, {alias_ref(base, "comment")}, {}},
                                     [base, comment](flow::RunContext&) -> Result<flow::Outcome> {
                                       auto outcome =
                                           said(comment.empty() ? fmt::format("Model {} has no comment.", base.name)
                                                                : fmt::format("Model {}: {}", base.name, comment));
                                       outcome.changes.push_back({ObjectChange::Kind::kComment, base, comment});
                                       return outcome;
                                     });
}

}  // namespace

flow::Help AlterModel::help() const {
  return {.summary = "Give a version of a model an alias; rename a model; say what it is for.",
          .synopsis =
              "ALTER MODEL model SET ALIAS alias [TO VERSION number]\n"
              "ALTER MODEL model DROP ALIAS alias\n"
              "ALTER MODEL model RENAME TO name\n"
              "ALTER MODEL model SET COMMENT 'text'",
          .details =
              "Wherever a model is named, model@alias means the version that has the alias; setting it again moves "
              "it. Without\nTO VERSION it goes to the newest. A renamed model keeps its versions, aliases and "
              "lineage.",
          .example = "ALTER MODEL flights.late SET ALIAS prod TO VERSION 3"};
}

Result<std::unique_ptr<flow::Parsed>> AlterModel::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto out = std::make_unique<Alteration>();
  TRY(tokens.expect_phrase(phrase()));
  out->model = TRY(tokens.expect_name_or_string("a model name"));
  if (tokens.accept_phrase("SET ALIAS")) {
    TRY(parse_set_alias(tokens, *out));
  } else if (tokens.accept_phrase("DROP ALIAS")) {
    out->kind = ObjectChange::Kind::kDropAlias;
    out->text = TRY(tokens.expect_name_or_string("an alias"));
  } else if (tokens.accept_phrase("RENAME TO")) {
    out->kind = ObjectChange::Kind::kRename;
    out->text = TRY(tokens.expect_name_or_string("the new name"));
  } else if (tokens.accept_phrase("SET COMMENT")) {
    out->kind = ObjectChange::Kind::kComment;
    out->text = TRY(tokens.expect_string("the comment"));
  } else {
    return tokens.unexpected("SET ALIAS, DROP ALIAS, RENAME TO or SET COMMENT", {"SET", "DROP", "RENAME"});
  }
  TRY(tokens.expect_end());
  return out;
}

Result<std::unique_ptr<flow::Step>> AlterModel::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& request = static_cast<const Alteration&>(parsed);
  const bool is_alias = request.kind == ObjectChange::Kind::kSetAlias;
  TRY(check_whole_model(request.model, is_alias ? "the version goes to the end: SET ALIAS name TO VERSION number"
                                                : "leave the version out"));
  ModelSignature model = TRY(find_signature(request.model, context));
  switch (request.kind) {
    case ObjectChange::Kind::kSetAlias:
      return set_alias(request, model, context);
    case ObjectChange::Kind::kDropAlias:
      return drop_alias(request, model, context);
    case ObjectChange::Kind::kRename:
      return rename(request, std::move(model), context);
    case ObjectChange::Kind::kComment:
      return set_comment(request, model);
  }
  std::unreachable();
}

flow::Help DropModel::help() const {
  return {.summary = "Remove a model with all its versions, or one version.",
          .synopsis = "DROP MODEL [IF EXISTS] model[:version]",
          .details =
              "Runs that used it keep their records. A later TO TRAIN may use the name again. A version that has an "
              "alias is kept:\nmove or drop the alias first.",
          .example = "DROP MODEL IF EXISTS flights.late"};
}

Result<std::unique_ptr<flow::Parsed>> DropModel::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto request = std::make_unique<Removal>();
  TRY(tokens.expect_phrase(phrase()));
  request->if_exists = tokens.accept_phrase("IF EXISTS");
  request->model = TRY(tokens.expect_name_or_string("a model name"));
  TRY(tokens.expect_end());
  return request;
}

namespace {

Result<flow::Outcome> drop_version(const sql::Name& name, flow::RunContext& context) {
  const auto object = TRY(context.catalog().object(model_ref(name.text)));
  if (!object.aliases.empty()) {
    return fail(Code::kArgument,
                fmt::format("the version has an alias and is kept: {}@{} is version {}", object.ref.name,
                            object.aliases.front(), object.ref.version),
                fmt::format("move it: ALTER MODEL {0} SET ALIAS {1} TO VERSION ..; or ALTER MODEL {0} DROP ALIAS {1}",
                            object.ref.name, object.aliases.front()))
        .at(name.span);
  }
  auto outcome = said(fmt::format("Dropped version {} of model {}.", object.ref.version, object.ref.name));
  outcome.dropped.push_back(object.ref);
  return outcome;
}

// What an alias means may change until the version is dropped.
Status check_no_alias(const sql::Name& name) {
  const auto parsed = TRY(catalog::parse_object_name(name.text));
  if (parsed.alias.empty()) return {};
  return fail(Code::kProgram, fmt::format("a version is dropped by its number, not by an alias: \"{}\"", name.text),
              fmt::format("DESCRIBE MODEL {} lists its versions; ALTER MODEL {} DROP ALIAS {} drops the alias",
                          parsed.name, parsed.name, parsed.alias))
      .at(name.span);
}

}  // namespace

Result<std::unique_ptr<flow::Step>> DropModel::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& request = static_cast<const Removal&>(parsed);
  const sql::Name& name = request.model;
  const ObjectRef model = model_ref(without_version(name.text));
  const bool whole = model.name.size() == name.text.size();
  auto signature = find_signature(name, context);
  if (!signature) {
    if (signature.error().code != Code::kNotFound || !request.if_exists)
      return std::unexpected(std::move(signature).error());
    const std::string text = to_lower(name.text);
    return std::make_unique<ModelStep>(Access{{}, {model}, {}}, [text](flow::RunContext&) -> Result<flow::Outcome> {
      return said(fmt::format("There is no model {}.", text));
    });
  }
  if (!whole) {
    TRY(check_no_alias(name));
    context.will_drop(model_ref(fmt::format("{}:{}", model.name, TRY(catalog::parse_object_name(name.text)).version)));
    return std::make_unique<ModelStep>(Access{{}, {model}, {}},
                                       [name](flow::RunContext& run) { return drop_version(name, run); });
  }
  context.will_drop(model);
  return std::make_unique<ModelStep>(Access{{}, {model}, {}}, [model](flow::RunContext&) -> Result<flow::Outcome> {
    auto outcome = said(fmt::format("Dropped model {}.", model.name));
    outcome.dropped.push_back(model);
    return outcome;
  });
}

}  // namespace sinan::ml

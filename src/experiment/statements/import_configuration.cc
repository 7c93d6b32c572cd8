#include "experiment/statements/import_configuration.h"

#include <fmt/format.h>

#include <utility>

#include "arrow/builder.h"
#include "base/strings.h"
#include "experiment/importers/import.h"
#include "experiment/statements/change_step.h"
#include "experiment/statements/definition.h"
#include "experiment/statements/publish.h"
#include "experiment/statements/question_step.h"
#include "experiment/statements/stored_configuration.h"
#include "io/file_system.h"
#include "sql/clause.h"

namespace sinan::experiment {
namespace {

struct Import final : flow::Parsed {
  sql::Name file;
  Platform platform = Platform::kGrowthBook;
  ImportOptions options;
  std::string reason;
};

Status read_option(const sql::Attribute& attribute, ImportOptions& options) {
  if (!attribute.value.is(sql::Expr::Kind::kString)) {
    return fail(Code::kArgument, fmt::format("{} takes a string", attribute.name)).at(attribute.value.span);
  }
  const std::string name = to_lower(attribute.name);
  const std::string& text = attribute.value.text;
  if (name == "prefix") {
    options.prefix = text;
  } else if (name == "unit") {
    options.unit = text;
  } else if (name == "salt") {
    options.salt = text;
  } else if (name == "lists") {
    for (const std::string_view part : split_on(text, ',')) options.lists.emplace_back(trim(part));
  } else if (name == "defaults") {
    auto json = Json::parse(text);
    if (!json) return fail(Code::kArgument, fmt::format("defaults: {}", json.error().message)).at(attribute.value.span);
    options.defaults = *std::move(json);
  } else {
    const std::vector<std::string> known = {"prefix", "unit", "salt", "lists", "defaults"};
    std::string hint = did_you_mean(name, known);
    if (hint.empty()) hint = "there is prefix, unit, salt, lists and defaults";
    return fail(Code::kArgument, fmt::format("unknown attribute \"{}\"", attribute.name), hint).at(attribute.name_span);
  }
  return {};
}

Result<std::unique_ptr<Import>> parse_import(sql::Tokens& tokens, std::string_view phrase) {
  auto out = std::make_unique<Import>();
  TRY(tokens.expect_phrase(phrase));
  TRY(tokens.expect_word("FROM"));
  out->file = TRY(tokens.expect_string("a file"));
  TRY(tokens.expect_word("USING"));
  const sql::Name platform = TRY(tokens.expect_name_or_string("a platform"));
  const auto known = platform_named(platform.text);
  if (!known) {
    const std::vector<std::string> names = platform_names();
    std::string hint = did_you_mean(to_lower(platform.text), names);
    if (hint.empty()) hint = "there is " + join(names, ", ");
    return fail(Code::kProgram, fmt::format("unknown platform: {}", platform.text), hint).at(platform.span);
  }
  out->platform = *known;
  if (tokens.at_word("WITH")) {
    for (const sql::Attribute& attribute : TRY(sql::parse_attributes(tokens))) {
      TRY(read_option(attribute, out->options));
    }
  }
  return out;
}

Result<Imported> read_file(const Import& import, const Configuration& before, flow::CheckContext& context) {
  const auto placed = [&](Error error) { return std::unexpected(std::move(error).at(import.file.span)); };
  const auto text = io::real_file_system().read_file(context.project_folder() / import.file.text, kMaxImportBytes);
  if (!text) return placed(text.error());
  auto imported = import_configuration(import.platform, *text, import.options, before);
  if (!imported) return placed(std::move(imported).error());
  return imported;
}

std::string counts(const Imported& imported) {
  return fmt::format("{} parameters and {} experiments", imported.parameters.size(), imported.experiments.size());
}

flow::ResultTable table_of(const Imported& imported) {
  arrow::BatchBuilder rows(
      {{"object", arrow::string_type()}, {"name", arrow::string_type()}, {"definition", arrow::string_type()}});
  const auto add = [&](std::string_view object, std::string_view name, std::string_view definition) {
    rows.column(0).append(object);
    rows.column(1).append(name);
    rows.column(2).append(definition);
  };
  for (const Parameter& parameter : imported.parameters) {
    add("parameter", parameter.name,
        fmt::format("{} DEFAULT {}", to_string(parameter.type), to_text(parameter.fallback)));
    for (const Rule& rule : parameter.rules) {
      add("rule", parameter.name, fmt::format("WHEN {} THEN {}", to_text(rule.condition), to_text(rule.value)));
    }
  }
  for (const Experiment& experiment : imported.experiments) {
    add("experiment", experiment.name,
        fmt::format("ON UNIT {} BUCKETS {} HASH {} SALT {}", experiment.unit[0], experiment.buckets,
                    to_string(experiment.scheme), to_text(Literal{experiment.effective_salt()})));
    std::vector<std::string> groups;
    for (const Group& group : experiment.groups) {
      groups.push_back(fmt::format("{} [{}..{}]", group.name, group.first, group.last));
    }
    add("groups", experiment.name, join(groups, ", "));
    for (const Branch& branch : experiment.branches) {
      std::string values = branch.treatments.empty() ? "is left to the rules" : "";
      for (const Treatment& treatment : branch.treatments) {
        values += fmt::format("SET {} =", treatment.parameter);
        for (const auto& [group, value] : treatment.by_group) values += fmt::format(" {}: {}", group, to_text(value));
      }
      add("branch", experiment.name, fmt::format("WHEN {} {}", to_text(branch.condition), values));
    }
  }
  return {"", rows.finish()};
}

}  // namespace

flow::Help ImportConfiguration::help() const {
  return {.summary = "Take over the flags of another platform, with the groups that everybody is in.",
          .synopsis =
              "IMPORT CONFIGURATION FROM 'file' USING growthbook|flagd|unleash|eppo|planout\n"
              "  [WITH prefix = 'text', unit = 'attribute', salt = 'text', lists = 'attribute, ..', defaults = "
              "'{\"flag\": value}'] [BECAUSE "
              "'text']",
          .details =
              "Flags become parameters, their draws running experiments with the platform's own hash: nobody changes "
              "groups. "
              "Everything is\npublished as one version, or nothing is: what has no exact counterpart is refused with "
              "its path in the "
              "file. `prefix` stands\nbefore all names; `unit` is the attribute of the platform's subject; `salt` "
              "names a PlanOut "
              "experiment; `defaults` are values of\nflags for which the platform gives its callers' own. CHECK "
              "CONFIGURATION shows "
              "what would be created.",
          .example = "IMPORT CONFIGURATION FROM 'flags.json' USING flagd"};
}

Result<std::unique_ptr<flow::Parsed>> ImportConfiguration::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto out = TRY(parse_import(tokens, phrase()));
  out->reason = TRY(parse_reason(tokens));
  return out;
}

Result<std::unique_ptr<flow::Step>> ImportConfiguration::check(const flow::Parsed& parsed,
                                                               flow::CheckContext& context) const {
  const auto& import = static_cast<const Import&>(parsed);
  Edit edit;
  edit.object = import.file;
  edit.reason = import.reason;
  edit.apply = [file = import.file.text, imported = TRY(read_file(import, TRY(configuration_in(context)), context))](
                   Configuration& configuration) -> Result<std::string> {
    TRY(add_imported(imported, configuration));
    std::string said = fmt::format("Imported {} from {}.", counts(imported), file);
    for (const std::string& note : imported.notes) said += "\n" + note;
    return said;
  };
  return check_edit(std::move(edit), {{"file", import.file.text}}, context);
}

flow::Help CheckConfiguration::help() const {
  return {.summary = "Show what IMPORT CONFIGURATION would create, and change nothing.",
          .synopsis = "CHECK CONFIGURATION FROM 'file' USING growthbook|flagd|unleash|eppo|planout [WITH ..]",
          .details =
              "Parameters with their rules, experiments with their groups, and what is worth knowing before one moves "
              "over.",
          .example = "CHECK CONFIGURATION FROM 'flags.json' USING flagd"};
}

Result<std::unique_ptr<flow::Parsed>> CheckConfiguration::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto out = TRY(parse_import(tokens, phrase()));
  TRY(tokens.expect_end({"WITH"}));
  return out;
}

Result<std::unique_ptr<flow::Step>> CheckConfiguration::check(const flow::Parsed& parsed,
                                                              flow::CheckContext& context) const {
  const auto& import = static_cast<const Import&>(parsed);
  return make_question([imported = TRY(read_file(import, TRY(configuration_in(context)), context))](
                           const Configuration& before) -> Result<flow::Outcome> {
    Configuration after = before;
    TRY(add_imported(imported, after));
    const Publishable published = TRY(make_publishable(before, after));
    flow::Outcome outcome;
    outcome.messages.push_back(fmt::format("It would create {}.", counts(imported)));
    for (const std::string& note : imported.notes) outcome.messages.push_back(note);
    for (const std::string& warning : published.warnings) outcome.messages.push_back(warning);
    outcome.tables.push_back(table_of(imported));
    return outcome;
  });
}

}  // namespace sinan::experiment

#include "experiment/statements/implications.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "arrow/builder.h"
#include "base/strings.h"
#include "experiment/statements/changes.h"
#include "experiment/statements/question_step.h"
#include "experiment/statements/stored_configuration.h"

namespace sinan::experiment {
namespace {

Result<flow::Outcome> show(const Configuration& configuration) {
  arrow::BatchBuilder rows(
      {{"implication", arrow::string_type()}, {"when", arrow::string_type()}, {"then", arrow::string_type()}});
  for (const Implication& implication : configuration.implications) {
    rows.column(0).append(std::string_view(implication.name));
    rows.column(1).append(std::string_view(to_text(implication.premise)));
    rows.column(2).append(std::string_view(to_text(implication.conclusion)));
  }
  flow::Outcome outcome;
  if (rows.rows() == 0) outcome.messages.emplace_back("There is no implication yet: CREATE IMPLICATION makes one.");
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

}  // namespace

flow::Help CreateImplication::help() const {
  return {
      .summary = "Declare what is known about contexts: whoever has one thing has another.",
      .synopsis = "CREATE IMPLICATION name WHEN condition THEN condition [BECAUSE 'text']",
      .details =
          "Conditions on attributes. The proof that experiments do not overlap believes it, evaluation never asks: a "
          "context\nthat breaks it may be decided by two experiments, of which one wins.",
      .example = "CREATE IMPLICATION french_cities WHEN city IN ('Lyon', 'Paris') THEN country = 'FR'"};
}

Result<Edit> CreateImplication::parse_edit(sql::Tokens& tokens) const {
  Edit edit;
  edit.object = TRY(tokens.expect_name_or_string("an implication's name"));
  Implication implication{edit.object.text, {}, {}};
  TRY(tokens.expect_word("WHEN"));
  implication.premise = TRY(parse_condition(tokens));
  TRY(tokens.expect_word("THEN"));
  implication.conclusion = TRY(parse_condition(tokens));
  edit.apply = [name = edit.object,
                implication = std::move(implication)](Configuration& configuration) -> Result<std::string> {
    TRY(check_new_name(name));
    if (std::ranges::find(configuration.implications, name.text, &Implication::name) !=
        configuration.implications.end()) {
      return fail(Code::kExists, fmt::format("implication exists already: \"{}\"", name.text), "choose another name")
          .at(name.span);
    }
    configuration.implications.push_back(implication);
    return fmt::format("Who has {} has {}.", to_text(implication.premise), to_text(implication.conclusion));
  };
  return edit;
}

flow::Help DropImplication::help() const {
  return {.summary = "Take back an implication that no experiment needs to be proved apart.",
          .synopsis = "DROP IMPLICATION name [BECAUSE 'text']",
          .details = "",
          .example = "DROP IMPLICATION french_cities"};
}

Result<Edit> DropImplication::parse_edit(sql::Tokens& tokens) const {
  Edit edit;
  edit.object = TRY(tokens.expect_name_or_string("an implication's name"));
  edit.apply = [name = edit.object](Configuration& configuration) -> Result<std::string> {
    const auto dropped = std::erase_if(configuration.implications,
                                       [&](const Implication& implication) { return implication.name == name.text; });
    if (dropped == 0) {
      std::vector<std::string> known;
      for (const Implication& implication : configuration.implications) known.push_back(implication.name);
      return fail(Code::kNotFound, fmt::format("no such implication: \"{}\"", name.text),
                  did_you_mean(name.text, known))
          .at(name.span);
    }
    return fmt::format("Dropped implication {}.", name.text);
  };
  return edit;
}

flow::Help ShowImplications::help() const {
  return {.summary = "List what is declared about contexts.",
          .synopsis = "SHOW IMPLICATIONS",
          .details = "",
          .example = "SHOW IMPLICATIONS"};
}

Result<std::unique_ptr<flow::Parsed>> ShowImplications::parse(const flow::Statement&, sql::Tokens& tokens) const {
  TRY(tokens.expect_phrase(phrase()));
  TRY(tokens.expect_end());
  return std::make_unique<flow::Parsed>();
}

Result<std::unique_ptr<flow::Step>> ShowImplications::check(const flow::Parsed&, flow::CheckContext&) const {
  return make_question(show);
}

}  // namespace sinan::experiment

#include "flow/statements/show_statements.h"

#include <algorithm>

#include "arrow/builder.h"
#include "flow/statements/record_step.h"

namespace sinan::flow {
namespace {

Outcome list(const Registry& registry) {
  std::vector<const StatementKind*> kinds;
  for (const auto& kind : registry.kinds()) kinds.push_back(kind.get());
  std::ranges::sort(kinds, {}, &StatementKind::phrase);
  arrow::BatchBuilder rows(
      {{"statement", arrow::string_type()}, {"summary", arrow::string_type()}, {"synopsis", arrow::string_type()}});
  for (const StatementKind* kind : kinds) {
    const Help help = kind->help();
    rows.column(0).append(kind->phrase());
    rows.column(1).append(help.summary);
    rows.column(2).append(help.synopsis);
  }
  for (const auto& function : registry.functions()) {
    const Help help = function->help();
    for (const std::string_view name : function->names()) {
      rows.column(0).append(name);
      rows.column(1).append(help.summary);
      rows.column(2).append(help.synopsis);
    }
  }
  Outcome outcome;
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

}  // namespace

Help ShowStatements::help() const {
  return {"all statements of this build beyond plain SQL", "SHOW STATEMENTS",
          "Everything else is given to the database as it is.", "SHOW STATEMENTS"};
}

Result<std::unique_ptr<Parsed>> ShowStatements::parse(const Statement&, sql::Tokens& tokens) const {
  TRY(tokens.expect_phrase(phrase()));
  TRY(tokens.expect_end());
  return std::make_unique<Parsed>();
}

Result<std::unique_ptr<Step>> ShowStatements::check(const Parsed&, CheckContext&) const {
  return make_record_step([this](RunContext&) -> Result<Outcome> { return list(registry_); });
}

}  // namespace sinan::flow

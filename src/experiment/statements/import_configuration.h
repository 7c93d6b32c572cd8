// IMPORT CONFIGURATION FROM 'file' USING platform: another platform's flags as parameters and experiments, all or nothing. CHECK
// CONFIGURATION shows what it would create and changes nothing. The file is read when the program is checked; what was checked is
// what is published. Stateless.
#pragma once

#include "flow/statement_kind.h"

namespace sinan::experiment {

class ImportConfiguration final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "IMPORT CONFIGURATION"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

class CheckConfiguration final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "CHECK CONFIGURATION"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::experiment

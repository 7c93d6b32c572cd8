// CREATE, DROP and SHOW IMPLICATION: what is known about contexts, believed by the proof of no overlap. Stateless.
#pragma once

#include "experiment/statements/change_step.h"

namespace sinan::experiment {

class CreateImplication final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "CREATE IMPLICATION"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class DropImplication final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "DROP IMPLICATION"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class ShowImplications final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "SHOW IMPLICATIONS"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::experiment

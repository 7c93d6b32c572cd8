// SHOW STATEMENTS: every statement this build knows beyond plain SQL.
#pragma once

#include "flow/registry.h"
#include "flow/statement_kind.h"

namespace sinan::flow {

class ShowStatements final : public StatementKind {
 public:
  explicit ShowStatements(const Registry& registry) : registry_(registry) {}
  std::string_view phrase() const override { return "SHOW STATEMENTS"; }
  Help help() const override;
  Result<std::unique_ptr<Parsed>> parse(const Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<Step>> check(const Parsed& parsed, CheckContext& context) const override;

 private:
  const Registry& registry_;
};

}  // namespace sinan::flow

// SHOW LINEAGE FOR name[.column]: what it was computed from, and what was computed from it.
#pragma once

#include "flow/statement_kind.h"

namespace sinan::flow {

class ShowLineage final : public StatementKind {
 public:
  std::string_view phrase() const override { return "SHOW LINEAGE FOR"; }
  Help help() const override;
  Result<std::unique_ptr<Parsed>> parse(const Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<Step>> check(const Parsed& parsed, CheckContext& context) const override;
};

}  // namespace sinan::flow

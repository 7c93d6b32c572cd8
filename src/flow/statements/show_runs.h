// SHOW RUNS [LIMIT n]: the latest runs, newest first.
#pragma once

#include "flow/statement_kind.h"

namespace sinan::flow {

class ShowRuns final : public StatementKind {
 public:
  std::string_view phrase() const override { return "SHOW RUNS"; }
  Help help() const override;
  Result<std::unique_ptr<Parsed>> parse(const Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<Step>> check(const Parsed& parsed, CheckContext& context) const override;
};

}  // namespace sinan::flow

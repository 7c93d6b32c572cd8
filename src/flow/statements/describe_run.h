// DESCRIBE RUN [id | prefix | latest]: the steps of a run with their times, rows, messages and errors.
#pragma once

#include "flow/statement_kind.h"

namespace sinan::flow {

class DescribeRun final : public StatementKind {
 public:
  std::string_view phrase() const override { return "DESCRIBE RUN"; }
  Help help() const override;
  Result<std::unique_ptr<Parsed>> parse(const Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<Step>> check(const Parsed& parsed, CheckContext& context) const override;
};

}  // namespace sinan::flow

// EXPLAIN PARAMETER name FOR (attribute = value, ..): the value that this context gets, and every decision on the way to it. The
// evaluator's own answer, read as a prefetch: it counts no access. Stateless.
#pragma once

#include "flow/statement_kind.h"

namespace sinan::experiment {

class ExplainParameter final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "EXPLAIN PARAMETER"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::experiment

// CHECK EXPERIMENT name: the proof that it competes with no other, or who would be in both; what no context can reach; what
// is left of its parameters' contexts. Stateless.
#pragma once

#include "flow/statement_kind.h"

namespace sinan::experiment {

class CheckExperiment final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "CHECK EXPERIMENT"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::experiment

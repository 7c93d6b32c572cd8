// SELECT .. TO EXPLAIN model [WITH ..] [USING explainer] [INTO table]: why a model says what it
// says.
//
// USING says how; without it the model decides (statements/explain_request.h lists the ways and who answers). Rows go INTO a
// table, pictures to whoever asked. Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"

namespace sinan::ml {

class Explain final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "TO EXPLAIN"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::ml

// SELECT .. TO PREDICT [db.]table.column [WITH ..] USING model: scores the query's rows into a table.
//
// The table is replaced, in one commit: the query's columns without the model's label and without one named like the
// target, then the target column, then the extra outputs asked for. Rows keep the query's order. The query may read the
// table that is being replaced. Where the engine knows functions it scores inside (predict_in_engine.h), else the query is
// read on a connection of its own and scored here. Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"

namespace sinan::ml {

class Predict final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "TO PREDICT"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::ml

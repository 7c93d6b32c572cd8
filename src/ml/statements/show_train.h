// SHOW TRAIN model: the statement that trained it, as (Model, Train Statement). Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"

namespace sinan::ml {

class ShowTrain final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "SHOW TRAIN"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::ml

// COMPARE DATA MODEL model WITH table | 'file' | (query) [WITH attribute=value, ..] [INTO table]: how far the rows of now have
// moved from those that a model learnt from, column by column, with its label where the rows have one and with what it
// predicts for them. The model holds what it needs (ml/baseline.h); the training query is not run. Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"

namespace sinan::ml {

class CompareDataModel final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "COMPARE DATA MODEL"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::ml

// SHOW MODELS [LIKE pattern], DESCRIBE MODEL name: what the catalog knows of models. Only DESCRIBE opens a model, when its content is
// a table: coefficients, centres, a card. Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"

namespace sinan::ml {

class ShowModels final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "SHOW MODELS"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

class DescribeModel final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "DESCRIBE MODEL"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::ml

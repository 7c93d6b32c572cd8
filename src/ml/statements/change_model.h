// ALTER MODEL name .. and DROP MODEL [IF EXISTS] name[:version]: what becomes of models after training. A version itself never
// changes; these move names and aliases. Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"

namespace sinan::ml {

class AlterModel final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "ALTER MODEL"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

class DropModel final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "DROP MODEL"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::ml

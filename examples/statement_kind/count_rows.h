#pragma once

#include "base/strings.h"
#include "flow/statement_kind.h"

namespace sinan::example {

class CountRows final : public flow::StatementKind {
 public:
  std::string_view phrase() const override;
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::example

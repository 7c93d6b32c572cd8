// DESCRIBE DATA: what the rows of a query are like before anybody trains on them.
#pragma once

#include "flow/statement_kind.h"

namespace sinan::profile {

class DescribeData final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "DESCRIBE DATA"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::profile

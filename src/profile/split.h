// SPLIT: rows into tables by a key, so that a key is always in the same one: whatever else there is, today and tomorrow.
#pragma once

#include "flow/statement_kind.h"

namespace sinan::profile {

class Split final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "SPLIT"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::profile

// query TO MAXIMIZE|MINIMIZE expression [CONSTRAINT ..] WITH variables=.., var_type=.. [USING solver] INTO table: decides one
// variable for each row of the query. The table is replaced in one commit; the query may read it. Stateless.
#pragma once

#include <memory>
#include <string_view>

#include "flow/registry.h"
#include "flow/statement_kind.h"

namespace sinan::solve {

class Optimize final : public flow::StatementKind {
 public:
  explicit Optimize(bool maximize) : maximize_(maximize) {}
  std::string_view phrase() const override { return maximize_ ? "TO MAXIMIZE" : "TO MINIMIZE"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;

 private:
  bool maximize_;
};

}  // namespace sinan::solve

// query TO RUN image CMD "program", "--argument=value", ... INTO table, ...: hands the query's rows to a program and keeps the tables
// that it answers with. The programs of program.h run here, inside the process, whatever the image is called. Stateless.
#pragma once

#include <memory>
#include <string_view>

#include "flow/registry.h"
#include "flow/statement_kind.h"

namespace sinan::run {

class Run final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "TO RUN"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::run

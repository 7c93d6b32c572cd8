// SHOW and DESCRIBE of parameters, experiments and the audit log. Stateless; they read the configuration and change nothing.
#pragma once

#include "flow/statement_kind.h"

namespace sinan::experiment {

class ShowParameters final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "SHOW PARAMETERS"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

class ShowExperiments final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "SHOW EXPERIMENTS"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

// SHOW STALE EXPERIMENTS [OLDER THAN n DAYS]: what could go, why, and how.
class ShowStaleExperiments final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "SHOW STALE EXPERIMENTS"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

class DescribeParameter final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "DESCRIBE PARAMETER"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

class DescribeExperiment final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "DESCRIBE EXPERIMENT"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

// SHOW CHANGES [OF PARAMETER name | OF EXPERIMENT name]: who changed what, when and why.
class ShowChanges final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "SHOW CHANGES"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::experiment

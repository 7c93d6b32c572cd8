// CREATE, ALTER, START, PAUSE, END and DROP EXPERIMENT: draft -> running <-> paused -> ended. Stateless.
#pragma once

#include "experiment/statements/change_step.h"

namespace sinan::experiment {

class CreateExperiment final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "CREATE EXPERIMENT"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class AlterExperiment final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "ALTER EXPERIMENT"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class StartExperiment final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "START EXPERIMENT"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class PauseExperiment final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "PAUSE EXPERIMENT"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class EndExperiment final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "END EXPERIMENT"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

// END EXPERIMENTS: several in one version, all or none.
class EndExperiments final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "END EXPERIMENTS"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

class DropExperiment final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "DROP EXPERIMENT"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

}  // namespace sinan::experiment

// CREATE, ALTER and DROP of parameters and segments. Stateless.
#pragma once

#include "experiment/statements/change_step.h"

namespace sinan::experiment {

class CreateParameter final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "CREATE PARAMETER"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class AlterParameter final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "ALTER PARAMETER"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class DropParameter final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "DROP PARAMETER"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class CreateSegment final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "CREATE SEGMENT"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class AlterSegment final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "ALTER SEGMENT"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

class DropSegment final : public ChangeKind {
 public:
  std::string_view phrase() const override { return "DROP SEGMENT"; }
  flow::Help help() const override;

 protected:
  Result<Edit> parse_edit(sql::Tokens& tokens) const override;
};

}  // namespace sinan::experiment

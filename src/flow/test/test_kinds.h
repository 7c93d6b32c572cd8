// Small statement kinds for the tests of this room. They do real work on the real engine, catalog and files.
//
//   query TO TRAIN any LABEL x INTO model       writes a model: a file with the number of rows and the sum of x
//   query TO EVALUATE model LABEL x INTO table  reads that file, writes table(expected, actual)
//   BUILD name                                  writes model `name` (file) and table `name` in one commit
//   WAIT name                                   touches object `name`; calls WaitKind::on_run
#pragma once

#include <functional>

#include "flow/registry.h"

namespace sinan::flow {

class TrainKind final : public StatementKind {
 public:
  std::string_view phrase() const override { return "TO TRAIN"; }
  Help help() const override { return {"test", "", "", ""}; }
  Result<std::unique_ptr<Parsed>> parse(const Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<Step>> check(const Parsed& parsed, CheckContext& context) const override;
};

class EvaluateKind final : public StatementKind {
 public:
  std::string_view phrase() const override { return "TO EVALUATE"; }
  Help help() const override { return {"test", "", "", ""}; }
  Result<std::unique_ptr<Parsed>> parse(const Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<Step>> check(const Parsed& parsed, CheckContext& context) const override;
};

class BuildKind final : public StatementKind {
 public:
  std::string_view phrase() const override { return "BUILD"; }
  Help help() const override { return {"test", "", "", ""}; }
  Result<std::unique_ptr<Parsed>> parse(const Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<Step>> check(const Parsed& parsed, CheckContext& context) const override;
};

class WaitKind final : public StatementKind {
 public:
  using Action = std::function<Result<Outcome>(const std::string& name, RunContext&)>;
  explicit WaitKind(Action on_run, Budget budget = {1, 1, 0}) : on_run_(std::move(on_run)), budget_(budget) {}
  std::string_view phrase() const override { return "WAIT"; }
  Help help() const override { return {"test", "", "", ""}; }
  Result<std::unique_ptr<Parsed>> parse(const Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<Step>> check(const Parsed& parsed, CheckContext& context) const override;

 private:
  Action on_run_;
  Budget budget_;
};

void register_test_kinds(Registry& registry);

}  // namespace sinan::flow

// SELECT .. TO TRAIN estimator [WITH ..] [COLUMN ..] LABEL label INTO model: fits a model to the query's rows.
//
// The query is read once; features are derived from its columns (ml/feature_plan.h), COLUMN names are checked and every
// other selected column is a feature too. Rows for validation come from a query of their own (validation.select), a random
// share (validation.fraction) or a boolean column (validation.column). The model becomes a new version of its name, in the
// step's one commit. Stateless.
#pragma once

#include <memory>
#include <string>

#include "flow/statement_kind.h"
#include "ml/trainer.h"

namespace sinan::ml {

class Train final : public flow::StatementKind {
 public:
  // Shared with the other statements about models; read-only.
  explicit Train(std::shared_ptr<const Trainers> trainers);
  std::string_view phrase() const override { return "TO TRAIN"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;

 private:
  std::shared_ptr<const Trainers> trainers_;
  std::string details_;  // of help(): with the attributes of all trainers
};

}  // namespace sinan::ml

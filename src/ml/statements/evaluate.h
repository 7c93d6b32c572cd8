// SELECT .. TO EVALUATE model [WITH ..] LABEL label INTO table: how good a model is on rows whose truth is known.
//
// The table is replaced: one row, `loss` and the metrics in the order asked. Shown besides: the confusion matrix, ROC,
// precision-recall and calibration of classifiers, predicted against actual and the residuals of regressions.
// Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"
#include "ml/trainer.h"

namespace sinan::ml {

class Evaluate final : public flow::StatementKind {
 public:
  // Of validation.folds. Shared with the other statements about models; read-only.
  explicit Evaluate(std::shared_ptr<const Trainers> trainers);
  std::string_view phrase() const override { return "TO EVALUATE"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;

 private:
  std::shared_ptr<const Trainers> trainers_;
};

}  // namespace sinan::ml

// SELECT .. TO EXPLAIN model [WITH ..] [USING TreeExplainer | XGBoostExplainer] [INTO table]: why a model says what it
// says.
//
// TreeExplainer (the default) computes SHAP values, in margin space: a picture over a sample of the rows, and INTO a row
// per input with a column per feature. XGBoostExplainer writes what the trees used: (feature, fscore, gain). Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"

namespace sinan::ml {

class Explain final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "TO EXPLAIN"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::ml

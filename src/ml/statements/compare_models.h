// COMPARE MODELS model WITH model: two models, or two versions of one, side by side: properties, attributes, features with their
// importance, metrics, and whether they learnt from the same rows. From the catalog alone. Stateless.
#pragma once

#include <memory>

#include "flow/statement_kind.h"

namespace sinan::ml {

class CompareModels final : public flow::StatementKind {
 public:
  std::string_view phrase() const override { return "COMPARE MODELS"; }
  flow::Help help() const override;
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const override;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const override;
};

}  // namespace sinan::ml

// predict('zoo.m', t) and predict_proba('zoo.m', t) in plain SQL.
//
// A call becomes a call of one of a few functions that the engine knows, named by the type they give: its first argument is a
// JSON text that names the model, the output and the columns that follow. Each time a statement is checked the text is looked up
// in the catalog, so a view that keeps the call uses the model as it is when it is read.
#pragma once

#include "flow/sql_function.h"

namespace sinan::ml {

class PredictFunction final : public flow::SqlFunction {
 public:
  std::span<const std::string_view> names() const override;
  flow::Help help() const override;
  Result<flow::CallExpansion> expand(const sql::FunctionCall& call, const flow::CallContext& context) const override;
  std::optional<ObjectRef> reads(std::string_view function, std::string_view first,
                                 const flow::ObjectScope& objects) const override;
  Status publish(engine::FunctionHost& functions, const flow::FunctionHome& home) const override;
};

}  // namespace sinan::ml

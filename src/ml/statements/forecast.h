// What TRAIN, PREDICT, EVALUATE and EXPLAIN do when the model forecasts time series (Task::kForecast): the statement kinds
// hand over to these after the clause is parsed. Pure functions; each answers with the statement's step.
#pragma once

#include <memory>
#include <string>

#include "flow/statement_kind.h"
#include "flow/step.h"
#include "ml/trainer.h"
#include "sql/clause.h"

namespace sinan::ml {

// Errors (at their places): attributes, no label, columns that are neither time nor number nor in GROUP BY, dates.
Result<std::unique_ptr<flow::Step>> check_train_forecast(const Trainer& trainer, const sql::Train& clause,
                                                         std::string clause_text, flow::CheckContext& context);
Result<std::unique_ptr<flow::Step>> check_predict_forecast(const sql::Predict& clause, std::string clause_text,
                                                           flow::CheckContext& context);
Result<std::unique_ptr<flow::Step>> check_evaluate_forecast(const sql::Evaluate& clause, std::string clause_text,
                                                            flow::CheckContext& context);
Result<std::unique_ptr<flow::Step>> check_explain_forecast(const sql::Explain& clause, std::string clause_text,
                                                           flow::CheckContext& context);

// Whether the model of a clause, planned or there, forecasts time series. False also when it cannot be found: the statement
// tells that.
bool is_forecast_model(const sql::Name& model, flow::CheckContext& context);

}  // namespace sinan::ml

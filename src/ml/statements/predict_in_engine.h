// TO PREDICT inside the engine: one CREATE TABLE AS with a function that scores. Columns that only stay never leave the
// engine, the engine's threads do the scoring and the writing, and rows keep the query's order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/dialect.h"
#include "engine/function_host.h"
#include "flow/step.h"
#include "ml/predictions.h"
#include "ml/statements/model_query.h"

namespace sinan::ml {

// The columns of the result as a query that scores nothing: NULL of the right type where a prediction will be.
std::string described_predictions(const engine::Dialect& dialect, std::string_view query, const arrow::Schema& columns,
                                  const std::vector<size_t>& keep, const std::vector<arrow::Field>& added);

// Replaces `table` in the step's transaction by the columns `keep` of the query and the predictions; makes its schema when
// it is missing. Needs no `open.rows`. Returns the rows written. Errors carry places in the program.
Result<int64_t> predict_in_engine(engine::FunctionHost& functions, const ModelQuery& query, const OpenModelQuery& open,
                                  const PredictionOptions& options, const std::vector<size_t>& keep,
                                  const engine::TableName& table, flow::RunContext& context);

}  // namespace sinan::ml

// What TO TRAIN checks before a row is read: estimator, attributes, label, COLUMN names, column types, validation. Used by
// the statement (ml/statements/train.cc) and, where the columns are known only then, once more when it runs.
#pragma once

#include <optional>
#include <string>

#include "flow/statement_kind.h"
#include "ml/attributes.h"
#include "ml/data_label.h"
#include "ml/data_set.h"
#include "ml/trainer.h"
#include "sql/clause.h"

namespace sinan::ml {

// A TRAIN statement as far as it is decided without rows.
struct TrainRequest {
  const Trainer* trainer = nullptr;
  std::string estimator;  // canonical
  sql::Train clause;
  AttributeValues attributes;
  std::string query;
  Span query_place;
  std::string validation_query;  // empty = none
  Span validation_place;
  std::optional<uint64_t> seed;  // given with the attributes; nothing = the run's
  DataSpec data;                 // seed and threads are filled in by the run
};

// Errors: kUnsupported for estimators of other systems that are not built in, kProgram for others (nearest name), and
// whatever the attributes, objective and validation contradict. Warnings go to `context`.
Result<TrainRequest> check_request(const sql::Train& clause, const Trainers& trainers, flow::CheckContext& context);
// The query's columns against label, COLUMN and types; places are the request's.
Status check_columns(const TrainRequest& request, const arrow::Schema& query);
// validation.select's columns against the query's.
Status check_validation(const TrainRequest& request, const arrow::Schema& query, const arrow::Schema& validation);
// The name of a new model: no version, no alias, no path. Errors: kProgram.
Status check_model_name(const sql::Name& name);

}  // namespace sinan::ml

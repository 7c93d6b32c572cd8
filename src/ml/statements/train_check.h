// What TO TRAIN checks before a row is read: estimator, attributes, label, COLUMN names, column types, validation. Used by
// the statement (ml/statements/train.cc) and, where the columns are known only then, once more when it runs.
#pragma once

#include "flow/statement_kind.h"
#include "ml/trainer.h"
#include "ml/training.h"
#include "sql/clause.h"

namespace sinan::ml {

// The class of an estimator's name: SQLFlow's `image[:tag]/Class` says where it comes from; here
// it is built in.
inline std::string_view estimator_class(std::string_view name) { return name.substr(name.find_last_of('/') + 1); }

// Errors: kUnsupported for estimators of other systems that are not built in, kProgram for others (nearest name), and
// whatever the attributes, objective and validation contradict. Warnings go to `context`.
Result<TrainRequest> check_request(const sql::Train& clause, const Trainers& trainers, flow::CheckContext& context);
// What trained a model, to be trained again on other rows: its estimator, attributes as they took effect (of a search those that
// won) and COLUMN clause; without query, label name and validation rows. All its places are `place`.
// Errors (kUnsupported): a model that was imported, goes on from another one, or is one of groups.
Result<TrainRequest> recipe_of(const ModelPackage& package, const sql::Name& model, const Trainers& trainers);
// The query's columns against label, COLUMN and types; places are the request's.
Status check_columns(const TrainRequest& request, const arrow::Schema& query);
// validation.select's columns against the query's.
Status check_validation(const TrainRequest& request, const arrow::Schema& query, const arrow::Schema& validation);
// What TO TRAIN .. USING asks of the model to go on from: its task and label. Errors (kArgument, at USING).
Status check_continued(const TrainRequest& request, const ModelPackage& from);
// The name of a new model: no version, no alias, no path. Errors: kProgram.
Status check_model_name(const sql::Name& name);

}  // namespace sinan::ml

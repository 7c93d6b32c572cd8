#include "ml/statements/evaluate_folds.h"

#include <set>

#include "base/strings.h"
#include "ml/column_functions.h"
#include "ml/resampling.h"
#include "ml/statements/train_check.h"
#include "ml/statements/train_rows.h"

namespace sinan::ml {
namespace {

// Columns that the model did not learn from: the query may have others.
Status exclude_others(const ModelPackage& package, const arrow::Schema& columns, TrainRequest& request) {
  DataSpec& data = request.data;
  std::set<std::string> kept;
  for (const arrow::Field& input : package.plan.inputs()) kept.insert(to_lower(input.name));
  // COLUMN may name one that was constant then.
  std::vector<std::string> no_features;
  if (!data.label.empty()) no_features.push_back(data.label);
  for (const ColumnFeature& feature : TRY(read_columns(data.columns, columns, no_features))) {
    if (feature.is_bare()) kept.insert(to_lower(feature.column));
    for (const std::string& name : feature.function.columns()) kept.insert(to_lower(name));
  }
  kept.insert(to_lower(data.label));
  for (const auto& [_, name] : data.roles.given()) kept.insert(to_lower(name));
  for (const arrow::Field& field : columns.fields)
    if (!kept.contains(to_lower(field.name))) data.excluded.push_back(field.name);
  return {};
}

Result<HeldRows> read_folds(const TrainRequest& request, uint64_t seed, flow::RunContext& context) {
  auto read = read_training_rows(request, seed, context);
  if (!read) return fail(std::move(read).error());
  auto rows = hold_rows(read->data, read->fold_plan(request), seed);
  if (!rows) return fail(std::move(rows).error()).at(request.folds.place);
  return rows;
}

}  // namespace

Result<FoldScores> evaluate_folds(const ModelQuery& query, const FoldedEvaluation& asked, const Trainers& trainers,
                                  flow::RunContext& context) {
  const OpenModelQuery open = TRY(bind_model_query(query, context));
  const ModelPackage& package = open.model->package();
  TrainRequest request = TRY(recipe_of(package, asked.model, trainers));
  request.query = query.query;
  request.query_place = query.place;
  request.clause.label = asked.label;
  if (asked.label) request.data.label = asked.label->text;
  request.folds = asked.folds;
  if (auto excluded = exclude_others(package, *open.columns, request); !excluded)
    return fail(std::move(excluded).error()).at(query.place);

  const uint64_t seed = request.seed.value_or(context.seed());
  const HeldRows rows = TRY(read_folds(request, seed, context));
  FoldScores out{.task = rows.task};
  out.folds = TRY(score_folds(request, rows, seed, context));
  for (HeldOutScore& score : out.folds) {
    score.scored.threshold = asked.threshold;
    out.rows.push_back(has_label(out.task) ? score.scored.rows() : score.unlabelled.rows);
  }
  return out;
}

}  // namespace sinan::ml

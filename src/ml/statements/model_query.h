// What PREDICT, EVALUATE and EXPLAIN have in common: a query whose rows a model scores. Checked against each other before
// anything runs, as far as both are known then, and bound for good in run().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/batch.h"
#include "arrow/stream.h"
#include "flow/clause_query.h"
#include "flow/statement_kind.h"
#include "ml/model.h"
#include "ml/planned_model.h"
#include "ml/scoring.h"
#include "sql/clause.h"

namespace sinan::ml {

using flow::parse_clause_statement;
using flow::ParsedClause;
using flow::target_table;

struct ModelQuery {
  std::string query;
  Span place;
  std::string model;  // as the user wrote it
  Span model_place;
  ModelSignature signature;              // as known in check()
  std::optional<arrow::Schema> columns;  // of the query, when known before the run
  sql::Analysis analysis;
};
// Errors: of the query, the model's name, features missing or of another type (at the model's name).
Result<ModelQuery> check_model_query(const sql::Name& model, flow::CheckContext& context);

// Model and query opened for one run. `columns` is the schema of `rows`.
struct OpenModelQuery {
  std::shared_ptr<const Model> model;
  std::unique_ptr<arrow::BatchStream> rows;
  std::shared_ptr<const arrow::Schema> columns;
  FeaturePlan::Binding binding;
};
Result<OpenModelQuery> open_model_query(const ModelQuery& query, flow::RunContext& context);
// The same without `rows`: the query is described and not run, and the step's session left alone.
Result<OpenModelQuery> bind_model_query(const ModelQuery& query, flow::RunContext& context);

// Adds the query's reads, the model and the tables written to one access.
Access model_query_access(const ModelQuery& query, flow::CheckContext& context, std::vector<ObjectRef> writes);

// Edges from where the query's columns come from. `query_column` empty = from every column that the model uses.
class LineageBuilder {
 public:
  LineageBuilder(const ModelQuery& query, ObjectRef target, std::string_view how)
      : query_(query), edges_(query.analysis, std::move(target), how) {}
  // The target's column holds a column of the query.
  void copy(std::string_view query_column, std::string_view target_column) { edges_.copy(query_column, target_column); }
  // The target's column (empty: the target as a whole) is computed by the model.
  void compute(const Model& model, std::string_view target_column);
  std::vector<catalog::LineageEdge> finish() { return edges_.finish(); }

 private:
  const ModelQuery& query_;
  flow::QueryLineage edges_;
};

}  // namespace sinan::ml

// What statements share that are a clause behind a query (`query TO VERB .. INTO table`): the parsed clause, the query's rows on a
// connection of their own, the table that is replaced, and the lineage edges of its columns.
//
//     return parse_clause_statement(tokens);                             // parse()
//     auto rows = TRY(open_rows(query, place, context));                 // run()
//     TRY(replace_table(table, std::move(batch), context));
//
// Plain functions and values; a stream of open_rows is read by one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/batch.h"
#include "arrow/stream.h"
#include "flow/statement_kind.h"
#include "flow/step.h"
#include "sql/clause.h"

namespace sinan::flow {

// A clause statement after parsing: the clause is all there is.
class ParsedClause final : public Parsed {
 public:
  explicit ParsedClause(sql::Clause clause) : clause_(std::move(clause)) {}
  template <class T>
  const T& as() const {
    return std::get<T>(clause_.body);
  }
  const sql::Clause& clause() const { return clause_; }

 private:
  sql::Clause clause_;
};
Result<std::unique_ptr<Parsed>> parse_clause_statement(sql::Tokens& tokens);

// Reads a query on a connection of its own: it sees what is committed, whatever the step writes. Cancelling the run
// interrupts it. `place` is where the query stands in the program: errors are placed there, now and while reading.
Result<std::unique_ptr<arrow::BatchStream>> open_rows(std::string_view query, Span place, RunContext& context);

// The target of a clause as the engine wants it. Errors (kProgram, at the name): too many parts.
Result<engine::TableName> target_table(const sql::Name& name);
// The table holds these rows, in the step's transaction, and nothing else. Returns the rows written.
Result<int64_t> replace_table(const engine::TableName& table, arrow::Batch rows, RunContext& context);

// Edges from where a query's columns come from to the columns of a target.
class QueryLineage {
 public:
  // `analysis` (of the query) must outlive this; `how` is the edge's verb: "predict".
  QueryLineage(const sql::Analysis& analysis, ObjectRef target, std::string_view how)
      : analysis_(analysis), target_(std::move(target)), how_(how) {}
  // The target's column (empty: the target as a whole) holds, or is computed from, a column of the query.
  void copy(std::string_view query_column, std::string_view target_column);
  // The same from an object that is no table of the query: a model.
  void read(const ObjectRef& from, std::string_view target_column);
  // Sorted, each once.
  std::vector<catalog::LineageEdge> finish();

 private:
  const sql::Analysis& analysis_;
  ObjectRef target_;
  std::string how_;
  std::vector<catalog::LineageEdge> edges_;
};

}  // namespace sinan::flow

#include "flow/clause_query.h"

#include <algorithm>

#include "base/strings.h"
#include "flow/plain_sql.h"

namespace sinan::flow {
namespace {

// Large enough that a batch's fixed costs vanish, small enough that a dozen of them are little memory.
constexpr size_t kBatchRows = 16384;

class QueryRows final : public arrow::BatchStream {
 public:
  QueryRows(std::unique_ptr<engine::Session> session, Span place, const CancelToken& cancel)
      : session_(std::move(session)), place_(place), stop_(cancel, [this] { session_->interrupt(); }) {}
  Status start(std::string_view query) {
    auto rows = session_->query(query, {.batch_rows = kBatchRows});
    if (!rows.has_value()) return fail(placed(std::move(rows).error()));
    rows_ = *std::move(rows);
    return {};
  }
  const std::shared_ptr<const arrow::Schema>& schema() const override { return rows_->schema(); }
  Result<std::optional<arrow::Batch>> next() override {
    auto batch = rows_->next();
    if (!batch.has_value()) return fail(placed(std::move(batch).error()));
    return batch;
  }

 private:
  // The engine's places are in the query's own text.
  Error placed(Error error) const {
    if (error.span) error.span = Span{place_.begin + error.span->begin, place_.begin + error.span->end};
    return std::move(error).at(place_);
  }

  std::unique_ptr<engine::Session> session_;
  Span place_;
  CancelAction stop_;
  std::unique_ptr<arrow::BatchStream> rows_;
};

}  // namespace

Result<std::unique_ptr<Parsed>> parse_clause_statement(sql::Tokens& tokens) {
  return std::make_unique<ParsedClause>(TRY(sql::parse_clause(tokens)));
}

Result<std::unique_ptr<arrow::BatchStream>> open_rows(std::string_view query, Span place, RunContext& context) {
  auto rows = std::make_unique<QueryRows>(TRY(context.connect()), place, context.cancel());
  TRY(rows->start(query));
  return rows;
}

Result<engine::TableName> target_table(const sql::Name& name) {
  std::vector<std::string> parts;
  for (const std::string_view part : split_on(name.text, '.')) parts.emplace_back(part);
  auto table = engine::TableName::from_parts(parts);
  if (!table.has_value()) return fail(std::move(table).error()).at(name.span);
  return table;
}

Result<int64_t> replace_table(const engine::TableName& table, arrow::Batch rows, RunContext& context) {
  auto schema = rows.shared_schema();
  std::vector<arrow::Batch> batches;
  if (rows.rows() > 0) batches.push_back(std::move(rows));
  const auto stream = arrow::make_stream(std::move(schema), std::move(batches));
  return context.session().ingest(table, *stream, engine::IngestMode::kReplace);
}

void QueryLineage::copy(std::string_view query_column, std::string_view target_column) {
  const catalog::LineageNode to{target_, std::string(target_column)};
  const auto add_tables = [&] {
    for (const ObjectRef& from : analysis_.access.reads)
      if (from != target_) edges_.push_back({{from, {}}, to, how_});
  };
  if (!analysis_.columns) return add_tables();
  for (const sql::ColumnLineage& column : *analysis_.columns) {
    if (!equals_ignore_case(column.column, query_column)) continue;
    if (column.unknown) return add_tables();
    for (const sql::ColumnSource& source : column.sources) {
      edges_.push_back({{source_object(analysis_.access, source), source.column}, to, how_});
    }
    return;
  }
}

void QueryLineage::read(const ObjectRef& from, std::string_view target_column) {
  edges_.push_back({{from, {}}, {target_, std::string(target_column)}, how_});
}

std::vector<catalog::LineageEdge> QueryLineage::finish() {
  std::sort(edges_.begin(), edges_.end());
  edges_.erase(std::unique(edges_.begin(), edges_.end()), edges_.end());
  return std::move(edges_);
}

}  // namespace sinan::flow

#include "ml/statements/predict_in_engine.h"

#include <atomic>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace sinan::ml {
namespace {

FeaturePlan::Binding in_order(const FeaturePlan& plan) {
  FeaturePlan::Binding binding;
  binding.columns.resize(plan.inputs().size());
  std::iota(binding.columns.begin(), binding.columns.end(), size_t{0});
  return binding;
}

// Takes the plan's inputs, gives the predictions.
class ScoreFunction final : public engine::ScalarFunction {
 public:
  static Result<std::shared_ptr<ScoreFunction>> make(std::shared_ptr<const Model> model, PredictionOptions options,
                                                     CancelToken cancel, flow::Progress& progress) {
    const PredictionBuilder builder = TRY(PredictionBuilder::make(*model, options));
    // The engine remembers every type of result: only as many as there are combinations of types, whatever the names.
    auto result = std::make_shared<arrow::Schema>(*builder.schema());
    for (size_t i = 0; i < result->size(); ++i) result->fields[i].name = fmt::format("field_{}", i + 1);
    std::shared_ptr<ScoreFunction> function(
        new ScoreFunction(std::move(model), std::move(options), std::move(result), std::move(cancel), progress));
    return function;
  }

  const std::shared_ptr<const arrow::Schema>& result() const override { return result_; }
  // The query's columns were bound to the plan before the call was written.
  Status check(const arrow::Schema&) const override { return {}; }
  Result<std::unique_ptr<engine::FunctionWorker>> make_worker(const arrow::Schema&) const override {
    return std::make_unique<Worker>(*this, TRY(PredictionBuilder::make(*model_, options_)));
  }
  int64_t rows() const { return rows_; }

 private:
  class Worker final : public engine::FunctionWorker {
   public:
    Worker(const ScoreFunction& function, PredictionBuilder builder)
        : function_(function),
          encoder_(function.model_->package().plan, in_order(function.model_->package().plan)),
          builder_(std::move(builder)) {}
    Result<arrow::Batch> call(const arrow::Batch& inputs) override {
      TRY(function_.cancel_.check());
      const MatrixBlock block = TRY(encoder_.encode(inputs));
      arrow::Batch scored = TRY(builder_.build(block));
      const auto rows = static_cast<int64_t>(inputs.rows());
      function_.progress_.rows(function_.rows_.fetch_add(rows) + rows);
      return scored;
    }

   private:
    const ScoreFunction& function_;
    FeatureEncoder encoder_;
    PredictionBuilder builder_;
  };

  ScoreFunction(std::shared_ptr<const Model> model, PredictionOptions options,
                std::shared_ptr<const arrow::Schema> result, CancelToken cancel, flow::Progress& progress)
      : model_(std::move(model)),
        options_(std::move(options)),
        result_(std::move(result)),
        cancel_(std::move(cancel)),
        progress_(progress) {}

  std::shared_ptr<const Model> model_;  // shared: a statement's check may keep the function beyond its handle
  PredictionOptions options_;
  std::shared_ptr<const arrow::Schema> result_;
  CancelToken cancel_;
  flow::Progress& progress_;
  mutable std::atomic<int64_t> rows_ = 0;
};

std::string column_name(size_t i) { return fmt::format("c{}", i); }

// All columns of the query by position: its own names may be given twice, or be the ones used here.
std::string column_names(size_t count) {
  std::string names;
  for (size_t i = 0; i < count; ++i) names += (i > 0 ? ", " : "") + column_name(i);
  return names;
}

// The statement, and where the query stands in it.
struct Scoring {
  std::string sql;
  size_t query_at = std::string::npos;
};

Scoring scoring_statement(const engine::Dialect& dialect, const engine::FunctionHost& functions,
                          const engine::FunctionHandle& score, const ModelQuery& query, const OpenModelQuery& open,
                          const std::vector<size_t>& keep, const std::vector<arrow::Field>& added,
                          const engine::TableName& table) {
  std::string select = "SELECT ";
  for (const size_t i : keep)
    select += fmt::format("{} AS {}, ", column_name(i), dialect.identifier((*open.columns)[i].name));
  for (size_t i = 0; i < added.size(); ++i) {
    select += fmt::format("{}{} AS {}", i > 0 ? ", " : "", added.size() == 1 ? "scored" : functions.field("scored", i),
                          dialect.identifier(added[i].name));
  }
  std::vector<std::string> inputs;
  for (const size_t i : open.binding.columns) inputs.push_back(column_name(i));
  select += fmt::format("\nFROM (SELECT *, {} AS scored FROM (\n", score.call(inputs));
  const size_t query_at = select.size();
  // On lines of its own: the query may end in a comment.
  select += fmt::format("{}\n) AS source({}))", query.query, column_names(open.columns->size()));

  Scoring out{dialect.create_table_as(table, select, true, true), std::string::npos};
  if (const size_t at = out.sql.find(select); at != std::string::npos) out.query_at = at + query_at;
  return out;
}

// A place in the statement becomes one in the program; outside of the query it is of no use.
Error in_program(Error error, const Scoring& scoring, const ModelQuery& query) {
  const std::optional<Span> span = std::exchange(error.span, std::nullopt);
  const bool inside = span && scoring.query_at != std::string::npos && span->begin >= scoring.query_at &&
                      span->end <= scoring.query_at + query.query.size();
  if (inside) {
    const auto shift = [&](uint32_t at) { return static_cast<uint32_t>(at - scoring.query_at + query.place.begin); };
    error.span = Span{shift(span->begin), shift(span->end)};
  }
  return error;
}

Status make_schema(const engine::TableName& table, flow::RunContext& context) {
  const engine::Dialect& dialect = context.engine().dialect();
  if (table.schema.empty() || table.schema == dialect.default_schema()) return {};
  const engine::TableName schema{.catalog = {}, .schema = table.catalog, .table = table.schema};
  TRY(context.session().execute("CREATE SCHEMA IF NOT EXISTS " + dialect.table(schema)));
  return {};
}

}  // namespace

std::string described_predictions(const engine::Dialect& dialect, std::string_view query, const arrow::Schema& columns,
                                  const std::vector<size_t>& keep, const std::vector<arrow::Field>& added) {
  std::string select = "SELECT ";
  for (const size_t i : keep) select += fmt::format("{} AS {}, ", column_name(i), dialect.identifier(columns[i].name));
  for (size_t i = 0; i < added.size(); ++i) {
    select += fmt::format("{}CAST(NULL AS {}) AS {}", i > 0 ? ", " : "", dialect.type_name(added[i].type),
                          dialect.identifier(added[i].name));
  }
  return select + fmt::format("\nFROM (\n{}\n) AS source({})", query, column_names(columns.size()));
}

Result<int64_t> predict_in_engine(engine::FunctionHost& functions, const ModelQuery& query, const OpenModelQuery& open,
                                  const PredictionOptions& options, const std::vector<size_t>& keep,
                                  const engine::TableName& table, flow::RunContext& context) {
  const ModelPackage& package = open.model->package();
  const auto added = prediction_fields(package, options);
  const auto function = TRY(ScoreFunction::make(open.model, options, context.cancel(), context.progress()));
  const engine::FunctionHandle score = TRY(functions.add(function));
  const Scoring scoring =
      scoring_statement(context.engine().dialect(), functions, score, query, open, keep, added, table);
  TRY(make_schema(table, context));
  auto written = context.session().execute(scoring.sql);
  if (!written.has_value()) return fail(in_program(std::move(written).error(), scoring, query));
  return *written >= 0 ? *written : function->rows();
}

}  // namespace sinan::ml

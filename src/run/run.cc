#include "run/run.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/strings.h"
#include "flow/clause_query.h"
#include "flow/project.h"
#include "run/allowed_program.h"
#include "run/program.h"
#include "run/run_tables.h"

namespace sinan::run {
namespace {

// What check() has decided.
struct Request {
  sql::Run clause;
  std::string query;
  Span query_place;
  const Program* program = nullptr;
  Arguments arguments;
  std::string table_query;  // of the program's table argument; empty = none
  std::vector<ObjectRef> table_reads;
  RunTables tables;
  std::vector<arrow::Schema> outputs;  // empty = not known yet
  sql::Analysis analysis;
  Access access;
  std::string text;
};

std::vector<std::string> program_names() {
  std::vector<std::string> names;
  for (const Program* program : programs()) names.emplace_back(program->name());
  return names;
}

// Null when none of that name is built in.
const Program* find_built_in(const sql::Run& clause) {
  if (clause.command.empty()) return nullptr;
  for (const Program* program : programs())
    if (program->name() == clause.command.front().text) return program;
  return nullptr;
}

Failure unknown_program(const sql::Run& clause, const std::vector<Config::Program>& allowed) {
  std::vector<std::string> names = program_names();
  const std::string built_in = join(names, ", ");
  if (clause.command.empty()) {
    return fail(
               Code::kUnsupported,
               fmt::format("TO RUN without CMD starts what sinan.toml allows for the image: \"{}\"", clause.image.text),
               fmt::format("allow it in [programs] of sinan.toml; built in are CMD \"program\" with {}", built_in))
        .at(clause.image.span);
  }
  const sql::Name& name = clause.command.front();
  for (const Config::Program& program : allowed) names.push_back(program.name);
  const std::string near = did_you_mean(name.text, names);
  return fail(Code::kUnsupported,
              fmt::format("no program of that name is built in, nor allowed in sinan.toml: \"{}\"", name.text),
              near.empty() ? fmt::format("built in are {}; allow others in [programs] of sinan.toml", built_in) : near)
      .at(name.span);
}

Status count_tables(const Program& program, const sql::Run& clause) {
  const size_t wanted = program.output_count();
  if (clause.into.size() == wanted) return {};
  const std::string tables = wanted == 1 ? "1 table" : fmt::format("{} tables", wanted);
  if (clause.into.empty()) {
    return fail(Code::kProgram, fmt::format("{} writes {}: INTO is missing", program.name(), tables),
                fmt::format("write INTO and {} behind CMD", wanted == 1 ? "a table" : tables))
        .at(clause.command.front().span);
  }
  const bool many = clause.into.size() > wanted;
  return fail(Code::kProgram, fmt::format("{} writes {}, INTO names {}", program.name(), tables, clause.into.size()),
              many ? "remove this one" : "name them all, with commas between them")
      .at(many ? clause.into[wanted].span : clause.into.back().span);
}

class RunStep final : public flow::Step {
 public:
  explicit RunStep(Request request) : request_(std::move(request)) {}

  const Access& access() const override { return request_.access; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("run 1").add(request_.query).add(request_.text).finish();
  }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    const Program& program = *request_.program;
    const Arguments& arguments = request_.arguments;
    context.progress().stage("running");
    auto rows = TRY(flow::open_rows(request_.query, request_.query_place, context));
    TRY(program.check_query(arguments, *rows->schema()));
    std::unique_ptr<arrow::BatchStream> table;
    if (!request_.table_query.empty()) {
      table = TRY(open_table(context));
      TRY(program.check_table(arguments, *table->schema()));
    }
    Counted counted(*rows, context.progress());
    const std::vector<arrow::Batch> results =
        TRY(program.run({arguments, counted, table.get(), request_.query_place, context.cancel()}));
    table.reset();
    rows.reset();
    context.progress().stage("writing");
    return TRY(write(results, counted.total(), context));
  }

 private:
  // Tells the progress what has been read.
  class Counted final : public arrow::BatchStream {
   public:
    Counted(arrow::BatchStream& rows, flow::Progress& progress) : rows_(rows), progress_(progress) {}
    const std::shared_ptr<const arrow::Schema>& schema() const override { return rows_.schema(); }
    Result<std::optional<arrow::Batch>> next() override {
      auto batch = TRY(rows_.next());
      if (batch) progress_.rows(total_ += static_cast<int64_t>(batch->rows()));
      return batch;
    }
    int64_t total() const { return total_; }

   private:
    arrow::BatchStream& rows_;
    flow::Progress& progress_;
    int64_t total_ = 0;
  };

  Result<std::unique_ptr<arrow::BatchStream>> open_table(flow::RunContext& context) const {
    const Span place = request_.arguments.place(request_.program->table_argument());
    auto table = flow::open_rows(request_.table_query, place, context);
    if (table.has_value()) return table;
    Error error = std::move(table).error();
    error.span = place;  // the engine's place is in a text that the program does not have
    return fail(std::move(error));
  }

  Result<flow::Outcome> write(const std::vector<arrow::Batch>& results, int64_t rows_read,
                              flow::RunContext& context) const {
    flow::Outcome outcome;
    outcome.rows_read = rows_read;
    outcome.rows_written = 0;
    for (size_t i = 0; i < results.size(); ++i) {
      const int64_t written = TRY(flow::replace_table(request_.tables.names[i], results[i], context));
      outcome.rows_written += written;
      outcome.messages.push_back(wrote(written, request_.tables.names[i]));
    }
    for (const ObjectRef& target : request_.tables.targets) {
      flow::QueryLineage edges(request_.analysis, target, "run");
      for (const std::string& column : request_.program->columns_read(request_.arguments)) edges.copy(column, {});
      for (const ObjectRef& table : request_.table_reads) edges.read(table, {});
      for (catalog::LineageEdge& edge : edges.finish()) outcome.lineage.push_back(std::move(edge));
    }
    return outcome;
  }

  Request request_;
};

Status check_columns(Request& request, flow::CheckContext& context) {
  const Program& program = *request.program;
  const auto query = TRY(context.describe(request.query, request.query_place));
  if (query) TRY(program.check_query(request.arguments, *query));
  request.outputs = program.outputs(request.arguments, query.value_or(arrow::Schema()));
  request.analysis = context.analysis(request.query, request.query_place);
  request.access = context.analyze(request.query, request.query_place);

  const std::string_view argument = program.table_argument();
  if (argument.empty() || !request.arguments.given(argument)) return {};
  const Span place = request.arguments.place(argument);
  const engine::TableName table = TRY(flow::target_table({request.arguments.text(argument), place}));
  request.table_query = "SELECT * FROM " + context.engine().dialect().table(table);
  if (const auto columns = TRY(context.describe(request.table_query, place)))
    TRY(program.check_table(request.arguments, *columns));
  const Access more = context.analyze(request.table_query, place);
  request.table_reads = more.reads;
  request.access.reads.insert(request.access.reads.end(), more.reads.begin(), more.reads.end());
  if (!request.access.barrier) request.access.barrier = more.barrier;
  return {};
}

}  // namespace

flow::Help Run::help() const {
  return {
      .summary = "Hand the rows of a query to a program and keep the tables it answers with.",
      .synopsis = "query TO RUN image CMD \"program\" [, \"--argument=value\", ...] INTO [schema.]table [, ...]",
      .details =
          "Programs that are built in, under any image's name:\n\n"
          "binning.py --columns=a,b [--bin_method=bucket|log_bucket] --bin_num=5 [--reverse_cumsum]: statistics and "
          "bins of each\n"
          "column, as (name, min, max, mean, median, std, bin_boundaries, bin_prob, bin_cumsum_prob). "
          "--bin_input_table=table\n"
          "takes the boundaries from such a table instead of --bin_num.\n"
          "two_dim_binning.py: the same of two columns; then (bin_1, bin_2, prob) and (bin_1, bin_2, cumsum_prob).\n"
          "psi.py --refer_stats_table=table [--bin_prob_column=bin_prob]: the population stability index between "
          "the query's\n"
          "(name, bin_prob) and the table's, as (name, psi).\n"
          "extract_ts_features.py --column_id=series --column_time=t --columns_value=a,b --windows=7,30 [--lag_num=1] "
          "[--min_window=0]\n"
          "[--extract_setting=minimal|efficient|comprehensive]: for each row, features of the windows that end "
          "there.\n\n"
          "Programs and images that [programs] of sinan.toml allows run in a sandbox or a container: rows in "
          "input/rows.csv, "
          "tables\n"
          "out of output/<table>.csv or .arrow.\n\n"
          "All tables are replaced in one commit.",
      .example =
          "SELECT * FROM sales TO RUN tools/prep:2.1 CMD \"binning.py\", \"--columns=qty\", \"--bin_num=8\" "
          "INTO out.bins;",
  };
}

Result<std::unique_ptr<flow::Parsed>> Run::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return flow::parse_clause_statement(tokens);
}

Result<std::unique_ptr<flow::Step>> Run::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& statement = static_cast<const flow::ParsedClause&>(parsed);
  Request request;
  request.clause = statement.as<sql::Run>();
  request.query = std::string(context.statement().query());
  request.query_place = context.statement().text.standard;
  request.text = sql::to_string(statement.clause());
  request.program = find_built_in(request.clause);
  if (request.program == nullptr) {
    const Config config = TRY(flow::read_config(io::real_file_system(), context.project_folder()));
    if (const auto allowed = find_allowed(config.programs, request.clause))
      return check_allowed(*allowed, request.clause, context);
    return unknown_program(request.clause, config.programs);
  }
  const Program& program = *request.program;
  request.arguments = TRY(Arguments::read(program.arguments(), request.clause.command));
  for (const ArgumentSpec& spec : program.arguments()) {
    if (spec.type == ArgumentType::kIgnored && request.arguments.given(spec.name))
      context.warn(fmt::format("--{} has no effect here: {}", spec.name, spec.doc), request.arguments.place(spec.name));
  }
  TRY(program.check_arguments(request.arguments));
  TRY(count_tables(program, request.clause));
  TRY(check_columns(request, context));
  request.tables = TRY(check_tables(request.clause, request.outputs, request.access, context));
  return std::make_unique<RunStep>(std::move(request));
}

}  // namespace sinan::run

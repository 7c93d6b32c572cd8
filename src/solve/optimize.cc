#include "solve/optimize.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/strings.h"
#include "flow/clause_query.h"
#include "solve/attributes.h"
#include "solve/build.h"
#include "solve/conflict.h"
#include "solve/formula.h"
#include "solve/report.h"
#include "solve/solver.h"
#include "solve/table.h"

namespace sinan::solve {
namespace {

// How long an infeasible problem is looked into.
constexpr double kExplainSeconds = 20;
constexpr size_t kShown = 6;  // constraints or variables that an error names

struct ReportTable {
  std::string name;  // summary, constraints, variables
  engine::TableName table;
};

// What check() has decided.
struct Request {
  sql::Optimize clause;
  std::string query;
  Span query_place;
  std::string program;  // for the words of the formulas
  Settings settings;
  engine::TableName table;
  ObjectRef target;
  std::vector<ReportTable> reports;
  sql::Analysis analysis;
  Access access;
  std::string text;
};

SolverOptions options_of(const Settings& settings) {
  return {.gap = settings.gap,
          .absolute_gap = settings.absolute_gap,
          .time_limit = settings.time_limit,
          .method = settings.method,
          .presolve = settings.presolve};
}

// --- why there is no answer ---

std::string listed(const std::vector<std::string>& items, size_t total) {
  std::string out = join(items, "; ");
  if (total > items.size()) out += fmt::format("; and {} more", total - items.size());
  return out;
}

std::string domains_of(const Settings& settings) {
  std::vector<std::string> parts;
  for (const Family& family : settings.families)
    parts.push_back(fmt::format("{}: {}", family.name, family.domain->name));
  return join(parts, ", ");
}

Failure infeasible(const Conflict& conflict, const Built& built, const Problem& problem, const Settings& settings,
                   const Table& table) {
  const size_t count = conflict.members.size();
  if (count == 0) {
    return fail(Code::kData, "the problem is infeasible: the types and bounds of the variables leave no values",
                fmt::format("variables are of {}", domains_of(settings)))
        .at(settings.families[0].place);
  }
  std::vector<std::string> named;
  for (const Conflict::Member& member : conflict.members) {
    if (named.size() == kShown) break;
    named.push_back(built.instance(member.condition, member.instance, problem, table));
  }
  const std::string_view who = conflict.whole_numbers ? "whole " : "";
  std::string message;
  if (!conflict.irreducible) {
    message = fmt::format("the problem is infeasible: no {}values meet {} of its constraints together: {}", who, count,
                          listed(named, count));
  } else if (count == 1) {
    message = fmt::format("the problem is infeasible: no {}values meet this constraint: {}", who, named[0]);
  } else {
    message = fmt::format("the problem is infeasible: these {} constraints contradict each other{}: {}", count,
                          conflict.whole_numbers ? " for whole numbers" : "", listed(named, count));
  }
  std::string hint = conflict.irreducible
                         ? fmt::format("{} is enough; the variables are of {}",
                                       count == 1 ? "changing it" : "changing any one of them", domains_of(settings))
                         : std::string("time ran out before the set could be made as small as possible");
  if (conflict.bounds_hold) hint += "; constraints for single variables hold besides";
  return fail(Code::kData, std::move(message), std::move(hint))
      .at(problem.conditions[conflict.members[0].condition].span);
}

// The variables that grow along the ray, the fastest first.
std::string direction(const std::vector<double>& ray, const Built& built, const Problem& problem,
                      const Settings& settings, const Table& table) {
  std::vector<std::pair<double, size_t>> moving;
  const FamilyColumns& last = built.families.back();
  for (size_t i = 0; i < std::min(ray.size(), last.first + last.count); ++i)
    if (std::abs(ray[i]) > 1e-9) moving.emplace_back(-std::abs(ray[i]), i);
  std::ranges::sort(moving);  // equal ones by their place
  if (moving.empty()) return {};
  const double unit = -moving.front().first;
  std::vector<std::string> named;
  for (const auto& [speed, column] : moving) {
    if (named.size() == kShown) break;
    named.push_back(fmt::format("{} {:+.4g}", built.variable(column, problem, settings, table), ray[column] / unit));
  }
  return listed(named, moving.size());
}

Failure unbounded(const std::vector<double>& ray, const Built& built, const Problem& problem, const Settings& settings,
                  const Table& table) {
  const std::string along = direction(ray, built, problem, settings, table);
  return fail(Code::kData,
              along.empty()
                  ? "the problem is unbounded: the objective gets better without end"
                  : fmt::format("the problem is unbounded: the objective gets better without end along {}", along),
              "limit these variables: a constraint, upper= or lower=, or another var_type")
      .at(problem.objective.span);
}

class OptimizeStep final : public flow::Step {
 public:
  explicit OptimizeStep(Request request) : request_(std::move(request)) {}

  const Access& access() const override { return request_.access; }
  flow::Budget budget() const override { return {.least_threads = 1, .most_threads = 1}; }
  std::optional<Fingerprint> fingerprint() const override {
    if (request_.settings.time_limit) return std::nullopt;  // what is found in time may differ
    return FingerprintBuilder().add("optimize 1").add(request_.query).add(request_.text).finish();
  }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    context.progress().stage("reading");
    auto rows = TRY(flow::open_rows(request_.query, request_.query_place, context));
    const Problem problem = TRY(resolve(request_.clause, request_.settings, *rows->schema(), request_.program));
    const Table table = TRY(Table::read(*rows, problem, request_.query_place, context.cancel()));
    rows.reset();

    context.progress().stage("building");
    Built built = TRY(build(problem, request_.settings, table, context.cancel()));
    context.progress().stage("solving");
    Solver solver = TRY(Solver::make(options_of(request_.settings)));
    Solution solution = TRY(solver.solve(built.model, context.cancel(), &context.progress()));
    TRY(check_verdict(solution, solver, built, problem, table, context));
    built.polish(solution.values);
    solution.objective = built.objective(solution.values);
    const Solution relaxed = TRY(relaxation(solution, solver, built, context));

    context.progress().stage("writing");
    const Solved solved{problem,  request_.settings, table,           built,
                        solution, relaxed.duals,     relaxed.reduced, relaxed.values};
    return TRY(write(solved, solver.version(), context));
  }

 private:
  Status check_verdict(const Solution& solution, Solver& solver, const Built& built, const Problem& problem,
                       const Table& table, flow::RunContext& context) const {
    const Settings& settings = request_.settings;
    switch (solution.verdict) {
      case Verdict::kInfeasible: {
        context.progress().stage("explaining");
        const Conflict conflict = TRY(find_conflict(built, solver, kExplainSeconds, context.cancel()));
        return infeasible(conflict, built, problem, settings, table);
      }
      case Verdict::kUnbounded: {
        context.progress().stage("explaining");
        const std::vector<double> ray = TRY(solver.ray(built.model, context.cancel()));
        return unbounded(ray, built, problem, settings, table);
      }
      default:
        break;
    }
    if (solution.has_values) return {};
    if (solution.verdict == Verdict::kTimeLimit) {
      return fail(Code::kExhausted, "no answer was found within solver.time_limit", "give it more time")
          .at(problem.objective.span);
    }
    return fail(Code::kExhausted, fmt::format("the solver stopped without an answer: {}", solution.words),
                "try solver.method=\"ipm\" or solver.presolve=FALSE")
        .at(problem.objective.span);
  }

  bool wants(std::string_view name) const {
    return std::ranges::any_of(request_.reports, [&](const ReportTable& r) { return r.name == name; });
  }

  // Duals: of the problem itself, or of its relaxation where it has whole numbers and somebody wants to see them.
  Result<Solution> relaxation(const Solution& solution, Solver& solver, const Built& built,
                              flow::RunContext& context) const {
    Solution out;
    if (!built.model.has_integers()) {
      out.values = solution.values;
      out.duals = solution.duals;
      out.reduced = solution.reduced;
      return out;
    }
    if (!wants("constraints") && !wants("variables")) return out;
    Model relaxed = built.model;
    std::ranges::fill(relaxed.integer, uint8_t{0});
    out = TRY(solver.solve(relaxed, context.cancel(), nullptr));
    if (out.verdict != Verdict::kOptimal) return Solution();
    return out;
  }

  Result<flow::Outcome> write(const Solved& solved, const std::string& version, flow::RunContext& context) const {
    flow::Outcome outcome;
    std::vector<arrow::Batch> rows = TRY(result_rows(solved));
    auto schema = rows.front().shared_schema();
    const auto stream = arrow::make_stream(std::move(schema), std::move(rows));
    outcome.rows_read = static_cast<int64_t>(solved.table.rows());
    outcome.rows_written = TRY(context.session().ingest(request_.table, *stream, engine::IngestMode::kReplace));
    for (const ReportTable& report : request_.reports)
      TRY(flow::replace_table(report.table, report_rows(report.name, solved), context));

    tell(solved, version, outcome);
    outcome.tables.push_back(summary_for_screen(solved, "HiGHS " + version));
    outcome.lineage = lineage(solved.problem, solved.table.schema());
    const Model& model = solved.built.model;
    outcome.details = Json::object({{"status", std::string(verdict_text(solved))},
                                    {"objective", solved.solution.objective},
                                    {"gap", relative_gap(solved.solution)},
                                    {"columns", static_cast<int64_t>(model.columns())},
                                    {"rows", static_cast<int64_t>(model.rows())},
                                    {"non_zeros", static_cast<int64_t>(model.entries())},
                                    {"solver_seconds", solved.solution.seconds}});
    return outcome;
  }

  void tell(const Solved& solved, const std::string& version, flow::Outcome& outcome) const {
    const bool maximize = solved.problem.maximize;
    const bool limited = solved.solution.verdict == Verdict::kTimeLimit;
    const std::string_view verb = limited ? "Best found" : maximize ? "Greatest" : "Least";
    outcome.messages.push_back(
        fmt::format("{} {}: {:.10g}.", verb, solved.problem.objective_text, solved.solution.objective));
    outcome.messages.push_back(
        fmt::format("Wrote {} rows into {}.", human_count(solved.table.rows()), request_.table.to_string()));
    if (limited) {
      outcome.messages.push_back(
          fmt::format("solver.time_limit ended the search: no answer is better than {:.10g}.", solved.solution.bound));
    }
    const size_t distinct = solved.table.group(solved.problem.keys[0]).groups();
    if (distinct < solved.table.rows()) {
      outcome.messages.push_back(fmt::format("{} rows have the keys of another row: each has a variable of its own.",
                                             human_count(solved.table.rows() - distinct)));
    }
    if (request_.clause.solver && solved.settings.solver != "highs") {
      outcome.messages.push_back(
          fmt::format("The program asks for {}; HiGHS {} has solved it.", request_.clause.solver->text, version));
    }
    if (solved.built.model.has_integers() && !solved.duals.empty())
      outcome.messages.emplace_back(
          "Duals and reduced costs are those of the problem with whole numbers taken as reals.");
  }

  std::vector<catalog::LineageEdge> lineage(const Problem& problem, const arrow::Schema& columns) const {
    flow::QueryLineage edges(request_.analysis, request_.target, "optimize");
    for (const size_t key : kept_keys(problem)) edges.copy(columns[key].name, columns[key].name);
    std::vector<size_t> used = problem.numeric;
    for (const Condition& condition : problem.conditions)
      if (condition.group_by) used.push_back(*condition.group_by);
    if (used.empty()) used = kept_keys(problem);  // which rows there are
    for (const Family& family : request_.settings.families)
      for (const size_t column : used) edges.copy(columns[column].name, family.column);
    return edges.finish();
  }

  Request request_;
};

}  // namespace

flow::Help Optimize::help() const {
  return {
      .summary = maximize_ ? "Decide one variable for each row of a query, so that an expression is greatest."
                           : "Decide one variable for each row of a query, so that an expression is least.",
      .synopsis = maximize_ ? "query TO MAXIMIZE expression [CONSTRAINT condition [GROUP BY column], ...]\n"
                              "  WITH variables=\"name(key, ...)\", var_type=\"type\" [, attribute=value, ...]\n"
                              "  [USING solver] INTO [schema.]table"
                            : "query TO MINIMIZE expression [CONSTRAINT condition [GROUP BY column], ...]\n"
                              "  WITH variables=\"name(key, ...)\", var_type=\"type\" [, attribute=value, ...]\n"
                              "  [USING solver] INTO [schema.]table",
      .details =
          "The table is replaced: the keys, then the variables' values (BIGINT for whole numbers, else DOUBLE), in the "
          "query's\n"
          "order. Expressions have the query's columns, the variables, + - * / and SUM, AVG, MIN, MAX, COUNT.\n\n"
          "A condition without SUM holds for each row; with SUM for all rows together; with SUM and GROUP BY for each "
          "value of\n"
          "the column. 0 <= x <= 5 and AND are fine. The objective may have squares where that keeps one best "
          "answer.\n\n"
          "var_type: Binary, Integers, Reals, {Positive,Negative,NonPositive,NonNegative}{Integers,Reals}.\n"
          "variables=\"qty(plant, market), open(plant)\": several kinds; those behind the first have one for each "
          "distinct key.\n"
          "lower=, upper=: bounds, a number or a column. solver.gap, solver.time_limit: when to be content.\n"
          "report.tables=\"summary, constraints, variables\": writes these too, as <table>_summary, ... with slacks "
          "and "
          "duals.\n\n"
          "An infeasible problem is explained by constraints that contradict each other and of which none can be left "
          "out; an\n"
          "unbounded one by the variables that grow without end. HiGHS solves it, whichever solver USING names.",
      .example = maximize_
                     ? "SELECT * FROM toys TO MAXIMIZE SUM((price - cost) * made) CONSTRAINT SUM(hours * made) <= "
                       "100, made <= cap WITH variables=\"made(kind)\", var_type=\"NonNegativeIntegers\" INTO out.plan;"
                     : "SELECT * FROM routes TO MINIMIZE SUM(qty * km) CONSTRAINT SUM(qty) <= cap GROUP BY plant, "
                       "SUM(qty) >= need GROUP BY market WITH variables=\"qty(plant,market)\", "
                       "var_type=\"NonNegativeReals\" INTO out.ship;",
  };
}

Result<std::unique_ptr<flow::Parsed>> Optimize::parse(const flow::Statement&, sql::Tokens& tokens) const {
  return flow::parse_clause_statement(tokens);
}

Result<std::unique_ptr<flow::Step>> Optimize::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& statement = static_cast<const flow::ParsedClause&>(parsed);
  const flow::Statement& text = context.statement();
  Request request;
  request.clause = statement.as<sql::Optimize>();
  request.query = std::string(text.query());
  request.query_place = text.text.standard;
  request.program = std::string(text.program.substr(0, text.text.whole.end));
  request.settings = TRY(read_settings(request.clause, text.program));
  request.table = TRY(flow::target_table(request.clause.into));
  request.text = sql::to_string(statement.clause());
  for (const auto& [message, place] : request.settings.warnings) context.warn(message, place);

  const auto columns = TRY(context.describe(request.query, request.query_place));
  request.analysis = context.analysis(request.query, request.query_place);
  std::optional<arrow::Schema> result;
  if (columns) {
    const Problem problem = TRY(resolve(request.clause, request.settings, *columns, request.program));
    for (const auto& [message, place] : problem.warnings) context.warn(message, place);
    result = result_schema(problem, request.settings, *columns);
  }

  const sql::Name& into = request.clause.into;
  request.access = context.analyze(request.query, request.query_place);
  request.target = TRY(context.will_write_table(into.text, result, into.span));
  request.access.writes.push_back(request.target);
  for (const std::string& name : request.settings.tables) {
    const sql::Name table{fmt::format("{}_{}", into.text, name), into.span};
    request.reports.push_back({name, TRY(flow::target_table(table))});
    request.access.writes.push_back(TRY(context.will_write_table(table.text, report_schema(name), into.span)));
  }
  return std::make_unique<OptimizeStep>(std::move(request));
}

}  // namespace sinan::solve

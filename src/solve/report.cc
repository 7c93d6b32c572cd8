#include "solve/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"

namespace sinan::solve {
namespace {

using arrow::double_type;
using arrow::int64_type;
using arrow::string_type;

std::string_view symbol(Comparison comparison) {
  switch (comparison) {
    case Comparison::kLess:
      return "<";
    case Comparison::kLessEqual:
      return "<=";
    case Comparison::kEqual:
      return "=";
    case Comparison::kGreaterEqual:
      return ">=";
    case Comparison::kGreater:
      return ">";
  }
  return "";
}

std::vector<double> activities(const Model& model, const std::vector<double>& values) {
  std::vector<double> out(model.rows(), 0.0);
  const SparseColumns& matrix = model.matrix;
  for (size_t column = 0; column < model.columns(); ++column) {
    for (auto i = static_cast<size_t>(matrix.start[column]); i < static_cast<size_t>(matrix.start[column + 1]); ++i)
      out[static_cast<size_t>(matrix.row[i])] += matrix.value[i] * values[column];
  }
  return out;
}

// Written to the nearest whole number when that is what rounding has missed.
double tidy(double number) {
  const double whole = std::round(number);
  return std::abs(number - whole) <= 1e-9 * std::max(1.0, std::abs(number)) ? whole + 0.0 : number;
}

arrow::Batch constraint_rows(const Solved& solved) {
  arrow::BatchBuilder rows(report_schema("constraints").fields);
  const std::vector<double> activity = activities(solved.built.model, solved.solution.values);
  for (size_t c = 0; c < solved.problem.conditions.size(); ++c) {
    const Condition& condition = solved.problem.conditions[c];
    const Instances& instances = solved.built.conditions[c];
    const bool above =
        condition.comparison != Comparison::kGreater && condition.comparison != Comparison::kGreaterEqual;
    for (size_t i = 0; i < instances.count; ++i) {
      double reached = 0;
      std::optional<double> dual;
      if (instances.as_bounds) {
        const size_t column = instances.first_column + i;
        const double factor = instances.factor[i];
        reached = factor * solved.solution.values[column];
        const double value = solved.reduced.empty() ? NAN : solved.priced[column];
        const auto at = [value](double bound) {
          return std::abs(value - bound) <= 1e-7 * std::max(1.0, std::abs(bound));
        };
        const auto by = static_cast<int32_t>(c);
        const Model& model = solved.built.model;
        const bool tight = (solved.built.lower_by[i] == by && at(model.lower[column])) ||
                           (solved.built.upper_by[i] == by && at(model.upper[column]));
        if (!solved.reduced.empty()) dual = tight ? solved.reduced[column] / factor : 0.0;
      } else {
        const size_t row = instances.first_model_row + i;
        reached = activity[row];
        if (!solved.duals.empty()) dual = solved.duals[row];
      }
      rows.column(0).append(static_cast<int64_t>(c + 1));
      rows.column(1).append(condition.text);
      if (condition.shape == Condition::Shape::kOnce) {
        rows.column(2).append_null();
      } else {
        const size_t row = instances.row(i);
        rows.column(2).append(condition.group_by ? solved.table.label(row, {*condition.group_by})
                                                 : solved.table.label(row, solved.problem.keys[0]));
      }
      rows.column(3).append(symbol(condition.comparison));
      rows.column(4).append(tidy(reached));
      rows.column(5).append(instances.limit[i]);
      rows.column(6).append(tidy(above ? instances.limit[i] - reached : reached - instances.limit[i]));
      if (dual) {
        rows.column(7).append(tidy(*dual));
      } else {
        rows.column(7).append_null();
      }
    }
  }
  return rows.finish();
}

arrow::Batch variable_rows(const Solved& solved) {
  arrow::BatchBuilder rows(report_schema("variables").fields);
  const auto bound = [&rows](size_t column, double value) {
    if (std::isfinite(value)) {
      rows.column(column).append(value);
    } else {
      rows.column(column).append_null();
    }
  };
  for (size_t f = 0; f < solved.built.families.size(); ++f) {
    const FamilyColumns& family = solved.built.families[f];
    for (size_t column = family.first; column < family.first + family.count; ++column) {
      rows.column(0).append(solved.settings.families[f].name);
      rows.column(1).append(solved.table.label(family.row(column), solved.problem.keys[f]));
      rows.column(2).append(solved.solution.values[column]);
      bound(3, solved.built.model.lower[column]);
      bound(4, solved.built.model.upper[column]);
      bound(5, solved.reduced.empty() ? NAN : tidy(solved.reduced[column]));
    }
  }
  return rows.finish();
}

arrow::Batch summary_rows(const Solved& solved) {
  arrow::BatchBuilder rows(report_schema("summary").fields);
  const Model& model = solved.built.model;
  rows.column(0).append(verdict_text(solved));
  rows.column(1).append(tidy(solved.solution.objective));
  rows.column(2).append(tidy(solved.solution.bound));
  rows.column(3).append(relative_gap(solved.solution));
  rows.column(4).append(solved.solution.seconds);
  rows.column(5).append(static_cast<int64_t>(model.columns()));
  rows.column(6).append(static_cast<int64_t>(model.rows()));
  rows.column(7).append(static_cast<int64_t>(model.entries()));
  rows.column(8).append(solved.solution.iterations);
  rows.column(9).append(solved.solution.nodes);
  return rows.finish();
}

}  // namespace

std::vector<size_t> kept_keys(const Problem& problem) {
  std::vector<size_t> out;
  for (const std::vector<size_t>& keys : problem.keys)
    for (const size_t key : keys)
      if (std::ranges::find(out, key) == out.end()) out.push_back(key);
  return out;
}

arrow::Schema result_schema(const Problem& problem, const Settings& settings, const arrow::Schema& query) {
  arrow::Schema out;
  for (const size_t key : kept_keys(problem)) out.fields.push_back(query[key]);
  for (const Family& family : settings.families)
    out.fields.push_back({family.column, family.domain->integer ? int64_type() : double_type()});
  return out;
}

Result<std::vector<arrow::Batch>> result_rows(const Solved& solved) {
  const std::vector<size_t> keys = kept_keys(solved.problem);
  std::vector<arrow::Field> added;
  for (const Family& family : solved.settings.families)
    added.push_back({family.column, family.domain->integer ? int64_type() : double_type()});
  std::vector<arrow::Batch> out;
  size_t row = 0;
  for (const arrow::Batch& batch : solved.table.batches()) {
    arrow::BatchBuilder values(added);
    for (size_t f = 0; f < added.size(); ++f) {
      const FamilyColumns& family = solved.built.families[f];
      const bool whole = solved.settings.families[f].domain->integer;
      for (size_t i = 0; i < batch.rows(); ++i) {
        const double value = solved.solution.values[family.column(row + i)];
        if (!whole) {
          values.column(f).append(value);
        } else if (std::abs(value) < 9.2e18) {
          values.column(f).append(static_cast<int64_t>(value));
        } else {
          return fail(Code::kData, fmt::format("a value is too large for BIGINT: {}", value), "bound the variables");
        }
      }
    }
    out.push_back(TRY(arrow::with_columns(batch, keys, values.finish())));
    row += batch.rows();
  }
  return out;
}

arrow::Schema report_schema(std::string_view table) {
  if (table == "constraints") {
    return {{{"constraint", int64_type()},
             {"text", string_type()},
             {"row_key", string_type()},
             {"comparison", string_type()},
             {"activity", double_type()},
             {"bound", double_type()},
             {"slack", double_type()},
             {"dual", double_type()}}};
  }
  if (table == "variables") {
    return {{{"variable", string_type()},
             {"row_key", string_type()},
             {"value", double_type()},
             {"lower", double_type()},
             {"upper", double_type()},
             {"reduced_cost", double_type()}}};
  }
  return {{{"status", string_type()},
           {"objective", double_type()},
           {"best_possible", double_type()},
           {"gap", double_type()},
           {"seconds", double_type()},
           {"columns", int64_type()},
           {"rows", int64_type()},
           {"non_zeros", int64_type()},
           {"iterations", int64_type()},
           {"nodes", int64_type()}}};
}

arrow::Batch report_rows(std::string_view table, const Solved& solved) {
  if (table == "constraints") return constraint_rows(solved);
  return table == "variables" ? variable_rows(solved) : summary_rows(solved);
}

double relative_gap(const Solution& solution) {
  const double distance = std::abs(solution.objective - solution.bound);
  if (distance <= 1e-9 * std::max(1.0, std::abs(solution.objective))) return 0;
  return solution.objective == 0 ? INFINITY : distance / std::abs(solution.objective);
}

std::string_view verdict_text(const Solved& solved) {
  return solved.solution.verdict == Verdict::kTimeLimit ? "time limit" : "optimal";
}

flow::ResultTable summary_for_screen(const Solved& solved, std::string_view solver) {
  arrow::BatchBuilder rows({{"measure", string_type()}, {"value", string_type()}});
  const auto put = [&rows](std::string_view name, std::string_view value) {
    rows.column(0).append(name);
    rows.column(1).append(value);
  };
  const Model& model = solved.built.model;
  const auto count = [](size_t n) { return human_count(n); };
  put("status", verdict_text(solved));
  put("objective", fmt::format("{:.10g}", tidy(solved.solution.objective)));
  if (model.has_integers()) {
    put("best possible", fmt::format("{:.10g}", tidy(solved.solution.bound)));
    put("gap", fmt::format("{:.4g} %", 100 * relative_gap(solved.solution)));
    put("nodes", count(static_cast<size_t>(solved.solution.nodes)));
  }
  put("columns", count(model.columns()));
  put("rows", count(model.rows()));
  put("non-zeros", count(model.entries()));
  put("iterations", count(static_cast<size_t>(solved.solution.iterations)));
  put("time", human_duration(std::chrono::nanoseconds(static_cast<int64_t>(solved.solution.seconds * 1e9))));
  put("solver", solver);
  return {"Report", rows.finish()};
}

}  // namespace sinan::solve

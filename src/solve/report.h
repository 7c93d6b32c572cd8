// What a solved problem leaves behind: the result table, and on request a summary, a row for each constraint and one for each variable.
// Pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "arrow/batch.h"
#include "arrow/type.h"
#include "base/error.h"
#include "flow/outcome.h"
#include "solve/build.h"
#include "solve/solver.h"

namespace sinan::solve {

// A problem with everything that became of it. `duals` are of the relaxation where the problem has whole numbers.
struct Solved {
  const Problem& problem;
  const Settings& settings;
  const Table& table;
  const Built& built;
  const Solution& solution;  // values polished
  // Of the rows and of the columns; empty when there are none. They belong to the answer `priced`.
  const std::vector<double>& duals;
  const std::vector<double>& reduced;
  const std::vector<double>& priced;
};

// The columns of the query that the result keeps: the keys of all families, each once, the first family's first.
std::vector<size_t> kept_keys(const Problem& problem);
// Keys, then a column for each family: BIGINT for whole numbers, else DOUBLE.
arrow::Schema result_schema(const Problem& problem, const Settings& settings, const arrow::Schema& query);
// The rows of the query in their order. Errors: kData for a whole number beyond 64 bits.
Result<std::vector<arrow::Batch>> result_rows(const Solved& solved);

// summary, constraints or variables.
arrow::Schema report_schema(std::string_view table);
arrow::Batch report_rows(std::string_view table, const Solved& solved);

double relative_gap(const Solution& solution);
std::string_view verdict_text(const Solved& solved);  // "optimal", "time limit"
// "measure", "value": for the screen.
flow::ResultTable summary_for_screen(const Solved& solved, std::string_view solver);

}  // namespace sinan::solve

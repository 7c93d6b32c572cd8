// Problems for tests, without an engine: rows as columns of numbers, a clause as text, taken through all of the room.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "arrow/builder.h"
#include "solve/build.h"
#include "solve/solver.h"
#include "sql/clause.h"

namespace sinan::solve {

using Rows = std::map<std::string, std::vector<double>>;

struct Run {
  sql::Optimize clause;
  Settings settings;
  Problem problem;
  Table table;
  Built built;
};

// The batch that a query with these columns would give: columns of whole numbers as BIGINT.
arrow::Batch batch_of(const Rows& rows);
// Everything before the solver. `text` begins with TO.
Result<Run> prepare(const std::string& text, const Rows& rows);

// The formulas' meaning, told once more and as simply as can be: by walking the parsed words row by row. `values` are the
// variables' by family and row; a family named "w" has one value for each value of the column g, and counts once in a SUM.
class Naive {
 public:
  Naive(const sql::Optimize& clause, const Rows& rows) : clause_(clause), rows_(rows) {}
  double objective(const Rows& values) const;
  // How many times a constraint holds: rows, groups or once.
  size_t instances(size_t constraint) const;
  bool holds(size_t constraint, size_t instance, const Rows& values) const;
  bool holds(const Rows& values) const;

 private:
  double evaluate(const sql::Expr& expr, const std::vector<size_t>& among, size_t row, const Rows& values) const;
  double aggregate(const sql::Expr& call, const std::vector<size_t>& among, const Rows& values) const;
  std::vector<std::vector<size_t>> groups(const sql::Constraint& constraint) const;
  std::vector<size_t> all() const;

  const sql::Optimize& clause_;
  const Rows& rows_;
};

}  // namespace sinan::solve

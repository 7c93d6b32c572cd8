// From rows to the program that the solver takes: the families of variables become columns, the conditions rows or bounds, the
// objective costs; and back: which column, row or bound stands for what.
//
// Everything is linear in the rows (MIN and MAX: in the rows of their groups). Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "solve/attributes.h"
#include "solve/form.h"
#include "solve/formula.h"
#include "solve/model.h"
#include "solve/table.h"

namespace sinan::solve {

// The columns of a family: `first + of_row[row]` for a row; the first family has one a row and no list.
struct FamilyColumns {
  size_t first = 0;
  size_t count = 0;
  std::vector<uint32_t> of_row;
  std::vector<uint32_t> first_row;  // of each column; empty: its own row
  size_t column(size_t row) const { return first + (of_row.empty() ? row : of_row[row]); }
  size_t row(size_t column) const { return first_row.empty() ? column - first : first_row[column - first]; }
};

// What became of a condition: `activity comparison limit`, once for each of `count` instances (rows of the query, groups or one).
struct Instances {
  size_t count = 0;
  std::vector<uint32_t> first_row;  // of the query, of each instance; empty: its own row (kPerRow), or row 0
  // As rows of the model: first_model_row + instance; as bounds: of column `first_column + instance`, at limit / factor.
  bool as_bounds = false;
  size_t first_model_row = 0;
  size_t first_column = 0;
  Values factor;  // as bounds
  std::vector<double> limit;
  size_t row(size_t instance) const { return first_row.empty() ? instance : first_row[instance]; }
};

// A MIN or MAX: columns that stand for its value in each group. The solver may leave room between the two where nothing presses.
struct Extreme {
  bool maximum = false;
  size_t first_column = 0;
  size_t groups = 0;
  std::vector<uint32_t> of_row;  // group; empty: one group
  RowForm inner;
};

struct Built {
  Model model;
  std::vector<FamilyColumns> families;
  std::vector<Instances> conditions;           // as problem.conditions
  std::vector<double> base_lower, base_upper;  // of the columns before conditions became bounds
  std::vector<Extreme> extremes;
  bool needs_bounds = false;                // a MIN or MAX relies on the columns' bounds
  std::vector<int32_t> lower_by, upper_by;  // of the first family's columns: the condition that gave the bound, or -1

  // Makes the values exact: whole numbers whole, columns of MIN and MAX what they stand for.
  void polish(std::vector<double>& values) const;
  double objective(const std::vector<double>& values) const;
  // "made[kind=train]"; "" for a column that stands for no variable.
  std::string variable(size_t column, const Problem& problem, const Settings& settings, const Table& table) const;
  // The user's words of a condition's instance: "SUM(qty) <= cap [plant=A]".
  std::string instance(size_t condition, size_t instance, const Problem& problem, const Table& table) const;
};

// Errors: kData for values that vary within a group or between rows that share a variable, and for division by zero; kProgram for a
// strict comparison between reals; kUnsupported for an objective that is not convex, that is quadratic over integers, or that
// needs bounds it has not; kExhausted beyond the solver's 2^31 - 1 columns, rows and entries. All at the words of the program.
Result<Built> build(const Problem& problem, const Settings& settings, const Table& table, const CancelToken& cancel);

}  // namespace sinan::solve

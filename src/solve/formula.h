// Formulas: the objective and the constraints with their names resolved against the query's columns and the variables, and
// everything checked that needs no rows. Used by build.h, which computes them on the rows.
//
// A constraint is one condition for each row (no aggregate), one in all (an aggregate), or one for each value of a column (an
// aggregate and GROUP BY). AND and chained comparisons (0 <= x <= 5) make several conditions of one constraint.
//
// Plain values; pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"
#include "solve/attributes.h"
#include "sql/clause.h"

namespace sinan::solve {

struct Formula {
  enum class Kind : uint8_t {
    kNumber,
    kColumn,    // index: of the query's columns
    kVariable,  // index: of the families
    kNegate,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kRemainder,
    kSum,
    kAverage,
    kMinimum,
    kMaximum,
    kCount,
  };
  Kind kind = Kind::kNumber;
  double number = 0;
  size_t index = 0;
  std::vector<Formula> items;
  Span span;

  bool is_aggregate() const { return kind >= Kind::kSum; }
  bool has_aggregate() const;
  bool has_variable() const;
};

enum class Comparison : uint8_t { kLess, kLessEqual, kEqual, kGreaterEqual, kGreater };

// One condition: `left comparison right`.
struct Condition {
  enum class Shape : uint8_t { kPerRow, kOnce, kPerGroup };
  Shape shape = Shape::kPerRow;
  Formula left;
  Comparison comparison = Comparison::kLessEqual;
  Formula right;
  std::optional<size_t> group_by;  // column
  std::string text;                // the user's own words
  Span span;
};

struct Problem {
  bool maximize = false;
  Formula objective;
  std::string objective_text;
  std::vector<Condition> conditions;
  std::vector<std::vector<size_t>> keys;            // of each family: columns
  std::vector<std::optional<size_t>> lower, upper;  // of each family: the column of a bound
  std::vector<size_t> numeric;                      // columns that formulas and bounds use, ascending
  std::vector<Span> numeric_places;                 // where each is used first
  std::vector<std::pair<std::string, Span>> warnings;
};

// Errors (kProgram, at the words): an unknown key, column or function; a variable with a column's name; a column that is no number;
// an aggregate within another; a variable or (without GROUP BY) a plain column beside an aggregate; GROUP BY without an aggregate;
// an objective without one; a constraint that compares nothing, or names no variable; products of more than two variables.
Result<Problem> resolve(const sql::Optimize& clause, const Settings& settings, const arrow::Schema& columns,
                        std::string_view program);

}  // namespace sinan::solve

// What WITH may say behind TO MAXIMIZE and TO MINIMIZE: one table of attributes, and the families of variables they describe.
//
//     variables="qty(plant,market), open(plant)", var_type="NonNegativeReals, Binary", upper=[cap, 1]
//
// Pure functions and values.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "flow/attributes.h"
#include "sql/clause.h"

namespace sinan::solve {

// The domain of a variable: var_type.
struct Domain {
  std::string_view name;  // "NonNegativeIntegers"
  bool integer = false;
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
};
std::span<const Domain> domains();

// A bound of a whole family: a number, or a column with one for each variable.
struct Bound {
  double number = 0;
  std::string column;  // empty: the number
  Span place;
};

// `made(kind)`: one variable a row; a family behind the first has one variable for each distinct value of its keys.
struct Family {
  std::string name;               // in expressions
  std::vector<std::string> keys;  // columns
  std::string column;             // of the result: the name, or "<key>_value" for a key without a name
  const Domain* domain = nullptr;
  std::optional<Bound> lower;
  std::optional<Bound> upper;
  Span place;
};

struct Settings {
  std::vector<Family> families;  // at least one
  double gap = 0;                // relative
  double absolute_gap = 0;
  std::optional<double> time_limit;  // seconds
  std::string method;                // HiGHS's option `solver`: choose, simplex, ipm, pdlp
  bool presolve = true;
  std::vector<std::string> tables;  // of report.tables, known ones, each once
  std::string solver;               // behind USING, lower case; "highs" without one
  std::vector<std::pair<std::string, Span>> warnings;
};

std::span<const flow::AttributeSpec> attribute_specs();
std::span<const std::string_view> solver_names();  // accepted behind USING
std::span<const std::string_view> report_tables();

// `program` is the text that spans point into. Errors (kArgument, at the attribute or the name in it): attributes as
// flow::check_attributes; variables that are no list of names with keys, empty or repeated keys, a type that does not exist, another
// count of types or bounds than of families, an unknown solver or table.
Result<Settings> read_settings(const sql::Optimize& clause, std::string_view program);

}  // namespace sinan::solve

// A linear, integer or quadratic program as the solver takes it, column by column, and the lists it is put together from.
//
//     least or most  offset + cost x + 1/2 x Q x   where  row_lower <= A x <= row_upper,  lower <= x <= upper
//
// Plain values. Putting one together is linear in the entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sinan::solve {

// Entries by column, rows ascending, each place once.
struct SparseColumns {
  std::vector<int32_t> start;  // of each column, and the end
  std::vector<int32_t> row;
  std::vector<double> value;
};

struct Model {
  bool maximize = false;
  double offset = 0;
  std::vector<double> cost, lower, upper;
  std::vector<uint8_t> integer;
  std::vector<double> row_lower, row_upper;
  SparseColumns matrix;
  SparseColumns hessian;  // Q's lower triangle; empty when the objective is linear

  size_t columns() const { return cost.size(); }
  size_t rows() const { return row_lower.size(); }
  size_t entries() const { return matrix.value.size(); }
  bool has_integers() const;
  bool is_quadratic() const { return !hessian.value.empty(); }
};

struct Entry {
  uint32_t row;
  uint32_t column;
  double value;
};

// Sorted by two counting passes; entries of one place are summed up, zeros dropped. Entries are consumed. CHECK: fewer than 2^31.
SparseColumns to_columns(std::vector<Entry>&& entries, size_t rows, size_t columns);

// Whether the quadratic form is convex (x Q x >= 0 for all x), part by part of variables that meet in no product. Parts of more than
// `limit` variables are not looked at: true.
bool is_convex(const SparseColumns& lower_triangle, size_t columns, size_t limit = 500);

}  // namespace sinan::solve

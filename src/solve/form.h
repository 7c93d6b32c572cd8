// Formulas computed on the rows. A RowForm has one value for each row, a GroupForm one for each group of rows; both are polynomials
// of degree two at most in the variables:
//
//     RowForm    constant[row] + sum of factor[family][row] * variable of the row   (+ products of two)
//     GroupForm  constant[group] + a list of entries (group, column of the model, factor)   (+ products)
//
// Values for rows are one number as long as they are all the same. Linear in the rows. Plain values, no thread-safety of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "solve/formula.h"
#include "solve/model.h"
#include "solve/table.h"

namespace sinan::solve {

// A number for each row.
class Values {
 public:
  Values(double number = 0) : number_(number) {}  // NOLINT(google-explicit-constructor): a number is such a value
  explicit Values(std::vector<double> rows) : rows_(std::move(rows)) {}
  double operator[](size_t row) const { return rows_.empty() ? number_ : rows_[row]; }
  bool is_number() const { return rows_.empty(); }
  bool is_zero() const { return rows_.empty() && number_ == 0; }
  // this = operation(this, other), row by row.
  template <class Operation>
  void apply(const Values& other, const Operation& operation) {
    if (rows_.empty() && other.rows_.empty()) {
      number_ = operation(number_, other.number_);
      return;
    }
    if (rows_.empty()) rows_.assign(other.rows_.size(), number_);
    for (size_t i = 0; i < rows_.size(); ++i) rows_[i] = operation(rows_[i], other[i]);
  }

 private:
  double number_ = 0;
  std::vector<double> rows_;
};

struct RowForm {
  using Pair = std::pair<size_t, size_t>;  // families, ascending
  Values constant;
  std::map<size_t, Values> linear;  // by family
  std::map<Pair, Values> products;

  bool has_variables() const { return !linear.empty() || !products.empty(); }
};

struct Product {
  uint32_t group;
  uint32_t left, right;  // columns of the model
  double factor;
};

struct GroupForm {
  std::vector<double> constant;
  std::vector<Entry> linear;  // row: the group
  std::vector<Product> products;

  bool has_variables() const { return !linear.empty() || !products.empty(); }
  void add(GroupForm&& other, double sign);
  void scale(std::span<const double> by_group);
};

// A formula without aggregates. Errors: kData for a division by zero, at the formula.
Result<RowForm> evaluate_rows(const Formula& formula, const Table& table);

}  // namespace sinan::solve

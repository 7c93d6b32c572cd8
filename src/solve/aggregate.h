// Aggregates on groups of rows: SUM and AVG as lists of entries, MIN and MAX as columns of their own with the rows that tie them down.
// A part of build.cc.
//
// A variable that several rows share is summed up once in each group. MIN and MAX cost one column a group and one row a row
// where the problem presses them against their value anyway (MAX at most, the least MAX), else also a yes/no column a row, and then
// need bounds of the variables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "solve/build.h"
#include "solve/form.h"

namespace sinan::solve {

// The rows' groups, or all rows as one.
class Groups {
 public:
  explicit Groups(size_t rows) : sizes_{static_cast<double>(rows)} {}
  Groups(Grouping grouping, size_t column);
  size_t count() const { return sizes_.size(); }
  uint32_t of(size_t row) const { return grouping_.of_row.empty() ? 0 : grouping_.of_row[row]; }
  uint32_t first_row(size_t group) const { return grouping_.first_row.empty() ? 0 : grouping_.first_row[group]; }
  double size(size_t group) const { return sizes_[group]; }
  const Grouping& grouping() const { return grouping_; }
  std::optional<size_t> column() const { return column_; }

 private:
  Grouping grouping_;
  std::vector<double> sizes_;
  std::optional<size_t> column_;
};

class Aggregates {
 public:
  // Adds columns and rows to built.model and entries.
  Aggregates(const Settings& settings, const Table& table, Built& built, std::vector<Entry>& entries)
      : settings_(settings), table_(table), built_(built), entries_(entries) {}

  // The formula for each group. Errors: kData where a column or a variable varies within a group.
  Result<GroupForm> evaluate(const Formula& formula, const Groups& groups);
  // Each row as a group of its own.
  GroupForm of_rows(RowForm&& form) const;
  // Ties down the MIN and MAX of the last evaluate() calls, once it is known how they are used: `form comparison 0`, or
  // kLessEqual for a form whose least value is sought. Errors: kUnsupported without the bounds that are needed.
  Status settle(const GroupForm& form, Comparison comparison);

 private:
  struct Pending {
    Extreme extreme;
    Groups groups;
    Span span;
  };

  Result<GroupForm> aggregate(const Formula& formula, const Groups& groups);
  Result<GroupForm> sum(const RowForm& form, const Groups& groups, bool average, Span place) const;
  Result<GroupForm> extreme(RowForm&& form, const Groups& groups, bool maximum, Span place);
  Result<GroupForm> multiply(GroupForm left, GroupForm right, const Formula& formula, const Groups& groups);
  Result<GroupForm> divide(GroupForm left, const GroupForm& right, const Formula& formula, const Groups& groups) const;
  Result<GroupForm> column_of_group(const Formula& formula, const Groups& groups) const;
  Result<GroupForm> variable_of_group(const Formula& formula, const Groups& groups) const;
  std::string group_label(size_t group, const Groups& groups) const;
  uint32_t add_column(double lower, double upper, bool integer);
  uint32_t add_row(double lower, double upper);
  Result<uint32_t> stand_in(const GroupForm& form);
  void tie(const Pending& pending);
  Status tie_exactly(const Pending& pending, const std::vector<uint8_t>& exact);
  void append(const RowForm& form, size_t row, uint32_t model_row, double sign);
  std::pair<double, double> range(const RowForm& form, size_t row) const;

  const Settings& settings_;
  const Table& table_;
  Built& built_;
  std::vector<Entry>& entries_;
  std::vector<Pending> pending_;  // not yet settled
};

}  // namespace sinan::solve

// What a comparison shows: a table of all columns, the bins of those that moved most, pictures, and the same for a table. Of
// COMPARE DATA, whatever the reference is: rows, or what a model has kept of its training rows.
#pragma once

#include <string>
#include <vector>

#include "arrow/batch.h"
#include "flow/outcome.h"
#include "profile/drift.h"

namespace sinan::profile {

struct ComparedColumn {
  std::string name;
  arrow::Type type;
  Distribution reference;
  Distribution current;
  std::optional<Drift> drift;       // absent: they cannot be compared
  std::optional<std::string> note;  // why, or that the column is on one side only
};

// A column of the reference beside that of now, whose values may have become another kind; null: there is none of its name.
ComparedColumn compared_column(std::string name, arrow::Type type, Distribution reference,
                               const SampledColumn* current);

// column, type, reference_rows, current_rows, reference_missing, current_missing, psi, ks, ks_p, verdict, note; in the order
// given.
const std::vector<arrow::Field>& drift_fields();
arrow::Batch drift_rows(const std::vector<ComparedColumn>& columns);

// Tables, pictures and a sentence; the columns that moved most first.
void tell_drift(std::vector<ComparedColumn> columns, flow::Outcome& outcome);

}  // namespace sinan::profile

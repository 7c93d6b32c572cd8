// Columns of a query by the names that a clause gives them. Thread-safe: pure functions.
#pragma once

#include <string_view>

#include "arrow/type.h"
#include "base/error.h"

namespace sinan::ml {

// The error for a name that is no column of the query, where `role` says what it was to be: "label", "GROUP BY". The hint is
// the nearest name, or the names that there are. kProgram.
Failure no_such_column(std::string_view role, std::string_view name, const arrow::Schema& query);

// Errors: no_such_column.
Result<size_t> find_column(const arrow::Schema& query, std::string_view name, std::string_view role);

}  // namespace sinan::ml

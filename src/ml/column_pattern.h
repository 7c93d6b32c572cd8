// Patterns for names of columns, as COLUMN has them. Linear in the pattern and the names, in time and memory, whatever a user
// writes. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"

namespace sinan::ml {

// The columns whose whole name the pattern matches, in any case. Errors (kProgram, without a place): no regular expression as
// RE2 understands them, or too large a one.
Result<std::vector<size_t>> match_columns(std::string_view pattern, const arrow::Schema& query);

}  // namespace sinan::ml

// A MAP column from the entries of its rows, which the builder of plain columns cannot make. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/batch.h"

namespace sinan::arrow {

// MAP(VARCHAR, value).
Type map_type(Type value);

// One column named `name`: row i has the entries [begins[i], begins[i + 1]) of `entries`, a batch of two columns, the key (text)
// and the value; begins[0] is 0, the last one the number of entries (CHECK). Shares the entries' memory.
Batch map_column(std::string name, const Batch& entries, std::vector<int32_t> begins);

}  // namespace sinan::arrow

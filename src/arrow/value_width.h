// How many bytes a value takes in a column's buffer. Pure.
#pragma once

#include <cstddef>

#include "arrow/type.h"

namespace sinan::arrow {

// 0 where values have no width of their own: bits, text, lists, structs.
size_t value_width(const Type& type);

}  // namespace sinan::arrow

// How values of columns read as text: what ColumnView::to_text() shows and what goes into CSV and Markdown. Of this
// room's sources; others call to_text().
#pragma once

#include <string>

#include "arrow/batch.h"

namespace sinan::arrow {

// Appends row i, "NULL" for null.
void append_text(std::string& out, const ColumnView& column, size_t i);

// A little-endian two's complement integer of `bytes` bytes (4, 8, 16, 32) with `scale` digits after the point:
// "-12.50".
std::string decimal_text(const void* value, size_t bytes, int scale);

}  // namespace sinan::arrow

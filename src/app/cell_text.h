// One value as text: for a person's table, and as JSON. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "arrow/batch.h"

namespace sinan::app {

// Control characters as "\n", "\t", "\x1b", so that a cell is one line and cannot command the terminal.
std::string escape_controls(std::string_view text);
// What the table shows of row i: to_text() on one line, "NULL" for null.
std::string cell_text(const arrow::ColumnView& column, size_t i);
// Whether cells of this type are set flush right.
bool is_number(const arrow::Type& type);

// Appends row i: numbers (NaN and infinities as null), booleans, strings, lists as arrays, structs as objects, maps as arrays of
// {"key", "value"}; dates, times and intervals as their text; binary as its text.
void append_json(std::string& out, const arrow::ColumnView& column, size_t i);

}  // namespace sinan::app

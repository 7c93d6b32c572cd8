// One value as text: for a person's table, and as JSON. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "arrow/batch.h"
#include "base/json.h"

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

// The same without loss, for a reader that knows the types: decimals as text, and "nan", "inf", "-inf" for those doubles.
void append_exact_json(std::string& out, const arrow::ColumnView& column, size_t i);
// {"name", "type"} and what the type needs besides: "precision" and "scale", "unit" (s, ms, us, ns), "zone" (true), "items" of a
// list, "key" and "value" of a map, "fields" of a struct, "values" of a dictionary. Types are named as arrow::TypeId is.
Json field_json(const arrow::Field& field);

}  // namespace sinan::app

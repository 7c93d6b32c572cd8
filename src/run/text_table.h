// A small table that a program reads besides the query: a name a row, and a list of numbers ("0.1,0.9") to each.
// Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arrow/stream.h"
#include "base/error.h"

namespace sinan::run {

struct NamedList {
  std::string name;
  std::vector<double> numbers;
};

// Errors (kProgram, at the place): no column `name` or no `list`, or one that holds no text.
Status check_named_lists(const arrow::Schema& columns, std::string_view list, std::string_view whose, Span place);
// Errors (kData, at the place): a NULL, a list that is none, a name that comes twice; those of the stream.
Result<std::vector<NamedList>> read_named_lists(arrow::BatchStream& rows, std::string_view list, std::string_view whose,
                                                Span place);
// The one of that name, any case. Errors (kData, at the place): there is none, with the nearest name.
Result<const NamedList*> find_named(const std::vector<NamedList>& all, std::string_view name, std::string_view whose,
                                    Span place);

}  // namespace sinan::run

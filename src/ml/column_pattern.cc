#include "ml/column_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <string>

namespace sinan::ml {

Result<std::vector<size_t>> match_columns(std::string_view pattern, const arrow::Schema& query) {
  RE2::Options options(RE2::Quiet);
  options.set_case_sensitive(false);
  options.set_max_mem(int64_t{1} << 20);
  const RE2 expression(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!expression.ok()) {
    constexpr size_t kShown = 60;
    const bool is_long = pattern.size() > kShown;
    return fail(
        Code::kProgram,
        fmt::format("no regular expression for columns: \"{}{}\"", pattern.substr(0, kShown), is_long ? "..." : ""),
        is_long ? std::string("it is too large or not closed") : expression.error());
  }
  std::vector<size_t> columns;
  for (size_t i = 0; i < query.size(); ++i) {
    if (RE2::FullMatch(query[i].name, expression)) columns.push_back(i);
  }
  return columns;
}

}  // namespace sinan::ml

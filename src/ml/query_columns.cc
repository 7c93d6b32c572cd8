#include "ml/query_columns.h"

#include <fmt/format.h>

#include <vector>

#include "base/strings.h"

namespace sinan::ml {
namespace {

constexpr size_t kShown = 20;

std::string names_of(const arrow::Schema& query) {
  std::vector<std::string> names = query.names();
  const size_t more = names.size() > kShown ? names.size() - kShown : 0;
  names.resize(names.size() - more);
  return join(names, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

Failure no_such_column(std::string_view role, std::string_view name, const arrow::Schema& query) {
  // A name may have its table before it: t.a.
  const std::string near = did_you_mean(name.substr(name.rfind('.') + 1), query.names());
  return fail(Code::kProgram, fmt::format("{} is not a column of the query: \"{}\"", role, name),
              near.empty() ? fmt::format("the query has {}", names_of(query)) : near);
}

Result<size_t> find_column(const arrow::Schema& query, std::string_view name, std::string_view role) {
  if (const auto at = query.index_of(name)) return *at;
  return no_such_column(role, name, query);
}

}  // namespace sinan::ml

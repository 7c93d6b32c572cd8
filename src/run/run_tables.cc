#include "run/run_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "flow/clause_query.h"

namespace sinan::run {

Result<RunTables> check_tables(const sql::Run& clause, const std::vector<arrow::Schema>& schemas, Access& access,
                               flow::CheckContext& context) {
  RunTables tables;
  for (size_t i = 0; i < clause.into.size(); ++i) {
    const sql::Name& into = clause.into[i];
    const auto schema = i < schemas.size() ? std::optional(schemas[i]) : std::nullopt;
    tables.names.push_back(TRY(flow::target_table(into)));
    const ObjectRef target = TRY(context.will_write_table(into.text, schema, into.span));
    if (std::ranges::find(access.writes, target) != access.writes.end())
      return fail(Code::kProgram, fmt::format("INTO names a table twice: \"{}\"", into.text)).at(into.span);
    tables.targets.push_back(target);
    access.writes.push_back(target);
  }
  return tables;
}

std::string wrote(int64_t rows, const engine::TableName& table) {
  return fmt::format("Wrote {} rows into {}.", human_count(static_cast<uint64_t>(rows)), table.to_string());
}

}  // namespace sinan::run

#include "engine/duckdb/mysql_staging.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/log.h"
#include "base/random.h"

namespace sinan::engine {

std::string mysql_name(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? "``" : std::string(1, c);
  return quoted + "`";
}

std::string mysql_table(const TableName& name) { return mysql_name(name.schema) + "." + mysql_name(name.table); }

Status MySqlStaging::send(const std::string& source, const std::string& sql) {
  auto sent =
      session_.execute(fmt::format("CALL mysql_execute({}, {})", dialect_.literal(source), dialect_.literal(sql)));
  if (sent) return {};
  Error error = std::move(sent).error();
  error.span.reset();
  return fail(std::move(error));
}

// Whether the server answers the query with any row.
Result<bool> MySqlStaging::finds(const std::string& source, const std::string& sql) {
  const auto rows = TRY(session_.query(
      fmt::format("SELECT * FROM mysql_query({}, {})", dialect_.literal(source), dialect_.literal(sql)), {}));
  const auto batch = TRY(rows->next());
  return batch && batch->rows() > 0;
}

Result<TableName> MySqlStaging::open(const TableName& table, bool may_replace) {
  const std::string schema = dialect_.literal(table.schema);
  const bool replaces = TRY(finds(
      table.catalog, fmt::format("SELECT 1 FROM information_schema.tables WHERE table_schema = {} AND table_name = {}",
                                 schema, dialect_.literal(table.table))));
  if (replaces && !may_replace) return fail(Code::kExists, "table exists already: " + table.to_string());
  // Asked for first: making one needs a right that writing to it does not.
  const bool has_schema = TRY(
      finds(table.catalog, fmt::format("SELECT 1 FROM information_schema.schemata WHERE schema_name = {}", schema)));
  if (!has_schema) TRY(send(table.catalog, "CREATE DATABASE IF NOT EXISTS " + mysql_name(table.schema)));
  Random random = Random::from_system();
  const std::string id = fmt::format("{:016x}", random.next());
  swaps_.push_back({table, "__sinan_new_" + id, "__sinan_old_" + id, replaces});
  TRY(session_.execute("CALL mysql_clear_cache()"));
  return TableName{table.catalog, table.schema, swaps_.back().staged};
}

Status MySqlStaging::publish() {
  std::map<std::string, std::string> renames;  // by source
  for (const Swap& swap : swaps_) {
    std::string& text = renames[swap.table.catalog];
    const auto named = [&](const std::string& name) { return mysql_table({"", swap.table.schema, name}); };
    const auto add = [&](const std::string& from, const std::string& to) {
      text += fmt::format("{}{} TO {}", text.empty() ? "RENAME TABLE " : ", ", named(from), named(to));
    };
    if (swap.replaces) add(swap.table.table, swap.old);
    add(swap.staged, swap.table.table);
  }
  for (const auto& [source, sql] : renames) TRY(send(source, sql));
  for (Swap& swap : swaps_) published_.push_back(std::move(swap));
  swaps_.clear();
  return {};
}

void MySqlStaging::drop(const TableName& table, const std::string& name) {
  if (auto status = send(table.catalog, "DROP TABLE IF EXISTS " + mysql_table({"", table.schema, name})); !status) {
    log::warning("a table of a data source is left over: " + name + ": " + status.error().to_string());
  }
}

void MySqlStaging::clean() {
  if (swaps_.empty() && published_.empty()) return;
  for (const Swap& swap : std::exchange(published_, {})) {
    if (swap.replaces) drop(swap.table, swap.old);
  }
  for (const Swap& swap : std::exchange(swaps_, {})) drop(swap.table, swap.staged);
  if (auto cleared = session_.execute("CALL mysql_clear_cache()"); !cleared) log::warning(cleared.error().to_string());
}

}  // namespace sinan::engine

#include "flow/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::flow {

// Rows of text columns; none when the engine does not understand the question.
std::vector<std::vector<std::string>> World::read(std::string_view sql) const {
  std::vector<std::vector<std::string>> result;
  auto rows = session_->query(sql);
  if (!rows) return result;
  for (auto batch = (*rows)->next(); batch && *batch; batch = (*rows)->next()) {
    for (size_t row = 0; row < (*batch)->rows(); ++row) {
      auto& values = result.emplace_back();
      for (size_t column = 0; column < (*batch)->columns(); ++column) {
        values.emplace_back((*batch)->column(column).string(row));
      }
    }
  }
  return result;
}

// The database of bare names: the project's warehouse.
const std::string& World::home() const {
  if (!home_) {
    const auto rows =
        read("SELECT database_name FROM duckdb_databases() WHERE NOT internal ORDER BY database_oid LIMIT 1");
    home_ = rows.empty() ? "" : to_lower(rows[0][0]);
  }
  return *home_;
}

std::string World::canonical(std::string_view database, std::string_view schema, std::string_view name) const {
  std::string where = to_lower(schema);
  const std::string folded = to_lower(database);
  if (folded != home() && folded != "temp") where = where == default_schema(folded) ? folded : folded + "." + where;
  return where + "." + to_lower(name);
}

const std::map<std::string, World::Table, std::less<>>& World::tables() const {
  if (tables_) return *tables_;
  tables_.emplace();
  for (auto& row :
       read("SELECT database_name, schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal "
            "AND schema_name <> '__sinan' ORDER BY database_name = 'temp', database_name, schema_name, "
            "table_name, column_index")) {
    const bool temporary = row[0] == "temp";
    const std::string name = canonical(row[0], row[1], row[2]);
    auto& table = (*tables_)[name];
    // A temporary table hides the other one of its name.
    if (temporary && !table.temporary) table = Table{{}, true};
    table.columns.push_back(std::move(row[3]));
  }
  return *tables_;
}

const std::map<std::string, std::string, std::less<>>& World::views() const {
  if (views_) return *views_;
  views_.emplace();
  for (auto& row : read("SELECT database_name, schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal")) {
    (*views_)[canonical(row[0], row[1], row[2])] = std::move(row[3]);
  }
  return *views_;
}

std::optional<std::vector<std::string>> World::columns_of(std::string_view table) const {
  const auto found = tables().find(table);
  if (found == tables().end()) return std::nullopt;
  return found->second.columns;
}

std::string World::current_schema() const {
  if (!schema_) {
    const auto rows = read("SELECT current_database(), current_schema()");
    if (rows.empty()) {
      schema_ = "main";
    } else {
      const std::string database = to_lower(rows[0][0]);
      const std::string schema = to_lower(rows[0][1]);
      schema_ = database == home() || database == "temp" ? schema : database + "." + schema;
    }
  }
  return *schema_;
}

std::optional<std::string> World::view_definition(std::string_view name) const {
  const auto found = views().find(name);
  if (found == views().end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> World::table_names() const {
  std::vector<std::string> names;
  for (const auto& [name, table] : tables()) names.push_back(name);
  return names;
}

std::vector<std::string> World::tables_with_column(std::string_view column) const {
  std::vector<std::string> names;
  for (const auto& [name, table] : tables()) {
    if (std::ranges::any_of(table.columns, [&](const std::string& c) { return equals_ignore_case(c, column); })) {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> World::temporary_tables() const {
  std::vector<std::string> names;
  for (const auto& [name, table] : tables()) {
    if (table.temporary) names.push_back(name);
  }
  return names;
}

bool World::is_user_function(std::string_view name) const {
  if (!functions_) {
    functions_.emplace();
    for (auto& row : read("SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE NOT internal "
                          "AND NOT starts_with(function_name, 'sinan_')")) {
      functions_->push_back(std::move(row[0]));
    }
  }
  return std::ranges::find(*functions_, name) != functions_->end();
}

bool World::is_elsewhere(std::string_view table) const {
  const std::string first = to_lower(table.substr(0, table.find('.')));
  for (const auto& row : read("SELECT database_name FROM duckdb_databases() WHERE NOT internal")) {
    if (to_lower(row[0]) == first) return first != home();
  }
  return false;
}

std::optional<bool> World::has_database(std::string_view name) const {
  if (!databases_) {
    databases_.emplace();
    for (auto& row : read("SELECT lower(database_name) FROM duckdb_databases()"))
      databases_->push_back(std::move(row[0]));
  }
  return std::ranges::find(*databases_, name) != databases_->end();
}

std::string World::default_schema(std::string_view database) const {
  const auto source = std::ranges::find(sources_, database, &engine::AttachedSource::name);
  return source == sources_.end() ? "main" : source->default_schema;
}

const engine::AttachedSource* World::source_of(std::string_view name) const {
  const auto source = std::ranges::find(sources_, name.substr(0, name.find('.')), &engine::AttachedSource::name);
  return source == sources_.end() ? nullptr : &*source;
}

void World::invalidate() {
  databases_.reset();
  schema_.reset();
  tables_.reset();
  views_.reset();
  functions_.reset();
}

}  // namespace sinan::flow

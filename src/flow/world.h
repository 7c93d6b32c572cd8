// World: the tables, columns and views that a session sees now, read from the engine's own catalog when first asked and
// again after invalidate(). The planner's check session has one: it sees what earlier statements of the program will make.
//
// Canonical names as in sql/analyze.h. Not thread-safe. Failing queries answer "unknown", never an error: checks then fall
// back on what the engine says about each statement.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "sql/analyze.h"

namespace sinan::flow {

class World final : public sql::Scope {
 public:
  using ReadByCall = std::function<std::optional<ObjectRef>(std::string_view function, std::string_view first)>;
  explicit World(engine::Session& session, std::vector<engine::AttachedSource> sources = {},
                 ReadByCall read_by_call = nullptr)
      : session_(&session), sources_(std::move(sources)), read_by_call_(std::move(read_by_call)) {}

  std::optional<std::vector<std::string>> columns_of(std::string_view table) const override;
  std::string current_schema() const override;
  std::string home_database() const override { return home(); }
  std::optional<bool> has_database(std::string_view name) const override;
  std::string default_schema(std::string_view database) const override;

  // The data source that a canonical name of a table or schema lies in; null: none.
  const engine::AttachedSource* source_of(std::string_view name) const;

  std::optional<ObjectRef> read_by_call(std::string_view function, std::string_view first) const override {
    return read_by_call_ ? read_by_call_(function, first) : std::nullopt;
  }

  // The CREATE VIEW statement of a view; none when that is no view.
  std::optional<std::string> view_definition(std::string_view name) const;
  std::vector<std::string> table_names() const;
  // Tables that have a column of that name, in order of their names.
  std::vector<std::string> tables_with_column(std::string_view column) const;
  // Canonical names of temporary tables and views.
  std::vector<std::string> temporary_tables() const;
  // Lower-case names of macros that users made.
  bool is_user_function(std::string_view name) const;

  // Whether a canonical table name is in another database than the project's warehouse.
  bool is_elsewhere(std::string_view table) const;

  void invalidate();

 private:
  struct Table {
    std::vector<std::string> columns;
    bool temporary = false;
  };
  const std::map<std::string, Table, std::less<>>& tables() const;
  const std::map<std::string, std::string, std::less<>>& views() const;
  std::vector<std::vector<std::string>> read(std::string_view sql) const;
  std::string canonical(std::string_view database, std::string_view schema, std::string_view name) const;
  const std::string& home() const;

  engine::Session* session_;
  std::vector<engine::AttachedSource> sources_;
  ReadByCall read_by_call_;
  mutable std::optional<std::vector<std::string>> databases_;
  mutable std::optional<std::string> home_;
  mutable std::optional<std::string> schema_;
  mutable std::optional<std::map<std::string, Table, std::less<>>> tables_;
  mutable std::optional<std::map<std::string, std::string, std::less<>>> views_;
  mutable std::optional<std::vector<std::string>> functions_;
};

}  // namespace sinan::flow

// How a plain statement that changes a table of a data source is run, where the engine's own way would not do.
//
// MySQL: the engine's extension leaves the schema out of DROP, ALTER and CREATE VIEW, and would strike a table of the same name
// elsewhere, so those go to the server as they are written, with whole names (and in MySQL's own words: MODIFY COLUMN, ENGINE=..). CREATE
// TABLE .. AS becomes rows written beside the table and put in place by the step's commit, since MySQL cannot undo a CREATE TABLE.
// Other sources and statements run in the engine. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "flow/world.h"
#include "sql/analyze.h"

namespace sinan::flow {

struct SourceStatement {
  std::string server_sql;  // for the server of `source`; empty: rows of `query` are put into `table`
  // Whether the engine may try the statement when the server does not understand it: types in the engine's spelling.
  bool engine_may_try = false;
  std::string source;
  std::string query;
  Span query_place;  // of `query` in the program
  engine::TableName table;
  engine::IngestMode mode = engine::IngestMode::kCreate;
  bool if_not_exists = false;
};

// The statement is program[place]. Nothing: the engine runs it.
std::optional<SourceStatement> source_statement(std::string_view program, Span place, const sql::Analysis& analysis,
                                                const World& world);

// The statement as one of MySQL: names that begin with `source` without it, names of what it changes with their schema.
std::string as_mysql_statement(std::string_view statement, std::string_view source, std::string_view current_schema);

}  // namespace sinan::flow

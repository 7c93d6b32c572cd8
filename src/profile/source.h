// Source: the rows that a statement of this room is about: a table or view by its name, a file as a string, or a query in
// parentheses. SELECT needs no parentheses where nothing else could follow it.
//
//     DESCRIBE DATA flights       DESCRIBE DATA 'flights.parquet'       COMPARE DATA (SELECT ..) WITH (SELECT ..)
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/dialect.h"
#include "sql/tokens.h"

namespace sinan::profile {

struct Source {
  enum class Kind : uint8_t { kQuery, kTable, kFile };
  Kind kind = Kind::kQuery;
  std::string text;  // the query as written, the table's name, the file's path
  Span place;

  // What the engine is asked for.
  std::string query(const engine::Dialect& dialect) const;
  // As messages name it: "flights", "'a.csv'", "the query".
  std::string words() const;
};

// Reads a name, a string or a query in parentheses. Errors (kProgram): anything else, a bracket that is not closed.
Result<Source> parse_source(sql::Tokens& tokens);
// The same, or a query without parentheses up to the options behind it: one of the phrases that `is_option` finds at the
// cursor, with nothing but options up to the end. Leaves the cursor there.
Result<Source> parse_open_source(sql::Tokens& tokens, bool (*is_option)(sql::Tokens&));

// The name of a table to write, behind INTO; any word will do: SPLIT .. INTO train 80%, test 20%.
Result<sql::Name> parse_target(sql::Tokens& tokens);

}  // namespace sinan::profile

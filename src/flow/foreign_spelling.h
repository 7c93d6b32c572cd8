// A statement in MySQL's spelling as one of the engine's: when the checker has refused it as it stands, Planner asks here, and checks
// what comes back in its place. Steps are then made of the translated text; errors are put back into the program by original().
#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "engine/engine.h"
#include "flow/statement_kind.h"
#include "sql/mysql_dialect.h"

namespace sinan::flow {

// A statement whose standard part was rewritten; its clause is as it was.
struct ForeignStatement {
  sql::Translation translation;  // of the whole statement
  std::string program;           // what `statement` views: the translated statement alone
  Statement statement;
};

// Null: nothing in it is MySQL's own. `session` tells by its errors where text is used as a number; nothing is run.
// Errors: kUnsupported for a form that cannot be translated, at its place in the program.
Result<std::shared_ptr<const ForeignStatement>> read_as_mysql(const Statement& statement, engine::Session& session);

// "read as MySQL: .."
std::string describe(const sql::Translation& translation);

}  // namespace sinan::flow

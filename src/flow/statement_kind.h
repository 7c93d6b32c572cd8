// StatementKind: how a capability teaches Sinan a new statement. Registered once (flow/registry.h), stateless, thread-safe.
//
// Life: parse() reads the words, knows no catalog. check() resolves and type-checks against the world *as if the earlier
// statements of the program had run*, moves no rows, changes nothing, and returns the Step. Step::run() acts.
// See CONTRIBUTING.md, "Add a statement kind".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"
#include "base/object_ref.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "flow/object_scope.h"
#include "flow/step.h"
#include "sql/analyze.h"
#include "sql/splitter.h"
#include "sql/tokens.h"

namespace sinan::sql {
struct Translation;  // sql/mysql_dialect.h
}

namespace sinan::flow {

// One statement of a program. Spans in `text` and in errors are bytes of `program`.
struct Statement {
  std::string_view program;  // outlives the plan
  sql::StatementText text;
  uint32_t index = 0;
  // Set when `program` is not what the user wrote but its translation (flow/foreign_spelling.h); outlives the plan.
  const sql::Translation* translation = nullptr;

  std::string_view whole() const { return program.substr(text.whole.begin, text.whole.end - text.whole.begin); }
  // The standard SQL before the clause: the query of a TO statement.
  std::string_view query() const {
    return program.substr(text.standard.begin, text.standard.end - text.standard.begin);
  }
};

// What parse() made; the kind's own type.
class Parsed {
 public:
  virtual ~Parsed() = default;
};

class CheckContext : public ObjectScope {
 public:
  // Columns of the statement's query, or of any other SQL, without running it. `place` is where the text stands in the program (for error
  // spans); a text that does not stand in the program as is (validation.select) gives the span of its literal.
  // No value = cannot be known before the run (an earlier barrier or a file still to be written): check again in run().
  virtual Result<std::optional<arrow::Schema>> describe(std::string_view query, Span place) = 0;
  // Reads of a query, for Access. Unknown parts make it a barrier.
  virtual Access analyze(std::string_view query, Span place) = 0;
  virtual sql::Analysis analysis(std::string_view query, Span place) = 0;

  // Later statements see these. The table's name is as the user wrote it; answers the canonical reference.
  virtual Result<ObjectRef> will_write_table(std::string_view name, const std::optional<arrow::Schema>& schema,
                                             Span place) = 0;
  // The same where a query with those columns can be written down: types that only the engine knows (UUID) stay theirs.
  virtual Result<ObjectRef> will_write_query(std::string_view name, const arrow::Schema& schema, std::string_view query,
                                             Span place) = 0;
  virtual void will_create(const ObjectRef& ref, std::shared_ptr<const PlannedObject> object) = 0;
  virtual void will_drop(const ObjectRef& ref) = 0;
  // For the hint of an error about a column that a query lacks: its nearest name, or all of them, and who else has it.
  virtual std::string column_hint(std::string_view column, const arrow::Schema& query) const = 0;

  virtual const engine::Engine& engine() const = 0;
  virtual const std::filesystem::path& project_folder() const = 0;
  virtual const Statement& statement() const = 0;
  // Something the user should know that is no error.
  virtual void warn(std::string message, Span place) = 0;
};

struct Help {
  std::string_view summary;   // one line
  std::string_view synopsis;  // the grammar
  std::string_view details;   // paragraphs
  std::string_view example;   // a statement that runs after examples/… has been loaded
};

class StatementKind {
 public:
  virtual ~StatementKind() = default;
  // "TO TRAIN" (a clause after a query), or the leading words "SHOW MODELS". Upper case, single blanks.
  virtual std::string_view phrase() const = 0;
  virtual Help help() const = 0;
  // The cursor stands at the phrase's first word. Must consume everything.
  virtual Result<std::unique_ptr<Parsed>> parse(const Statement& statement, sql::Tokens& tokens) const = 0;
  virtual Result<std::unique_ptr<Step>> check(const Parsed& parsed, CheckContext& context) const = 0;
};

}  // namespace sinan::flow

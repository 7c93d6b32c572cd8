// The analyser: which objects a standard SQL statement reads and writes, what kind it is, and where its columns come from.
//
// It parses the statement tolerantly (sql/parser.h), resolves names with CTE and alias scoping, and never guesses: what it
// cannot parse or cannot follow is `unknown` and a barrier. It asks the world through Scope only.
//
// Canonical table names are lower case (DuckDB's names ignore case even in quotes): "main.flights" for a bare `Flights`
// while the current schema is main; "zoo.t" for zoo.t; "lake.raw.t" for lake.raw.t, but "lake.t" for lake.main.t, since
// `lake.t` may mean that (with another default schema, "public" of PostgreSQL, likewise). Files keep their spelling, cleaned of "./" and "//"; a glob stays a glob.
// Compare two objects for a hazard with overlap(), not with ==: a glob covers files, a schema covers its tables.
//
// Views, macros: a view is read as a table; Analysis::calls names the functions. Whoever knows their definitions expands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/object_ref.h"
#include "sql/statement_class.h"

namespace sinan::sql {

// What the analyser may ask, and nothing else. Implementations must be safe to call from the thread that analyses; no other demands.
class Scope {
 public:
  virtual ~Scope() = default;
  // Column names in order, of a table by its canonical name; nullopt when unknown.
  virtual std::optional<std::vector<std::string>> columns_of(std::string_view table) const = 0;
  // "main", or "database.schema" when another database than the home database is in use (USE lake -> "lake.main").
  virtual std::string current_schema() const = 0;
  // The name by which a program may call the database whose name canonical names leave out; empty: none.
  virtual std::string home_database() const { return {}; }
  // What a function of a capability reads that is no table: the model of predict('m', t). `function` is in lower case, `first`
  // the value of its first argument, a text. nullopt: no such function.
  virtual std::optional<ObjectRef> read_by_call(std::string_view function, std::string_view first) const {
    (void)function;
    (void)first;
    return std::nullopt;
  }
  // Whether a lower-case name is a database's: decides what `lake.t` means while another database is in use. nullopt: unknown.
  virtual std::optional<bool> has_database(std::string_view) const { return std::nullopt; }
  // The schema of a database's tables whose names have none: canonical names leave it out.
  virtual std::string default_schema(std::string_view) const { return "main"; }
};

// Knows no columns; current schema "main".
class EmptyScope final : public Scope {
 public:
  std::optional<std::vector<std::string>> columns_of(std::string_view) const override { return std::nullopt; }
  std::string current_schema() const override { return "main"; }
};

struct Unknown {
  std::string reason;  // fixed words first: "cannot parse: expected a table name, found \"where\""
  Span span;
};

struct ColumnSource {
  std::string table;                                    // canonical; of a file: its path; of a model: its name
  std::string column;                                   // empty: the object as a whole
  std::string kind = std::string(object_kind::kTable);  // of tables and files alike; else what read_by_call() said
  friend bool operator==(const ColumnSource&, const ColumnSource&) = default;
  friend auto operator<=>(const ColumnSource&, const ColumnSource&) = default;
};

// Where the values of one output column come from: the columns its expression is computed from, not those that only
// filter, join, group or order. Best effort but never wrong: `unknown` when any part could not be resolved for certain.
struct ColumnLineage {
  std::string column;                 // output name; empty when the engine makes it up
  std::vector<ColumnSource> sources;  // sorted, unique; empty for a constant
  bool unknown = false;
};

struct Analysis {
  StatementClass statement_class = StatementClass::kUnknown;
  Access access;  // reads and writes sorted and unique; a barrier for SET, ATTACH, BEGIN, .. and whatever is unknown
  std::optional<Unknown> unknown;

  bool returns_rows = false;        // a query, EXPLAIN, DESCRIBE, VALUES, .. RETURNING
  std::optional<ObjectRef> target;  // the one object created, filled or changed; the table or file of COPY
  bool temporary = false;           // CREATE TEMP ..
  bool or_replace = false;
  bool if_not_exists = false;  // or IF EXISTS
  // The inner query of CREATE TABLE AS, CREATE VIEW, INSERT .. SELECT, COPY (query) TO, EXPLAIN; of a query: all of it.
  std::optional<Span> query;
  std::vector<std::string> target_columns;  // INSERT INTO t (a, b), CREATE VIEW v (a, b), CREATE TABLE t (a INT, b INT)
  std::optional<std::string> use;           // USE: the name as canonical parts, "lake" or "lake.raw"

  std::vector<std::string> calls;  // functions called, lower case, sorted, unique
  // Output columns of `query`, in order; none when they cannot be enumerated (a star over an unknown table).
  std::optional<std::vector<ColumnLineage>> columns;
};

// Analyses program[statement] (one statement, no clause). Spans are bytes of `program`. Never fails: see `unknown`.
Analysis analyze(std::string_view program, Span statement, const Scope& scope);
Analysis analyze(std::string_view statement, const Scope& scope);

// Whether two objects can be, or contain, the same thing: equal; a glob and a path it matches; a folder and a file in it;
// a schema or database and a table in it; a model and an alias of it (`zoo.m@prod`). Versions are ignored.
bool overlap(const ObjectRef& a, const ObjectRef& b);

// The canonical name of a table that is spelled in the clause or on a command line: "Out.Homes" -> "out.homes".
std::string canonical_table(std::string_view dotted_name, const Scope& scope);

}  // namespace sinan::sql

// The tolerant parser of standard SQL: DuckDB's language, and what PostgreSQL, Spark and MySQL programs add to it.
//
// It reads what matters for objects and columns exactly (names, aliases, scopes, expressions) and skips what does not
// (types, storage options). It does not judge: SQL that an engine would refuse may pass. What it cannot read is an Error
// (kProgram) with its place; the analyser turns that into `unknown`.
//
// Bounded: nesting above kMaxNesting and trees above kMaxTreeDepth are errors, so nothing recurses without bound.
#pragma once

#include <string_view>

#include "base/error.h"
#include "sql/ast.h"

namespace sinan::sql {

// Parses program[statement], one statement without clause. The tree lives in `arena` and views `program`.
// An empty statement gives StatementClass::kEmpty.
Result<const Statement*> parse_statement(std::string_view program, Span statement, Arena& arena);

}  // namespace sinan::sql

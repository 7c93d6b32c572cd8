// The splitter: cuts a program into statements, and each statement into standard SQL and clause, by a token scan.
//
// No dialect parser is involved: a statement ends at a `;` outside quotes, comments and brackets. If its first word (after
// opening parentheses) is SELECT, WITH, FROM, VALUES or TABLE, the first `TO` outside brackets that is followed by a verb
// (TRAIN, PREDICT, EXPLAIN, EVALUATE, RUN, MAXIMIZE, MINIMIZE) begins the clause; what stands before goes byte-exact to
// the engine. All else is plain SQL: 'x TO TRAIN y', DAY TO SECOND, COPY (..) TO, RENAME TO run.
//
// Whether a leading phrase (SHOW TRAIN, CREATE EXPERIMENT) belongs to a capability is the statement registry's business.
// Pure functions; the result holds spans only.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sql/lexer.h"

namespace sinan::sql {

// A word after `TO` that is no verb but nearly one: `TO TRIAN`. Only a suspicion: `FROM t to trail` is fine SQL. It names
// the likely mistake when the engine refuses the statement.
struct NearVerb {
  Span span;              // of the word after TO
  std::string_view verb;  // upper case, static
};

struct StatementText {
  Span whole;               // first to last token, without the `;`
  Span standard;            // the SQL for the engine; equals `whole` without a clause
  Span clause;              // from TO to the last token; empty (begin == end) without one
  bool is_query = false;    // first word SELECT, WITH, FROM, VALUES, TABLE
  bool terminated = false;  // a `;` followed
  std::optional<NearVerb> near_verb;
  // `TO verb name` in a statement that is no query (DROP TABLE t TO TRAIN ..): nothing it could follow.
  std::optional<Span> misplaced_clause;

  bool has_clause() const { return clause.begin != clause.end; }
};

// The statements in order; empty ones are dropped, the last may lack its `;`.
// Errors (kProgram, with span): unclosed string, comment or bracket; bytes that are not UTF-8; text too long.
// `lexing`: kStandard, or kMySql for a program whose strings hold backslash escapes.
Result<std::vector<StatementText>> split(std::string_view program, Lexing lexing = Lexing::kStandard);

// The error for `misplaced_clause`.
Error misplaced_clause_error(std::string_view program, const StatementText& statement);

// Whether a prompt may run `text`: it ends with `;` outside quotes, comments and brackets. Text with an error that more
// typing cannot mend (a bad byte) is complete as well, so that the error gets shown.
bool is_complete(std::string_view text);

}  // namespace sinan::sql

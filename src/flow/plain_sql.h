// Plain SQL: the default statement kind. One step a statement; BEGIN .. COMMIT is one step of several statements.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flow/source_statement.h"
#include "flow/statement_kind.h"
#include "sql/analyze.h"

namespace sinan::flow {

struct PlainStatement {
  std::string sql;
  Span place;  // of it in the program, or in the translation's text
  const sql::Translation* translation = nullptr;
  sql::Analysis analysis;
  Access access;                                    // of the analysis, views followed
  std::optional<SourceStatement> source_statement;  // how it is run when that is not the engine's way
  bool unparsed_query = false;                      // not analysed, but known to be a query: it changes nothing
};

// Classes that change what later statements of the session see: their text is replayed on later sessions.
bool changes_session(sql::StatementClass statement_class);
// Classes that cannot run inside a transaction, or whose effect is none of the warehouse's.
bool runs_alone(const sql::Analysis& analysis);
// "CREATE TABLE AS": the class in capitals.
std::string plain_kind(sql::StatementClass statement_class);
// "CREATE TABLE june", "SELECT", at most 40 columns: for progress lines.
std::string plain_title(const PlainStatement& statement);

// COPY .. TO 'file' as it is run: the name starts at the project folder, wherever the process runs, and the file appears
// under its name only when it is whole. Other SQL, and COPY to devices and other machines, as it is.
std::string runnable_copy(const PlainStatement& statement, const std::filesystem::path& folder,
                          const engine::Dialect& dialect);

// `cacheable`: the statement gives the same content again while its inputs are unchanged.
std::unique_ptr<Step> make_plain_step(PlainStatement statement, bool cacheable);
// The statements between BEGIN and its end; `commits` false for ROLLBACK: all is undone.
std::unique_ptr<Step> make_transaction_step(std::vector<PlainStatement> statements, bool commits);

// CREATE OR REPLACE TABLE AS or VIEW that calls nothing volatile and reads nothing remote. `is_user_function` tells macros
// apart, whose meaning may change unseen.
bool is_cacheable(const PlainStatement& statement, const std::function<bool(std::string_view)>& is_user_function);

// The object that a column comes from, as the access has it: a table, a file, a model.
ObjectRef source_object(const Access& access, const sql::ColumnSource& source);

// Where the target's columns come from, for the lineage graph.
std::vector<catalog::LineageEdge> lineage_of(const PlainStatement& statement);

}  // namespace sinan::flow

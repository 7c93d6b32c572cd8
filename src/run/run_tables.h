// The tables behind INTO of a TO RUN, as both kinds of programs check and report them. Plain functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "arrow/type.h"
#include "engine/dialect.h"
#include "flow/statement_kind.h"
#include "sql/clause.h"

namespace sinan::run {

struct RunTables {
  std::vector<engine::TableName> names;  // in the order of INTO
  std::vector<ObjectRef> targets;
};

// Adds them to what the step writes. `schemas` are theirs, or empty while nobody knows them. Errors (kProgram, at the name): too many
// parts, named twice.
Result<RunTables> check_tables(const sql::Run& clause, const std::vector<arrow::Schema>& schemas, Access& access,
                               flow::CheckContext& context);
// "Wrote 3 rows into out.t."
std::string wrote(int64_t rows, const engine::TableName& table);

}  // namespace sinan::run

// Programs that are not built in: what sinan.toml allows TO RUN to start ([programs], base/config.h), and the step that does.
// Nothing else is ever started. Plain functions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "flow/statement_kind.h"
#include "sql/clause.h"

namespace sinan::run {

// The entry that is named as the clause's image, else as the first string behind CMD.
std::optional<Config::Program> find_allowed(const std::vector<Config::Program>& allowed, const sql::Run& clause);

// What check() of TO RUN does for an allowed program: its files, its tool, what this machine can keep it from, the tables. Errors:
// kNotFound (no such file), kUnsupported (no container tool; `strict` cannot be had), those of the query and of INTO.
Result<std::unique_ptr<flow::Step>> check_allowed(const Config::Program& program, const sql::Run& clause,
                                                  flow::CheckContext& context);

}  // namespace sinan::run

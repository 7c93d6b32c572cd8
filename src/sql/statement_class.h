// What a standard SQL statement is, as far as planning needs to know.
#pragma once

#include <cstdint>
#include <string_view>

namespace sinan::sql {

enum class StatementClass : uint8_t {
  kEmpty,    // no token
  kUnknown,  // not parsed
  kQuery,
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kTruncate,
  kCreateTable,
  kCreateTableAs,
  kCreateView,
  kCreateSchema,
  kCreateOther,  // sequence, index, type, macro, secret
  kDrop,
  kAlter,
  kCopyTo,
  kCopyFrom,
  kBegin,
  kCommit,
  kRollback,
  kSet,  // SET, RESET, PRAGMA
  kUse,
  kAttach,
  kDetach,
  kExplain,
  kDescribe,  // DESCRIBE, SUMMARIZE, SHOW
  kOther,     // CALL, CHECKPOINT, LOAD, EXPORT, VACUUM, ...
};

// "query", "create table as", ...
std::string_view to_string(StatementClass statement_class);

}  // namespace sinan::sql

// DuckDB's error texts as Errors: a code, our words, the place in the SQL text and a hint.
//
// Sessions set errors_as_json, so a message is one JSON object with the exception's type, its position (a byte offset
// in the SQL text) and often the name that was wrong with the names that are near. Plain texts (opening a file) are
// understood too. Pure functions, thread-safe.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace sinan::engine {

// Whether the statement was being checked (whatever is wrong is wrong with its text) or run (rows may be to blame).
enum class ErrorPhase : uint8_t { kCheck, kRun };

Error map_error(std::string_view raw, std::string_view sql, ErrorPhase phase);

// Of opening a database file: kBusy (another process holds it), kData (corrupt, or of a newer version), kNotFound,
// kPermission, kExhausted, kIo.
Error map_open_error(std::string_view raw, const std::filesystem::path& file);

}  // namespace sinan::engine

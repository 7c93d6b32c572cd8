// Attaching data sources: loads the extension, keeps the password in a secret of DuckDB (which shows none), and turns what can go
// wrong into errors that say what to do. A folder becomes a database of views, one a file or folder of files.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/data_source.h"
#include "engine/engine.h"

namespace sinan::engine {

// `folder` is where relative paths start, `extensions` where extensions are: <extensions>/v1.5.5/linux_amd64/<name>.duckdb_extension.
Status attach_source(Session& session, const Dialect& dialect, const DataSource& source,
                     const std::filesystem::path& extensions);

// The extension's file for a kind of source; empty for those that need none.
std::string_view extension_of(SourceKind kind);
// Where it should be.
std::filesystem::path extension_file(const std::filesystem::path& extensions, std::string_view name);

}  // namespace sinan::engine

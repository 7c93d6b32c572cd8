// The embedded engine: one DuckDB database file (the project's warehouse) or memory, through DuckDB's C API only.
//
// Connections run in parallel, on the threads that call them and on a pool of helpers (task_pool.h). CSV, Parquet, JSON and other DuckDB files are read by the
// SQL itself. Extensions are loaded when a data source needs one, only from the folder given, signed, never downloaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "engine/engine.h"

namespace sinan::engine {

struct DuckDbOptions {
  std::filesystem::path file;  // empty = in memory
  bool read_only = false;
  uint32_t threads = 0;       // at most, callers and helpers together; 0 = the machine's
  uint64_t memory_bytes = 0;  // 0 = DuckDB's choice
  uint64_t temp_disk_bytes = 0;
  std::filesystem::path temp_dir;       // where it spills
  std::filesystem::path extension_dir;  // empty = built-in extensions only; for data sources
  std::filesystem::path working_dir;    // relative file names in SQL start here (file_search_path)
};

// Where the program finds extensions: $SINAN_EXTENSIONS, or lib/sinan/extensions beside its folder bin.
std::filesystem::path default_extension_dir();
// The path of the extension that a kind of source needs, wherever it should be; empty for kinds that need none.
std::filesystem::path extension_file(SourceKind kind, const std::filesystem::path& extension_dir);

// Errors: kBusy when another process holds the file, kData when it is corrupt or of a newer version, kIo.
Result<std::unique_ptr<Engine>> open_duckdb(const DuckDbOptions& options);

}  // namespace sinan::engine

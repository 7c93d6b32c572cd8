// The rows of a query in a file for a program, and the tables that it has written: CSV with a header (RFC 4180; nothing between two
// commas is NULL, "" is the empty text) or an Arrow IPC stream (arrow_ipc.h).
//
// What is read comes from a stranger: nothing but a plain file is opened, never through a link, and only after the program has ended.
// Plain functions; a writer is used by one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "arrow/stream.h"
#include "base/error.h"
#include "flow/step.h"
#include "io/file_system.h"

namespace sinan::run {

class RowsWriter {
 public:
  virtual ~RowsWriter() = default;
  virtual Status write(const arrow::Batch& batch) = 0;
  virtual Status finish() = 0;
};

// `format` is "csv" or "arrow". Errors: those of the file; kUnsupported for a type that the format cannot hold, with the column.
Result<std::unique_ptr<RowsWriter>> write_rows(const std::filesystem::path& path, std::string_view format,
                                               const arrow::Schema& schema, io::FileSystem& files);

// The file `<table>.csv` or `<table>.arrow` in a folder that a program has written. `most_bytes` bounds it (0 = nothing does).
// Errors (kData): there is none, or both; no plain file; what it holds is no table.
Result<std::unique_ptr<arrow::BatchStream>> read_rows(const std::filesystem::path& folder, std::string_view table,
                                                      uint64_t most_bytes, flow::RunContext& context);

}  // namespace sinan::run

// Arrow's IPC stream format (arrow.apache.org, "Arrow Columnar Format", version 5 of the metadata): rows for a program, and what it
// wrote. Files of the IPC file format ("Feather V2") are read as the stream that they contain.
//
// Read are booleans, integers, float, double, decimal128, text, binary, days, times, timestamps and columns of nothing but NULL, uncompressed, little-endian.
// Lists, structs, dictionaries, views and the rest are refused with the column's name. The bytes are a stranger's: every count, offset, text and
// range is checked before a batch is made of them, and a batch holds no more rows than its bytes have bits.
//
// One thread at a time.
#pragma once

#include <memory>
#include <vector>

#include "arrow/stream.h"
#include "base/error.h"
#include "io/file_system.h"

namespace sinan::run {

// Reads the schema at once. Errors here and of the stream (kData, kUnsupported): "not an Arrow stream: ...", with what is wrong.
Result<std::unique_ptr<arrow::BatchStream>> read_arrow(std::unique_ptr<io::ReadableFile> file);

class ArrowWriter {
 public:
  explicit ArrowWriter(std::unique_ptr<io::WritableFile> file) : file_(std::move(file)) {}
  // Once, first. Errors: kUnsupported for a column that cannot be written.
  Status write_schema(const arrow::Schema& schema);
  Status write(const arrow::Batch& batch);
  Status finish();

 private:
  Status write_message(const std::vector<uint8_t>& metadata, std::string_view body);
  std::unique_ptr<io::WritableFile> file_;
};

}  // namespace sinan::run

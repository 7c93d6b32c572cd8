// How rows get into DuckDB: a table function reads a BatchStream, so that INSERT ... SELECT and CREATE TABLE AS write
// them within one statement, which is all or nothing.
//
// The function takes the number under which a source is registered; one that is not registered is an error. It runs on
// whatever thread DuckDB chooses, one call at a time.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "arrow/stream.h"
#include "base/error.h"

namespace sinan::engine {

struct IngestSource {
  arrow::BatchStream& rows;
  std::optional<arrow::Batch> batch = {};
  size_t position = 0;              // in `batch`
  std::optional<Error> error = {};  // the reason when reading the rows failed: DuckDB passes on a text only
};

// Thread-safe.
class IngestSources {
 public:
  uint64_t add(IngestSource& source);
  void remove(uint64_t number);
  IngestSource* find(uint64_t number);

 private:
  std::mutex mutex_;
  std::map<uint64_t, IngestSource*> sources_;
  uint64_t next_ = 1;
};

inline constexpr const char* kIngestFunction = "sinan_ingest_source";

// Makes the table function known to the database. `sources` must outlive it.
Status register_ingest_function(duckdb_connection connection, IngestSources& sources);

}  // namespace sinan::engine

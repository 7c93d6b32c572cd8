#include "engine/duckdb/handles.h"

#include <system_error>
#include <thread>

namespace sinan::engine {

// Closing makes DuckDB 1.5 look at a thread_local object that it keeps on the closing thread (the block allocator's list
// of free blocks), which lives as long as that thread and refers to the database closed there before. The main thread's
// own are destroyed before objects in static storage are: an engine closed by one of those would make DuckDB give up
// that reference a second time, in memory that is freed. A new thread has no such past.
void close_database(duckdb_database* database) {
  if (*database == nullptr) return;
  try {
    std::thread(duckdb_close, database).join();
  } catch (const std::system_error&) {
    duckdb_close(database);  // no thread is to be had
  }
}

}  // namespace sinan::engine

// TaskPool: the threads that help DuckDB's queries, beside those that call it. DuckDB's own pool stays empty: it can only be
// resized by a query that ends, which joins threads that may be inside another query.
//
// resize() never waits: a thread too many ends the task at hand first. Thread-safe.
#pragma once

#include <duckdb.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace sinan::engine {

class TaskPool {
 public:
  TaskPool() = default;
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;
  ~TaskPool();

  // Once, before anything else. `database` must outlive the pool; at most `most` threads will ever help.
  void open(duckdb_database database, size_t most);
  // How many help from now on: `size`, or open()'s most if that is less.
  void resize(size_t size);

 private:
  struct Helper {
    std::thread thread;
    duckdb_task_state state = nullptr;  // while it serves DuckDB
  };
  void help(size_t index);
  bool any_serves() const;

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  duckdb_database database_ = nullptr;
  size_t most_ = 0;
  size_t size_ = 0;
  bool closing_ = false;
  std::deque<Helper> helpers_;  // the first `size_` serve
};

}  // namespace sinan::engine

#include "engine/duckdb/task_pool.h"

#include <algorithm>
#include <chrono>

namespace sinan::engine {

TaskPool::~TaskPool() {
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
    // DuckDB wakes one waiting thread for each finished state, not necessarily that state's.
    while (any_serves()) {
      for (const Helper& helper : helpers_) {
        if (helper.state != nullptr) duckdb_finish_execution(helper.state);
      }
      changed_.wait_for(lock, std::chrono::milliseconds(1));
    }
  }
  for (Helper& helper : helpers_) helper.thread.join();
}

void TaskPool::open(duckdb_database database, size_t most) {
  const std::lock_guard lock(mutex_);
  database_ = database;
  most_ = most;
}

void TaskPool::resize(size_t size) {
  const std::lock_guard lock(mutex_);
  size_ = std::min(size, most_);
  for (size_t i = size_; i < helpers_.size(); ++i) {
    if (helpers_[i].state != nullptr) duckdb_finish_execution(helpers_[i].state);
  }
  while (helpers_.size() < size_) {
    const size_t index = helpers_.size();
    helpers_.emplace_back().thread = std::thread([this, index] { help(index); });
  }
  changed_.notify_all();
}

bool TaskPool::any_serves() const {
  return std::ranges::any_of(helpers_, [](const Helper& helper) { return helper.state != nullptr; });
}

void TaskPool::help(size_t index) {
  std::unique_lock lock(mutex_);
  Helper& self = helpers_[index];
  while (!closing_) {
    if (index >= size_) {
      changed_.wait(lock);
      continue;
    }
    self.state = duckdb_create_task_state(database_);
    lock.unlock();
    duckdb_execute_tasks_state(self.state);
    lock.lock();
    duckdb_destroy_task_state(self.state);
    self.state = nullptr;
    changed_.notify_all();
  }
}

}  // namespace sinan::engine

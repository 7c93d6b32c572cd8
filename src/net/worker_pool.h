// Threads that run what may take long, behind a bounded queue. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sinan::net {

class WorkerPool {
 public:
  WorkerPool(uint32_t threads, size_t most_waiting);
  ~WorkerPool() { finish(); }
  // Runs what waits, then ends the threads; what is submitted later is not run.
  void finish();

  // False when too many wait already.
  bool submit(std::function<void()> task);
  // As submit(), of work that has begun and must go on: never refused.
  void resume(std::function<void()> task);

 private:
  void work(const std::stop_token& stop);

  const size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> tasks_;
  bool is_finished_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace sinan::net

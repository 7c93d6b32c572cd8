// Workers: a few threads that share out the items of one loop after another: columns of a batch, chunks of a column.
//
//     Workers workers(context.threads());
//     workers.run(columns.size(), [&](size_t i) { columns[i].append(batch); });
//
// run() returns when all items are done; the calling thread does its share. One run() at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sinan::ml {

class Workers {
 public:
  explicit Workers(uint32_t threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  uint32_t threads() const { return static_cast<uint32_t>(threads_.size()) + 1; }
  // `item` must not throw; items are taken in order, by whoever is free.
  void run(size_t items, const std::function<void(size_t)>& item);

 private:
  void work();
  void take_items();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  uint64_t generation_ = 0;  // of run(); workers compare it with the last they saw
  uint32_t busy_ = 0;
  bool stop_ = false;
  const std::function<void(size_t)>* item_ = nullptr;
  size_t items_ = 0;
  std::atomic<size_t> next_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace sinan::ml

#include "ml/data_workers.h"

namespace sinan::ml {

Workers::Workers(uint32_t threads) {
  for (uint32_t i = 1; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::take_items() {
  for (size_t i = next_.fetch_add(1); i < items_; i = next_.fetch_add(1)) (*item_)(i);
}

void Workers::run(size_t items, const std::function<void(size_t)>& item) {
  if (threads_.empty() || items <= 1) {
    for (size_t i = 0; i < items; ++i) item(i);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    item_ = &item;
    items_ = items;
    next_ = 0;
    busy_ = static_cast<uint32_t>(threads_.size());
    ++generation_;
  }
  wake_.notify_all();
  take_items();
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [&] { return busy_ == 0; });
}

void Workers::work() {
  uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || generation_ != seen; });
    if (stop_) return;
    seen = generation_;
    lock.unlock();
    take_items();
    lock.lock();
    if (--busy_ == 0) finished_.notify_one();
  }
}

}  // namespace sinan::ml

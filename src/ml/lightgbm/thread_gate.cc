#include "ml/lightgbm/thread_gate.h"

#include <chrono>

namespace sinan::ml::lightgbm {

Result<ThreadGate::Entry> ThreadGate::enter(uint32_t threads, const std::function<bool()>& goes_on) {
  constexpr std::chrono::milliseconds kAskAgain{200};
  std::unique_lock lock(mutex_);
  while (!free_.wait_for(lock, kAskAgain, [&] { return inside_ == 0 || threads_ == threads; })) {
    lock.unlock();
    if (!goes_on()) return fail(Code::kCancelled, "cancelled");
    lock.lock();
  }
  ++inside_;
  threads_ = threads;
  return Entry(this);
}

void ThreadGate::leave() {
  const std::lock_guard lock(mutex_);
  if (--inside_ == 0) free_.notify_all();
}

}  // namespace sinan::ml::lightgbm

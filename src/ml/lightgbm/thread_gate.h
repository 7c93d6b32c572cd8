// ThreadGate: LightGBM's number of threads is one setting of the whole process, and a training that finds it changed in its
// middle writes behind its buffers. Trainings with the same number run side by side; others wait for their end.
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "base/error.h"

namespace sinan::ml::lightgbm {

class ThreadGate {
 public:
  // Leaves when destroyed.
  class Entry {
   public:
    explicit Entry(ThreadGate* gate) : gate_(gate) {}
    Entry(Entry&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Entry& operator=(Entry&&) = delete;
    ~Entry() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    ThreadGate* gate_;
  };

  // Waits; asks `goes_on` now and then, and fails with kCancelled when it says no.
  Result<Entry> enter(uint32_t threads, const std::function<bool()>& goes_on);

 private:
  void leave();

  std::mutex mutex_;
  std::condition_variable free_;
  uint32_t inside_ = 0;
  uint32_t threads_ = 0;  // of those inside
};

}  // namespace sinan::ml::lightgbm

// BodyQueue: a request's body between the connection that receives it and the worker that reads it. Bounded: the connection
// stops reading from the socket while it is full. Thread-safe: one thread pushes, one reads.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "net/message.h"

namespace sinan::net {

class BodyQueue final : public BodyReader {
 public:
  static constexpr size_t kFull = size_t{256} << 10;

  // `drained` is called, from the reader's thread, when a full queue has been emptied.
  explicit BodyQueue(std::function<void()> drained) : drained_(std::move(drained)) {}

  // False when the queue is full now: push no more until `drained`.
  bool push(std::string bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
    changed_.notify_one();
    was_full_ = bytes_.size() >= kFull;
    return !was_full_;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    changed_.notify_one();
  }
  // The first one counts.
  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    if (!has_ended_ && !error_) error_ = std::move(error);
    changed_.notify_one();
  }

  Result<bool> read(std::string& out) override {
    out.clear();
    bool tell = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !bytes_.empty() || has_ended_ || error_; });
      if (error_) return std::unexpected(*error_);
      if (bytes_.empty()) return false;
      out.swap(bytes_);
      tell = std::exchange(was_full_, false);
    }
    if (tell) drained_();
    return true;
  }

 private:
  const std::function<void()> drained_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_;
  bool has_ended_ = false;
  bool was_full_ = false;
  std::optional<Error> error_;
};

}  // namespace sinan::net

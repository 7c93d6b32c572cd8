// Cancellation: one flag that many threads read. Work polls it at least every few milliseconds; what cannot poll (a
// running query) registers an action that is called once, on the cancelling thread, when the flag goes up.
//
//     CancelSource source;                      // held by whoever may cancel
//     CancelToken token = source.token();       // copied to the workers
//     CancelAction stop(token, [&] { session.interrupt(); });
//     TRY(token.check());                       // Code::kCancelled
//
// Thread-safe. cancel() is not async-signal-safe: a signal handler wakes a thread that calls it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>

#include "base/error.h"

namespace sinan {

class CancelToken {
 public:
  CancelToken() = default;  // never cancelled
  explicit CancelToken(std::stop_token token) : token_(std::move(token)) {}
  bool cancelled() const { return token_.stop_requested(); }
  Status check() const {
    if (cancelled()) return fail(Code::kCancelled, "cancelled");
    return {};
  }
  const std::stop_token& stop_token() const { return token_; }

 private:
  std::stop_token token_;
};

class CancelSource {
 public:
  CancelToken token() const { return CancelToken(source_.get_token()); }
  void cancel() { source_.request_stop(); }
  bool cancelled() const { return source_.stop_requested(); }

 private:
  std::stop_source source_;
};

// Calls the action when the token is cancelled, at once if it is already; the destructor waits for a running action.
class CancelAction {
 public:
  CancelAction(const CancelToken& token, std::function<void()> action)
      : callback_(token.stop_token(), std::move(action)) {}

 private:
  std::stop_callback<std::function<void()>> callback_;
};

}  // namespace sinan

// A server with a handful of routes and a clock that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/metrics.h"
#include "net/event_hub.h"
#include "net/server.h"
#include "net/service.h"

namespace sinan::net {

// A handler stands still in pass() until the test opens the gate.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return is_open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool is_open_ = false;
};

struct TestServer {
  explicit TestServer(ServerOptions options = {}, std::vector<TokenRecord> tokens = {}, CorsPolicy cors = {});
  ~TestServer() { gate.open(); }

  uint16_t port() const { return server->port(); }
  // Moves the clock and has all connections looked at.
  void advance(std::chrono::milliseconds by) {
    clock.advance(by);
    server->sweep();
  }

  SimulatedClock clock{TimePoint(std::chrono::days(20000))};
  Metrics metrics;
  Router router;
  EventHub hub{{.window = std::chrono::milliseconds(0), .most_bytes = 1 << 16}};
  Gate gate;
  std::atomic<int> version = 1;        // of /version, which answers when it is another than ?known=
  std::atomic<int> failures_seen = 0;  // by handlers that read a body
  Authenticator authenticator;
  std::unique_ptr<Service> service;
  std::unique_ptr<Server> server;
};

}  // namespace sinan::net

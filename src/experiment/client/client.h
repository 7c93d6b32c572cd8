// An evaluator that keeps itself up to date from `sinan serve`: what a service in C++ holds (libsinan_experiment_client).
//
//     auto client = TRY(Client::start({.url = "http://localhost:8080", .cache = "/var/lib/shop/flags.snapshot"}));
//     const auto snapshot = client->read();                // for one request
//     Context context = client->context();                 // at the server's time
//     context.set("user_id", "u42");
//     std::string_view color = string(*snapshot, "checkout.button_color", context, "green");
//
// A thread asks for the snapshot; the server answers when there is another one, or after `poll`. One that does not hold its
// answers back is asked every `poll` (give or take a fifth). What is damaged, older or of another project is refused and the snapshot in use stays. The last good
// one is kept in a file that is replaced whole or not at all; a service starts with it when the server is away.
//
// Thread-safe; reading takes no lock and never waits. After fork() the child has the values, and follows nothing: it makes a
// client of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "experiment/evaluator/context.h"
#include "experiment/evaluator/evaluator.h"

namespace sinan::experiment {

struct ClientOptions {
  std::string url = {};                      // of the server: http:// or https://
  std::string token = {};                    // of the role server; empty = none
  std::string cache = {};                    // the file of the last known good snapshot; empty = none
  std::chrono::milliseconds wait{5'000};     // that start() waits for the server at most
  std::chrono::milliseconds poll{30'000};    // between requests, while nothing changes
  std::chrono::milliseconds timeout{5'000};  // of a request, beyond what the server may hold it
  std::function<void(const std::string&)> warn =
      nullptr;  // told what is wrong, once until it changes, on the client's thread
};

enum class ClientStatus : uint8_t {
  kNotReady,  // there is no snapshot yet: values are callers' defaults
  kReady,
  kStale,  // the server does not answer, or answers what is refused: the last known values
};
std::string_view to_string(ClientStatus status);

enum class ClientEvent : uint8_t { kReady, kStale, kChanged, kError };

class Client {
 public:
  // Waits until the server has answered or refused once, for `wait` at most. kArgument for an address that is none; a server
  // that is away is no error.
  static Result<std::unique_ptr<Client>> start(ClientOptions options);
  ~Client();  // ends the requests at once
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Evaluator::Reading read() const { return evaluator_.read(); }
  const Evaluator& evaluator() const { return evaluator_; }
  // Empty, but for the time at which schedules are read when this machine's clock and the server's differ by over two seconds.
  Context context() const;

  ClientStatus status() const { return status_.load(); }
  std::string last_error() const;  // of the latest attempt; empty when it went well

  // Called on the client's thread, after the change is visible. It must not destroy the client.
  void on_change(std::function<void(ClientEvent)> listener);

 private:
  struct Requests;
  explicit Client(ClientOptions options);

  void load_cache();
  void follow();
  Result<bool> refresh(std::chrono::seconds hold);
  Result<bool> take(const std::string& bytes);
  void failed(const Error& error);
  void set_status(ClientStatus status);
  void tell(ClientEvent event);
  void warn(const std::string& message);
  void tried();

  const ClientOptions options_;
  Evaluator evaluator_;
  std::atomic<ClientStatus> status_ = ClientStatus::kNotReady;
  std::atomic<int64_t> clock_offset_ = 0;  // microseconds that the server's clock is ahead; 0 within two seconds
  std::string tag_;                        // of the client's thread
  std::string warned_;                     // of the client's thread

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // tried_ or ended_
  bool tried_ = false;               // guarded by mutex_, as are the next
  bool ended_ = false;
  std::string last_error_;
  std::vector<std::function<void(ClientEvent)>> listeners_;

  const std::unique_ptr<Requests> requests_;
};

// The time that an HTTP Date tells ("Sun, 06 Nov 1994 08:49:37 GMT"), in microseconds since 1970.
std::optional<int64_t> parse_http_date(std::string_view text);

}  // namespace sinan::experiment

// Server: HTTP/1.1 over TCP or TLS in front of a Service. Keep-alive and pipelining, streamed bodies both ways with
// backpressure, server-sent events, time-outs, limits, and a drain at the end.
//
//     auto server = TRY(Server::start({.address = "127.0.0.1", .port = 8080}, service));
//     ...                                    // serves on threads of its own
//     server->stop(std::chrono::seconds(10));
//
// Each connection belongs to one I/O thread: its parser, its fast handlers and its writes run there without a lock. Slow
// handlers, streamed bodies and body sources run on a bounded pool of workers; when their queue is full, 503 says so.
//
// start() and stop() are for one thread; the others are thread-safe. The service must outlive the server.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/request_parser.h"
#include "net/service.h"

namespace sinan::net {

struct TlsFiles {
  std::string certificate;  // PEM, with the chain
  std::string key;          // PEM
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // an IP address or "localhost"
  uint16_t port = 0;                  // 0 = any free one
  TlsFiles tls;                       // empty = plain HTTP
  uint32_t io_threads = 1;
  uint32_t workers = 4;
  size_t worker_queue = 256;
  ParserLimits parser;
  size_t most_connections = 100'000;

  std::chrono::milliseconds head_time{10'000};  // TLS handshake; from a request's first byte to its head's end
  std::chrono::milliseconds idle_time{75'000};  // between requests
  // For a body, and for an answer to be taken: this long, and what comes on top at `least_rate` bytes a second.
  std::chrono::milliseconds transfer_time{30'000};
  uint64_t least_rate = 1024;
  std::chrono::milliseconds heartbeat{15'000};  // of event streams without events
  // How often connections are looked at for the times above, which are the service's clock's.
  std::chrono::milliseconds sweep_interval{500};
};

// Beyond loopback everybody on the network can send tokens and read answers: that takes tokens, and TLS unless
// `allow_plaintext` says that something in front does it. Errors: kPermission with what to set.
Status check_exposure(const ServerOptions& options, bool has_tokens, bool allow_plaintext);

struct Listen {
  std::string address;
  uint16_t port = 0;
};
// "127.0.0.1:8080", "[::1]:8080", "localhost:0". Errors: kArgument.
Result<Listen> parse_listen(std::string_view text);

class Server {
 public:
  // Errors: kArgument (address, certificate), kBusy (the port is taken), kPermission, kIo.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, const Service& service);
  ~Server();  // stop() without patience

  uint16_t port() const;
  std::string url() const;  // "http://127.0.0.1:8080"
  size_t connections() const;
  // Looks at all connections' times now and answers when that is done: for tests with a clock that they move.
  void sweep();
  // Takes no more connections, closes idle ones, ends event streams, lets what runs finish for up to `patience`, then cuts
  // it off. Idempotent.
  void stop(std::chrono::milliseconds patience);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sinan::net

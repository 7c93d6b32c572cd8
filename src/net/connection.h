// Connection: one client's side of the server as a machine of states, without a socket. What the sockets must do for it is
// virtual (server.cc); what HTTP means is RequestParser's and Service's.
//
// The states, and who calls advance() next:
//   handshake     the TLS handshake is under way: its completion
//   reading       a request is awaited or arrives: a read's completion
//   handling      a worker runs the handler: its answer. A streamed body is read on, unless the queue is full
//   waiting       for what the answer depends on (Later): the subscription's wake-up, or the sweep when the time is over
//   streaming     a worker asks the body source for the next piece: its answer
//   events        an event stream: the subscription's wake-up, or the sweep for a heartbeat
//   lingering     the answer is out and the connection ends: what the client still sends is dropped, so that the kernel does
//                 not reset the connection before it has read the answer
//   closed
// At most one write is under way, and nothing else is begun before it ends. What is pending (a read, a write, a task of a
// worker) owns the connection, so that it goes with the last of them, on its loop's thread.
//
// Not thread-safe: all of it runs on its loop's thread, where also its destructor does.
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
#include <string_view>
#include <unordered_set>
#include <vector>

#include "net/body_queue.h"
#include "net/event_hub.h"
#include "net/request_parser.h"
#include "net/server.h"
#include "net/service.h"
#include "net/wire.h"
#include "net/worker_pool.h"

namespace sinan::net {

class Connection;

// One event loop as its connections see it. All but post() is for its own thread.
class Loop {
 public:
  virtual ~Loop() = default;
  // Runs the task on the loop's thread, soon. Thread-safe.
  virtual void post(std::function<void()> task) = 0;
  // The Date header, made once a second.
  std::string_view date(TimePoint now);

  std::unordered_set<Connection*> connections;

 private:
  std::string date_;
  std::chrono::seconds date_second_{-1};
};

// What all connections of a server share.
struct ConnectionContext {
  ConnectionContext(const ServerOptions& given, const Service& behind)
      : options(given), service(behind), workers(given.workers, given.worker_queue) {}
  void left();

  const ServerOptions options;
  const Service& service;
  std::atomic<bool> draining = false;
  std::atomic<size_t> connections = 0;
  std::mutex mutex;
  std::condition_variable none_left;
  WorkerPool workers;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionContext& shared, Loop& loop) : shared_(shared), loop_(loop), parser_(shared.options.parser) {
    loop_.connections.insert(this);
    parser_.begin(request_);
  }
  virtual ~Connection() {
    loop_.connections.erase(this);
    shared_.left();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virtual void start() = 0;

  // The sweep: closes what has taken too long, keeps event streams alive.
  void look_at(std::chrono::nanoseconds now);
  // The server ends.
  void drain();
  void cut();
  void set_peer(std::string peer) { request_.peer = std::move(peer); }

 protected:
  using Nanoseconds = std::chrono::nanoseconds;
  static constexpr Nanoseconds kNever = Nanoseconds::max();
  enum class State { kHandshake, kReading, kHandling, kWaiting, kStreaming, kEvents, kLingering, kClosed };

  virtual void read_some(char* to, size_t size) = 0;  // ends in on_read()
  virtual bool write_at_once() = 0;                   // true = all is out; false = ends in on_written()
  virtual void close_socket() = 0;
  // The end of what is sent: a TLS alert, or TCP's own.
  virtual bool has_goodbye() const = 0;
  virtual void say_goodbye() = 0;

  Nanoseconds now() const { return shared_.service.clock().monotonic(); }
  void deadline_in(std::chrono::milliseconds time) { deadline_ = now() + time; }
  void began();

  void advance();
  void on_read(bool is_well, size_t size);

  void on_written(bool is_well);

  std::string writing_;  // with big_writing_ behind it
  std::shared_ptr<const std::string> big_writing_;
  State state_ = State::kHandshake;
  ConnectionContext& shared_;
  Loop& loop_;
  Request request_;

 private:
  void written();

  void read();

  // Takes what has come apart. True when there is something to do other than to read more.
  bool parse();

  // The time that a request may take starts with its first byte, and grows with what comes of its body.
  Nanoseconds request_deadline() const;
  void on_head();

  void on_end();

  bool run_on_worker(std::function<Response()> call);

  void refuse_as_busy();

  // Asks the handler, on a worker if it is slow.
  void call(const Handler& handler);
  void begin_waiting(Later later);
  void end_waiting();
  void begin_stream();

  // False when the queue is full.
  bool push_body();
  void on_answer(Response response);

  void refuse(const Refusal& refusal);

  void answer(Response response);
  void begin_body(const Response& response, HeadOptions& head, bool is_head);

  void append_piece(std::string_view piece);
  void end_stream();

  // The answer is complete, or as complete as it will be.
  void ended(bool is_complete);
  void pull();

  void on_pulled(std::string_view piece, const Result<bool>& more);

  // True when there are bytes to write.
  bool take_events();

  void time_is_over();

  void end_connection();

  // The connection is of no more use: the client went, or was too slow.
  void on_lost();
  void close();

  RequestParser parser_;
  std::vector<char> in_;
  size_t begin_ = 0;  // of what has come and is not parsed yet
  size_t end_ = 0;
  bool is_reading_ = false;
  std::string out_;                         // waits to be written
  std::shared_ptr<const std::string> big_;  // and this behind it
  bool is_writing_ = false;
  bool closes_ = false;  // after what is being answered

  // The request that is under way.
  const Route* route_ = nullptr;
  std::optional<Response> held_answer_;  // given out when the body has been read and dropped
  Nanoseconds started_{0};
  int status_ = 0;
  uint64_t sent_ = 0;
  Nanoseconds idle_since_{0};
  Nanoseconds head_started_{0};
  bool head_begun_ = false;
  bool in_body_ = false;  // a body is expected, of which not all has come
  bool body_ended_ = false;
  Nanoseconds body_started_{0};
  uint64_t received_ = 0;
  uint64_t body_mark_ = 0;
  std::shared_ptr<BodyQueue> queue_;
  bool is_paused_ = false;
  bool handler_is_abandoned_ = false;  // it still uses request_
  bool is_chunked_ = false;
  BodySource source_;
  bool is_pulling_ = false;
  std::shared_ptr<EventSubscription> subscription_;
  std::optional<Later> later_;
  Nanoseconds waits_until_ = kNever;
  std::shared_ptr<Connection> myself_;  // while it waits: with requests behind this one, no read owns it

  Nanoseconds deadline_ = kNever;
  Nanoseconds next_heartbeat_ = kNever;
  uint64_t ignored_ = 0;  // bytes of a client that is to listen
};

}  // namespace sinan::net

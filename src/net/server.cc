// The sockets: Boost.Asio's event loops, accepting, TLS. What a connection does is connection.h's.
#include "net/server.h"

// The thread sanitizer does not know fences; without them Asio relies on its mutexes alone, which it does know.
#ifdef __SANITIZE_THREAD__
#define BOOST_ASIO_DISABLE_FENCED_BLOCK 1
#endif

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "net/connection.h"

namespace sinan::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;

// One event loop and its thread.
class AsioLoop final : public Loop {
 public:
  void post(std::function<void()> task) override { asio::post(context, std::move(task)); }

  // Destroyed first: handlers that have not run own connections, which take themselves off the base's list.
  asio::io_context context{1};
  std::thread thread;
};

struct Shared : ConnectionContext {
  using ConnectionContext::ConnectionContext;
  std::unique_ptr<asio::ssl::context> tls;
};

class PlainConnection final : public Connection {
 public:
  PlainConnection(ConnectionContext& shared, Loop& loop, Tcp::socket socket)
      : Connection(shared, loop), socket_(std::move(socket)) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
  }
  void start() override { began(); }

 private:
  std::shared_ptr<PlainConnection> self() { return std::static_pointer_cast<PlainConnection>(shared_from_this()); }

  void read_some(char* to, size_t size) override {
    socket_.async_read_some(asio::buffer(to, size),
                            [self = self()](const error_code& error, size_t count) { self->on_read(!error, count); });
  }

  // Nearly always the kernel takes all of it: no round through the event loop.
  bool write_at_once() override {
    const std::string_view big = big_writing_ ? std::string_view(*big_writing_) : std::string_view();
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(writing_), asio::buffer(big)};
    error_code error;
    size_t sent = big.empty() ? socket_.write_some(buffers[0], error) : socket_.write_some(buffers, error);
    if (error == asio::error::would_block) {
      sent = 0;
    } else if (error) {
      loop_.post([self = self()] { self->on_written(false); });
      return false;
    }
    if (sent == writing_.size() + big.size()) return true;
    const size_t of_first = std::min(sent, writing_.size());
    const std::array<asio::const_buffer, 2> rest = {buffers[0] + of_first, buffers[1] + (sent - of_first)};
    asio::async_write(socket_, rest, [self = self()](const error_code& failed, size_t) { self->on_written(!failed); });
    return false;
  }

  void close_socket() override {
    error_code ignored;
    socket_.close(ignored);
  }
  bool has_goodbye() const override { return false; }
  void say_goodbye() override {
    error_code ignored;
    socket_.shutdown(Tcp::socket::shutdown_send, ignored);
  }

  Tcp::socket socket_;
};

class TlsConnection final : public Connection {
 public:
  TlsConnection(Shared& shared, Loop& loop, Tcp::socket socket)
      : Connection(shared, loop), stream_(std::move(socket), *shared.tls) {
    request_.is_encrypted = true;
  }
  void start() override {
    deadline_in(shared_.options.head_time);
    stream_.async_handshake(TlsStream::server, [self = self()](const error_code& error) {
      if (self->state_ != State::kHandshake) return;
      if (error) {
        self->cut();
      } else {
        self->began();
      }
    });
  }

 private:
  std::shared_ptr<TlsConnection> self() { return std::static_pointer_cast<TlsConnection>(shared_from_this()); }

  void read_some(char* to, size_t size) override {
    stream_.async_read_some(asio::buffer(to, size),
                            [self = self()](const error_code& error, size_t count) { self->on_read(!error, count); });
  }
  bool write_at_once() override {
    const std::string_view big = big_writing_ ? std::string_view(*big_writing_) : std::string_view();
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(writing_), asio::buffer(big)};
    asio::async_write(stream_, buffers, [self = self()](const error_code& error, size_t) { self->on_written(!error); });
    return false;
  }
  void close_socket() override {
    error_code ignored;
    stream_.lowest_layer().close(ignored);
  }
  bool has_goodbye() const override { return true; }
  void say_goodbye() override {
    stream_.async_shutdown([self = self()](const error_code&) { self->cut(); });
  }

  TlsStream stream_;
};

Result<asio::ip::address> parse_address(const std::string& text) {
  if (equals_ignore_case(text, "localhost")) return asio::ip::address_v4::loopback();
  error_code error;
  const auto address = asio::ip::make_address(text, error);
  if (error) return fail(Code::kArgument, "wrong address to listen on: " + text, "an IP address, or localhost");
  return address;
}

Result<std::unique_ptr<asio::ssl::context>> make_tls(const TlsFiles& files) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code error;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                           asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                           asio::ssl::context::no_tlsv1_1 | SSL_OP_NO_RENEGOTIATION,
                       error);
  // Idle connections hold no record buffers.
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  context->use_certificate_chain_file(files.certificate, error);
  if (error) {
    return fail(Code::kArgument, fmt::format("cannot read the certificate {}: {}", files.certificate, error.message()),
                "a PEM file with the server's certificate first");
  }
  context->use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error) {
    return fail(Code::kArgument, fmt::format("cannot read the key {}: {}", files.key, error.message()),
                "the PEM file of the certificate's key");
  }
  return context;
}

}  // namespace

Status check_exposure(const ServerOptions& options, bool has_tokens, bool allow_plaintext) {
  const auto address = TRY(parse_address(options.address));
  if (address.is_loopback()) return {};
  if (!has_tokens) {
    return fail(Code::kPermission, "the server would be open to the network without tokens: " + options.address,
                "make a token: sinan token create --role admin NAME; or listen on 127.0.0.1");
  }
  if (options.tls.certificate.empty() && !allow_plaintext) {
    return fail(Code::kPermission, "tokens would cross the network unencrypted: " + options.address,
                "set tls_certificate and tls_key; or allow_plaintext = true where a proxy in front does TLS");
  }
  return {};
}

Result<Listen> parse_listen(std::string_view text) {
  const auto wrong = [&] {
    return fail(Code::kArgument, "wrong address to listen on: " + std::string(text),
                "such as 127.0.0.1:8080 or [::1]:8080");
  };
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return wrong();
  }
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || error != std::errc() || end != port.data() + port.size()) return wrong();
  TRY(parse_address(std::string(host)));
  return Listen{std::string(host), number};
}

struct Server::State {
  State(const ServerOptions& options, const Service& service) : shared(std::make_unique<Shared>(options, service)) {
    for (uint32_t i = 0; i < std::max<uint32_t>(options.io_threads, 1); ++i) {
      loops.push_back(std::make_unique<AsioLoop>());
    }
    acceptor = std::make_unique<Tcp::acceptor>(loops[0]->context);
    accept_again = std::make_unique<asio::steady_timer>(loops[0]->context);
  }

  Status listen() {
    const Tcp::endpoint endpoint(TRY(parse_address(shared->options.address)), shared->options.port);
    error_code error;
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(4096, error);
    if (!error) return {};
    const std::string where = fmt::format("{}:{}", shared->options.address, shared->options.port);
    if (error == asio::error::address_in_use) {
      return fail(Code::kBusy, "the port is in use: " + where, "stop who uses it, or listen on another one");
    }
    if (error == asio::error::access_denied) {
      return fail(Code::kPermission, "may not listen there: " + where, "ports below 1024 need a privilege");
    }
    return fail(Code::kIo, fmt::format("cannot listen on {}: {}", where, error.message()));
  }

  void run() {
    for (const auto& loop : loops) {
      work.push_back(asio::make_work_guard(loop->context));
      timers.push_back(std::make_unique<asio::steady_timer>(loop->context));
      sweep_later(timers.size() - 1);
      loop->thread = std::thread([&context = loop->context] { context.run(); });
    }
    asio::post(loops[0]->context, [this] { accept(); });
  }

  void accept() {
    acceptor->async_accept(loops[next_loop]->context, [this](const error_code& error, Tcp::socket socket) {
      if (error == asio::error::operation_aborted || !acceptor->is_open()) return;
      if (error) {
        // Out of descriptors, most likely: some must be closed before it makes sense to try again.
        log::warning("cannot take a connection: " + error.message());
        accept_again->expires_after(std::chrono::milliseconds(100));
        accept_again->async_wait([this](const error_code& cancelled) {
          if (!cancelled) accept();
        });
        return;
      }
      take(std::move(socket), *loops[next_loop]);
      next_loop = (next_loop + 1) % loops.size();
      accept();
    });
  }

  void take(Tcp::socket socket, AsioLoop& loop) {
    error_code ignored;
    socket.set_option(Tcp::no_delay(true), ignored);
    if (shared->connections >= shared->options.most_connections) {
      constexpr std::string_view kFull =
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      if (!shared->tls) socket.send(asio::buffer(kFull), 0, ignored);
      return;
    }
    ++shared->connections;
    error_code unknown;
    std::string peer = socket.remote_endpoint(unknown).address().to_string();
    asio::post(loop.context, [this, &loop, socket = std::move(socket), peer = std::move(peer)]() mutable {
      std::shared_ptr<Connection> connection;
      if (shared->tls) {
        connection = std::make_shared<TlsConnection>(*shared, loop, std::move(socket));
      } else {
        connection = std::make_shared<PlainConnection>(*shared, loop, std::move(socket));
      }
      connection->set_peer(std::move(peer));
      if (shared->draining) return connection->cut();
      connection->start();
    });
  }

  void sweep_later(size_t i) {
    timers[i]->expires_after(shared->options.sweep_interval);
    timers[i]->async_wait([this, i](const error_code& cancelled) {
      if (cancelled) return;
      sweep(*loops[i]);
      sweep_later(i);
    });
  }

  void sweep(Loop& loop) const {
    const std::chrono::nanoseconds now = shared->service.clock().monotonic();
    for_each(loop, [&](Connection& connection) { connection.look_at(now); });
  }

  template <class Act>
  static void for_each(Loop& loop, Act act) {
    std::vector<std::shared_ptr<Connection>> all;
    all.reserve(loop.connections.size());
    for (Connection* connection : loop.connections) all.push_back(connection->shared_from_this());
    for (const auto& connection : all) act(*connection);
  }

  // On every loop's thread; answers when all have done it.
  template <class Act>
  void on_all(Act act) {
    std::mutex mutex;
    std::condition_variable done;
    size_t left = loops.size();
    for (const auto& loop : loops) {
      asio::post(loop->context, [&, one = loop.get()] {
        act(*one);
        const std::lock_guard lock(mutex);
        if (--left == 0) done.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return left == 0; });
  }

  void stop(std::chrono::milliseconds patience) {
    if (stopped) return;
    stopped = true;
    shared->draining = true;
    on_all([this](Loop& loop) {
      if (&loop == loops[0].get()) {
        error_code ignored;
        acceptor->close(ignored);
        accept_again->cancel();
      }
      for_each(loop, [](Connection& connection) { connection.drain(); });
    });
    {
      std::unique_lock lock(shared->mutex);
      shared->none_left.wait_for(lock, patience, [&] { return shared->connections == 0; });
    }
    on_all([](Loop& loop) { for_each(loop, [](Connection& connection) { connection.cut(); }); });
    shared->workers.finish();  // what a worker still does has no client any more
    for (const auto& loop : loops) {
      asio::post(loop->context, [&context = loop->context] { context.stop(); });
      loop->thread.join();
    }
  }

  std::unique_ptr<Shared> shared;
  // Connections go with the handlers that a context still holds, and need their loop and `shared` for that.
  std::vector<std::unique_ptr<AsioLoop>> loops;
  std::unique_ptr<Tcp::acceptor> acceptor;
  std::unique_ptr<asio::steady_timer> accept_again;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::vector<std::unique_ptr<asio::steady_timer>> timers;
  size_t next_loop = 0;
  bool stopped = false;
  uint16_t port = 0;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, const Service& service) {
  try {
    auto state = std::make_unique<State>(options, service);
    if (!options.tls.certificate.empty()) state->shared->tls = TRY(make_tls(options.tls));
    TRY(state->listen());
    state->port = state->acceptor->local_endpoint().port();
    state->run();
    return std::unique_ptr<Server>(new Server(std::move(state)));
  } catch (const std::exception& exception) {
    return fail(Code::kIo, std::string("cannot start the server: ") + exception.what());
  }
}

uint16_t Server::port() const { return state_->port; }

std::string Server::url() const {
  const std::string& address = state_->shared->options.address;
  return fmt::format("{}://{}:{}", state_->shared->tls ? "https" : "http",
                     address.contains(':') ? "[" + address + "]" : address, port());
}

size_t Server::connections() const { return state_->shared->connections; }

void Server::sweep() {
  state_->on_all([this](Loop& loop) { state_->sweep(loop); });
}

void Server::stop(std::chrono::milliseconds patience) { state_->stop(patience); }

}  // namespace sinan::net

#include "io/reachable.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace sinan::io {
namespace {

using Clock = std::chrono::steady_clock;

Failure unreachable(const std::string& host, uint16_t port, std::string_view why) {
  return fail(Code::kUnavailable, fmt::format("no answer from {}:{}: {}", host, port, why),
              "check the address, and that the server runs and accepts connections over the network");
}

// The resolver has no time limit of its own: a request that takes too long is left to itself, memory and all.
struct Lookup {
  std::string host;
  std::string service;
  addrinfo hints{};
  gaicb request{};
};

Result<std::shared_ptr<addrinfo>> resolve(const std::string& host, uint16_t port, std::chrono::milliseconds patience) {
  auto lookup = std::make_unique<Lookup>();
  lookup->host = host;
  lookup->service = std::to_string(port);
  lookup->hints.ai_socktype = SOCK_STREAM;
  lookup->request = {lookup->host.c_str(), lookup->service.c_str(), &lookup->hints, nullptr, {}};
  gaicb* requests[] = {&lookup->request};
  if (const int error = getaddrinfo_a(GAI_NOWAIT, requests, 1, nullptr); error != 0) {
    return unreachable(host, port, gai_strerror(error));
  }
  const timespec limit{.tv_sec = patience.count() / 1000, .tv_nsec = patience.count() % 1000 * 1'000'000};
  const auto until = Clock::now() + patience;
  while (gai_error(&lookup->request) == EAI_INPROGRESS && Clock::now() < until) (void)gai_suspend(requests, 1, &limit);
  const int outcome = gai_error(&lookup->request);
  if (outcome == EAI_INPROGRESS) {
    (void)lookup.release();
    return unreachable(host, port, "the name is not resolved in time");
  }
  if (outcome != 0) return unreachable(host, port, gai_strerror(outcome));
  return std::shared_ptr<addrinfo>(lookup->request.ar_result, freeaddrinfo);
}

class Socket {
 public:
  explicit Socket(const addrinfo& address)
      : descriptor_(socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

  // Whether the event comes before `until`.
  bool await(short event, Clock::time_point until) const {
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
      if (left <= 0) return false;
      pollfd waited{descriptor_, event, 0};
      const int count = poll(&waited, 1, static_cast<int>(left));
      if (count > 0) return true;
      if (count < 0 && errno != EINTR) return false;
    }
  }

 private:
  int descriptor_;
};

// Nothing when it answers, else why not.
std::optional<std::string> try_address(const addrinfo& address, bool speaks_first, Clock::time_point until) {
  const Socket socket(address);
  if (socket.descriptor() < 0) return std::strerror(errno);
  if (connect(socket.descriptor(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return std::strerror(errno);
    if (!socket.await(POLLOUT, until)) return "timed out";
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
      return std::strerror(error);
    }
  }
  if (!speaks_first) return std::nullopt;
  if (!socket.await(POLLIN, until)) return "it accepts the connection and says nothing";
  char byte = 0;
  if (recv(socket.descriptor(), &byte, 1, 0) == 1) return std::nullopt;
  return "it closes the connection";
}

}  // namespace

Status reach(const std::string& host, uint16_t port, bool speaks_first, std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  const auto addresses = TRY(resolve(host, port, patience));
  std::string why = "it has no address";
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    auto refused = try_address(*address, speaks_first, until);
    if (!refused) return {};
    why = std::move(*refused);
  }
  return unreachable(host, port, why);
}

}  // namespace sinan::io

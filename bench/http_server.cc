// The HTTP server on one I/O thread, under wrk on one thread with 64 connections: a small JSON answer, a conditional request
// that ends in 304, and a POST whose JSON is parsed. The peer answers the same bytes from a bare epoll loop that looks at
// nothing: what sockets alone cost here.
//
// wrk takes a core of its own and other work may take from both, so a rate is requests per second of the server thread's
// processor time. `wall` is the rate that wrk saw. Prints a JSON line each; fails when an answer is not the right one.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/metrics.h"
#include "net/server.h"
#include "net/service.h"

namespace {

using namespace sinan;
using namespace sinan::net;

constexpr int kSeconds = 3;
constexpr std::string_view kEtag = "\"5d41402abc4b2a76\"";
constexpr std::string_view kAnswer =
    R"({"key":"checkout.button_color","value":"black","reason":"SPLIT","variant":"treatment","metadata":{}})";

double process_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Load {
  double per_cpu_second = 0;
  double wall = 0;
  uint64_t requests = 0;
};

// All threads of this process but the measured one wait: its time is the server's.
Load measure(uint16_t port, const std::string& path, const std::string& script) {
  std::string name = (std::filesystem::temp_directory_path() / "sinan-bench-XXXXXX").string();
  const int file = mkstemp(name.data());
  if (file < 0 || write(file, script.data(), script.size()) != static_cast<ssize_t>(script.size())) std::exit(1);
  close(file);
  const std::string command =
      fmt::format("wrk -t1 -c64 -d{}s -s {} http://127.0.0.1:{}{} 2>&1", kSeconds, name, port, path);
  const double before = process_seconds();
  FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  std::array<char, 4096> buffer{};
  while (const size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), count);
  const int status = pclose(pipe);
  const double used = process_seconds() - before;
  unlink(name.c_str());
  Load load;
  const size_t rate = out.find("Requests/sec:");
  const size_t count = out.find(" requests in ");
  if (status != 0 || rate == out.npos || count == out.npos || out.find("Non-2xx") != out.npos ||
      out.find("Socket errors") != out.npos) {
    fmt::print(stderr, "wrk failed (is it installed?):\n{}\n", out);
    std::exit(1);
  }
  load.wall = std::atof(out.c_str() + rate + 13);
  load.requests = std::strtoull(out.c_str() + out.rfind('\n', count) + 1, nullptr, 10);
  load.per_cpu_second = static_cast<double>(load.requests) / used;
  return load;
}

// What a server cannot be faster than: recv, send and epoll_wait, one answer for whatever came.
class BareServer {
 public:
  explicit BareServer(std::string answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 1024) != 0) std::exit(1);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~BareServer() {
    stop_ = true;
    thread_.join();
    close(listener_);
  }
  uint16_t port() const { return port_; }

 private:
  void serve() {
    const int poll = epoll_create1(0);
    watch(poll, listener_);
    std::array<epoll_event, 128> events{};
    std::array<char, 4096> buffer{};
    while (!stop_) {
      const int count = epoll_wait(poll, events.data(), events.size(), 50);
      for (int i = 0; i < count; ++i) {
        const int one = events[static_cast<size_t>(i)].data.fd;
        if (one == listener_) {
          const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
          const int yes = 1;
          setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
          watch(poll, client);
        } else if (recv(one, buffer.data(), buffer.size(), 0) <= 0 ||
                   send(one, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) {
          close(one);
        }
      }
    }
    close(poll);
  }
  static void watch(int poll, int descriptor) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
    epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
  }

  std::string answer_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

void report(std::string_view name, const Load& ours, const Load& peer, int target) {
  fmt::print(
      R"({{"name":"{}","ours":{:.0f},"peer":{:.0f},"target":{},"at_least":true,"unit":"requests per processor second","wall":{:.0f},"peer_wall":{:.0f},"requests":{}}})"
      "\n",
      name, ours.per_cpu_second, peer.per_cpu_second, target, ours.wall, peer.wall, ours.requests);
  std::fflush(stdout);
}

}  // namespace

int main() {
  Router router;
  router.add({.method = Method::kGet,
              .path = "/single",
              .access = kEveryone,
              .handle = [](const Request& request) -> Result<Response> {
                if (request.has_current(kEtag)) return Response::not_modified(kEtag);
                Response response = Response::json_text(std::string(kAnswer));
                response.headers.add("ETag", kEtag);
                return response;
              }});
  router.add({.method = Method::kPost,
              .path = "/ofrep/v1/evaluate/flags/{key}",
              .access = kEveryone,
              .handle = [](const Request& request) -> Result<Response> {
                const auto body = request.json();
                if (!body) return std::unexpected(body.error());
                if (body->at("context").at("targetingKey").string_view() != "u42") {
                  return fail(Code::kArgument, "wrong context");
                }
                return Response::json_text(std::string(kAnswer));
              },
              .body_limit = 65536});
  Metrics metrics;
  Authenticator authenticator({}, system_clock());
  const Service service(router, authenticator, {}, metrics, system_clock());
  const auto server = Server::start({}, service);
  if (!server) {
    fmt::print(stderr, "{}\n", server.error().to_string());
    return 1;
  }
  const uint16_t port = (*server)->port();
  const std::string bare = fmt::format(
      "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\nETag: {}\r\n"
      "X-Request-Id: 0123456789abcdef\r\nX-Content-Type-Options: nosniff\r\nContent-Length: {}\r\n\r\n{}",
      kEtag, kAnswer.size(), kAnswer);
  const BareServer peer(bare);
  constexpr const char* kPost =
      "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n"
      "wrk.body = '{\"context\":{\"targetingKey\":\"u42\",\"city\":\"San Francisco\",\"app_version\":\"3.4.1\"}}'\n";
  constexpr const char* kConditional = "wrk.headers['If-None-Match'] = '\"5d41402abc4b2a76\"'\n";
  struct Case {
    const char* name;
    const char* path;
    const char* script;
    int target;
  };
  for (const Case& one : {Case{"http_get", "/single", "", 40'000}, Case{"http_304", "/single", kConditional, 60'000},
                          Case{"http_post", "/ofrep/v1/evaluate/flags/checkout.button_color", kPost, 40'000}}) {
    const Load theirs = measure(peer.port(), one.path, one.script);
    report(one.name, measure(port, one.path, one.script), theirs, one.target);
  }
  // The answers were the right ones: all 304 where that was asked for, no error anywhere.
  const std::string text = metrics.text();
  const bool has_304 = text.find("route=\"/single\",status=\"3xx\"} 0\n") == text.npos;
  if (!has_304 || text.find("status=\"4xx\"} 0") == text.npos) return 1;
  return 0;
}

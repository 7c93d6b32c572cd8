#include "io/http_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"

namespace sinan::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// One connection of a client, as the test plays the server.
class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {}
  // The head of the next request and its body of Content-Length; empty when the client has closed.
  std::string request() {
    for (;;) {
      const size_t end = bytes_.find("\r\n\r\n");
      if (end != bytes_.npos) {
        const size_t field = bytes_.find("Content-Length: ");
        const size_t length = field < end ? std::stoul(bytes_.substr(field + 16)) : 0;
        if (bytes_.size() >= end + 4 + length) {
          std::string whole = bytes_.substr(0, end + 4 + length);
          bytes_.erase(0, whole.size());
          return whole;
        }
      }
      char buffer[4096];
      const ssize_t count = recv(socket_, buffer, sizeof(buffer), 0);
      if (count <= 0) return {};
      bytes_.append(buffer, static_cast<size_t>(count));
    }
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void answer(int status, std::string_view body, std::string_view headers = "") {
    send("HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }

 private:
  int socket_;
  std::string bytes_;
};

// Gives each connection to `play`, one after another, and closes it afterwards.
class Script {
 public:
  explicit Script(std::function<void(Peer&, int connection)> play) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 16) == 0);
    CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, play = std::move(play)] {
      for (int count = 1;; ++count) {
        const int accepted = accept(listener_, nullptr, nullptr);
        if (accepted < 0) return;
        Peer peer(accepted);
        play(peer, count);
        close(accepted);
      }
    });
  }
  ~Script() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }

 private:
  int listener_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST(HttpClient, SendsWhatItIsGivenAndReadsTheAnswer) {
  std::string seen;
  const Script script([&](Peer& peer, int) {
    seen = peer.request();
    peer.answer(201, "made", "X-Kind: a: b\r\n");
  });
  const HttpClient client;
  const auto answer = client.send(
      {.method = "POST", .url = script.url("/v1/x?q=1"), .headers = {{"X-One", "1"}, {"X-Empty", ""}}, .body = "body"});
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "made");
  EXPECT_EQ(answer->header("x-kind"), "a: b");
  EXPECT_EQ(answer->header("x-none"), std::nullopt);
  EXPECT_THAT(seen, HasSubstr("POST /v1/x?q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-One: 1\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-Empty:\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\n\r\nbody"));
  EXPECT_THAT(seen, Not(HasSubstr("Content-Type")));
  EXPECT_THAT(seen, Not(HasSubstr("Expect")));
}

TEST(HttpClient, KeepsTheConnection) {
  std::atomic<int> connections = 0;
  std::vector<std::string> methods;
  const Script script([&](Peer& peer, int count) {
    connections = count;
    for (std::string text; !(text = peer.request()).empty();) {
      methods.push_back(text.substr(0, text.find(' ')));
      methods.back() == "HEAD" ? (void)peer.send("HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n") : peer.answer(200, "x");
    }
  });
  {
    const HttpClient client;
    for (const char* method : {"GET", "HEAD", "DELETE", "PUT", "GET"}) {
      const auto answer = client.send({.method = method, .url = script.url()});
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->body, std::string_view(method) == "HEAD" ? "" : "x");
    }
  }
  EXPECT_EQ(connections, 1);
  EXPECT_THAT(methods, ElementsAre("GET", "HEAD", "DELETE", "PUT", "GET"));
}

TEST(HttpClient, GivesOutABodyAsItComes) {
  std::atomic<bool> first_is_taken = false;
  const Script script([&](Peer& peer, int) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    first_is_taken.wait(false);  // the second is sent only when the first was seen
    peer.send("6\r\nsecond\r\n0\r\n\r\n");
  });
  const HttpClient client;
  std::string taken;
  const auto answer = client.send({.url = script.url(), .on_body = [&](std::string_view piece) -> Status {
                                     taken += piece;
                                     first_is_taken = true;
                                     first_is_taken.notify_all();
                                     return {};
                                   }});
  ASSERT_TRUE(answer);
  EXPECT_EQ(taken, "firstsecond");
  EXPECT_EQ(answer->body, "");
}

TEST(HttpClient, AnErrorOfTheTakerEndsTheCall) {
  const Script script([&](Peer& peer, int) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    while (peer.send("bytes")) {
    }
  });
  const HttpClient client;
  const auto answer = client.send(
      {.url = script.url(), .on_body = [](std::string_view) -> Status { return fail(Code::kExhausted, "enough"); }});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "enough");
}

TEST(HttpClient, TheBodyOfAFailureIsNotGivenOut) {
  const Script script([&](Peer& peer, int) {
    peer.request();
    peer.answer(404, "nothing here");
  });
  const HttpClient client;
  const auto answer = client.send({.url = script.url(), .on_body = [](std::string_view) -> Status {
                                     ADD_FAILURE();
                                     return {};
                                   }});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "nothing here");
}

TEST(HttpClient, LimitsWhatItTakes) {
  const Script script([&](Peer& peer, int) {
    const bool wants_header = peer.request().starts_with("GET /header");
    peer.send("HTTP/1.1 200 OK\r\n");
    if (!wants_header) peer.send("\r\n");
    while (peer.send(wants_header ? "X-More: " + std::string(1000, 'x') + "\r\n" : std::string(1000, 'x'))) {
    }
  });
  const HttpClient client({.attempts = 1});
  const auto body = client.send({.url = script.url(), .most_body_bytes = 100'000});
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().code, Code::kExhausted);
  EXPECT_THAT(body.error().message, HasSubstr("100000"));
  const auto header = client.send({.url = script.url("/header")});
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, Code::kExhausted);
}

TEST(HttpClient, TriesAgainWhatMayBeSentTwice) {
  std::atomic<int> seen = 0;
  const Script script([&](Peer& peer, int count) {
    peer.request();
    ++seen;
    if (count % 3 == 1) return;  // cut off
    if (count % 3 == 2) return peer.answer(503, "busy", "Retry-After: 2\r\nConnection: close\r\n");
    peer.answer(200, "done", "Connection: close\r\n");
  });
  SimulatedClock clock;
  const HttpClient client({.clock = &clock});
  const auto got = client.send({.url = script.url()});
  ASSERT_TRUE(got) << got.error().to_string();
  EXPECT_EQ(got->body, "done");
  EXPECT_EQ(seen, 3);
  // Retry-After, and at most 0.2 and 0.4 seconds.
  EXPECT_GE(clock.monotonic(), std::chrono::seconds(2));
  EXPECT_LE(clock.monotonic(), std::chrono::milliseconds(2600));
  const auto posted = client.send({.method = "POST", .url = script.url()});
  ASSERT_FALSE(posted);
  EXPECT_EQ(posted.error().code, Code::kUnavailable);
  EXPECT_EQ(seen, 4);
  const auto allowed = client.send({.method = "POST", .url = script.url(), .is_idempotent = true});
  ASSERT_TRUE(allowed);
  EXPECT_EQ(allowed->status, 200);
}

TEST(HttpClient, DoesNotWaitForALongRetryAfter) {
  std::atomic<int> requests = 0;
  const Script script([&](Peer& peer, int) {
    peer.request();
    ++requests;
    peer.answer(429, "", "Retry-After: 3600\r\nConnection: close\r\n");
  });
  const HttpClient client;
  const auto answer = client.send({.url = script.url()});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(requests, 1);
}

TEST(HttpClient, NothingIsTriedAgainOnceABodyWasGivenOut) {
  std::atomic<int> requests = 0;
  const Script script([&](Peer& peer, int) {
    peer.request();
    ++requests;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  });
  const HttpClient client;
  const auto answer = client.send({.url = script.url(), .on_body = [](std::string_view) -> Status { return {}; }});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_EQ(requests, 1);
}

TEST(HttpClient, IsCancelledWhileItWaits) {
  CancelSource cancel;
  const Script script([&](Peer& peer, int) {
    peer.request();
    cancel.cancel();
    peer.request();  // until the client closes
  });
  const HttpClient client;
  const auto answer = client.send({.url = script.url(), .most_time = {}, .most_idle_time = {}}, cancel.token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kCancelled);
  EXPECT_EQ(client.send({.url = script.url()}, cancel.token()).error().code, Code::kCancelled);
}

TEST(HttpClient, GivesUpAfterItsTime) {
  const Script script([&](Peer& peer, int) {
    peer.request();
    peer.request();
  });
  const HttpClient client({.attempts = 1});
  const auto answer = client.send({.url = script.url(), .most_time = std::chrono::milliseconds(50)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  const auto idle = client.send({.url = script.url(), .most_time = {}, .most_idle_time = std::chrono::seconds(1)});
  ASSERT_FALSE(idle);
  EXPECT_EQ(idle.error().code, Code::kUnavailable);
}

TEST(HttpClient, SaysWhoDoesNotAnswer) {
  std::string url;
  {
    url = Script([](Peer&, int) {}).url();
  }  // nobody listens there any more
  const HttpClient client({.attempts = 1});
  const auto answer = client.send({.url = url + "path?token=hidden"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr(url));
  EXPECT_THAT(answer.error().message, Not(HasSubstr("hidden")));
}

TEST(HttpClient, RedirectsAreAnswersUnlessAskedFor) {
  std::vector<std::string> seen;
  const Script other([&](Peer& peer, int) {
    seen.push_back(peer.request());
    peer.answer(200, "there", "Connection: close\r\n");
  });
  const Script script([&](Peer& peer, int) {
    seen.push_back(peer.request());
    const bool is_loop = seen.back().starts_with("GET /loop");
    peer.answer(302, "", "Location: " + (is_loop ? "/loop" : other.url("/new")) + "\r\nConnection: close\r\n");
  });
  const HttpClient client({.attempts = 1});
  const std::vector<HttpHeader> headers = {{"Authorization", "Bearer x"}, {"X-API-Key", "y"}, {"X-Plain", "z"}};
  const auto plain = client.send({.url = script.url("/old"), .headers = headers});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->status, 302);
  const auto followed = client.send({.url = script.url("/old"), .headers = headers, .most_redirects = 3});
  ASSERT_TRUE(followed);
  EXPECT_EQ(followed->body, "there");
  EXPECT_THAT(seen.back(), HasSubstr("GET /new "));
  EXPECT_THAT(seen.back(), HasSubstr("X-Plain: z"));
  EXPECT_THAT(seen.back(), Not(HasSubstr("Authorization")));  // another server
  EXPECT_THAT(seen.back(), Not(HasSubstr("X-API-Key")));
  const size_t before = seen.size();
  EXPECT_EQ(client.send({.url = script.url("/loop"), .most_redirects = 3})->status, 302);
  EXPECT_EQ(seen.size() - before, 4U);
}

TEST(HttpClient, RefusesWhatIsNoRequest) {
  const HttpClient client;
  const auto code = [&](const HttpRequest& request) { return client.send(request).error().code; };
  EXPECT_EQ(code({.url = "file:///etc/passwd"}), Code::kArgument);
  EXPECT_EQ(code({.url = "http://"}), Code::kArgument);
  EXPECT_EQ(code({.url = "http://127.0.0.1:99999/"}), Code::kArgument);
  EXPECT_EQ(code({.method = "GET /", .url = "http://127.0.0.1/"}), Code::kArgument);
  EXPECT_EQ(code({.url = "http://127.0.0.1/", .headers = {{"A", "b\r\nC: d"}}}), Code::kArgument);
  EXPECT_EQ(code({.url = "http://127.0.0.1/", .headers = {{"A:", "b"}}}), Code::kArgument);
}

TEST(HttpClient, NoHttpIsAnError) {
  const Script script([&](Peer& peer, int) {
    peer.request();
    peer.send("SSH-2.0-OpenSSH\r\n");
  });
  const HttpClient client({.attempts = 1});
  const auto answer = client.send({.url = script.url()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
}

TEST(HttpClient, ManyThreadsShareOne) {
  const Script script([&](Peer& peer, int) {
    const std::string text = peer.request();
    peer.answer(200, text.substr(4, text.find(" HTTP") - 4), "Connection: close\r\n");
  });
  const HttpClient client;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string path = "/" + std::to_string(t) + "-" + std::to_string(i);
        const auto answer = client.send({.url = script.url(path)});
        right += answer && answer->body == path;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 100);
}

TEST(HttpClient, LogsNoSecrets) {
  EXPECT_EQ(log_text({.url = "https://me:pw@shop.example:8443/a/b?token=t#x",
                      .headers = {{"Authorization", "Bearer t"}, {"X-API-Key", "k"}, {"Accept", "*/*"}}}),
            "GET https://shop.example:8443/a/b authorization=*** x-api-key=*** accept=*/*");
}

}  // namespace
}  // namespace sinan::io

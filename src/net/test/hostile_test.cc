// Over real sockets: what no well-behaved client does. After each, the server still answers.
#include <gtest/gtest.h>

#include <thread>

#include "base/random.h"
#include "net/server.h"
#include "net/test/raw_client.h"
#include "net/test/test_server.h"

namespace sinan::net {
namespace {

using std::chrono::seconds;

std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}

void expect_alive(TestServer& test) {
  RawClient client(test.port());
  client.send(get("/hello"));
  const auto answer = client.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "hello");
}

// The answer's status, and that the connection ends after it: nothing behind such a request is taken for another one.
int status_and_end(TestServer& test, std::string_view bytes) {
  RawClient client(test.port());
  client.send(bytes);
  client.close_sending();
  const auto answer = client.answer();
  if (!answer) return 0;
  EXPECT_EQ(client.read_to_end(), "") << bytes.substr(0, 200);
  return answer->status;
}

TEST(Hostile, WhatIsNoHttp) {
  TestServer test;
  const std::pair<std::string, int> cases[] = {
      {"GET\r\n\r\n", 400},
      {"GET /hello\r\n\r\n", 400},
      {"GET /hello HTTP/1.1 x\r\nHost: localhost\r\n\r\n", 505},
      {"GET /hello HTTP/2.0\r\nHost: localhost\r\n\r\n", 505},
      {"GET /hello HTTP/1.1\nHost: localhost\n\n", 505},
      {"G@T /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"GET /he llo HTTP/1.1\r\nHost: localhost\r\n\r\n", 505},
      {"GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
      {"GET /hello HTTP/1.1\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: localhost\r\nA b: c\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: localhost\r\nA : c\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: localhost\r\n: c\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: localhost\r\nA: c\rB: d\r\n\r\n", 400},
      {std::string("GET /hello HTTP/1.1\r\nHost: localhost\r\nA: c\0d\r\n\r\n", 48), 400},
      {"GET /hello HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\n\r\n", 417},
      {"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\nxxx", 400},
  };
  for (const auto& [bytes, status] : cases) {
    RawClient client(test.port());
    client.send(bytes);
    client.close_sending();
    const auto answer = client.answer();
    EXPECT_EQ(answer ? answer->status : 0, status) << bytes;
  }
  expect_alive(test);
}

// Request smuggling: whoever reads the length in another way than a proxy in front would see a second request.
TEST(Hostile, AmbiguousLengths) {
  TestServer test;
  const std::string smuggled = get("/admin");
  const std::string start = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  const std::pair<std::string, int> cases[] = {
      {start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + smuggled, 400},
      {start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + smuggled, 400},
      {start + "Content-Length: 5, 5\r\n\r\nhello" + smuggled, 400},
      {start + "Content-Length: +5\r\n\r\nhello" + smuggled, 400},
      {start + "Content-Length: -1\r\n\r\nhello" + smuggled, 400},
      {start + "Content-Length: 0x5\r\n\r\nhello" + smuggled, 400},
      {start + "Content-Length: \r\n\r\nhello" + smuggled, 400},
      {start + "Content-Length: 99999999999999999999999\r\n\r\nhello" + smuggled, 400},
      {start + "Content-Length : 5\r\n\r\nhello" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + smuggled, 501},
      {start + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + smuggled, 501},
      {start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, 501},
      {start + "Transfer-Encoding: identity\r\n\r\n" + smuggled, 501},
      {start +
           "Transfer-Encoding:\x0b"
           "chunked\r\n\r\n0\r\n\r\n" +
           smuggled,
       400},
      {start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {start + "X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nhello", 400},
      {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 50\r\n\r\n" + smuggled, 400},
      {start + "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n" + smuggled, 400},
  };
  for (const auto& [bytes, status] : cases) EXPECT_EQ(status_and_end(test, bytes), status) << bytes;
  expect_alive(test);
}

TEST(Hostile, TrailersAreNoHeaders) {
  SimulatedClock clock(TimePoint(std::chrono::days(20000)));
  const NewToken admin = *make_token("root", Role::kAdmin, clock.now(), std::nullopt);
  TestServer test({}, {admin.record});
  RawClient client(test.port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"b\"\r\nhi\r\n0\r\n"
      "Host: elsewhere\r\nAuthorization: Bearer " +
      admin.token + "\r\n\r\n" + get("/admin"));
  EXPECT_EQ(client.answer()->body, "hi");
  EXPECT_EQ(client.answer()->status, 401);
}

TEST(Hostile, TooMuchOfEverything) {
  TestServer test;
  EXPECT_EQ(status_and_end(test, get("/hello", "A: " + std::string(17'000, 'a') + "\r\n")), 431);
  EXPECT_EQ(status_and_end(test, "GET /" + std::string(1'000'000, 'a')), 431);
  EXPECT_EQ(status_and_end(
                test, "GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
            414);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_and_end(test, get("/hello", many)), 431);
  // Header fields that come one by one do not escape the limit of all of them.
  RawClient drip(test.port());
  drip.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
  for (int i = 0; i < 90; ++i) drip.send("A: " + std::string(300, 'b') + "\r\n");
  EXPECT_EQ(drip.answer()->status, 431);

  const std::string start = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(status_and_end(test, start + "Content-Length: 100001\r\n\r\n"), 413);
  EXPECT_EQ(status_and_end(test, start + "Transfer-Encoding: chunked\r\n\r\n20000\r\n" + std::string(0x20000, 'x')),
            413);
  EXPECT_EQ(status_and_end(test, "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"), 413);
  EXPECT_EQ(status_and_end(test, start + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(20'000, 'e')), 400);
  EXPECT_EQ(status_and_end(test, start + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: " + std::string(20'000, 't')), 400);
  std::string framing;
  for (int i = 0; i < 2000; ++i) framing += "1;" + std::string(50, 'e') + "\r\nx\r\n";
  EXPECT_EQ(status_and_end(test, start + "Transfer-Encoding: chunked\r\n\r\n" + framing), 400);
  expect_alive(test);
}

TEST(Hostile, PathsCannotClimb) {
  TestServer test;
  for (const char* target :
       {"/name/..", "/name/%2e%2e/etc", "/%2e/hello", "/name/%00", "/name/%ff", "/name/%", "/name/a%0ab"}) {
    RawClient client(test.port());
    client.send(get(target));
    EXPECT_EQ(client.answer()->status, 400) << target;
  }
}

TEST(Hostile, SlowClientsAreNotWaitedFor) {
  TestServer test;
  RawClient idle(test.port());
  RawClient head(test.port());
  RawClient body(test.port());
  RawClient streamed(test.port());
  head.send("GET /hello HTTP/1.1\r\n");
  body.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx");
  streamed.send("POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(streamed.answer()->status, 100);
  // A round trip on a later connection: what was sent before has been read.
  for (int i = 0; i < 3; ++i) expect_alive(test);
  test.advance(seconds(9));
  head.send("Host: local");  // a byte now and then does not help
  for (int i = 0; i < 3; ++i) expect_alive(test);
  test.advance(seconds(2));
  EXPECT_EQ(head.answer()->status, 408);
  EXPECT_TRUE(head.is_closed());
  test.advance(seconds(20));
  EXPECT_EQ(body.answer()->status, 408);
  EXPECT_TRUE(body.is_closed());
  EXPECT_EQ(streamed.answer()->status, 408);
  test.advance(seconds(50));
  EXPECT_TRUE(idle.is_closed());
  test.server->stop(seconds(10));
  EXPECT_EQ(test.failures_seen, 1);
}

TEST(Hostile, WhoTakesNoAnswerIsCutOff) {
  TestServer test;
  RawClient client(test.port(), 4096);
  client.send(get("/pieces?n=100000"));
  client.read_until("\r\n\r\n");
  // Whatever the kernel's buffers take, 100 MB is more: the connection stands in a write.
  while (test.metrics.text().find("route=\"/pieces\",status=\"cut\"} 1") == std::string::npos) {
    test.advance(seconds(31));
  }
  expect_alive(test);
}

TEST(Hostile, ClientsThatVanish) {
  TestServer test({.io_threads = 2, .workers = 2});
  for (int round = 0; round < 20; ++round) {
    for (const std::string& bytes :
         {get("/slow"), get("/pieces?n=100000"), get("/big") + get("/big"), get("/events"), std::string("GET /he"),
          std::string("POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc"),
          std::string("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")}) {
      RawClient client(test.port());
      client.send(bytes);
      if (round % 2 == 0) client.reset();
    }
    if (round == 10) test.gate.open();
  }
  expect_alive(test);
  test.hub.publish("t", {.data = "x"});
  test.server->stop(seconds(60));
  EXPECT_EQ(test.server->connections(), 0U);
  EXPECT_EQ(test.hub.subscribers(), 0U);
}

TEST(Hostile, AFullQueueOfWorkersIsSaid) {
  TestServer test({.workers = 1, .worker_queue = 1});
  RawClient running(test.port());
  running.send(get("/slow"));
  test.gate.wait_for(1);
  RawClient waiting(test.port());
  waiting.send(get("/slow"));
  // One that waits fills the queue; then there is no room.
  std::optional<RawAnswer> refused;
  RawClient other(test.port());
  while (!refused || refused->status != 503) {
    other.send("POST /hurried HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    refused = other.answer();
    ASSERT_TRUE(refused);
  }
  EXPECT_EQ(refused->header("retry-after"), "1");
  other.send(get("/hello"));
  EXPECT_EQ(other.answer()->body, "hello");
  test.gate.open();
  EXPECT_EQ(running.answer()->body, "slow");
  EXPECT_EQ(waiting.answer()->body, "slow");
}

TEST(Hostile, ConnectionsAreLimited) {
  TestServer test({.most_connections = 2});
  RawClient one(test.port());
  RawClient two(test.port());
  one.send(get("/hello"));
  two.send(get("/hello"));
  EXPECT_EQ(one.answer()->status, 200);
  EXPECT_EQ(two.answer()->status, 200);
  RawClient three(test.port());
  EXPECT_EQ(three.answer()->status, 503);
  EXPECT_TRUE(three.is_closed());
}

TEST(Drain, WhatRunsMayFinish) {
  TestServer test({.io_threads = 2});
  RawClient idle(test.port());
  idle.send(get("/hello"));
  idle.answer();
  RawClient events(test.port());
  events.send(get("/events"));
  events.read_until("\n\n");
  RawClient running(test.port());
  running.send(get("/slow") + get("/hello"));
  test.gate.wait_for(1);
  std::jthread stopper([&] { test.server->stop(std::chrono::hours(1)); });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_EQ(events.read_to_end(), "\r\n0\r\n\r\n");
  test.gate.open();
  const auto answer = running.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "slow");
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_TRUE(running.is_closed());
  running.close_sending();  // until then its unanswered request is waited out
  stopper.join();
  EXPECT_EQ(test.server->connections(), 0U);
}

TEST(Drain, PatienceEnds) {
  TestServer test;
  RawClient client(test.port(), 4096);
  client.send(get("/pieces?n=100000"));
  client.read_until("\r\n\r\n");
  test.server->stop(std::chrono::milliseconds(1));
  EXPECT_EQ(test.server->connections(), 0U);
  EXPECT_FALSE(client.read_to_end().ends_with("0\r\n\r\n"));
}

// Requests with a few bytes changed: answered or refused, never the end of the server. Seeds are printed by the failure.
TEST(Hostile, Mutations) {
  TestServer test;
  test.gate.open();
  const std::string requests[] = {
      get("/name/a%20b?q=1&r=2", "X-Request-Id: a\r\nAuthorization: Bearer x\r\nIf-None-Match: \"a\", W/\"b\"\r\n"),
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789",
      "POST /count HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a\r\nExpect: 100-continue\r\nConnection: keep-alive, "
      "x\r\n\r\n",
  };
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::string bytes;
    for (uint64_t i = random.below(3) + 1; i > 0; --i) bytes += requests[random.below(4)];
    for (uint64_t i = random.below(6); i > 0; --i) {
      const size_t at = random.below(bytes.size());
      switch (random.below(4)) {
        case 0:
          bytes[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          bytes.erase(at, random.below(8));
          break;
        case 2:
          bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(20)));
          break;
        default:
          bytes.insert(at, 1, "\r\n:; %0\xff"[random.below(8)]);
          break;
      }
    }
    RawClient client(test.port());
    size_t sent = 0;
    while (sent < bytes.size()) {
      const size_t piece = random.below(bytes.size() - sent) + 1;
      client.send(std::string_view(bytes).substr(sent, piece));
      sent += piece;
    }
    client.close_sending();
    const std::string out = client.read_to_end();
    EXPECT_TRUE(out.empty() || out.starts_with("HTTP/1.1 ")) << out;
  }
  expect_alive(test);
}

}  // namespace
}  // namespace sinan::net

// Over real sockets: what well-behaved clients do.
#include "net/server.h"

#include <gtest/gtest.h>

#include <thread>

#include "net/test/raw_client.h"
#include "net/test/test_server.h"

namespace sinan::net {
namespace {

std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}
std::string post(std::string_view target, std::string_view body, std::string_view headers = "") {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

TEST(Server, KeepsTheConnection) {
  TestServer test;
  RawClient client(test.port());
  for (int i = 0; i < 3; ++i) {
    client.send(get("/name/a%20b?q=1%2B1"));
    const auto answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "a b|1+1");
    EXPECT_EQ(answer->header("date"), "Fri, 04 Oct 2024 00:00:00 GMT");
    EXPECT_EQ(answer->header("x-request-id").size(), 16U);
  }
  EXPECT_EQ(test.server->connections(), 1U);
  client.send(get("/hello", "Connection: close\r\n"));
  EXPECT_EQ(client.answer()->header("connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST(Server, Http10ClosesUnlessAsked) {
  TestServer test;
  RawClient client(test.port());
  client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.answer()->header("connection"), "keep-alive");
  client.send("GET /pieces?n=3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto streamed = client.answer();
  EXPECT_EQ(streamed->body.size(), 3000U);
  EXPECT_EQ(streamed->header("transfer-encoding"), "");
  RawClient second(test.port());
  second.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(second.answer()->body, "hello");
  EXPECT_TRUE(second.is_closed());
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestServer test({.io_threads = 2});
  RawClient client(test.port());
  test.gate.open();
  std::string requests;
  for (int i = 0; i < 300; ++i) {
    requests += get("/name/" + std::to_string(i));
    if (i % 7 == 0) requests += get("/slow");
    if (i % 50 == 0) requests += post("/echo", std::string(50'000, 'x')) + get("/pieces?n=80") + get("/big");
  }
  std::jthread sender([&] { client.send(requests); });
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(client.answer()->body, std::to_string(i) + "|-");
    if (i % 7 == 0) {
      ASSERT_EQ(client.answer()->body, "slow");
    }
    if (i % 50 != 0) continue;
    ASSERT_EQ(client.answer()->body.size(), 50'000U);
    ASSERT_EQ(client.answer()->body.size(), 80'000U);
    ASSERT_EQ(client.answer()->body.size(), 5'000'000U);
  }
}

TEST(Server, TakesRequestsByteByByte) {
  TestServer test;
  RawClient client(test.port());
  for (const char c : "\r\n" + post("/echo", "body", "X: y\r\n") + get("/hello")) client.send({&c, 1});
  EXPECT_EQ(client.answer()->body, "body");
  EXPECT_EQ(client.answer()->body, "hello");
}

TEST(Server, HeadOptionsAndConditionalRequests) {
  TestServer test;
  RawClient client(test.port());
  client.send("HEAD /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.answer(false);
  EXPECT_EQ(head->header("content-length"), "5000000");
  client.send("HEAD /pieces HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.answer(false)->status, 200);
  client.send("OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto options = client.answer();
  EXPECT_EQ(options->status, 204);
  EXPECT_EQ(options->header("allow"), "POST, OPTIONS");
  EXPECT_EQ(options->header("content-length"), "");
  client.send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.answer()->status, 204);
  client.send(get("/etag"));
  EXPECT_EQ(client.answer()->body, "content");
  for (const char* tags : {"\"v1\"", "W/\"v1\"", "\"v0\", \"v1\"", "*"}) {
    client.send(get("/etag", "If-None-Match: " + std::string(tags) + "\r\n"));
    const auto current = client.answer();
    EXPECT_EQ(current->status, 304) << tags;
    EXPECT_EQ(current->header("etag"), "\"v1\"");
  }
  client.send(get("/etag", "If-None-Match: \"v0\"\r\n"));
  EXPECT_EQ(client.answer()->status, 200);
}

TEST(Server, ErrorsAreJson) {
  TestServer test;
  RawClient client(test.port());
  client.send(get("/missing", "X-Request-Id: my-id.1\r\n"));
  const auto missing = client.answer();
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->header("content-type"), "application/json");
  EXPECT_EQ(missing->body,
            R"({"code":"not_found","message":"unknown thing: x","hint":"look elsewhere","request_id":"my-id.1"})");
  client.send(get("/nowhere", "X-Request-Id: \"><script>\r\n"));
  const auto nowhere = client.answer();
  EXPECT_EQ(nowhere->status, 404);
  EXPECT_EQ(nowhere->header("x-request-id").size(), 16U);
  client.send("PUT /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto method = client.answer();
  EXPECT_EQ(method->status, 405);
  EXPECT_EQ(method->header("allow"), "GET, HEAD, OPTIONS");
  // What went wrong inside is for the log.
  client.send(get("/throw"));
  const auto thrown = client.answer();
  EXPECT_EQ(thrown->status, 500);
  EXPECT_EQ(thrown->body.find("secret"), std::string::npos);
  client.send(post("/json", "{\"a\":", "Content-Type: application/json\r\n"));
  EXPECT_EQ(client.answer()->status, 400);
  client.send(post("/json", "a=b", "Content-Type: application/x-www-form-urlencoded\r\n"));
  EXPECT_EQ(client.answer()->status, 415);
  client.send(post("/json", "{}", "Content-Type: application/json; charset=utf-8\r\n"));
  EXPECT_EQ(client.answer()->status, 200);
}

TEST(Server, StreamsARequestBody) {
  TestServer test;
  RawClient client(test.port());
  std::string body;
  uint64_t sum = 0;
  for (size_t i = 0; i < 8'000'000; ++i) body += static_cast<char>(i * 7 % 251);
  for (const char c : body) sum += static_cast<unsigned char>(c);
  const std::string expected = std::to_string(body.size()) + " " + std::to_string(sum);
  client.send(post("/count", body));
  EXPECT_EQ(client.answer()->body, expected);
  client.send("POST /count HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (size_t at = 0; at < body.size(); at += 100'003) {
    const std::string piece = body.substr(at, 100'003);
    char size[32];
    snprintf(size, sizeof(size), "%zx\r\n", piece.size());
    client.send(size + piece + "\r\n");
  }
  client.send("0\r\nX-Trailer: dropped\r\n\r\n" + get("/hello"));
  EXPECT_EQ(client.answer()->body, expected);
  EXPECT_EQ(client.answer()->body, "hello");
}

// The client cannot send more than the queue and the kernel's buffers hold while nobody reads.
TEST(Server, ASlowReaderSlowsTheSender) {
  TestServer test;
  RawClient client(test.port());
  const std::string body(64 << 20, 'x');
  std::atomic<bool> sent = false;
  const std::jthread sender([&] {
    client.send(post("/stalled", body));
    sent = true;
  });
  test.gate.wait_for(1);
  EXPECT_FALSE(sent);
  test.gate.open();
  EXPECT_EQ(client.answer()->body, std::to_string(body.size()) + " " + std::to_string(body.size() * 'x'));
}

TEST(Server, AHandlerNeedNotReadTheBody) {
  TestServer test;
  RawClient client(test.port());
  std::jthread sender([&] { client.send(post("/hurried", std::string(10 << 20, 'x'))); });
  const auto answer = client.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "enough");
  EXPECT_EQ(answer->header("connection"), "close");
}

TEST(Server, StreamsAResponse) {
  TestServer test;
  RawClient client(test.port());
  client.send(get("/pieces?n=5000"));
  const auto answer = client.answer();
  ASSERT_EQ(answer->body.size(), 5'000'000U);
  for (size_t i = 0; i < answer->body.size(); i += 777) ASSERT_EQ(answer->body[i], 'a' + i / 1000 % 26);
  client.send(get("/pieces?n=0"));
  EXPECT_EQ(client.answer()->body, "");
  // Cut off: the client must be able to tell.
  client.send(get("/broken"));
  EXPECT_FALSE(client.answer());
}

TEST(Server, SendsEvents) {
  TestServer test;
  RawClient client(test.port());
  client.send(get("/events"));
  const std::string head = client.read_until("\n\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_NE(head.find("retry: "), std::string::npos);
  test.hub.publish("t", {.name = "change", .data = "one", .id = "1"});
  EXPECT_NE(client.read_until("\n\n").find("id: 1\nevent: change\ndata: one"), std::string::npos);
  test.advance(std::chrono::seconds(15));
  EXPECT_NE(client.read_until("\n\n").find(":\n\n"), std::string::npos);
  test.hub.publish("t", {.data = "two", .id = "2"});
  EXPECT_NE(client.read_until("\n\n").find("data: two"), std::string::npos);
  RawClient second(test.port());
  second.send(get("/events", "Last-Event-ID: 1\r\n"));
  second.read_until("retry");
  second.read_until("\n\n");
  EXPECT_NE(second.read_until("\n\n").find("data: two"), std::string::npos);
  test.hub.end("t");
  EXPECT_NE(client.read_until("0\r\n\r\n").find("0\r\n\r\n"), std::string::npos);
  client.send(get("/hello"));
  EXPECT_EQ(client.answer()->body, "hello");
}

TEST(Server, LongPollingAnswersWhenSomethingHasChanged) {
  TestServer test;
  for (const std::string path : {"/version", "/slow_version"}) {
    RawClient client(test.port());
    client.send(get(path + "?known=0"));
    const std::string known = client.answer()->body;
    // What is sent meanwhile waits for its turn.
    client.send(get("/name/before") + get(path + "?wait=60000&known=" + known) + get("/name/behind"));
    EXPECT_EQ(client.answer()->body, "before|-");
    while (test.hub.subscribers() == 0) std::this_thread::yield();
    test.advance(std::chrono::seconds(59));
    ++test.version;
    test.hub.publish("version", {.data = "x"});
    EXPECT_EQ(client.answer()->body, std::to_string(test.version));
    EXPECT_EQ(client.answer()->body, "behind|-");
    // One that comes too late to be told by the event is told at once.
    client.send(get(path + "?wait=60000&known=" + known));
    EXPECT_EQ(client.answer()->body, std::to_string(test.version));
  }
}

TEST(Server, LongPollingEndsWithItsTime) {
  TestServer test;
  RawClient client(test.port());
  client.send(get("/version?wait=1000&known=1"));
  while (test.hub.subscribers() == 0) std::this_thread::yield();
  RawClient other(test.port());
  other.send(get("/hello"));  // behind the first on the same thread: its time has begun
  other.answer();
  test.advance(std::chrono::milliseconds(900));
  test.version = 2;  // nobody is told
  test.advance(std::chrono::milliseconds(100));
  EXPECT_EQ(client.answer()->body, "2");
  client.send(get("/hello"));
  EXPECT_EQ(client.answer()->body, "hello");
}

TEST(Server, LongPollingEndsWithTheClientOrTheServer) {
  TestServer test;
  auto gone = std::make_unique<RawClient>(test.port());
  RawClient stays(test.port());
  for (RawClient* client : {gone.get(), &stays}) client->send(get("/version?wait=60000&known=1"));
  while (test.hub.subscribers() < 2) std::this_thread::yield();
  gone.reset();
  while (test.hub.subscribers() > 1) std::this_thread::yield();
  test.server->stop(std::chrono::seconds(20));
  const auto answer = stays.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "1");
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_EQ(test.hub.subscribers(), 0U);
}

// A client that does not read costs its position and what the kernel holds; the others get everything at once.
TEST(Server, ASlowEventClientIsToldToFetchAgain) {
  TestServer test;
  RawClient slow(test.port(), 4096);
  RawClient quick(test.port());
  for (RawClient* client : {&slow, &quick}) {
    client->send(get("/events"));
    client->read_until("\n\n");
  }
  const std::string data(30'000, 'd');
  for (int i = 0; i < 500; ++i) {
    test.hub.publish("t", {.data = data, .id = std::to_string(i)});
    ASSERT_NE(quick.read_until("\n\n").find("id: " + std::to_string(i) + "\n"), std::string::npos);
  }
  EXPECT_NE(slow.read_until("event: refetch").find("event: refetch"), std::string::npos);
}

TEST(Server, ManyEventClientsGetOneChange) {
  TestServer test({.io_threads = 2});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<RawClient>(test.port()));
    clients.back()->send(get("/events"));
  }
  for (const auto& client : clients) client->read_until("\n\n");
  test.hub.publish("t", {.data = "x"});
  for (const auto& client : clients) EXPECT_NE(client->read_until("\n\n").find("data: x"), std::string::npos);
  EXPECT_EQ(test.hub.subscribers(), 200U);
}

TEST(Server, ExpectContinue) {
  TestServer test;
  RawClient client(test.port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer()->status, 100);
  client.send("body");
  EXPECT_EQ(client.answer()->body, "body");
  client.send("POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer()->status, 100);
  client.send("\x01");
  EXPECT_EQ(client.answer()->body, "1 1");
  // Too large: said before it is sent.
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer()->status, 413);
  EXPECT_TRUE(client.is_closed());
}

TEST(Server, ARefusedBodyIsDroppedAndTheConnectionKept) {
  TestServer test;
  RawClient client(test.port());
  client.send(post("/nowhere", std::string(1000, 'x')) + get("/hello"));
  EXPECT_EQ(client.answer()->status, 404);
  EXPECT_EQ(client.answer()->body, "hello");
}

TEST(Server, AccessIsByRole) {
  SimulatedClock clock(TimePoint(std::chrono::days(20000)));
  const NewToken admin = *make_token("root", Role::kAdmin, clock.now(), std::nullopt);
  const NewToken viewer = *make_token("eve", Role::kViewer, clock.now(), std::nullopt);
  TestServer test({}, {admin.record, viewer.record});
  RawClient client(test.port());
  client.send(get("/admin"));
  const auto nobody = client.answer();
  EXPECT_EQ(nobody->status, 401);
  EXPECT_EQ(nobody->header("www-authenticate"), "Bearer");
  client.send(get("/admin", "Authorization: Bearer " + viewer.token + "\r\n"));
  EXPECT_EQ(client.answer()->status, 403);
  client.send(get("/admin", "Authorization: Bearer " + admin.token + "\r\n"));
  EXPECT_EQ(client.answer()->body, "root");
  client.send(get("/hello"));
  EXPECT_EQ(client.answer()->status, 200);
  for (int i = 0; i < 11; ++i) client.send(get("/admin", "Authorization: Bearer wrong\r\n"));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.answer()->status, 401);
  const auto limited = client.answer();
  EXPECT_EQ(limited->status, 429);
  EXPECT_EQ(limited->header("retry-after"), "6");
  EXPECT_NE(test.metrics.text().find("sinan_http_requests_total{method=\"GET\",route=\"/admin\",status=\"4xx\"} 13"),
            std::string::npos);
}

TEST(Server, OtherSitesAreKeptOut) {
  TestServer test;
  RawClient client(test.port());
  // Without tokens, a page that has its name point here, or that calls from elsewhere, is refused.
  client.send("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(client.answer()->status, 421);
  client.send("GET /hello HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n");
  EXPECT_EQ(client.answer()->status, 421);
  client.send(get("/hello", "Origin: https://evil.example\r\n"));
  EXPECT_EQ(client.answer()->status, 403);
  client.send(get("/hello", "Origin: http://localhost\r\n"));
  EXPECT_EQ(client.answer()->status, 200);
  client.send(
      "OPTIONS /hello HTTP/1.1\r\nHost: localhost\r\nOrigin: https://shop.example\r\n"
      "Access-Control-Request-Method: GET\r\n\r\n");
  EXPECT_EQ(client.answer()->header("access-control-allow-origin"), "");
}

TEST(Server, CorsLetsTheNamedSitesIn) {
  TestServer test({}, {}, {.origins = {"https://shop.example"}});
  RawClient client(test.port());
  const std::string preflight =
      "OPTIONS /etag HTTP/1.1\r\nHost: localhost\r\nOrigin: https://shop.example\r\n"
      "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: if-none-match\r\n\r\n";
  client.send(preflight);
  const auto allowed = client.answer();
  EXPECT_EQ(allowed->status, 204);
  EXPECT_EQ(allowed->header("access-control-allow-origin"), "https://shop.example");
  EXPECT_NE(allowed->header("access-control-allow-headers").find("if-none-match"), std::string::npos);
  EXPECT_EQ(allowed->header("access-control-max-age"), "600");
  client.send(get("/etag", "Origin: https://shop.example\r\n"));
  const auto answer = client.answer();
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->header("access-control-expose-headers").find("ETag"), std::string::npos);
  EXPECT_EQ(answer->header("vary"), "Origin");
  client.send(get("/etag", "Origin: https://evil.example\r\n"));
  EXPECT_EQ(client.answer()->status, 403);
}

TEST(Server, StartsOnlyWhereItIsSafe) {
  EXPECT_TRUE(check_exposure({.address = "127.0.0.1"}, false, false));
  EXPECT_TRUE(check_exposure({.address = "::1"}, false, false));
  EXPECT_TRUE(check_exposure({.address = "localhost"}, false, false));
  const auto open = check_exposure({.address = "0.0.0.0"}, false, true);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, Code::kPermission);
  EXPECT_FALSE(check_exposure({.address = "0.0.0.0"}, true, false));
  EXPECT_TRUE(check_exposure({.address = "0.0.0.0"}, true, true));
  EXPECT_TRUE(check_exposure({.address = "::", .tls = {"c", "k"}}, true, false));
  EXPECT_EQ(check_exposure({.address = "here"}, true, true).error().code, Code::kArgument);

  EXPECT_EQ(parse_listen("[::1]:80")->address, "::1");
  EXPECT_EQ(parse_listen("127.0.0.1:0")->port, 0);
  for (const char* wrong : {"", "80", "127.0.0.1", "127.0.0.1:", ":80", "::1:80", "127.0.0.1:65536", "127.0.0.1:8x"}) {
    EXPECT_FALSE(parse_listen(wrong)) << wrong;
  }
  TestServer test;
  const auto taken = Server::start({.port = test.port()}, *test.service);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::kBusy);
  EXPECT_FALSE(Server::start({.tls = {"/nowhere/c.pem", "/nowhere/k.pem"}}, *test.service));
}

}  // namespace
}  // namespace sinan::net

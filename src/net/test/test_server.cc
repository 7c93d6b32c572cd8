#include "net/test/test_server.h"

#include "base/check.h"

namespace sinan::net {
namespace {

Route get(std::string path, Handler handle) {
  return {.method = Method::kGet, .path = std::move(path), .access = kEveryone, .handle = std::move(handle)};
}

Route post(std::string path, Handler handle, uint64_t limit) {
  return {.method = Method::kPost,
          .path = std::move(path),
          .access = kEveryone,
          .handle = std::move(handle),
          .body_limit = limit};
}

}  // namespace

TestServer::TestServer(ServerOptions options, std::vector<TokenRecord> tokens, CorsPolicy cors)
    : authenticator(std::move(tokens), clock) {
  router.add(get("/hello", [](const Request&) -> Result<Response> { return Response::text("hello"); }));
  router.add(get("/name/{name}", [](const Request& request) -> Result<Response> {
    return Response::text(request.path_parameter("name") + "|" +
                          std::string(request.target.parameter("q").value_or("-")));
  }));
  router.add(
      get("/big", [](const Request&) -> Result<Response> { return Response::text(std::string(5'000'000, 'b')); }));
  router.add(get("/etag", [](const Request& request) -> Result<Response> {
    if (request.has_current("\"v1\"")) return Response::not_modified("\"v1\"");
    Response response = Response::text("content");
    response.headers.add("ETag", "\"v1\"");
    return response;
  }));
  router.add(get("/throw", [](const Request&) -> Result<Response> { throw std::runtime_error("secret path"); }));
  router.add(get("/missing", [](const Request&) -> Result<Response> {
    return fail(Code::kNotFound, "unknown thing: x", "look elsewhere");
  }));
  Route slow = get("/slow", [this](const Request&) -> Result<Response> {
    gate.pass();
    return Response::text("slow");
  });
  slow.is_slow = true;
  router.add(std::move(slow));
  router.add(
      post("/echo", [](const Request& request) -> Result<Response> { return Response::text(request.body); }, 100'000));
  Route count = post("/count", nullptr, 1 << 30);
  count.stream = [this](const Request&, BodyReader& body) -> Result<Response> {
    size_t total = 0;
    uint64_t sum = 0;
    std::string piece;
    for (;;) {
      auto more = body.read(piece);
      if (!more) {
        ++failures_seen;
        return std::unexpected(std::move(more).error());
      }
      if (!*more) break;
      total += piece.size();
      for (const char c : piece) sum += static_cast<unsigned char>(c);
    }
    return Response::text(std::to_string(total) + " " + std::to_string(sum));
  };
  router.add(std::move(count));
  Route hurried = post("/hurried", nullptr, 1 << 30);
  hurried.stream = [](const Request&, BodyReader&) -> Result<Response> { return Response::text("enough"); };
  router.add(std::move(hurried));
  Route stalled = post("/stalled", nullptr, 1 << 30);
  stalled.stream = [this](const Request& request, BodyReader& body) -> Result<Response> {
    gate.pass();
    return router.find(Method::kPost, *parse_target("/count")).route->stream(request, body);
  };
  router.add(std::move(stalled));
  router.add(get("/pieces", [](const Request& request) -> Result<Response> {
    const int64_t pieces = *request.integer("n", 100, 0, 1'000'000);
    return Response::stream(
        [pieces, i = int64_t{0}](std::string& out) mutable -> Result<bool> {
          if (i >= pieces) return false;
          out += std::string(1000, static_cast<char>('a' + i % 26));
          return ++i < pieces;
        },
        "text/plain");
  }));
  router.add(get("/broken", [](const Request&) -> Result<Response> {
    return Response::stream(
        [i = 0](std::string& out) mutable -> Result<bool> {
          if (++i == 2) return fail(Code::kIo, "disk");
          out += "begin";
          return true;
        },
        "text/plain");
  }));
  router.add(get("/events", [this](const Request& request) -> Result<Response> {
    return Response::events(hub.subscribe("t", {.last_event_id = request.headers.find("last-event-id")}));
  }));
  // Long polling: at most ?wait= milliseconds.
  for (const bool is_slow : {false, true}) {
    Route polled = get(is_slow ? "/slow_version" : "/version", [this](const Request& request) -> Result<Response> {
      auto change = hub.subscribe("version", {.greets = false});
      const auto show = [this](const Request&) -> Result<Response> { return Response::text(std::to_string(version)); };
      if (*request.integer("known", 0, 0, 100) != version) return show(request);
      return Response::later({change, std::chrono::milliseconds(*request.integer("wait", 0, 0, 1'000'000)), show});
    });
    polled.is_slow = is_slow;
    router.add(std::move(polled));
  }
  Route admin =
      get("/admin", [](const Request& request) -> Result<Response> { return Response::text(request.principal.name); });
  admin.access = kAdmins;
  router.add(std::move(admin));
  Route json = post(
      "/json",
      [](const Request& request) -> Result<Response> {
        auto document = request.json();
        if (!document) return std::unexpected(std::move(document).error());
        return Response::json(*document);
      },
      1000);
  json.doc.request_schema = Json::object({{"type", "object"}});
  router.add(std::move(json));

  options.sweep_interval = std::chrono::hours(1);  // the test sweeps
  service = std::make_unique<Service>(router, authenticator, std::move(cors), metrics, clock);
  auto started = Server::start(options, *service);
  CHECK(started.has_value());
  server = *std::move(started);
}

}  // namespace sinan::net

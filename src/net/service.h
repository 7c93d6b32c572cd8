// Service: everything between the parser and the handlers, without a socket: request ids, routing, authentication, roles,
// CORS, limits of the body, error bodies, the access log and the metrics.
//
//     Dispatch dispatch = service.begin(request);          // when the head is there: may answer already
//     Response response = dispatch.answer ? *dispatch.answer : service.call(dispatch, request);    // body is there
//     service.finish(dispatch, request, response, ...);    // when all of it has been sent
//
// Thread-safe: one Service for all connections.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "net/authentication.h"
#include "net/cors.h"
#include "net/error_response.h"
#include "net/message.h"
#include "net/router.h"

namespace sinan::net {

struct Dispatch {
  const Route* route = nullptr;    // null when none was found
  std::optional<Response> answer;  // given: the handler is not asked, and the body not read
};

struct Sent {
  int status = 0;
  uint64_t bytes = 0;  // of the body
  std::chrono::nanoseconds duration{0};
  bool is_complete = true;  // false: the client went away
};

class Service {
 public:
  // All must outlive the service.
  Service(const Router& router, Authenticator& authenticator, CorsPolicy cors, Metrics& metrics, const Clock& clock);

  // `content_length`: what the head says of the body, if it does; chunked bodies are measured as they come.
  Dispatch begin(Request& request, std::optional<uint64_t> content_length, bool has_body) const;
  // Runs the handler and puts CORS headers and the request's id on the answer. Exceptions become errors.
  Response call(const Handler& handler, const Request& request) const;
  Response call(const Route& route, const Request& request, BodyReader& body) const;
  // An answer to a request that is no HTTP, or breaks one of the server's own limits.
  Response refuse(const Request& request, const Refusal& refusal) const;
  void finish(const Route* route, const Request& request, const Sent& sent) const;

  const Clock& clock() const { return clock_; }
  Metrics& metrics() const { return metrics_; }

 private:
  struct RouteMetrics {
    std::array<Counter*, 6> by_class{};  // of 0xx (cut off), 1xx, ... 5xx
    Histogram* latency = nullptr;
  };
  std::optional<Refusal> check_caller(const Route& route, Request& request) const;
  Response completed(const Request& request, Response response) const;
  RouteMetrics make_metrics(std::string_view method, std::string_view path) const;
  void name_request(Request& request) const;

  const Router& router_;
  Authenticator& authenticator_;
  const CorsPolicy cors_;
  Metrics& metrics_;
  const Clock& clock_;
  std::map<const Route*, RouteMetrics> route_metrics_;
  const uint64_t id_seed_;
  mutable std::atomic<uint64_t> next_id_ = 0;
};

}  // namespace sinan::net

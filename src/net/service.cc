#include "net/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"

namespace sinan::net {
namespace {

Refusal refused(int status, Code code, std::string message, std::string hint = {}) {
  return {status, Error{code, std::move(message), std::move(hint), std::nullopt, {}}};
}

bool is_fit_request_id(std::string_view id) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, fits);
}

// Media types compare without their parameters ("application/json; charset=utf-8").
bool is_media_type(std::string_view header, std::string_view type) {
  return equals_ignore_case(trim(header.substr(0, header.find(';'))), type);
}

std::optional<Refusal> check_body(const Route& route, const Request& request, std::optional<uint64_t> content_length,
                                  bool has_body) {
  if (!has_body) {
    if (route.doc.request_schema.is_null() || !route.doc.is_request_required) return std::nullopt;
    return refused(400, Code::kArgument, "this route needs a body", "its form is described at /openapi.json");
  }
  if (content_length.value_or(1) > route.body_limit) {
    return route.body_limit == 0
               ? refused(413, Code::kExhausted, "this route takes no body")
               : refused(413, Code::kExhausted,
                         fmt::format("the request's body is too large; the limit, in bytes: {}", route.body_limit));
  }
  const auto type = request.headers.find("content-type");
  if (!route.doc.request_schema.is_null() && type && !is_media_type(*type, route.doc.request_content_type)) {
    return refused(415, Code::kArgument, "wrong Content-Type: " + std::string(*type),
                   "send it as " + route.doc.request_content_type);
  }
  return std::nullopt;
}

}  // namespace

Service::Service(const Router& router, Authenticator& authenticator, CorsPolicy cors, Metrics& metrics,
                 const Clock& clock)
    : router_(router),
      authenticator_(authenticator),
      cors_(std::move(cors)),
      metrics_(metrics),
      clock_(clock),
      id_seed_(Random::from_system().next()) {
  for (const auto& route : router_.routes()) {
    route_metrics_[route.get()] = make_metrics(to_string(route->method), route->path);
  }
  route_metrics_[nullptr] = make_metrics("any", "none");
}

Service::RouteMetrics Service::make_metrics(std::string_view method, std::string_view path) const {
  const Metrics::Labels labels = {{"method", std::string(method)}, {"route", std::string(path)}};
  RouteMetrics made;
  made.latency = &metrics_.histogram("sinan_http_request_seconds",
                                     "Time from a request's head to the end of its answer", latency_bounds(), labels);
  constexpr std::string_view kClasses[] = {"cut", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 0; i < made.by_class.size(); ++i) {
    Metrics::Labels with_class = labels;
    with_class.emplace_back("status", kClasses[i]);
    made.by_class[i] = &metrics_.counter("sinan_http_requests_total", "Requests answered", std::move(with_class));
  }
  return made;
}

void Service::name_request(Request& request) const {
  if (!request.id.empty()) return;
  const auto given = request.headers.find("x-request-id");
  if (given && is_fit_request_id(*given)) {
    request.id = *given;
    return;
  }
  // Unique within the process, and not to be guessed from outside: no secret, though.
  const uint64_t number = next_id_.fetch_add(1, std::memory_order_relaxed);
  request.id = fmt::format("{:016x}", hash64({reinterpret_cast<const char*>(&number), sizeof(number)}, id_seed_));
}

Dispatch Service::begin(Request& request, std::optional<uint64_t> content_length, bool has_body) const {
  name_request(request);
  Dispatch dispatch;
  const auto answer = [&](Response response) {
    dispatch.answer = completed(request, std::move(response));
    return std::move(dispatch);
  };
  if (request.raw_target.size() > kMostTargetBytes) {
    return answer(error_response(
        refused(414, Code::kArgument, fmt::format("the request's target is longer than {} bytes", kMostTargetBytes)),
        request.id));
  }
  auto target = parse_target(request.raw_target);
  if (!target) return answer(error_response(target.error(), request.id));
  request.target = *std::move(target);

  if (request.method == Method::kOptions) {
    const std::string allowed = request.target.is_asterisk ? "GET, HEAD, OPTIONS" : router_.allowed(request.target);
    if (!allowed.empty()) {
      if (is_preflight(request)) {
        dispatch.answer = preflight_response(cors_, request, allowed);
        dispatch.answer->headers.add("X-Request-Id", request.id);
        return dispatch;
      }
      Response response = Response::no_content();
      response.headers.add("Allow", allowed);
      return answer(std::move(response));
    }
  }
  Router::Match match = router_.find(request.method, request.target);
  if (!match.route && !match.path_exists) {
    return answer(error_response(
        refused(404, Code::kNotFound, "no such path: " + request.target.path, "the API is described at /openapi.json"),
        request.id));
  }
  if (!match.route) {
    const std::string allowed = router_.allowed(request.target);
    Response response = error_response(
        refused(405, Code::kUnsupported, "method not allowed here: " + request.method_name, "allowed: " + allowed),
        request.id);
    response.headers.add("Allow", allowed);
    return answer(std::move(response));
  }
  dispatch.route = match.route;
  request.path_parameters = std::move(match.parameters);
  auto refusal = check_caller(*match.route, request);
  if (!refusal) refusal = check_body(*match.route, request, content_length, has_body);
  if (refusal) return answer(error_response(*refusal, request.id));
  return dispatch;
}

std::optional<Refusal> Service::check_caller(const Route& route, Request& request) const {
  if (authenticator_.is_open()) {
    // Without tokens it is this machine's own programs that are trusted, not the pages in its browser.
    if (!has_loopback_host(request)) {
      return refused(421, Code::kPermission, "the Host header does not name this machine",
                     "use localhost or 127.0.0.1");
    }
    if (is_cross_origin(request) && !cors_.allows(*request.headers.find("origin"))) {
      return refused(403, Code::kPermission, "a page of another site may not call this server",
                     "allow it in sinan.toml: [server] cors_origins");
    }
  }
  if (route.access.is_public()) return std::nullopt;
  auto known = authenticator_.authenticate(request);
  if (!known) return std::move(known).error();
  if (!*known) {
    return refused(401, Code::kPermission, "this needs a token", "send it as: Authorization: Bearer TOKEN");
  }
  if (!route.access.allows(request.principal.role)) {
    return refused(403, Code::kPermission,
                   fmt::format("a token with the role {} may not do this", to_string(request.principal.role)));
  }
  return std::nullopt;
}

Response Service::call(const Handler& handler, const Request& request) const {
  try {
    auto response = handler(request);
    if (response) return completed(request, *std::move(response));
    return completed(request, error_response(response.error(), request.id));
  } catch (const std::exception& exception) {
    return completed(request, error_response(Error{Code::kInternal, exception.what(), {}, {}, {}}, request.id));
  }
}

Response Service::call(const Route& route, const Request& request, BodyReader& body) const {
  try {
    auto response = route.stream(request, body);
    if (response) return completed(request, *std::move(response));
    return completed(request, error_response(response.error(), request.id));
  } catch (const std::exception& exception) {
    return completed(request, error_response(Error{Code::kInternal, exception.what(), {}, {}, {}}, request.id));
  }
}

Response Service::refuse(const Request& request, const Refusal& refusal) const {
  return completed(request, error_response(refusal, request.id));
}

Response Service::completed(const Request& request, Response response) const {
  if (!request.id.empty()) response.headers.add("X-Request-Id", request.id);
  response.headers.add("X-Content-Type-Options", "nosniff");
  add_cors_headers(cors_, request, response.headers);
  return response;
}

void Service::finish(const Route* route, const Request& request, const Sent& sent) const {
  const auto found = route_metrics_.find(route);
  const size_t status_class = sent.is_complete ? static_cast<size_t>(sent.status) / 100 : 0;
  found->second.by_class[std::min<size_t>(status_class, 5)]->add();
  found->second.latency->observe(std::chrono::duration<double>(sent.duration).count());
  if (!log::enabled(log::Level::kInfo)) return;
  // The path without its query, where a short-lived token may stand; headers are never logged.
  const std::string_view path = std::string_view(request.raw_target).substr(0, request.raw_target.find('?'));
  log::info(fmt::format("request method={} path={} status={} bytes={} ms={:.3f} peer={} id={} principal={}{}",
                        request.method_name, path.substr(0, 512), sent.status, sent.bytes,
                        std::chrono::duration<double, std::milli>(sent.duration).count(), request.peer, request.id,
                        request.principal.name.empty() ? "-" : request.principal.name,
                        sent.is_complete ? "" : " cut=true"));
}

}  // namespace sinan::net

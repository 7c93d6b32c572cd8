#include "net/cors.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::net {
namespace {

constexpr std::string_view kAllowedHeaders =
    "content-type, if-none-match, authorization, x-api-key, x-request-id, last-event-id";
constexpr std::string_view kExposedHeaders = "ETag, Retry-After, Location, X-Request-Id";

// Without the port.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == host.npos ? host : host.substr(0, end + 1);
  }
  return host.substr(0, host.find(':'));
}

bool allow_origin(const CorsPolicy& policy, const Request& request, Headers& headers) {
  if (policy.origins.empty()) return false;
  // A cache must not give one site's answer to another.
  headers.add("Vary", "Origin");
  const auto origin = request.headers.find("origin");
  if (!origin || !policy.allows(*origin)) return false;
  headers.add("Access-Control-Allow-Origin", *origin);
  return true;
}

}  // namespace

bool CorsPolicy::allows(std::string_view origin) const {
  return std::ranges::any_of(origins, [&](const std::string& known) { return known == "*" || known == origin; });
}

bool is_preflight(const Request& request) {
  return request.method == Method::kOptions && request.headers.find("origin") &&
         request.headers.find("access-control-request-method");
}

Response preflight_response(const CorsPolicy& policy, const Request& request, std::string_view allowed_methods) {
  Response response = Response::no_content();
  if (!allow_origin(policy, request, response.headers)) return response;
  response.headers.add("Access-Control-Allow-Methods", allowed_methods);
  response.headers.add("Access-Control-Allow-Headers", kAllowedHeaders);
  response.headers.add("Access-Control-Max-Age", fmt::format("{}", policy.max_age_seconds));
  return response;
}

void add_cors_headers(const CorsPolicy& policy, const Request& request, Headers& headers) {
  if (allow_origin(policy, request, headers)) headers.add("Access-Control-Expose-Headers", kExposedHeaders);
}

bool is_cross_origin(const Request& request) {
  const auto origin = request.headers.find("origin");
  if (!origin) return false;
  const std::string_view host = request.headers.find("host").value_or("");
  return !equals_ignore_case(*origin, fmt::format("{}://{}", request.is_encrypted ? "https" : "http", host));
}

bool has_loopback_host(const Request& request) {
  const auto host = request.headers.find("host");
  if (!host) return request.is_http_1_0;
  const std::string_view name = host_name(*host);
  if (equals_ignore_case(name, "localhost") || name == "[::1]") return true;
  // 127.0.0.0/8 in its usual spelling; a name such as 127.evil.example is none.
  return name.starts_with("127.") && name.find_first_not_of("0123456789.") == name.npos;
}

}  // namespace sinan::net

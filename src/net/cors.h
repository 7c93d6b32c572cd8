// Which other web sites' pages may call this server (Fetch standard, "CORS protocol"). Tokens travel in headers and never
// in cookies, so credentials mode is never allowed. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/message.h"

namespace sinan::net {

struct CorsPolicy {
  std::vector<std::string> origins;  // "https://shop.example", or "*" for all; none = no other site
  int max_age_seconds = 600;

  bool allows(std::string_view origin) const;
};

bool is_preflight(const Request& request);
// 204; without permission when the origin may not: the browser then refuses the call.
Response preflight_response(const CorsPolicy& policy, const Request& request, std::string_view allowed_methods);
// For the answer to the call itself.
void add_cors_headers(const CorsPolicy& policy, const Request& request, Headers& headers);

// Whether a browser sent this from a page of another site than this server's own. Who is no browser sends no Origin.
bool is_cross_origin(const Request& request);
// Whether the Host header names this machine itself ("localhost", "127.0.0.1:8080", "[::1]"): a page that points a name of
// its own at 127.0.0.1 (DNS rebinding) sends that name here.
bool has_loopback_host(const Request& request);

}  // namespace sinan::net

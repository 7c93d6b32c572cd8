// HttpClient: requests to other servers over HTTP and HTTPS (libcurl inside): the command line to `sinan serve`, clients of the API.
//
//     io::HttpClient client;
//     const auto answer = TRY(client.send({.url = "https://shop.example/v1/programs"}, cancel));
//     if (answer.status != 200) ...                                   // any status is an answer
//     TRY(client.send({.url = url, .most_time = {}, .on_body = [&](std::string_view piece) -> Status { ... }}, cancel));
//
// Connections are kept for the next request to the same server. Certificates are verified, always. Redirects are answers like
// any other unless asked for. A request that may be sent twice is tried again, after a random time that grows, when the
// server cannot be reached or says 429, 502, 503 or 504.
//
// Thread-safe. A call blocks until the answer is complete; cancelling ends it at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"

namespace sinan::io {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://
  std::vector<HttpHeader> headers;
  std::string body;
  // Whether sending it twice does no more than once; not given: what RFC 9110, 9.2.2, says of the method.
  std::optional<bool> is_idempotent;
  std::chrono::milliseconds most_time{60'000};    // of one attempt as a whole; 0 = any
  std::chrono::seconds most_idle_time{60};        // without a byte; 0 = any
  uint64_t most_body_bytes = uint64_t{64} << 20;  // of the answer
  uint32_t most_redirects = 0;                    // followed, of GET and HEAD; never from https to http
  // Given: takes the body of an answer 2xx piece by piece, on the caller's thread; its error ends the call and is the answer.
  // Once it was called nothing is tried again.
  std::function<Status(std::string_view piece)> on_body = nullptr;
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;
  // The first one's value; letter case does not count.
  std::optional<std::string_view> header(std::string_view name) const;
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_time{10'000};
  uint32_t attempts = 3;                           // in all, where a request may be tried again
  std::chrono::milliseconds first_wait{200};       // before the second attempt at most; doubles with each
  std::chrono::milliseconds longest_wait{10'000};  // a Retry-After beyond is not waited for
  std::string authorities;                         // PEM file of further ones to trust; empty = the system's alone
  bool uses_proxy = true;                          // that http_proxy and the like name
  const Clock* clock = &system_clock();            // of the waits between attempts
};

class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Errors: kArgument (URL, method, header), kUnavailable (no connection, cut off, too slow, not HTTP), kPermission (the
  // certificate is not trusted), kExhausted (the answer is larger than allowed), kCancelled; those of `on_body`.
  Result<HttpResponse> send(const HttpRequest& request, const CancelToken& cancel = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A request for logs: no query, no name or password in the URL, no values of headers that may be secrets.
std::string log_text(const HttpRequest& request);

}  // namespace sinan::io

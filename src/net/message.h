// A request as a handler sees it and a response as it gives it: plain values, no socket behind them.
//
//     Result<Response> show(const Request& request) {
//       const std::string& id = request.path_parameter("id");
//       if (!known(id)) return fail(Code::kNotFound, "unknown run: " + id);      // becomes 404 with a JSON body
//       return Response::json(to_json(id));
//     }
//
// An Error that a handler returns becomes the JSON error body of error_response.h. Value types; not thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "net/headers.h"
#include "net/role.h"
#include "net/target.h"

namespace sinan::net {

class EventSubscription;  // net/event_hub.h

enum class Method : uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view to_string(Method method);  // "GET"
Method method_named(std::string_view name);

struct Request {
  Method method = Method::kGet;
  std::string method_name;  // as sent
  std::string raw_target;   // as sent
  Target target;
  Headers headers;
  std::string body;  // whole, unless the route streams it
  std::string peer;  // the other side's address, without port
  std::string id;    // for logs and error bodies; the client's X-Request-Id where that is fit to print
  Principal principal;
  std::vector<std::pair<std::string_view, std::string>> path_parameters;
  bool is_encrypted = false;
  bool is_http_1_0 = false;

  // CHECK: the route's pattern has it.
  const std::string& path_parameter(std::string_view name) const;
  // The body as a JSON document; kArgument when it is none.
  Result<Json> json() const;
  // A whole number in [least, most] from the query, or `otherwise` when it is absent. Errors: kArgument.
  Result<int64_t> integer(std::string_view name, int64_t otherwise, int64_t least, int64_t most) const;
  Result<bool> flag(std::string_view name, bool otherwise) const;  // "true" or "false"
  // Whether If-None-Match names this entity tag (weak comparison: RFC 9110, 13.1.2), or is "*".
  bool has_current(std::string_view etag) const;
};

// The body of a response, piece by piece. Called again only when the client has taken what came before, so that a slow
// client costs one piece of memory. Appends to `out`; false = that was the last. An error cuts the connection: the
// client sees that the body is incomplete.
using BodySource = std::function<Result<bool>(std::string& out)>;

struct Response;

// An answer that is not known yet (long polling): no thread waits for it. The subscription is made before the handler looks at
// what the answer depends on, and does not greet, so that nothing in between is missed:
//
//     auto change = events.subscribe("flags", {.greets = false});
//     if (!request.has_current(etag())) return everything();
//     return Response::later({change, std::chrono::seconds(30), [](const Request&) { return ...; }});
struct Later {
  std::shared_ptr<EventSubscription> until;
  std::chrono::milliseconds most_wait{0};
  // Asked once, where the handler ran: when an event has come, the time is over (to half a second) or the server ends. May
  // answer with another Later. Forgotten when the client goes.
  std::function<Result<Response>(const Request&)> answer;
};

struct Response {
  int status = 200;
  Headers headers;
  // A shared body is sent without a copy: one snapshot for thousands of clients. Of a Later only the body counts.
  std::variant<std::string, std::shared_ptr<const std::string>, BodySource, std::shared_ptr<EventSubscription>, Later>
      body;

  static Response json(const Json& value, int status = 200);
  static Response json_text(std::string text, int status = 200);
  static Response text(std::string text, std::string_view content_type = "text/plain; charset=utf-8");
  static Response no_content();
  static Response not_modified(std::string_view etag);
  static Response stream(BodySource source, std::string_view content_type);
  static Response events(std::shared_ptr<EventSubscription> subscription);
  static Response later(Later later);

  // The body where it is one text; empty for streams.
  std::string_view body_text() const;
};

// The body of a request, piece by piece, for routes that stream it. Blocks; the client is slowed down while nobody reads.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Replaces `out` by the next piece; false at the end. Errors: kUnavailable when the client went away or was too slow,
  // kArgument when the body is malformed, kExhausted when it is larger than the route allows.
  virtual Result<bool> read(std::string& out) = 0;
};

using Handler = std::function<Result<Response>(const Request&)>;
using StreamHandler = std::function<Result<Response>(const Request&, BodyReader&)>;

}  // namespace sinan::net

// Routes: which handler answers which method and path, for whom, with what limits, and what the API's description says.
//
//     router.add({.method = Method::kGet, .path = "/v1/programs/{id}", .access = kViewers, .handle = show,
//                 .doc = {.summary = "One run", .responses = {{200, "Its state", run_schema()}}}});
//
// A pattern's segments are literal or a {parameter}, which takes one segment that is not empty. Among the routes of a method a
// literal goes before a parameter. Filled once at start; then read-only and thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/message.h"
#include "net/role.h"

namespace sinan::net {

// Where a query or header parameter stands; those of the path are taken from the pattern.
struct ParameterDoc {
  std::string name;
  std::string description;
  Json schema = Json::object({{"type", "string"}});
  bool is_required = false;
  bool in_header = false;
};

struct ResponseDoc {
  int status = 200;
  std::string description;
  Json schema;  // null = no body
  std::string content_type = "application/json";
};

// What openapi.h makes of a route.
struct RouteDoc {
  std::string summary;
  std::string description;
  std::string tag;
  std::vector<ParameterDoc> parameters;                    // of query and headers
  std::vector<std::pair<std::string, Json>> path_schemas;  // schema of a {parameter}, where it is no plain text
  Json request_schema;                                     // null = no body
  std::string request_content_type = "application/json";
  bool is_request_required = true;
  std::vector<ResponseDoc> responses;  // those that all routes share (401, 403, 404, ...) are added
  bool is_hidden = false;              // serves, but is no part of the API
};

struct Route {
  Method method = Method::kGet;
  std::string path;
  Access access = kAdmins;  // who forgets to say keeps everybody else out
  Handler handle;           // this one,
  StreamHandler stream;     // or this one: the body is not collected; always on a worker
  // True: takes longer than some 100 microseconds or may block, so it runs on a worker thread. False: on the thread that
  // serves the connection, which all its connections wait for.
  bool is_slow = false;
  uint64_t body_limit = 0;  // bytes; 0 = no body is taken
  RouteDoc doc;
};

class Router {
 public:
  // CHECK: the pattern is well-formed, its parameters are named as in other routes of that path, no route has the same method
  // and pattern, one handler is set.
  void add(Route route);

  struct Match {
    const Route* route = nullptr;  // null = none for this method
    std::vector<std::pair<std::string_view, std::string>> parameters;
    bool path_exists = false;
  };
  // HEAD falls back to GET.
  Match find(Method method, const Target& target) const;
  // "GET, HEAD, OPTIONS": for 405 and OPTIONS, of the most literal pattern, which is the path that the API's description has;
  // empty when no route has this path.
  std::string allowed(const Target& target) const;

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::vector<const Route*> routes;  // of all methods
  };
  // Those with routes that fit the path from `depth` on, the most literal first.
  static void collect(const Node& node, const Target& target, size_t depth, std::vector<const Node*>& found);
  std::vector<const Node*> nodes_of(const Target& target) const;

  Node root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

// The segments of a pattern: "/v1/programs/{id}" → "v1", "programs", "{id}". CHECK: it is well-formed.
std::vector<std::string_view> pattern_segments(std::string_view pattern);
// "id" of "{id}"; empty for a literal.
std::string_view parameter_name(std::string_view segment);

}  // namespace sinan::net

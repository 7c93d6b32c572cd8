#include "net/standard_routes.h"

#include <fmt/format.h>

#include <memory>
#include <mutex>

#include "base/hash.h"

namespace sinan::net {
namespace {

// Made when it is first asked for, with all routes there, once with tokens and once without.
class Description {
 public:
  Description(const Router& router, ApiInfo info) : router_(router), info_(std::move(info)) {}

  Response answer(const Request& request) {
    const bool needs_tokens = info_.needs_tokens();
    Document& document = documents_[needs_tokens ? 1 : 0];
    std::call_once(document.made, [&] {
      ApiInfo info = info_;
      info.needs_tokens = [needs_tokens] { return needs_tokens; };
      document.text = std::make_shared<const std::string>(openapi_document(router_, info).dump());
      document.etag = fmt::format("\"{}\"", fingerprint(*document.text).to_hex());
    });
    if (request.has_current(document.etag)) return Response::not_modified(document.etag);
    Response response = Response::json_text({});
    response.headers.add("ETag", document.etag);
    response.body = document.text;
    return response;
  }

 private:
  struct Document {
    std::once_flag made;
    std::shared_ptr<const std::string> text;
    std::string etag;
  };
  const Router& router_;
  const ApiInfo info_;
  Document documents_[2];
};

Json status_schema(std::vector<std::string> values) {
  return object_schema({{"status", enum_schema(std::move(values))}}, {"status"});
}

}  // namespace

void add_standard_routes(Router& router, const Metrics& metrics, ApiInfo info, std::function<bool()> is_ready) {
  router.add(
      {.method = Method::kGet,
       .path = "/health/live",
       .access = kEveryone,
       .handle = [](const Request&) -> Result<Response> { return Response::json(Json::object({{"status", "live"}})); },
       .doc = {.summary = "Whether the process answers",
               .tag = "health",
               .responses = {{200, "It does", status_schema({"live"})}}}});
  router.add({.method = Method::kGet,
              .path = "/health/ready",
              .access = kEveryone,
              .handle = [is_ready = std::move(is_ready)](const Request&) -> Result<Response> {
                if (is_ready()) return Response::json(Json::object({{"status", "ready"}}));
                return fail(Code::kUnavailable, "the server is about to end");
              },
              .doc = {.summary = "Whether requests should be sent here",
                      .description = "503 while the server ends what it has begun.",
                      .tag = "health",
                      .responses = {{200, "They should", status_schema({"ready"})}}}});
  router.add({.method = Method::kGet,
              .path = "/metrics",
              .access = {Role::kAdmin, Role::kEditor, Role::kViewer, Role::kServerKey},
              .handle = [&metrics](const Request&) -> Result<Response> {
                return Response::text(metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
              },
              .doc = {.summary = "Metrics, as Prometheus reads them",
                      .tag = "health",
                      .responses = {{200, "Text format 0.0.4", string_schema(), "text/plain"}}}});
  auto description = std::make_shared<Description>(router, std::move(info));
  router.add(
      {.method = Method::kGet,
       .path = "/openapi.json",
       .access = kEveryone,
       .handle = [description](const Request& request) -> Result<Response> { return description->answer(request); },
       .doc = {.summary = "This description",
               .tag = "health",
               .responses = {{200, "OpenAPI 3.1", Json::object({{"type", "object"}})},
                             {304, "Not changed (If-None-Match)", Json()}}}});
}

}  // namespace sinan::net

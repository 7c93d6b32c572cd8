#include "app/server/session_routes.h"

#include "net/openapi.h"

namespace sinan::app {
namespace {

// The folder's own name, also where it was given as ".".
std::string name_of(const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::filesystem::path whole = std::filesystem::absolute(folder, ignored).lexically_normal();
  return (whole.has_filename() ? whole.filename() : whole.parent_path().filename()).string();
}

constexpr int64_t kLongestLife = 3600;  // seconds: a token that is revoked lives on in those that were made with it

Result<net::Response> make_token(const net::Authenticator& authenticator, const net::Request& request) {
  if (request.principal.is_signed) {
    return fail(Code::kPermission, "a short-lived token cannot make others", "use the token that it was made with");
  }
  const int64_t seconds = TRY(request.integer("seconds", 300, 1, kLongestLife));
  net::Response response =
      net::Response::json(Json::object({{"token", authenticator.sign(request.principal, std::chrono::seconds(seconds))},
                                        {"seconds", seconds}}),
                          201);
  response.headers.add("Cache-Control", "no-store");
  return response;
}

void add_token_route(net::Router& router, const net::Authenticator& authenticator) {
  router.add({.method = net::Method::kPost,
              .path = "/v1/session/tokens",
              .access = {net::Role::kAdmin, net::Role::kEditor, net::Role::kViewer, net::Role::kServerKey,
                         net::Role::kClientKey},
              .handle = [&authenticator](const net::Request& request) { return make_token(authenticator, request); },
              .doc = {.summary = "A short-lived token",
                      .description =
                          "Lets its bearer do what the caller may, also as ?token= in a URL. It cannot be revoked; it "
                          "ends by itself, or with the server.",
                      .tag = "session",
                      .parameters = {{.name = "seconds",
                                      .description = "How long it lives; 300 without",
                                      .schema = net::integer_schema(1, kLongestLife)}},
                      .responses = {{201, "The token, shown this once",
                                     net::object_schema({{"token", net::string_schema()},
                                                         {"seconds", net::integer_schema(1, kLongestLife)}},
                                                        {"token", "seconds"})}}}});
}

}  // namespace

void add_session_routes(net::Router& router, const flow::Project& project, const net::Authenticator& authenticator) {
  add_token_route(router, authenticator);
  router.add({.method = net::Method::kGet,
              .path = "/v1/session",
              .access = net::kViewers,
              .handle = [name = name_of(project.folder()),
                         &authenticator](const net::Request& request) -> Result<net::Response> {
                return net::Response::json(Json::object({{"name", request.principal.name},
                                                         {"role", net::to_string(request.principal.role)},
                                                         {"open", authenticator.is_open()},
                                                         {"version", SINAN_VERSION},
                                                         {"project", name}}));
              },
              .doc = {.summary = "Who asks",
                      .description = "As whom the server knows the token, and what it serves.",
                      .tag = "session",
                      .responses = {{200, "Name and role of the token",
                                     net::object_schema({{"name", net::string_schema()},
                                                         {"role", net::enum_schema({"admin", "editor", "viewer"})},
                                                         {"open", Json::object({{"type", "boolean"}})},
                                                         {"version", net::string_schema()},
                                                         {"project", net::string_schema("The folder's name")}},
                                                        {"name", "role", "open", "version", "project"})}}}});
}

}  // namespace sinan::app

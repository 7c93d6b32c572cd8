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

}  // namespace

void add_session_routes(net::Router& router, const flow::Project& project, std::function<bool()> is_open) {
  router.add({.method = net::Method::kGet,
              .path = "/v1/session",
              .access = net::kViewers,
              .handle = [name = name_of(project.folder()),
                         is_open = std::move(is_open)](const net::Request& request) -> Result<net::Response> {
                return net::Response::json(Json::object({{"name", request.principal.name},
                                                         {"role", net::to_string(request.principal.role)},
                                                         {"open", is_open()},
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

#include "net/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::net {
namespace {

constexpr std::pair<Method, std::string_view> kMethods[] = {
    {Method::kGet, "GET"},     {Method::kHead, "HEAD"},     {Method::kPost, "POST"},      {Method::kPut, "PUT"},
    {Method::kPatch, "PATCH"}, {Method::kDelete, "DELETE"}, {Method::kOptions, "OPTIONS"}};

constexpr std::pair<Role, std::string_view> kRoleNames[] = {{Role::kAdmin, "admin"},
                                                            {Role::kEditor, "editor"},
                                                            {Role::kViewer, "viewer"},
                                                            {Role::kServerKey, "server"},
                                                            {Role::kClientKey, "client"}};

std::string_view without_weakness(std::string_view etag) { return etag.starts_with("W/") ? etag.substr(2) : etag; }

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& [known, name] : kMethods) {
    if (known == method) return name;
  }
  return "other";
}

Method method_named(std::string_view name) {
  for (const auto& [method, known] : kMethods) {
    if (known == name) return method;
  }
  return Method::kOther;
}

std::string_view to_string(Role role) {
  const auto* found = std::ranges::find(kRoleNames, role, &std::pair<Role, std::string_view>::first);
  CHECK(found != std::end(kRoleNames));
  return found->second;
}

std::optional<Role> role_named(std::string_view name) {
  for (const auto& [role, known] : kRoleNames) {
    if (known == name) return role;
  }
  return std::nullopt;
}

const std::string& Request::path_parameter(std::string_view name) const {
  const auto found = std::ranges::find_if(path_parameters, [&](const auto& pair) { return pair.first == name; });
  CHECK(found != path_parameters.end());
  return found->second;
}

Result<Json> Request::json() const {
  auto document = Json::parse(body);
  if (document) return document;
  return fail(Code::kArgument, "the request's body is not JSON: " + document.error().message);
}

Result<int64_t> Request::integer(std::string_view name, int64_t otherwise, int64_t least, int64_t most) const {
  const auto text = target.parameter(name);
  if (!text) return otherwise;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < least || value > most) {
    return fail(Code::kArgument,
                fmt::format("wrong query parameter \"{}\": expected a whole number from {} to {}", name, least, most));
  }
  return value;
}

Result<bool> Request::flag(std::string_view name, bool otherwise) const {
  const auto text = target.parameter(name);
  if (!text) return otherwise;
  if (*text != "true" && *text != "false") {
    return fail(Code::kArgument, fmt::format("wrong query parameter \"{}\": expected true or false", name));
  }
  return *text == "true";
}

bool Request::has_current(std::string_view etag) const {
  for (size_t i = 0; i < headers.size(); ++i) {
    const auto [name, value] = headers.at(i);
    if (!equals_ignore_case(name, "if-none-match")) continue;
    if (trim(value) == "*") return true;
    // Our own tags hold no comma; a foreign one that does is cut and matches nothing, which costs a body and no more.
    for (const std::string_view candidate : split_on(value, ',')) {
      if (without_weakness(trim(candidate)) == without_weakness(etag)) return true;
    }
  }
  return false;
}

Response Response::json(const Json& value, int status) { return json_text(value.dump(), status); }

Response Response::json_text(std::string text, int status) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(text);
  return response;
}

Response Response::text(std::string text, std::string_view content_type) {
  Response response;
  response.headers.add("Content-Type", content_type);
  response.body = std::move(text);
  return response;
}

Response Response::no_content() {
  Response response;
  response.status = 204;
  return response;
}

Response Response::not_modified(std::string_view etag) {
  Response response;
  response.status = 304;
  response.headers.add("ETag", etag);
  return response;
}

Response Response::stream(BodySource source, std::string_view content_type) {
  Response response;
  response.headers.add("Content-Type", content_type);
  response.body = std::move(source);
  return response;
}

Response Response::events(std::shared_ptr<EventSubscription> subscription) {
  Response response;
  response.headers.add("Content-Type", "text/event-stream");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Accel-Buffering", "no");  // nginx passes events on at once
  response.body = std::move(subscription);
  return response;
}

Response Response::later(Later later) {
  Response response;
  response.body = std::move(later);
  return response;
}

std::string_view Response::body_text() const {
  if (const auto* text = std::get_if<std::string>(&body)) return *text;
  if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&body); shared && *shared) return **shared;
  return {};
}

}  // namespace sinan::net

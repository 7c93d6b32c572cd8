#include "net/openapi.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "net/error_response.h"

namespace sinan::net {
namespace {

Json error_reference() { return Json::object({{"$ref", "#/components/schemas/Error"}}); }

Json content(const std::string& type, Json schema) {
  return Json::object({{type, Json::object({{"schema", std::move(schema)}})}});
}

// "getV1ProgramsId" of GET /v1/programs/{id}.
std::string operation_id(const Route& route) {
  std::string id = to_lower(to_string(route.method));
  for (const std::string_view segment : pattern_segments(route.path)) {
    bool starts_word = true;
    for (char c : segment) {
      const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (is_word && starts_word && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      if (is_word) id += c;
      starts_word = !is_word;
    }
  }
  return id;
}

Json path_parameter(const Route& route, std::string_view name) {
  // As parse_target() takes them: no control characters, and no segments "." and "..".
  Json schema = Json::object({{"type", "string"}, {"minLength", 1}, {"pattern", R"(^(?!\.{1,2}$)[^\x00-\x1f\x7f]+$)"}});
  for (const auto& [known, given] : route.doc.path_schemas) {
    if (known == name) schema = given;
  }
  return Json::object({{"name", name}, {"in", "path"}, {"required", true}, {"schema", std::move(schema)}});
}

Json parameters_of(const Route& route) {
  Json::Array parameters;
  for (const std::string_view segment : pattern_segments(route.path)) {
    if (const auto name = parameter_name(segment); !name.empty()) parameters.push_back(path_parameter(route, name));
  }
  for (const ParameterDoc& doc : route.doc.parameters) {
    Json parameter = Json::object({{"name", doc.name}, {"in", doc.in_header ? "header" : "query"}});
    if (!doc.description.empty()) parameter.set("description", doc.description);
    parameter.set("required", doc.is_required);
    parameter.set("schema", doc.schema);
    parameters.push_back(std::move(parameter));
  }
  return Json(std::move(parameters));
}

// What a client makes of a block of a stream (WHATWG HTML, 9.2).
Json event_schema() {
  return object_schema({{"event", string_schema()},
                        {"data", string_schema()},
                        {"id", string_schema()},
                        {"retry", integer_schema(0, INT32_MAX)}});
}

Json responses_of(const Route& route) {
  Json responses = Json::object();
  for (const ResponseDoc& doc : route.doc.responses) {
    Json response = Json::object({{"description", doc.description}});
    Json schema = doc.content_type == "text/event-stream" ? event_schema() : doc.schema;
    // The server refuses some requests before the route sees them.
    if (doc.status >= 400 && !schema.is_null())
      schema = Json::object({{"anyOf", Json::array({schema, error_reference()})}});
    if (!schema.is_null()) response.set("content", content(doc.content_type, std::move(schema)));
    responses.set(std::to_string(doc.status), std::move(response));
  }
  std::vector<int> shared = {400, 404, 405, 408, 421, 431, 500, 503};
  if (!route.access.is_public()) shared.insert(shared.end(), {401, 403, 429});
  // Who sends a body where none is taken is told so.
  shared.insert(shared.end(), {413, 415});
  std::ranges::sort(shared);
  for (const int status : shared) {
    const std::string key = std::to_string(status);
    if (responses.find(key)) continue;
    responses.set(key, Json::object({{"description", reason_phrase(status)},
                                     {"content", content("application/json", error_reference())}}));
  }
  return responses;
}

Json operation_of(const Route& route) {
  Json operation = Json::object({{"operationId", operation_id(route)}, {"summary", route.doc.summary}});
  if (!route.doc.description.empty()) operation.set("description", route.doc.description);
  if (!route.doc.tag.empty()) operation.set("tags", Json::array({route.doc.tag}));
  if (Json parameters = parameters_of(route); !parameters.items().empty()) {
    operation.set("parameters", std::move(parameters));
  }
  if (!route.doc.request_schema.is_null()) {
    operation.set("requestBody",
                  Json::object({{"required", route.doc.is_request_required},
                                {"content", content(route.doc.request_content_type, route.doc.request_schema)}}));
  }
  operation.set("responses", responses_of(route));
  if (route.access.is_public()) {
    operation.set("security", Json::array());
  } else {
    Json::Array roles;
    for (const Role role : kRoles) {
      if (route.access.allows(role)) roles.emplace_back(to_string(role));
    }
    operation.set("x-roles", Json(std::move(roles)));
  }
  return operation;
}

Json error_schema() {
  return object_schema(
      {{"code", string_schema("What kind of error: argument, not_found, permission, ...")},
       {"message", string_schema("What is wrong")},
       {"hint", string_schema("How to mend it")},
       {"context", array_schema(string_schema())},
       {"span", object_schema({{"begin", integer_schema(0, INT32_MAX)}, {"end", integer_schema(0, INT32_MAX)}},
                              {"begin", "end"})},
       {"request_id", string_schema("The request in the server's log")}},
      {"code", "message"});
}

Json described(Json schema, std::string_view description) {
  if (!description.empty()) schema.set("description", description);
  return schema;
}

}  // namespace

Json openapi_document(const Router& router, const ApiInfo& info) {
  Json paths = Json::object();
  for (const auto& route : router.routes()) {
    if (route->doc.is_hidden) continue;
    Json item = paths.at(route->path);
    item.set(to_lower(to_string(route->method)), operation_of(*route));
    paths.set(route->path, std::move(item));
  }
  Json security = Json::array();
  if (info.needs_tokens()) {
    for (const char* scheme : {"bearer", "apiKey"}) security.push_back(Json::object({{scheme, Json::array()}}));
  }
  const Json bearer = Json::object({{"type", "http"}, {"scheme", "bearer"}});
  const Json api_key = Json::object({{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}});
  return Json::object(
      {{"openapi", "3.1.0"},
       {"info", Json::object({{"title", info.title}, {"version", info.version}, {"description", info.description}})},
       {"paths", std::move(paths)},
       {"components", Json::object({{"schemas", Json::object({{"Error", error_schema()}})},
                                    {"securitySchemes", Json::object({{"bearer", bearer}, {"apiKey", api_key}})}})},
       {"security", std::move(security)}});
}

Json object_schema(std::vector<std::pair<std::string, Json>> properties, std::vector<std::string> required) {
  Json schema = Json::object({{"type", "object"}, {"properties", Json(Json::Object(std::move(properties)))}});
  if (!required.empty()) {
    Json::Array names;
    for (std::string& name : required) names.emplace_back(std::move(name));
    schema.set("required", Json(std::move(names)));
  }
  return schema;
}

Json string_schema(std::string_view description) { return described(Json::object({{"type", "string"}}), description); }

Json integer_schema(int64_t least, int64_t most, std::string_view description) {
  return described(Json::object({{"type", "integer"}, {"minimum", least}, {"maximum", most}}), description);
}

Json enum_schema(std::vector<std::string> values, std::string_view description) {
  Json::Array items;
  for (std::string& value : values) items.emplace_back(std::move(value));
  return described(Json::object({{"type", "string"}, {"enum", Json(std::move(items))}}), description);
}

Json array_schema(Json items) { return Json::object({{"type", "array"}, {"items", std::move(items)}}); }

}  // namespace sinan::net

// The API's description (OpenAPI 3.1), made from the routes: what is served and what is described cannot part.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "net/router.h"

namespace sinan::net {

struct ApiInfo {
  std::string title;
  std::string version;
  std::string description;
  // Whether there are tokens now: a server without is one where everybody may do everything.
  std::function<bool()> needs_tokens = [] { return true; };
};

// Every route shares the answers that the server itself gives (400, 401, 403, 404, 413, 415, 429, ...), as the schema "Error".
Json openapi_document(const Router& router, const ApiInfo& info);

// Schemas in a line: {"type":"object","properties":{...},"required":[...]}.
Json object_schema(std::vector<std::pair<std::string, Json>> properties, std::vector<std::string> required = {});
Json string_schema(std::string_view description = {});
Json integer_schema(int64_t least, int64_t most, std::string_view description = {});
Json enum_schema(std::vector<std::string> values, std::string_view description = {});
Json array_schema(Json items);

}  // namespace sinan::net

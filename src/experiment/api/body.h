// The JSON bodies of requests that change or check something. Members that are not known, or there twice, are errors, so that a
// misspelt one is not ignored: kArgument.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "net/message.h"

namespace sinan::experiment {

inline constexpr uint64_t kMostBodyBytes = uint64_t{4} << 20;

// Errors: kArgument for a member of the object that is not known, or there twice. `what` names the object.
Status check_members(const Json& object, std::vector<std::string> known, std::string_view what);
// The request's body as an object of `known` members and "reason", which is a text. No body is an empty object.
Result<Json> read_body(const net::Request& request, std::initializer_list<std::string_view> known);
// "" when it is not there. Errors: kArgument when it is no string.
Result<std::string> text_member(const Json& body, std::string_view key);
// `base` with the members of the body instead of its own, but for "reason"; null takes a member away (RFC 7396, of the first level).
Json merged(const Json& base, const Json& body);
// The version that If-Match names; nothing when it is absent or "*". Errors: kArgument.
Result<std::optional<uint32_t>> expected_version(const net::Request& request);

}  // namespace sinan::experiment

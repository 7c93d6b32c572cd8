// The target of a request, split and percent-decoded once: everything above sees segments and parameters, never raw text.
//
//     "/v1/programs/a%20b?limit=10&q=x+y"  →  segments {"v1","programs","a b"}, parameters {limit=10, q=x y}
//
// The path is cut at '/' before it is decoded, so an encoded slash stays inside its segment. Refused are: bad escapes, bytes
// that are not UTF-8, NUL and other control characters, and the segments "." and ".." however they are written.
// Pure functions; safe for any bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan::net {

struct QueryParameter {
  std::string name;
  std::string value;
};

struct Target {
  std::string path;                   // decoded, for people and logs
  std::vector<std::string> segments;  // decoded; "/" has none, "/a/" ends with an empty one
  std::vector<QueryParameter> parameters;
  bool is_asterisk = false;  // "*", of OPTIONS

  std::optional<std::string_view> parameter(std::string_view name) const;  // the first of that name
};

inline constexpr size_t kMostTargetBytes = 8192;
inline constexpr size_t kMostQueryParameters = 256;

// Takes the forms "/path?query", "http://host/path?query" (the host is left out) and "*". Errors: kArgument.
Result<Target> parse_target(std::string_view text);
// "%41" → "A". `plus_is_space` as in queries. Errors: kArgument.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);
// Leaves letters, digits and "-._~" as they are.
std::string percent_encode(std::string_view text);

}  // namespace sinan::net

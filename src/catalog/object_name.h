// How a user names a version of an object: "zoo.m" (the newest), "zoo.m:3", "zoo.m@v3"; "zoo.m@production" and
// "zoo.m:production" name one by its alias.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sinan::catalog {

struct ObjectName {
  std::string name;      // case folded
  uint32_t version = 0;  // 0 = not given
  std::string alias;     // empty = not given
};

// Errors: kProgram for a version or alias that cannot be one, or an empty name.
Result<ObjectName> parse_object_name(std::string_view text);

// Aliases are words that cannot be taken for a version. Errors: kArgument.
Status check_alias(std::string_view alias);

}  // namespace sinan::catalog

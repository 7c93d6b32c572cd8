// What `sinan help` and the prompt's \h print, from what the statement kinds say of themselves. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "flow/registry.h"

namespace sinan::app {

// One line a statement.
std::string statement_list(const flow::Registry& registry);
// Of the statement whose phrase `words` is, or begins, or ends ("train"); several when several match. Errors: kNotFound with the nearest phrase.
Result<std::string> statement_help(const flow::Registry& registry, std::string_view words);

}  // namespace sinan::app

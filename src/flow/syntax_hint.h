// What has likely led to a syntax error of standard SQL: a forgotten `;`, a TO without a verb, a statement that ends too early.
//
// Guesses from the tokens around the place; used by the checker to complete what the engine says. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "flow/statement_kind.h"

namespace sinan::flow {

// Words for Error::hint; empty when there is no guess. `place` is where the engine gave up, in the program; `verbs` are what may
// follow TO, as "TO TRAIN".
std::string syntax_hint(const Statement& statement, Span place, std::span<const std::string> verbs);

}  // namespace sinan::flow
